//! How fast a training goes, beside what the machine could do.

use crate::{
    model::{Dtype, Model, gemm_peak},
    run::Metric,
};

/// Speeds over a window of steps.
#[derive(Debug)]
pub(super) struct Speedometer {
    /// Operations a token, and operations a second at the machine's best.
    flops: f64,
    peak: f64,
    since: Metric,
}

/// A window's speeds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Speed {
    pub(super) tokens_per_second: f64,
    pub(super) ms_per_step: f64,
    /// The model's arithmetic as a share of the machine's best.
    pub(super) gemm_share: f64,
}

impl Speedometer {
    /// Measures the machine. `t`: how many tokens a document has in training.
    pub(super) fn new(model: &Model, t: usize, dtype: Dtype, since: &Metric) -> Self {
        let flops = model.config().training_flops(t) as f64;
        // A machine that has no room for the measurement may well have it for the training.
        let peak = gemm_peak(model.device(), dtype).unwrap_or(f64::NAN);
        Self { flops, peak, since: since.clone() }
    }

    /// From the window's beginning to `now`.
    pub(super) fn read(&self, now: &Metric) -> Speed {
        let seconds = now.train_seconds - self.since.train_seconds;
        let (steps, tokens) = (now.step - self.since.step, now.tokens - self.since.tokens);
        let tokens_per_second = tokens as f64 / seconds;
        Speed {
            tokens_per_second,
            ms_per_step: 1e3 * seconds / steps as f64,
            gemm_share: tokens_per_second * self.flops / self.peak,
        }
    }

    /// Begins a new window.
    pub(super) fn reset(&mut self, now: &Metric) {
        self.since = now.clone();
    }
}
