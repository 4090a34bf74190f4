//! The flags of a whole training run, and the folder it leaves.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use clap::Args;

use super::{DataArgs, MachineArgs, ModelArgs, TrainArgs};
use crate::{
    Preset,
    model::{self, Model},
    run::{self, DataInfo, RunFolder, RunInfo},
    trainer::BatchConfig,
};

/// The crates of a run; they share the workspace's version.
const CRATES: [&str; 7] = [
    "enredo",
    "enredo-corpus",
    "enredo-decoding",
    "enredo-model",
    "enredo-run",
    "enredo-tokenization",
    "enredo-trainer",
];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that an example which trains is told.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// The model and its recipe: causal or faithful (the notebook to the letter, which reads the future)
    #[arg(long, default_value = "causal")]
    pub preset: Preset,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub data: DataArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub model: ModelArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub train: TrainArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    /// The run folder [default: the next free one in runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the run that the folder holds
    #[arg(long)]
    overwrite: bool,
}

impl RunArgs {
    /// Creates the run folder, and empties it of an earlier run where told to. Call it once nothing else
    /// can fail.
    ///
    /// # Errors
    /// A folder that holds a run, or cannot be made.
    pub fn create_folder(&self) -> Result<RunFolder> {
        self.folder(self.out.clone().unwrap_or_else(|| self.next_free()), self.overwrite)
    }

    fn folder(&self, out: PathBuf, overwrite: bool) -> Result<RunFolder> {
        RunFolder::create(out, overwrite).map_err(|error| match error {
            run::Error::Occupied { .. } => anyhow!("{error} with --overwrite"),
            error => error.into(),
        })
    }

    /// Refuses what could only fail after the documents have been read.
    ///
    /// # Errors
    /// The first setting that is out of its range, or a folder that holds a run.
    pub fn validate(&self) -> Result<()> {
        if let Some(out) = self.out.as_ref().filter(|out| out.exists() && !self.overwrite) {
            self.folder(out.clone(), false)?;
        }
        ensure!(
            self.model.max_len >= 2,
            "--max-len is {}; it must be at least 2",
            self.model.max_len
        );
        ensure!(self.train.batch_size >= 1, "--batch-size is 0; it must be at least 1");
        ensure!(self.train.steps() >= 1, "--steps is 0; it must be at least 1");
        let lr = self.train.lr;
        ensure!(lr.is_finite() && lr > 0.0, "--lr is {lr}; it must be finite and above 0");
        let words = self.model.vocab_size;
        ensure!(words >= 5, "--vocab-size is {words}; four are special, so take at least 5");
        Ok(self.model.config(self.preset, words, 0, usize::MAX).validate()?)
    }

    /// How batches are drawn.
    #[must_use]
    pub fn batches(&self) -> BatchConfig {
        BatchConfig {
            batch_size: self.train.batch_size,
            max_length: self.model.max_len,
            seed: self.machine.seed,
        }
    }

    /// What `run.json` records of a run of `model` on `data`.
    #[must_use]
    pub fn describe(&self, data: DataInfo, model: &Model) -> RunInfo {
        let sizes = self.model.settings(model.config());
        RunInfo {
            crate_versions: CRATES.iter().map(|name| (name.to_string(), VERSION.into())).collect(),
            command_line: std::env::args_os().map(|arg| arg.to_string_lossy().into()).collect(),
            preset: self.preset.to_string(),
            settings: [self.data.settings(), sizes, self.train.settings()]
                .into_iter()
                .flatten()
                .collect(),
            seed: self.machine.seed,
            device: model::device_name(model.device()),
            threads: model::threads(),
            dtype: "float32".to_owned(),
            data,
            ..RunInfo::default()
        }
    }

    fn next_free(&self) -> PathBuf {
        let path = |n: u32| Path::new("runs").join(format!("{}-{n:03}", self.preset));
        (1..).map(path).find(|path| !path.exists()).unwrap_or_else(|| path(0))
    }
}

/// The run folder given, or else the newest in `runs/`.
///
/// # Errors
/// No run there.
pub fn run_folder(given: Option<PathBuf>) -> Result<RunFolder> {
    Ok(match given {
        Some(path) => RunFolder::open(path)?,
        None => RunFolder::newest("runs")?,
    })
}

/// Says so where a run has no final weights, so that its newest checkpoint stands in for them.
///
/// # Errors
/// A run folder that cannot be read.
pub fn checkpoint_notice(folder: &RunFolder) -> Result<Option<String>> {
    let (_, checkpoint) = folder.newest_weights()?;
    Ok(checkpoint.map(|step| format!("The run did not end: these are its weights at step {step}.")))
}
