//! Says whether a run folder is whole: every file that should be there, every checkpoint byte for byte.
//!
//!     cargo run --release --example verify -- runs/causal-001

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Result, ensure};
use clap::Parser;
use enredo::{
    LanguageModel,
    cli::run_folder,
    model::Device,
    run::{Eval, Metric, Row, RunFolder, Sample, layout},
};

/// Say whether a run folder is whole, and from where its training could go on.
#[derive(Parser)]
struct Args {
    /// The run folder [default: the newest in runs/]
    run: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let folder = run_folder(Args::parse().run)?;
    let mut out = io::stdout();
    writeln!(out, "{}", folder.path().display())?;
    let mut faults = 0;
    for (name, found) in checks(&folder)? {
        let (mark, text) = match found {
            Ok(text) => ("whole  ", text),
            Err(error) => {
                faults += 1;
                ("DAMAGED", format!("{error:#}"))
            }
        };
        writeln!(out, "  {mark}  {name:<26} {text}")?;
    }
    writeln!(out, "{}", verdict(&folder, faults)?)?;
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn checks(folder: &RunFolder) -> Result<Vec<(String, Result<String>)>> {
    let mut checks = vec![
        (layout::METRICS.to_owned(), rows::<Metric>(folder, |row| row.step)),
        (layout::EVALS.to_owned(), rows::<Eval>(folder, |row| row.step)),
        (layout::SAMPLES.to_owned(), rows::<Sample>(folder, |row| row.step)),
        ("model and tokenizer".to_owned(), model(folder)),
    ];
    for step in folder.checkpoints()? {
        checks.push((layout::checkpoint_name(step), checkpoint(folder, step)));
    }
    Ok(checks)
}

/// Every row can be read, and none goes back in time.
fn rows<R: Row>(folder: &RunFolder, step: impl Fn(&R) -> u64) -> Result<String> {
    let (mut count, mut last) = (0, 0);
    for row in folder.rows::<R>()? {
        let now = step(&row?);
        ensure!(now >= last, "row {} is of step {now}, after one of step {last}", count + 1);
        (count, last) = (count + 1, now);
    }
    Ok(format!("{count} rows, to step {last}"))
}

fn model(folder: &RunFolder) -> Result<String> {
    let model = LanguageModel::open(folder.path(), Device::Cpu)?;
    Ok(format!(
        "{} parameters, {} tokens",
        model.model().parameter_count(),
        model.tokenizer().vocab_size()
    ))
}

fn checkpoint(folder: &RunFolder, step: u64) -> Result<String> {
    if !folder.checkpoint(step).join(layout::MANIFEST).exists() {
        return Ok("weights without a manifest: an earlier version wrote them".to_owned());
    }
    Ok(match folder.open_checkpoint(step)?.trainer {
        Some(_) => "weights, and what training needs".to_owned(),
        None => "weights".to_owned(),
    })
}

fn verdict(folder: &RunFolder, faults: usize) -> Result<String> {
    let whole =
        if faults == 0 { "The run is whole".to_owned() } else { format!("{faults} faults") };
    Ok(match folder.newest_checkpoint()?.0 {
        Some(checkpoint) => format!("{whole}; training can go on from step {}.", checkpoint.step),
        None => format!("{whole}; there is no checkpoint from which training could go on."),
    })
}
