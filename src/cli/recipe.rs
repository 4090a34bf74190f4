//! The flags of the recipe: optimizer, schedule, accumulation, decay, clipping, and when to stop early.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::args::object;
use crate::{
    model::Dtype,
    trainer::{AdamWConfig, Decay, MuonConfig, Schedule, TrainConfig},
};

/// How a step is taken. What is not given is the preset's.
#[derive(Args, Clone, Debug)]
pub struct RecipeArgs {
    /// The learning rate: AdamW's, where there are two [default: the preset's, 0.001 for AdamW alone]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// What changes the matrices inside the blocks; the rest is AdamW's [default: the preset's]
    #[arg(long, value_enum)]
    optimizer: Option<Kind>,
    /// Muon's learning rate [default: 0.02]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    muon_lr: Option<f64>,
    /// Muon's momentum [default: 0.95]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    muon_momentum: Option<f64>,
    /// The share of its matrices that Muon takes off a step, times its learning rate [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    muon_weight_decay: Option<f64>,
    /// How slowly AdamW's mean of the gradient moves [default: 0.9]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    beta1: Option<f64>,
    /// How slowly that of its square moves [default: the preset's]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    beta2: Option<f64>,
    /// How the learning rate goes after the warm-up; wsd keeps it and lets it fall in the last --decay-steps
    /// [default: the preset's]
    #[arg(long, value_enum)]
    schedule: Option<Course>,
    /// Steps in which the learning rate rises [default: 0]
    #[arg(long, value_name = "N")]
    warmup_steps: Option<u64>,
    /// Steps in which it falls, for --schedule wsd [default: a fifth of all]
    #[arg(long, value_name = "N")]
    decay_steps: Option<u64>,
    /// The share of the learning rate at which it aims [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_lr_ratio: Option<f64>,
    /// Batches that make up one step [default: 1]
    #[arg(long, value_name = "N")]
    accumulation: Option<usize>,
    /// The share of what AdamW changes taken off it a step, times the learning rate [default: the preset's]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    weight_decay: Option<f64>,
    /// Take it off matrices alone
    #[arg(long)]
    decay_matrices_only: bool,
    /// The most that the norm of all gradients may be [default: 1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    max_grad_norm: Option<f64>,
    /// Steps in a row that may have a loss or gradient that is not finite [default: 9]
    #[arg(long, value_name = "N")]
    max_skipped: Option<u64>,
    /// The type of a step's activations: float32, or bfloat16, which takes half the time where the processor
    /// multiplies it [default: the preset's]
    #[arg(long, value_name = "TYPE")]
    dtype: Option<Dtype>,
    /// End after so many evaluations in a row without a better one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub patience: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Adamw,
    Muon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Course {
    Constant,
    Cosine,
    Linear,
    Wsd,
}

impl RecipeArgs {
    /// `config` by these flags.
    pub(super) fn over(&self, config: TrainConfig) -> TrainConfig {
        TrainConfig {
            optimizer: self.adamw(config.optimizer, config.muon.is_some()),
            muon: self.muon(config.muon),
            schedule: self.schedule(config.schedule, config.steps),
            accumulation: self.accumulation.unwrap_or(config.accumulation),
            max_grad_norm: self.max_grad_norm.unwrap_or(config.max_grad_norm),
            max_skipped: self.max_skipped.unwrap_or(config.max_skipped),
            dtype: self.dtype.unwrap_or(config.dtype),
            ..config
        }
    }

    /// Where AdamW takes over from Muon, it does so at a learning rate of its own.
    fn adamw(&self, config: AdamWConfig, has_muon: bool) -> AdamWConfig {
        let takes_over = has_muon && self.optimizer == Some(Kind::Adamw);
        let lr = if takes_over { AdamWConfig::default().lr } else { config.lr };
        let (beta1, beta2) = config.betas;
        AdamWConfig {
            lr: self.lr.unwrap_or(lr),
            betas: (self.beta1.unwrap_or(beta1), self.beta2.unwrap_or(beta2)),
            weight_decay: self.weight_decay.unwrap_or(config.weight_decay),
            decay_matrices_only: self.decay_matrices_only || config.decay_matrices_only,
            ..config
        }
    }

    fn muon(&self, config: Option<MuonConfig>) -> Option<MuonConfig> {
        let kind =
            self.optimizer.unwrap_or(if config.is_some() { Kind::Muon } else { Kind::Adamw });
        let base = config.unwrap_or_default();
        (kind == Kind::Muon).then_some(MuonConfig {
            lr: self.muon_lr.unwrap_or(base.lr),
            momentum: self.muon_momentum.unwrap_or(base.momentum),
            weight_decay: self.muon_weight_decay.unwrap_or(base.weight_decay),
            ..base
        })
    }

    fn schedule(&self, base: Schedule, steps: u64) -> Schedule {
        let decay = match self.schedule {
            None => base.decay,
            Some(Course::Constant) => Decay::Constant,
            Some(Course::Cosine) => Decay::Cosine,
            Some(Course::Linear) => Decay::Linear,
            Some(Course::Wsd) => Decay::Final { steps: self.decay_steps.unwrap_or(steps / 5) },
        };
        let warmup_steps = self.warmup_steps.unwrap_or(base.warmup_steps);
        let min_ratio = self.min_lr_ratio.unwrap_or(base.min_ratio);
        Schedule { decay, warmup_steps, min_ratio }
    }

    /// As recorded, but with the patience that is given now.
    pub(super) fn extended(self, given: &Self) -> Self {
        Self { patience: given.patience.or(self.patience), ..self }
    }

    /// The flags that give `config`, and the patience.
    pub(super) fn settings(&self, config: &TrainConfig) -> Map<String, Value> {
        let TrainConfig { optimizer, muon, schedule, .. } = *config;
        let course = match schedule.decay {
            Decay::Constant => "constant",
            Decay::Cosine => "cosine",
            Decay::Linear => "linear",
            Decay::Final { .. } => "wsd",
        };
        let kind = if muon.is_some() { "muon" } else { "adamw" };
        object(json!({
            "lr": optimizer.lr, "optimizer": kind, "muon_lr": muon.map(|muon| muon.lr),
            "muon_momentum": muon.map(|muon| muon.momentum),
            "muon_weight_decay": muon.map(|muon| muon.weight_decay),
            "beta1": optimizer.betas.0, "beta2": optimizer.betas.1,
            "schedule": course, "warmup_steps": schedule.warmup_steps,
            "decay_steps": self.decay_steps, "min_lr_ratio": schedule.min_ratio,
            "accumulation": config.accumulation, "weight_decay": optimizer.weight_decay,
            "decay_matrices_only": optimizer.decay_matrices_only,
            "max_grad_norm": number(config.max_grad_norm), "max_skipped": config.max_skipped,
            "dtype": config.dtype.name(), "patience": self.patience,
        }))
    }
}

/// JSON has no infinity, which switches clipping off; as text it is a flag again.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { json!(x.to_string()) }
}
