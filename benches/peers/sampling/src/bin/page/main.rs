//! Writes `sampling.md` and `sampling.svg` from the medians of one or more runs.
//!
//!     cargo run --release --bin page -- FOLDER MEDIANS.json…
//!
//! `page.sh` measures before.

mod goals;
mod plot;
mod text;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use enredo_peers_sampling::report::{Cell, Report};

/// Writes `sampling.md` and `sampling.svg` from the medians of one or more runs.
#[derive(Parser)]
struct Args {
    /// Where the page goes.
    folder: PathBuf,
    /// What the bench wrote: first the run on the best instructions, with the peers.
    #[arg(required = true)]
    medians: Vec<PathBuf>,
}

/// All that was measured.
struct Runs(Vec<Report>);

impl Runs {
    /// The run on the best instructions.
    fn first(&self) -> &Report {
        &self.0[0]
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.iter().flat_map(|report| &report.cells)
    }

    /// The instruction sets, the best first.
    fn isas(&self) -> Vec<&str> {
        let known = ["avx512", "avx2", "portable"];
        known.into_iter().filter(|isa| self.cells().any(|cell| cell.isa == *isa)).collect()
    }

    fn select(&self, isa: &str, vocab_size: usize) -> impl Iterator<Item = &Cell> {
        self.cells().filter(move |cell| cell.isa == isa && cell.vocab_size == vocab_size)
    }

    fn vocab_sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<_> = self.cells().map(|cell| cell.vocab_size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let runs = Runs(args.medians.iter().map(read).collect::<Result<_>>()?);
    let (first, name) = (runs.first(), args.medians[0].display());
    ensure!(
        first.cells.first().is_some_and(|cell| cell.isa == first.compiled_for),
        "{name} is not of a build for the machine that it was measured on, which the page speaks of: see page.sh"
    );
    let plot = plot::Plot::new(&runs)?;
    fs::create_dir_all(&args.folder)?;
    fs::write(args.folder.join("sampling.svg"), plot.to_string())?;
    fs::write(args.folder.join("sampling.md"), text::page(&runs, &plot.alt())?)?;
    Ok(())
}

fn read(path: &PathBuf) -> Result<Report> {
    let of = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(of)?;
    serde_json::from_str(&text).with_context(of)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
