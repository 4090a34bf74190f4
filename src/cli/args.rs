//! The flags, in groups that an example takes as it needs them.

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};

use super::RecipeArgs;
use crate::{
    Preset,
    model::{self, Device, ModelConfig},
    trainer::TrainConfig,
};

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
    /// The heads of keys and values, which those of queries share; they divide the heads. Of llama alone
    #[arg(long, value_name = "N")]
    pub kv_heads: Option<usize>,
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
        // Other heads than the preset's do not share keys and values unless they are told to.
        let shared = base.num_key_value_heads.filter(|_| self.heads.is_none());
        // The last token of a row is only ever a target.
        let trained_length = self.max_len.min(longest).saturating_sub(1).max(1);
        ModelConfig {
            vocab_size,
            hidden_size: self.hidden_size.unwrap_or(base.hidden_size),
            num_hidden_layers: self.layers.unwrap_or(base.num_hidden_layers),
            num_attention_heads: self.heads.unwrap_or(base.num_attention_heads),
            num_key_value_heads: self.kv_heads.or(shared),
            intermediate_size: self.ffn_size.unwrap_or(base.intermediate_size),
            hidden_dropout_prob: self.dropout.unwrap_or(base.hidden_dropout_prob),
            max_position_embeddings: self
                .max_len
                .saturating_sub(1)
                .max(base.max_position_embeddings),
            trained_length: Some(trained_length),
            pad_token_id: pad,
            ..base
        }
    }

    pub(super) fn settings(&self, config: &ModelConfig) -> Map<String, Value> {
        let mut settings = object(json!({
            "vocab_size": self.vocab_size, "hidden_size": config.hidden_size,
            "layers": config.num_hidden_layers, "heads": config.num_attention_heads,
            "ffn_size": config.intermediate_size, "dropout": config.hidden_dropout_prob,
            "max_len": self.max_len,
        }));
        settings
            .extend(config.num_key_value_heads.map(|heads| ("kv_heads".to_owned(), heads.into())));
        settings
    }
}

/// How documents are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// Without replacement within a batch, with it across: the notebook's.
    #[default]
    Random,
    /// Every document once in a fresh order, then again.
    Epochs,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Epochs => "epochs",
        }
    }
}

/// How long to train, and what to show on the way.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Training steps [default: the preset's, 5000 or 560; 300 with --quick]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Documents in a batch [default: the preset's, 32 or 48]
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// How documents are drawn: afresh for each batch, or each of them once an epoch
    #[arg(long, value_enum, default_value_t)]
    pub order: Order,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub recipe: RecipeArgs,
    /// Print the mean loss every N steps [default: 200; 50 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    log_every: Option<u64>,
    /// Print samples every N steps [default: 500; 100 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample_every: Option<u64>,
    /// Measure the held-out loss every N steps [default: 500; 100 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    eval_every: Option<u64>,
    /// Save a checkpoint every N steps [default: 500; 100 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: Option<u64>,
    /// The text that the samples on the way continue
    #[arg(long, value_name = "TEXT", default_value = "This movie is a")]
    pub prompt: String,
    /// Write event files for TensorBoard, too, into the run's folder `tensorboard`
    #[arg(long)]
    pub tensorboard: bool,
    /// A run of under a minute: fewer steps, and fewer documents of the built-in corpus
    #[arg(long)]
    pub quick: bool,
}

impl TrainArgs {
    /// What the trainer needs to know: the preset's recipe, but for what was given.
    #[must_use]
    pub fn config(&self, preset: Preset) -> TrainConfig {
        let base = preset.train_config();
        let steps = self.either(self.steps, 300, base.steps);
        self.recipe.over(TrainConfig { steps, ..base })
    }

    /// Documents in a batch.
    #[must_use]
    pub fn batch_size(&self, preset: Preset) -> usize {
        self.batch_size.unwrap_or(preset.batch_size())
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

    /// Steps between two checkpoints.
    #[must_use]
    pub fn checkpoint_every(&self) -> u64 {
        self.either(self.checkpoint_every, 100, 500)
    }

    /// As recorded, but to the step and with the patience that are asked for now.
    pub(super) fn extended(self, given: &Self) -> Self {
        let recipe = self.recipe.extended(&given.recipe);
        let tensorboard = self.tensorboard || given.tensorboard;
        Self { steps: given.steps.or(self.steps), recipe, tensorboard, ..self }
    }

    fn either(&self, given: Option<u64>, quick: u64, full: u64) -> u64 {
        given.unwrap_or(if self.quick { quick } else { full })
    }

    pub(super) fn settings(&self, preset: Preset) -> Map<String, Value> {
        let config = self.config(preset);
        let mut settings = self.recipe.settings(&config);
        settings.extend(self.own_settings(config.steps, self.batch_size(preset)));
        settings
    }

    fn own_settings(&self, steps: u64, batch_size: usize) -> Map<String, Value> {
        object(json!({
            "steps": steps, "batch_size": batch_size, "order": self.order.name(),
            "log_every": self.log_every(), "sample_every": self.sample_every(),
            "eval_every": self.eval_every(), "checkpoint_every": self.checkpoint_every(), "prompt": self.prompt,
            "tensorboard": self.tensorboard, "quick": self.quick,
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
    /// As recorded, but where it is asked for now; fewer or more threads give other last digits.
    pub(super) fn moved(self, given: &Self) -> Self {
        let device = if given.device == "auto" { self.device } else { given.device.clone() };
        Self { device, threads: given.threads.or(self.threads), ..self }
    }

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

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
