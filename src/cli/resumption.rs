//! Going on with a run: what it goes on from, and by which command.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use super::{Preparation, Progress, RunArgs};
use crate::{
    run::{Checkpoint, RunFolder, layout},
    trainer::Trainer,
};

/// The newest checkpoint that is whole. Says what is wrong with newer ones; where there is none at all,
/// the run begins anew.
pub(super) fn newest_checkpoint(
    folder: &RunFolder,
    progress: &Progress,
) -> Result<Option<Checkpoint>> {
    let (found, faults) = folder.newest_checkpoint()?;
    for fault in &faults {
        progress.line(format!("Passed over: {fault}"));
    }
    match &found {
        Some(checkpoint) => progress.line(format!("Going on from step {}.", checkpoint.step)),
        None if faults.is_empty() => {
            progress.line("No checkpoint was saved yet: the run begins anew.");
        }
        None => bail!("{} has no checkpoint from which to go on", folder.path().display()),
    }
    Ok(found)
}

/// Changes nothing in the folder before it is clear that the training can go on.
pub(super) fn take_up(
    folder: &RunFolder,
    checkpoint: &Checkpoint,
    prepared: &Preparation,
    args: &RunArgs,
) -> Result<()> {
    let (step, steps) = (checkpoint.step, args.steps());
    ensure!(steps >= step, "--steps is {steps}, and the run is at step {step} already");
    let path = folder.checkpoint(step);
    prepared.model.model().take_weights(&checkpoint.model, &path.join(layout::MODEL))?;
    if let Some(state) = &checkpoint.trainer {
        Trainer::new(prepared.model.model(), args.recipe())?.restore(state)?;
    }
    folder.cut_back(checkpoint)?;
    Ok(folder.remove(layout::MODEL)?) // which is written anew at the end
}

/// A run that was ended before its first checkpoint.
pub(super) fn begin_anew(folder: &RunFolder) -> Result<()> {
    ensure!(
        !folder.file(layout::MODEL)?.exists(),
        "{} has ended, and has no checkpoint from which to go on",
        folder.path().display()
    );
    Ok(folder.clear_rows()?)
}

/// How to go on with a run: this program again.
pub(super) fn resume_command(run: &Path) -> String {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    format!("{} --resume {}", quoted(&program), quoted(run))
}

/// As a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
