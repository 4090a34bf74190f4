//! Times the sampling kernels of other projects beside enredo's, in one process on one thread.
//!
//!     cargo run --release -- --help

mod case;
mod floors;
mod measure;
mod ours;
mod peers;
mod report;
mod row;

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use case::Case;
use clap::Parser;
use measure::{Runner, take_turns};
use report::{Cell, Report};
use row::{Kind, ROWS, Row, rows};

/// Times the sampling kernels of other projects beside enredo's.
#[derive(Parser)]
struct Args {
    /// Seconds for each case on each kind and size of rows.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Sizes of the vocabulary.
    #[arg(long, value_delimiter = ',', default_values_t = [2_000, 32_000, 128_256, 262_144])]
    vocab: Vec<usize>,
    /// Kinds of rows.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["zipf", "gauss", "flat"])]
    rows: Vec<Kind>,
    /// Cases, by a part of their label in the table; all where absent.
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// Where the medians go.
    #[arg(long, default_value = "medians.json")]
    json: PathBuf,
}

impl Args {
    fn has(&self, case: Case) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|part| case.label().contains(part))
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut cells = Vec::new();
    for &vocab_size in &args.vocab {
        ensure!(vocab_size >= 256, "the rows need a vocabulary of 256, not {vocab_size}");
        let kinds: Vec<_> = args.rows.iter().map(|&kind| (kind, rows(kind, vocab_size))).collect();
        for case in Case::ALL.into_iter().filter(|&case| args.has(case)) {
            for (kind, rows) in &kinds {
                cells.push(cell(case, *kind, rows, Duration::from_secs_f64(args.seconds))?);
                eprintln!("{vocab_size} {} {}", case.label(), kind.label());
            }
        }
    }
    let report = Report { seconds_per_cell: args.seconds, compiled_for: compiled_for(), cells };
    std::fs::write(&args.json, serde_json::to_string_pretty(&report)?)?;
    println!("{report}");
    Ok(())
}

fn cell(case: Case, kind: Kind, rows: &[Row], limit: Duration) -> Result<Cell> {
    let mut runners = runners(case, rows)?;
    if case == Case::Greedy {
        agree(&mut runners)?;
    }
    runners.extend(floors(rows));
    take_turns(&mut runners, limit)?;
    Ok(Cell {
        vocab_size: rows[0].logits().len(),
        case: case.label(),
        rows: kind.label(),
        microseconds: runners.iter_mut().map(|r| (r.name, 1e6 * r.median())).collect(),
    })
}

fn runners(case: Case, rows: &[Row]) -> Result<Vec<Runner<'_>>> {
    let runners = [
        (ours::NAME, ours::draw(case, rows)?),
        (peers::candle::NAME, peers::candle::draw(case, rows)?),
        (peers::llama_cpp::NAME, Some(peers::llama_cpp::draw(case, rows))),
        (peers::llm_samplers::NAME, peers::llm_samplers::draw(case, rows)),
    ];
    Ok(runners.into_iter().filter_map(|(name, draw)| Some(Runner::new(name, draw?))).collect())
}

fn floors(rows: &[Row]) -> [Runner<'_>; 2] {
    let maxima: Vec<_> = rows.iter().map(|row| floors::max_pass(row.logits())).collect();
    let max_pass = |row: usize| Ok(floors::max_pass(rows[row].logits()).to_bits());
    let exp_sum_pass =
        move |row: usize| Ok(floors::exp_sum_pass(rows[row].logits(), maxima[row]).to_bits());
    [
        Runner::new(report::MAX, Box::new(max_pass)),
        Runner::new(report::EXP_SUM, Box::new(exp_sum_pass)),
    ]
}

/// Everybody's best token of each row is the same.
fn agree(runners: &mut [Runner<'_>]) -> Result<()> {
    for row in 0..ROWS {
        let best = runners.iter_mut().map(|r| r.token(row)).collect::<Result<Vec<_>>>()?;
        ensure!(best.iter().all(|&token| token == best[0]), "greedy tokens differ: {best:?}");
    }
    Ok(())
}

fn compiled_for() -> &'static str {
    if cfg!(target_feature = "avx512f") {
        "AVX-512"
    } else if cfg!(target_feature = "avx2") {
        "AVX2"
    } else {
        "the least common instructions"
    }
}
