//! The medians as JSON, and as a table for people.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::{ours, peers};

pub const MAX: &str = "floor max";
pub const EXP_SUM: &str = "floor exp-sum";
const PEERS: [&str; 3] = [peers::candle::NAME, peers::llama_cpp::NAME, peers::llm_samplers::NAME];

/// The medians of one case on rows of one kind and size.
#[derive(Debug, Serialize)]
pub struct Cell {
    pub vocab_size: usize,
    pub case: &'static str,
    pub rows: &'static str,
    /// Microseconds a call, by name.
    pub microseconds: BTreeMap<&'static str, f64>,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub seconds_per_cell: f64,
    /// The vector instructions that everything was compiled for.
    pub compiled_for: &'static str,
    pub cells: Vec<Cell>,
}

impl Cell {
    fn time(&self, name: &str) -> Option<f64> {
        self.microseconds.get(name).copied()
    }

    fn ratio(&self, over: &str, under: &str) -> Option<f64> {
        Some(self.time(over)? / self.time(under)?)
    }

    fn best_peer(&self) -> Option<(&'static str, f64)> {
        let times = PEERS.into_iter().filter_map(|name| Some((name, self.time(name)?)));
        times.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }
}

/// A table for each size of vocabulary.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cells in self.cells.chunk_by(|a, b| a.vocab_size == b.vocab_size) {
            writeln!(f, "\n**V = {}**, µs a call\n", cells[0].vocab_size)?;
            write!(f, "| case | rows | ours |")?;
            PEERS.iter().try_for_each(|name| write!(f, " {name} |"))?;
            writeln!(f, " max | exp-sum | ours/max | ours/exp-sum | best peer/ours |")?;
            writeln!(f, "|---|---|{}", "---|".repeat(PEERS.len() + 6))?;
            cells.iter().try_for_each(|cell| writeln!(f, "{cell}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = [ours::NAME].into_iter().chain(PEERS).chain([MAX, EXP_SUM]);
        let ratios = [MAX, EXP_SUM].map(|floor| digits(self.ratio(ours::NAME, floor)));
        let best = self.best_peer().zip(self.time(ours::NAME));
        let best = best.map_or(String::from("–"), |((name, peer), ours)| {
            format!("{}× ({name})", digits(Some(peer / ours)))
        });
        write!(f, "| {} | {} |", self.case, self.rows)?;
        for cell in times.map(|name| digits(self.time(name))).chain(ratios).chain([best]) {
            write!(f, " {cell} |")?;
        }
        Ok(())
    }
}

/// Three digits, or a dash.
fn digits(x: Option<f64>) -> String {
    match x {
        None => String::from("–"),
        Some(x) if x >= 99.5 => format!("{x:.0}"),
        Some(x) if x >= 9.95 => format!("{x:.1}"),
        Some(x) => format!("{x:.2}"),
    }
}
