//! The goals that the kernels are held to, and whether a run meets them.

use std::fmt::{self, Write};

use enredo_peers_sampling::{
    case::Case,
    report::{Cell, digits, isa_label, thousands},
    row::Kind,
};

use crate::Runs;

/// A bound on something of all the cells that it concerns.
struct Goal {
    text: &'static str,
    bound: Bound,
    unit: &'static str,
    concerns: fn(&Cell) -> bool,
    value: fn(&Cell) -> Option<f64>,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

const GOALS: [Goal; 5] = [
    Goal {
        text: "a draw by any stateless filter or chain ≤ 3× the exp-sum pass, V ≥ 32,000, all rows",
        bound: Bound::AtMost(3.0),
        unit: "×",
        concerns: |cell| cell.case.is_stateless_filter() && cell.vocab_size >= 32_000,
        value: Cell::ours_by_exp_sum,
    },
    Goal {
        text: "greedy, top-k, min-p ≤ 1.5× the max pass, V ≥ 128,000, zipf and gauss",
        bound: Bound::AtMost(1.5),
        unit: "×",
        concerns: |cell| {
            matches!(cell.case, Case::Greedy | Case::TopK | Case::MinP)
                && matches!(cell.rows, Kind::Zipf | Kind::Gauss)
                && cell.vocab_size >= 128_000
        },
        value: Cell::ours_by_max,
    },
    Goal {
        text: "≥ 10× as fast as the fastest peer, V ≥ 32,000, all that a peer has",
        bound: Bound::AtLeast(10.0),
        unit: "×",
        concerns: |cell| cell.vocab_size >= 32_000,
        value: Cell::best_peer_by_ours,
    },
    Goal {
        text: "the notebook's chain (in our arithmetic and in its own) ≤ 1 µs, V = 2,000, all rows",
        bound: Bound::AtMost(1.0),
        unit: " µs",
        concerns: |cell| {
            matches!(cell.case, Case::Chain | Case::Notebook) && cell.vocab_size == 2_000
        },
        value: Cell::ours,
    },
    Goal {
        text: "beyond the goals: mirostat 2 and Gumbel-max ≤ 3× the exp-sum pass, V ≥ 32,000, all rows",
        bound: Bound::AtMost(3.0),
        unit: "×",
        concerns: |cell| {
            matches!(cell.case, Case::Mirostat | Case::Gumbel) && cell.vocab_size >= 32_000
        },
        value: Cell::ours_by_exp_sum,
    },
];

/// A line for each goal, a column for each instruction set.
pub fn table(runs: &Runs) -> Result<String, fmt::Error> {
    let isas = runs.isas();
    let mut out = String::from("| goal |");
    isas.iter().try_for_each(|isa| write!(out, " {} |", isa_label(isa)))?;
    write!(out, "\n|---|{}\n", "---|".repeat(isas.len()))?;
    for goal in &GOALS {
        write!(out, "| {} |", goal.text)?;
        isas.iter().try_for_each(|isa| write!(out, " {} |", goal.verdict(runs, isa)))?;
        out.push('\n');
    }
    Ok(out)
}

impl Goal {
    /// Met or not, the worst cell, and how many missed.
    fn verdict(&self, runs: &Runs, isa: &str) -> String {
        let concerned = runs.cells().filter(|cell| cell.isa == isa && (self.concerns)(cell));
        let values: Vec<_> =
            concerned.filter_map(|cell| Some(((self.value)(cell)?, cell))).collect();
        let excess = |value: f64| self.bound.excess(value);
        let worst = values.iter().max_by(|(a, _), (b, _)| excess(*a).total_cmp(&excess(*b)));
        let Some((value, cell)) = worst else { return "not measured".into() };
        let missed = values.iter().filter(|(value, _)| excess(*value) > 1.0).count();
        let verdict = match missed {
            0 => format!("**met** in all {} cells", values.len()),
            _ => format!("**not met** in {missed} of {} cells", values.len()),
        };
        let (case, rows) = (cell.case.label(), cell.rows.label());
        let size = thousands(cell.vocab_size);
        format!("{verdict}; worst {}{}: {case}, {rows}, {size}", digits(Some(*value)), self.unit)
    }
}

impl Bound {
    /// Above 1 where the bound is broken.
    fn excess(&self, value: f64) -> f64 {
        match self {
            Self::AtMost(bound) => value / bound,
            Self::AtLeast(bound) => bound / value,
        }
    }
}

#[cfg(test)]
mod tests {
    use enredo_peers_sampling::report::{CANDLE, EXP_SUM, Machine, OURS, Report};

    use super::*;

    fn cell(case: Case, vocab_size: usize, ours: f64, peer: f64) -> Cell {
        let times = [(OURS, ours), (EXP_SUM[0], 1.0), (CANDLE, peer)];
        Cell {
            vocab_size,
            case,
            rows: Kind::Flat,
            isa: "avx2".into(),
            microseconds: times.map(|(name, time)| (name.to_owned(), time)).into(),
        }
    }

    fn runs(cells: Vec<Cell>) -> Runs {
        let (cpu, rustc, cxx) = Default::default();
        let machine = Machine { cpu, cores: 1, caches: Vec::new(), rustc, cxx };
        Runs(vec![Report { machine, seconds_per_cell: 1.0, compiled_for: "avx2".into(), cells }])
    }

    #[test]
    fn a_goal_is_judged_by_its_worst_cell() {
        let runs = runs(vec![
            cell(Case::TopP, 32_000, 2.0, 30.0),
            cell(Case::Typical, 262_144, 4.0, 36.0),
            cell(Case::TopP, 2_000, 9.0, 9.0),
            cell(Case::Trace, 32_000, 9.0, 900.0),
        ]);
        let verdicts = GOALS.each_ref().map(|goal| goal.verdict(&runs, "avx2"));
        let missed = |worst| format!("**not met** in 1 of {worst}: typical .9, flat, 262,144");
        assert_eq!(verdicts[0], missed("2 cells; worst 4.00×"));
        assert_eq!(verdicts[2], missed("3 cells; worst 9.00×"));
        assert_eq!(GOALS[0].verdict(&runs, "portable"), "not measured");
    }

    #[test]
    fn a_goal_that_is_met_names_its_nearest_cell() {
        let runs =
            runs(vec![cell(Case::Chain, 2_000, 0.5, 9.0), cell(Case::Notebook, 2_000, 0.9, 9.0)]);
        let met = "**met** in all 2 cells; worst 0.90 µs: notebook chain, flat, 2,000";
        assert_eq!(GOALS[3].verdict(&runs, "avx2"), met);
    }
}
