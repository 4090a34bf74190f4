//! A preset: a model and how it is fed and decoded, under one name.

use std::{fmt, str::FromStr};

use enredo_decoding::{GenerationConfig, Preset as Arithmetic};
use enredo_model::{Activation, Dtype, ModelConfig};
use enredo_tokenization::{SpecialTokens, TextMode};
use enredo_trainer::{AdamWConfig, Decay, MuonConfig, Schedule, TrainConfig};

use crate::{Error, Result};

/// Names a model together with its way with text; every single setting can be changed afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// The notebook's sizes with masked self-attention only; prompts are open-ended, text is never
    /// markup, and `[PAD]`, `[UNK]` and `[BOS]` are never drawn.
    #[default]
    Causal,
    /// As good as `Causal` in a tenth of the time: pre-norm blocks with squared ReLU that start as the
    /// identity, Muon, a learning rate that falls in a straight line, no dropout, bf16 where the processor
    /// multiplies it.
    Fast,
    /// Llama's blocks, 25 million parameters, in Hugging Face's names: `transformers` opens what it leaves.
    Llama,
    /// The notebook to the letter, with all its faults: it reads the future, closes its prompts,
    /// parses text as markup, and sums in f32.
    Faithful,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 4] = [Self::Causal, Self::Fast, Self::Llama, Self::Faithful];

    /// The name by which [`FromStr`] finds it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Causal => "causal",
            Self::Fast => "fast",
            Self::Llama => "llama",
            Self::Faithful => "faithful",
        }
    }

    /// The model it stands for.
    #[must_use]
    pub fn model_config(self) -> ModelConfig {
        match self {
            Self::Causal => ModelConfig::causal(),
            Self::Fast => ModelConfig {
                norm_first: true,
                zero_init_residual: true,
                hidden_act: Activation::Relu2,
                hidden_dropout_prob: 0.0,
                ..ModelConfig::causal()
            },
            Self::Llama => ModelConfig::llama(),
            Self::Faithful => ModelConfig::faithful(),
        }
    }

    /// How it is trained.
    #[must_use]
    pub fn train_config(self) -> TrainConfig {
        match self {
            Self::Causal | Self::Faithful => TrainConfig::default(),
            Self::Fast => TrainConfig {
                steps: 560,
                optimizer: AdamWConfig {
                    lr: 0.04,
                    betas: (0.9, 0.95),
                    weight_decay: 0.15,
                    ..AdamWConfig::default()
                },
                muon: Some(MuonConfig::default()),
                schedule: Schedule { decay: Decay::Linear, ..Schedule::default() },
                dtype: Dtype::fastest(),
                ..TrainConfig::default()
            },
            Self::Llama => TrainConfig {
                steps: 2_000,
                optimizer: AdamWConfig {
                    lr: 1e-3,
                    betas: (0.9, 0.95),
                    weight_decay: 0.1,
                    ..AdamWConfig::default()
                },
                schedule: Schedule { decay: Decay::Cosine, warmup_steps: 100, min_ratio: 0.1 },
                dtype: Dtype::fastest(),
                ..TrainConfig::default()
            },
        }
    }

    /// Documents in a batch.
    #[must_use]
    pub fn batch_size(self) -> usize {
        match self {
            Self::Causal | Self::Llama | Self::Faithful => 32,
            Self::Fast => 48,
        }
    }

    /// How its texts are framed and read.
    #[must_use]
    pub fn text_mode(self) -> TextMode {
        match self {
            Self::Causal | Self::Fast | Self::Llama => TextMode::Literal,
            Self::Faithful => TextMode::Notebook,
        }
    }

    /// `config` with what this preset adds where it is silent: the end-of-text token, the tokens
    /// never drawn, the notebook's arithmetic.
    #[must_use]
    pub fn strategy(self, config: &GenerationConfig, special: SpecialTokens) -> GenerationConfig {
        let mut config = config.clone();
        if config.eos_token_id.is_empty() {
            config.eos_token_id = vec![special.eos];
        }
        match self {
            Self::Causal | Self::Fast | Self::Llama => {
                let never = || special.never_drawn();
                config.suppress_tokens.get_or_insert_with(never);
            }
            Self::Faithful => config.preset = Arithmetic::Notebook,
        }
        config
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|preset| preset.name() == name);
        found.ok_or_else(|| Error::UnknownPreset { got: name.to_owned() })
    }
}
