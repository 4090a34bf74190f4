//! The medians of a run, what they were taken on, and what they say of each other.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{case::Case, row::Kind};

pub const OURS: &str = "ours";
pub const CANDLE: &str = "candle";
pub const LLAMA_CPP: &str = "llama.cpp";
pub const LLM_SAMPLERS: &str = "llm-samplers";
pub const PEERS: [&str; 3] = [CANDLE, LLAMA_CPP, LLM_SAMPLERS];

/// The floors, by the bench's own loops and by enredo's passes: the fastest counts. (The max pass on AVX2 is faster than that
/// on AVX-512 where the row leaves the first cache.)
pub const MAX: [&str; 3] = ["max, loop", "max, enredo", "max, enredo on AVX2"];
pub const EXP_SUM: [&str; 2] = ["exp-sum, loop", "exp-sum, enredo"];

/// A whole run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    pub machine: Machine,
    pub seconds_per_cell: f64,
    /// The vector instructions that everything was compiled for.
    pub compiled_for: String,
    pub cells: Vec<Cell>,
}

/// Where a run took place.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    /// Of one core: `L1d 48K`, `L2 1024K`.
    pub caches: Vec<String>,
    pub rustc: String,
    pub cxx: String,
}

/// The medians of one case on rows of one kind and size.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cell {
    pub vocab_size: usize,
    pub case: Case,
    pub rows: Kind,
    /// The instructions that ours ran on.
    pub isa: String,
    /// Microseconds a call, by name.
    pub microseconds: BTreeMap<String, f64>,
}

impl Cell {
    pub fn time(&self, name: &str) -> Option<f64> {
        self.microseconds.get(name).copied()
    }

    pub fn ours(&self) -> Option<f64> {
        self.time(OURS)
    }

    pub fn max_pass(&self) -> Option<f64> {
        self.fastest(&MAX).map(|(_, time)| time)
    }

    pub fn exp_sum_pass(&self) -> Option<f64> {
        self.fastest(&EXP_SUM).map(|(_, time)| time)
    }

    pub fn best_peer(&self) -> Option<(&'static str, f64)> {
        self.fastest(&PEERS)
    }

    pub fn ours_by_max(&self) -> Option<f64> {
        Some(self.ours()? / self.max_pass()?)
    }

    pub fn ours_by_exp_sum(&self) -> Option<f64> {
        Some(self.ours()? / self.exp_sum_pass()?)
    }

    pub fn best_peer_by_ours(&self) -> Option<f64> {
        Some(self.best_peer()?.1 / self.ours()?)
    }

    fn fastest(&self, names: &[&'static str]) -> Option<(&'static str, f64)> {
        let times = names.iter().filter_map(|&name| Some((name, self.time(name)?)));
        times.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }
}

/// A table of strategies and kinds of rows, in Markdown; times in µs.
#[derive(Debug)]
pub struct Table<'a>(pub Vec<&'a Cell>);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| strategy | rows | ours | ours/max | ours/exp-sum |")?;
        PEERS.iter().try_for_each(|name| write!(f, " {name} |"))?;
        writeln!(f, " best peer/ours |")?;
        writeln!(f, "|---|---|{}", "--:|".repeat(PEERS.len() + 4))?;
        self.0.iter().try_for_each(|cell| writeln!(f, "{}", Line(cell)))
    }
}

struct Line<'a>(&'a Cell);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(cell) = self;
        write!(f, "| {} | {} |", cell.case.label(), cell.rows.label())?;
        let ours = [cell.ours(), cell.ours_by_max(), cell.ours_by_exp_sum()];
        let peers = PEERS.map(|name| cell.time(name));
        ours.into_iter().chain(peers).try_for_each(|x| write!(f, " {} |", digits(x)))?;
        match cell.best_peer_by_ours() {
            Some(ratio) => write!(f, " {}× |", digits(Some(ratio))),
            None => write!(f, " – |"),
        }
    }
}

/// Three digits, or a dash.
pub fn digits(x: Option<f64>) -> String {
    match x {
        None => String::from("–"),
        Some(x) if x >= 999.5 => thousands(x.round() as usize),
        Some(x) if x >= 99.95 => format!("{x:.0}"),
        Some(x) if x >= 9.995 => format!("{x:.1}"),
        Some(x) if x >= 0.1 => format!("{x:.2}"),
        Some(x) => format!("{x:.3}"),
    }
}

/// A number with a comma before each three digits.
pub fn thousands(n: usize) -> String {
    match (n / 1000, n % 1000) {
        (0, rest) => rest.to_string(),
        (more, rest) => format!("{},{rest:03}", thousands(more)),
    }
}

/// The usual spelling of an instruction set that enredo calls `isa`.
pub fn isa_label(isa: &str) -> &str {
    match isa {
        "avx512" => "AVX-512",
        "avx2" => "AVX2",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0284, 0.5, 2.345, 23.45, 234.5, 12_345.6].map(|x| digits(Some(x)));
        assert_eq!(shown, ["0.028", "0.50", "2.35", "23.4", "234", "12,346"]);
        assert_eq!([2_000, 999, 1_234_567].map(thousands), ["2,000", "999", "1,234,567"]);
    }

    #[test]
    fn the_faster_floor_and_the_faster_peer_count() {
        let times = [(OURS, 4.0), (MAX[0], 2.0), (MAX[1], 1.0), (CANDLE, 40.0), (LLAMA_CPP, 60.0)];
        let cell = Cell {
            vocab_size: 2_000,
            case: Case::Greedy,
            rows: Kind::Gauss,
            isa: "avx2".into(),
            microseconds: times.map(|(name, time)| (name.to_owned(), time)).into(),
        };
        assert_eq!((cell.ours_by_max(), cell.ours_by_exp_sum()), (Some(4.0), None));
        assert_eq!(cell.best_peer_by_ours(), Some(10.0));
        let line = "| greedy | gauss | 4.00 | 4.00 | – | 40.0 | 60.0 | – | 10.0× |";
        assert_eq!(Line(&cell).to_string(), line);
    }
}
