//! The general trainer: any preset, any data; what it trained is a run folder that everything else reads.
//!
//!     cargo run --release --example train -- --data films.parquet --steps 20000
//!     cargo run --release --example train -- --resume runs/causal-001

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use enredo::cli::{Ended, Interrupt, RunArgs, Training};

/// Train a small decoder-only transformer on short texts.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    run: RunArgs,
}

fn main() -> Result<ExitCode> {
    let training = Training::new(Args::parse().run)?;
    let mut journal = training.journal()?;
    match training.run(&mut journal, &Interrupt::listen()?)? {
        Ended::Interrupted { status } => Ok(ExitCode::from(status)),
        Ended::Trained { .. } => {
            training.compare_strategies(&mut journal)?;
            training.progress.line(format!("The run is in {}", training.folder.path().display()));
            Ok(ExitCode::SUCCESS)
        }
    }
}
