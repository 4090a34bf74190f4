//! The flags, in groups that an example takes as it needs them.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use serde_json::{Map, Value, json};

use super::Data;
use crate::{
    Preset,
    model::{self, Device, Model, ModelConfig},
    run::{self, RunFolder, RunInfo, layout},
    trainer::{AdamWConfig, BatchConfig, TrainConfig},
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

/// Positions of the notebook's models; a longer `--max-len` adds to them.
const POSITIONS: usize = 64;

/// Which texts to read.
#[derive(Args, Clone, Debug, Default)]
pub struct DataArgs {
    /// Texts: a Parquet, CSV, JSON Lines or text file, a folder of them, or a glob. Without it and
    /// without --dataset: the built-in corpus
    #[arg(long, value_name = "PATH")]
    pub data: Option<String>,
    /// The column (or JSON field) that holds the texts
    #[arg(long, value_name = "NAME", default_value = "description")]
    pub column: String,
    /// A data set of the Hugging Face hub: OWNER/NAME, or OWNER/NAME:CONFIG
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    pub dataset: Option<String>,
}

impl DataArgs {
    /// As `run.json` records them.
    #[must_use]
    pub fn settings(&self) -> Map<String, Value> {
        object(json!({ "data": self.data, "column": self.column, "dataset": self.dataset }))
    }

    /// The data that a recorded run was trained on.
    #[must_use]
    pub fn recorded(settings: &Map<String, Value>) -> Self {
        let text = |name: &str| settings.get(name).and_then(Value::as_str).map(str::to_owned);
        let column = text("column").unwrap_or_default();
        Self { data: text("data"), column, dataset: text("dataset") }
    }

    /// Whether a file or a data set was named.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.data.is_some() || self.dataset.is_some()
    }
}

/// The sizes of the model; what is not given comes from the preset.
#[derive(Args, Clone, Debug)]
pub struct ModelArgs {
    /// The most tokens the vocabulary may have
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub vocab_size: usize,
    /// The width of every layer
    #[arg(long, value_name = "N")]
    pub hidden_size: Option<usize>,
    /// The number of blocks
    #[arg(long, value_name = "N")]
    pub layers: Option<usize>,
    /// The heads of each attention; they divide the hidden size
    #[arg(long, value_name = "N")]
    pub heads: Option<usize>,
    /// The width inside the feed-forward layers
    #[arg(long, value_name = "N")]
    pub ffn_size: Option<usize>,
    /// The share of activations dropped while training
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    pub dropout: Option<f64>,
    /// Documents are cut at this many tokens
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub max_len: usize,
}

impl ModelArgs {
    /// The preset's model with these sizes, for a vocabulary of `vocab_size` tokens.
    ///
    /// Training reaches as far as the longest document, `longest` tokens, or as `--max-len` cuts it.
    #[must_use]
    pub fn config(
        &self,
        preset: Preset,
        vocab_size: usize,
        pad: u32,
        longest: usize,
    ) -> ModelConfig {
        let base = preset.model_config();
        // The last token of a row is only ever a target.
        let trained_length = self.max_len.min(longest).saturating_sub(1).max(1);
        ModelConfig {
            vocab_size,
            hidden_size: self.hidden_size.unwrap_or(base.hidden_size),
            num_hidden_layers: self.layers.unwrap_or(base.num_hidden_layers),
            num_attention_heads: self.heads.unwrap_or(base.num_attention_heads),
            intermediate_size: self.ffn_size.unwrap_or(base.intermediate_size),
            hidden_dropout_prob: self.dropout.unwrap_or(base.hidden_dropout_prob),
            max_position_embeddings: self.max_len.saturating_sub(1).max(POSITIONS),
            trained_length: Some(trained_length),
            pad_token_id: pad,
            ..base
        }
    }

    fn settings(&self, config: &ModelConfig) -> Map<String, Value> {
        object(json!({
            "vocab_size": self.vocab_size, "hidden_size": config.hidden_size,
            "layers": config.num_hidden_layers, "heads": config.num_attention_heads,
            "ffn_size": config.intermediate_size, "dropout": config.hidden_dropout_prob,
            "max_len": self.max_len,
        }))
    }
}

/// How long to train, and what to show on the way.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Training steps [default: 5000; 300 with --quick]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Documents in a batch
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub batch_size: usize,
    /// The learning rate
    #[arg(long, value_name = "X", default_value_t = 1e-3, allow_negative_numbers = true)]
    pub lr: f64,
    /// Print the mean loss every N steps [default: 200; 50 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    log_every: Option<u64>,
    /// Print samples and keep the weights every N steps [default: 500; 100 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample_every: Option<u64>,
    /// Measure the held-out loss every N steps [default: 500; 100 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    eval_every: Option<u64>,
    /// The text that the samples on the way continue
    #[arg(long, value_name = "TEXT", default_value = "This movie is a")]
    pub prompt: String,
    /// A run of under a minute: fewer steps, and fewer documents of the built-in corpus
    #[arg(long)]
    pub quick: bool,
}

impl TrainArgs {
    /// What the trainer needs to know.
    #[must_use]
    pub fn config(&self) -> TrainConfig {
        let optimizer = AdamWConfig { lr: self.lr, ..AdamWConfig::default() };
        TrainConfig { steps: self.steps(), optimizer, ..TrainConfig::default() }
    }

    /// How many steps to train.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.either(self.steps, 300, 5_000)
    }

    /// Steps between two lines of mean loss.
    #[must_use]
    pub fn log_every(&self) -> u64 {
        self.either(self.log_every, 50, 200)
    }

    /// Steps between two rounds of samples.
    #[must_use]
    pub fn sample_every(&self) -> u64 {
        self.either(self.sample_every, 100, 500)
    }

    /// Steps between two evaluations.
    #[must_use]
    pub fn eval_every(&self) -> u64 {
        self.either(self.eval_every, 100, 500)
    }

    fn either(&self, given: Option<u64>, quick: u64, full: u64) -> u64 {
        given.unwrap_or(if self.quick { quick } else { full })
    }

    fn settings(&self) -> Map<String, Value> {
        object(json!({
            "steps": self.steps(), "batch_size": self.batch_size, "lr": self.lr,
            "log_every": self.log_every(), "sample_every": self.sample_every(),
            "eval_every": self.eval_every(), "prompt": self.prompt, "quick": self.quick,
        }))
    }
}

/// Where to compute, and with which random numbers.
#[derive(Args, Clone, Debug)]
pub struct MachineArgs {
    /// Decides every random number
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: String,
    /// CPU threads of an operation [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl MachineArgs {
    /// Finds the device, and sets threads and seed for the process.
    ///
    /// # Errors
    /// A device that is not there.
    pub fn set_up(&self) -> Result<Device> {
        let device = model::parse_device(&self.device)?;
        if let Some(threads) = self.threads {
            model::set_threads(threads.into());
        }
        model::seed(self.seed);
        Ok(device)
    }
}

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
    pub fn describe(&self, data: &Data, model: &Model) -> RunInfo {
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
            data: data.info(),
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
    let unfinished = !folder.file(layout::MODEL)?.exists();
    let newest = folder.checkpoints()?.pop().filter(|_| unfinished);
    Ok(newest.map(|step| format!("The run did not end: these are its weights at step {step}.")))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
