//! The flags of the recipe: schedule, accumulation, decay, clipping, and when to stop early.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::args::object;
use crate::{
    model::Dtype,
    trainer::{AdamWConfig, Decay, Schedule, TrainConfig},
};

/// How a step is taken; the notebook's recipe where nothing is said.
#[derive(Args, Clone, Debug)]
pub struct RecipeArgs {
    /// How the learning rate goes after the warm-up; wsd keeps it and lets it fall in the last --decay-steps
    #[arg(long, value_enum, default_value_t)]
    schedule: Kind,
    /// Steps in which the learning rate rises
    #[arg(long, value_name = "N", default_value_t = 0)]
    warmup_steps: u64,
    /// Steps in which it falls, for --schedule wsd [default: a fifth of all]
    #[arg(long, value_name = "N")]
    decay_steps: Option<u64>,
    /// The share of the learning rate at which it aims
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    min_lr_ratio: f64,
    /// Batches that make up one step
    #[arg(long, value_name = "N", default_value_t = 1)]
    accumulation: usize,
    /// The share of a parameter taken off it a step, times the learning rate
    #[arg(long, value_name = "X", default_value_t = 0.01, allow_negative_numbers = true)]
    weight_decay: f64,
    /// Take it off matrices alone
    #[arg(long)]
    decay_matrices_only: bool,
    /// The most that the norm of all gradients may be
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true)]
    max_grad_norm: f64,
    /// Steps in a row that may have a loss or gradient that is not finite
    #[arg(long, value_name = "N", default_value_t = 9)]
    max_skipped: u64,
    /// The type of a step's activations: float32, or bfloat16, which takes half the time where the processor
    /// multiplies it
    #[arg(long, value_name = "TYPE", default_value_t = Dtype::Float32)]
    pub dtype: Dtype,
    /// End after so many evaluations in a row without a better one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub patience: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    #[default]
    Constant,
    Cosine,
    Linear,
    Wsd,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
            Self::Linear => "linear",
            Self::Wsd => "wsd",
        }
    }
}

impl RecipeArgs {
    /// `config` by these flags, at the learning rate `lr`.
    pub(super) fn over(&self, config: TrainConfig, lr: f64) -> TrainConfig {
        let Self { weight_decay, decay_matrices_only, .. } = *self;
        let optimizer = AdamWConfig { lr, weight_decay, decay_matrices_only, ..config.optimizer };
        TrainConfig {
            optimizer,
            schedule: self.schedule(config.steps),
            accumulation: self.accumulation,
            max_grad_norm: self.max_grad_norm,
            max_skipped: self.max_skipped,
            dtype: self.dtype,
            ..config
        }
    }

    fn schedule(&self, steps: u64) -> Schedule {
        let decay = match self.schedule {
            Kind::Constant => Decay::Constant,
            Kind::Cosine => Decay::Cosine,
            Kind::Linear => Decay::Linear,
            Kind::Wsd => Decay::Final { steps: self.decay_steps.unwrap_or(steps / 5) },
        };
        Schedule { decay, warmup_steps: self.warmup_steps, min_ratio: self.min_lr_ratio }
    }

    /// As recorded, but with the patience that is given now.
    pub(super) fn extended(self, given: &Self) -> Self {
        Self { patience: given.patience.or(self.patience), ..self }
    }

    pub(super) fn settings(&self) -> Map<String, Value> {
        object(json!({
            "schedule": self.schedule.name(), "warmup_steps": self.warmup_steps,
            "decay_steps": self.decay_steps, "min_lr_ratio": self.min_lr_ratio,
            "accumulation": self.accumulation, "weight_decay": self.weight_decay,
            "decay_matrices_only": self.decay_matrices_only, "max_grad_norm": number(self.max_grad_norm),
            "max_skipped": self.max_skipped, "dtype": self.dtype.name(), "patience": self.patience,
        }))
    }
}

/// JSON has no infinity, which switches clipping off; as text it is a flag again.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { json!(x.to_string()) }
}
