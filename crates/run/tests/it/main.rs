//! The run folder as its users meet it.
#![allow(clippy::unwrap_used)]

mod checkpoints;
mod files;
mod folder;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "tensorboard")]
mod tensorboard;

use std::path::Path;

use enredo_run::{Result, RunFolder, RunInfo};
use tempfile::TempDir;

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A run at `path` that can be opened.
fn run(path: impl AsRef<Path>) -> RunFolder {
    let run = RunFolder::create(path.as_ref(), false).unwrap();
    run.write_info(&RunInfo::default()).unwrap();
    run
}

/// A checkpoint of a step, whose files tell the step.
fn save(run: &RunFolder, step: u64) -> Result<()> {
    let bytes = |name: &str| format!("{name} of step {step} ").repeat(1_000).into_bytes();
    run.save(&run.snapshot(step, bytes("weights"), bytes("moments"))?)
}

/// The message of a failure, which must name `path`.
fn message<T>(result: Result<T>, path: impl AsRef<Path>) -> String {
    let Err(error) = result else { panic!("no error") };
    let message = error.to_string();
    assert!(message.contains(path.as_ref().to_str().unwrap()), "{message}");
    message
}
