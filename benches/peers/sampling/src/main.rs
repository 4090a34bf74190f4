//! Times the sampling kernels of other projects beside enredo's, in one process on one thread.
//!
//!     cargo run --release -- --help

mod floors;
mod machine;
mod measure;
mod ours;
#[cfg(feature = "peers")]
mod peers;

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use enredo_decoding::{Isa, floor};
use enredo_peers_sampling::{
    case::Case,
    report::{Cell, EXP_SUM, MAX, OURS, Report, Table, isa_label, thousands},
    row::{Kind, ROWS, Row, rows},
};
use measure::{Runner, take_turns};

/// Times the sampling kernels of other projects beside enredo's.
#[derive(Parser)]
struct Args {
    /// Seconds for each case on each kind and size of rows.
    #[arg(long, default_value_t = 0.7)]
    seconds: f64,
    /// Sizes of the vocabulary.
    #[arg(long, value_delimiter = ',', default_values_t = [2_000, 32_000, 128_256, 262_144])]
    vocab: Vec<usize>,
    /// Kinds of rows; all where absent.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Kind::ALL)]
    rows: Vec<Kind>,
    /// Cases, by a part of their label in the table; all where absent.
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// The instructions that ours runs on.
    #[arg(long, value_enum, default_value_t = Instructions::Best)]
    isa: Instructions,
    /// Where the medians go.
    #[arg(long, default_value = "medians.json")]
    json: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Instructions {
    /// The best that the machine has, with the peers beside it.
    Best,
    /// The lesser ones, each beside floors of its own and no peers.
    Lesser,
    /// All of them.
    All,
}

impl Instructions {
    fn isas(self) -> Vec<Isa> {
        let best = Isa::detect();
        let wanted = |isa: &Isa| match self {
            Self::Best => *isa == best,
            Self::Lesser => *isa != best,
            Self::All => true,
        };
        Isa::available().into_iter().rev().filter(wanted).collect()
    }
}

impl Args {
    fn has(&self, case: Case) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|part| case.label().contains(part))
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let isas = args.isa.isas();
    ensure!(
        isas.iter().all(|isa| rank(isa.name()) >= rank(compiled_for())),
        "this was compiled for {}, to which the compiler turns lesser instructions too: \
         RUSTFLAGS=-Ctarget-cpu=x86-64 would keep them apart",
        isa_label(compiled_for())
    );
    let mut cells = Vec::new();
    for &vocab_size in &args.vocab {
        ensure!(vocab_size >= 256, "the rows need a vocabulary of 256, not {vocab_size}");
        let kinds: Vec<_> = args.rows.iter().map(|&kind| (kind, rows(kind, vocab_size))).collect();
        for case in Case::ALL.into_iter().filter(|&case| args.has(case)) {
            for (kind, rows) in &kinds {
                for &isa in &isas {
                    cells.push(cell(
                        case,
                        *kind,
                        isa,
                        rows,
                        Duration::from_secs_f64(args.seconds),
                    )?);
                }
            }
            eprintln!("{vocab_size} {}", case.label());
        }
    }
    finish(&args, &isas, cells)
}

/// Writes the medians, and shows them.
fn finish(args: &Args, isas: &[Isa], cells: Vec<Cell>) -> Result<()> {
    let report = Report {
        machine: machine::machine(),
        seconds_per_cell: args.seconds,
        compiled_for: compiled_for().into(),
        cells,
    };
    fs::write(&args.json, serde_json::to_string_pretty(&report)?)?;
    for isa in isas.iter().map(|isa| isa.name()) {
        for &vocab_size in &args.vocab {
            let wanted = |cell: &&Cell| cell.vocab_size == vocab_size && cell.isa == isa;
            println!("\n**V = {}, {}**, µs a call\n", thousands(vocab_size), isa_label(isa));
            println!("{}", Table(report.cells.iter().filter(wanted).collect()));
        }
    }
    Ok(())
}

