//! The flags of a whole training run, and the folder it leaves.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Parser};
use serde_json::Value;

use super::{DataArgs, MachineArgs, ModelArgs, TrainArgs, Ui};
use crate::{
    Preset,
    model::{self, Model},
    run::{self, DataInfo, RunFolder, RunInfo},
    trainer::{BatchConfig, TrainConfig},
};

/// The crates of a run; they share the workspace's version.
const CRATES: [&str; 8] = [
    "enredo",
    "enredo-corpus",
    "enredo-decoding",
    "enredo-model",
    "enredo-run",
    "enredo-tokenization",
    "enredo-torch-ext",
    "enredo-trainer",
];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a run that is gone on with has settled.
const NOT_ON_RESUME: [&str; 39] = [
    "preset",
    "init_from",
    "column",
    "vocab_size",
    "hidden_size",
    "layers",
    "heads",
    "kv_heads",
    "ffn_size",
    "dropout",
    "max_len",
    "batch_size",
    "order",
    "lr",
    "optimizer",
    "muon_lr",
    "muon_momentum",
    "muon_weight_decay",
    "beta1",
    "beta2",
    "schedule",
    "warmup_steps",
    "decay_steps",
    "min_lr_ratio",
    "accumulation",
    "weight_decay",
    "decay_matrices_only",
    "max_grad_norm",
    "max_skipped",
    "dtype",
    "log_every",
    "sample_every",
    "eval_every",
    "checkpoint_every",
    "prompt",
    "quick",
    "seed",
    "out",
    "overwrite",
];

/// What a model that has learnt already has settled.
const OF_THE_MODEL: [&str; 6] =
    ["vocab_size", "hidden_size", "layers", "heads", "kv_heads", "ffn_size"];

/// The settings in `run.json` as flags again.
#[derive(Parser)]
struct Recorded {
    #[command(flatten)]
    args: RunArgs,
}

/// Everything that an example which trains is told.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// The model and its recipe: causal, fast (as good in a tenth of the time), llama (25 million parameters, which
    /// transformers opens) or faithful (the notebook to the letter, which reads the future)
    #[arg(long, default_value = "causal")]
    pub preset: Preset,
    /// Train on from a model: the weights, sizes and tokenizer of a run folder, or of a folder in Hugging Face's form
    #[arg(long, value_name = "FOLDER", conflicts_with_all = OF_THE_MODEL)]
    pub init_from: Option<PathBuf>,
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
    /// Go on with a run that did not end, by its own settings, from its newest checkpoint that is whole;
    /// --steps, --patience, --tensorboard, --ui, --data, --device and --threads may be given anew
    #[arg(long, value_name = "RUN", conflicts_with_all = NOT_ON_RESUME)]
    pub resume: Option<PathBuf>,
    /// The run folder [default: the next free one in runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the run that the folder holds
    #[arg(long)]
    overwrite: bool,
    /// How it shows itself
    #[arg(long, value_enum, default_value_t)]
    pub ui: Ui,
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
        if let (Some(source), Some(out)) = (&self.init_from, &self.out) {
            let same = source
                .canonicalize()
                .is_ok_and(|path| out.canonicalize().is_ok_and(|out| out == path));
            ensure!(
                !same,
                "--init-from and --out are one folder, which would be emptied; give another --out"
            );
        }
        ensure!(
            self.model.max_len >= 2,
            "--max-len is {}; it must be at least 2",
            self.model.max_len
        );
        ensure!(self.batches().batch_size >= 1, "--batch-size is 0; it must be at least 1");
        ensure!(self.steps() >= 1, "--steps is 0; it must be at least 1");
        let lr = self.recipe().optimizer.lr;
        ensure!(lr.is_finite() && lr > 0.0, "--lr is {lr}; it must be finite and above 0");
        let words = self.model.vocab_size;
        ensure!(words >= 5, "--vocab-size is {words}; four are special, so take at least 5");
        self.recipe().validate()?;
        Ok(self.model.config(self.preset, words, 0, usize::MAX).validate()?)
    }

    /// The settings of a run, with what may be given anew.
    ///
    /// # Errors
    /// Settings that this version does not know.
    pub(super) fn over_recorded(&self, info: &RunInfo) -> Result<Self> {
        let args = Self::recorded(info)?;
        let data = if self.data.is_given() {
            DataArgs { column: args.data.column, ..self.data.clone() }
        } else {
            args.data
        };
        let (train, machine) =
            (args.train.extended(&self.train), args.machine.moved(&self.machine));
        let args = Self { data, train, machine, ..args };
        args.validate()?;
        Ok(args)
    }

    /// `run.json` with what is asked for now.
    pub(super) fn extended(&self, mut info: RunInfo) -> RunInfo {
        info.settings.extend(self.train.settings(self.preset));
        info
    }

    fn recorded(info: &RunInfo) -> Result<Self> {
        let flag = |(name, value): (&String, &Value)| match value {
            Value::Null | Value::Bool(false) => None,
            Value::Bool(true) => Some(format!("--{}", name.replace('_', "-"))),
            Value::String(text) => Some(format!("--{}={text}", name.replace('_', "-"))),
            other => Some(format!("--{}={other}", name.replace('_', "-"))),
        };
        let RunInfo { preset, seed, device, threads, .. } = info;
        let known = [format!("--preset={preset}"), format!("--seed={seed}")];
        let machine = [format!("--device={device}"), format!("--threads={threads}")];
        let flags = known.into_iter().chain(machine).chain(info.settings.iter().filter_map(flag));
        let parsed = Recorded::try_parse_from(["run.json".to_owned()].into_iter().chain(flags));
        Ok(parsed.context("run.json holds settings that this version does not know")?.args)
    }

    /// What the trainer needs to know.
    #[must_use]
    pub fn recipe(&self) -> TrainConfig {
        self.train.config(self.preset)
    }

    /// How many steps to train.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.recipe().steps
    }

    /// How batches are drawn.
    #[must_use]
    pub fn batches(&self) -> BatchConfig {
        BatchConfig {
            batch_size: self.train.batch_size(self.preset),
            max_length: self.model.max_len,
            seed: self.machine.seed,
        }
    }

    /// What `run.json` records of a run of `model` on `data`.
    #[must_use]
    pub fn describe(&self, data: DataInfo, model: &Model) -> RunInfo {
        let mut sizes = self.model.settings(model.config());
        if self.init_from.is_some() {
            sizes.retain(|name, _| !OF_THE_MODEL.contains(&name.as_str())); // config.json has them
        }
        RunInfo {
            crate_versions: CRATES.iter().map(|name| (name.to_string(), VERSION.into())).collect(),
            command_line: std::env::args_os().map(|arg| arg.to_string_lossy().into()).collect(),
            preset: self.preset.to_string(),
            settings: [self.data.settings(), sizes, self.train.settings(self.preset)]
                .into_iter()
                .flatten()
                .collect(),
            seed: self.machine.seed,
            device: model::device_name(model.device()),
            threads: model::threads(),
            dtype: self.recipe().dtype.to_string(),
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
    let (_, _, checkpoint) = folder.newest_weights()?;
    Ok(checkpoint.map(|step| format!("The run did not end: these are its weights at step {step}.")))
}