fn cell(case: Case, kind: Kind, isa: Isa, rows: &[Row], limit: Duration) -> Result<Cell> {
    let mut runners = vec![Runner::new(OURS, ours::draw(case, isa, rows)?)];
    if kind.is_for_all() && isa == Isa::detect() {
        runners.extend(peers(case, rows)?);
    }
    if case == Case::Greedy {
        agree(&mut runners)?;
    }
    runners.extend(floors(isa, rows));
    take_turns(&mut runners, limit)?;
    Ok(Cell {
        vocab_size: rows[0].logits().len(),
        case,
        rows: kind,
        isa: isa.name().into(),
        microseconds: runners.iter_mut().map(|r| (r.name.into(), 1e6 * r.median())).collect(),
    })
}

#[cfg(feature = "peers")]
fn peers(case: Case, rows: &[Row]) -> Result<Vec<Runner<'_>>> {
    use enredo_peers_sampling::report::{CANDLE, LLAMA_CPP, LLM_SAMPLERS};
    let peers = [
        (CANDLE, peers::candle::draw(case, rows)?),
        (LLAMA_CPP, peers::llama_cpp::draw(case, rows)),
        (LLM_SAMPLERS, peers::llm_samplers::draw(case, rows)),
    ];
    Ok(peers.into_iter().filter_map(|(name, draw)| Some(Runner::new(name, draw?))).collect())
}

#[cfg(not(feature = "peers"))]
fn peers(_: Case, _: &[Row]) -> Result<Vec<Runner<'static>>> {
    Ok(Vec::new())
}

/// enredo's own passes on these instructions; and plain loops, where they were compiled to the same.
fn floors(isa: Isa, rows: &[Row]) -> Vec<Runner<'_>> {
    let [max_loop, max_enredo, max_avx2] = MAX;
    let [exp_sum_loop, exp_sum_enredo] = EXP_SUM;
    let mut floors = vec![
        pass(max_enredo, rows, move |row, _| floor::max_pass(isa, row)),
        pass(exp_sum_enredo, rows, move |row, max| floor::exp_sum_pass(isa, row, max) as f32),
    ];
    if isa.name() == compiled_for() {
        floors.push(pass(max_loop, rows, |row, _| floors::max_pass(row)));
        floors.push(pass(exp_sum_loop, rows, floors::exp_sum_pass));
    }
    if let Some(avx2) = Isa::avx2().filter(|avx2| rank(avx2.name()) < rank(isa.name())) {
        floors.push(pass(max_avx2, rows, move |row, _| floor::max_pass(avx2, row)));
    }
    floors
}

/// A pass over the row that knows its maximum.
fn pass<'a>(
    name: &'static str,
    rows: &'a [Row],
    pass: impl Fn(&[f32], f32) -> f32 + 'a,
) -> Runner<'a> {
    let maxima: Vec<_> = rows.iter().map(|row| floors::max_pass(row.logits())).collect();
    Runner::new(name, Box::new(move |i| Ok(pass(rows[i].logits(), maxima[i]).to_bits())))
}

/// Everybody's best token of each row is the same.
fn agree(runners: &mut [Runner<'_>]) -> Result<()> {
    for row in 0..ROWS {
        let best = runners.iter_mut().map(|r| r.token(row)).collect::<Result<Vec<_>>>()?;
        ensure!(best.iter().all(|&token| token == best[0]), "greedy tokens differ: {best:?}");
    }
    Ok(())
}

/// What the compiler was allowed, named as enredo's instruction sets.
fn compiled_for() -> &'static str {
    if cfg!(target_feature = "avx512f") {
        "avx512"
    } else if cfg!(all(target_feature = "avx2", target_feature = "fma")) {
        "avx2"
    } else {
        "portable"
    }
}

fn rank(isa: &str) -> Option<usize> {
    ["portable", "avx2", "avx512"].iter().position(|&name| name == isa)
}
