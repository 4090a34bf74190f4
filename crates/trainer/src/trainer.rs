//! The training loop, on one screen.

use std::{ops::ControlFlow, time::Duration, time::Instant};

use enredo_model::{Batch, Dtype, Mode, Model};
use enredo_run::Metric;
use tch::Tensor;

use crate::{
    AdamWConfig, Error, MuonConfig, Result, Schedule, clip::clip_scale, error::check,
    optimizer::Optimizer,
};

/// What the trainer itself needs to know; the notebook's values by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainConfig {
    /// How many batches to train on.
    pub steps: u64,
    /// The most that the norm of all gradients may be.
    pub max_grad_norm: f64,
    /// So many steps in a row may have a loss or gradient that is not finite; the next ends the training.
    pub max_skipped: u64,
    /// AdamW's settings, the highest learning rate among them.
    pub optimizer: AdamWConfig,
    /// Muon's, which then changes the matrices inside the blocks in place of AdamW.
    pub muon: Option<MuonConfig>,
    /// The share of that rate at each step.
    pub schedule: Schedule,
    /// Batches that make up one step: their gradients are those of all their tokens together.
    pub accumulation: usize,
    /// The type of a step's activations.
    pub dtype: Dtype,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 5_000,
            max_grad_norm: 1.0,
            max_skipped: 9,
            optimizer: AdamWConfig::default(),
            muon: None,
            schedule: Schedule::default(),
            accumulation: 1,
            dtype: Dtype::default(),
        }
    }
}

impl TrainConfig {
    /// # Errors
    /// [`Error::Setting`] names the first setting out of its range.
    pub fn validate(&self) -> Result<()> {
        self.optimizer.validate()?;
        self.muon.iter().try_for_each(MuonConfig::validate)?;
        self.schedule.validate()?;
        let (clip, parts) = (self.max_grad_norm, self.accumulation);
        check(parts >= 1, "accumulation", parts as f64, "at least 1")?;
        check(clip > 0.0, "max_grad_norm", clip, "above 0 (infinity switches clipping off)")
    }
}

/// Trains one model: it holds the optimizer's state and counts steps, tokens and time.
#[derive(Debug)]
pub struct Trainer<'m> {
    pub(crate) model: &'m Model,
    pub(crate) names: Vec<String>,
    parameters: Vec<Tensor>,
    pub(crate) optimizer: Optimizer,
    config: TrainConfig,
    pub(crate) metric: Metric,
    pub(crate) spent: Duration,
    /// Steps that were not applied, since the last one that was.
    pub(crate) skipped_in_a_row: u64,
}

impl<'m> Trainer<'m> {
    /// # Errors
    /// [`Error::Setting`] names a setting out of its range.
    pub fn new(model: &'m Model, config: TrainConfig) -> Result<Self> {
        config.validate()?;
        let (names, parameters): (Vec<_>, Vec<_>) = model.named_parameters().into_iter().unzip();
        let optimizer = Optimizer::new(model, &config);
        let metric = Metric { lr: config.optimizer.lr, ..Metric::default() };
        let spent = Duration::ZERO;
        Ok(Self { model, names, parameters, optimizer, config, metric, spent, skipped_in_a_row: 0 })
    }

    /// Counts `time` as spent on training already, for instance on encoding the documents.
    #[must_use]
    pub fn with_time_spent(mut self, time: Duration) -> Self {
        self.spent += time;
        self
    }

    /// What the last step measured; zeros before the first.
    #[must_use]
    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    /// Trains on `batches` up to the configured number of steps, or until `on_step` breaks.
    ///
    /// `on_step` sees the trainer as each step left it, its [`metric`](Self::metric) first of all, and may
    /// take its time: what it does is not training time.
    ///
    /// # Errors
    /// Whatever `batches` and `on_step` fail with, and [`Error::NotFinite`] where too many steps in a row
    /// have a loss or gradient that is NaN or infinite; `on_step` sees the last of them, too.
    pub fn fit<E: From<Error>>(
        &mut self,
        batches: &mut impl Iterator<Item = Result<Batch>>,
        mut on_step: impl FnMut(&Self) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        while self.metric.step < self.config.steps {
            let start = Instant::now();
            let parts = batches.take(self.config.accumulation).collect::<Result<Vec<_>>>()?;
            if parts.is_empty() {
                break;
            }
            self.step(&parts)?;
            self.spent += start.elapsed();
            self.metric.train_seconds = self.spent.as_secs_f64();
            let flow = on_step(self)?;
            self.check_finite()?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// How many batches the steps so far have taken.
    #[must_use]
    pub fn batches_taken(&self) -> u64 {
        self.metric.step * self.config.accumulation as u64
    }

    /// One step on `batches` together: loss, gradients, clipping, update. A loss or gradient that is not finite is reported
    /// and counted in the metric, and neither the weights nor the optimizer change.
    ///
    /// # Errors
    /// [`Error::NoTargets`] for batches of padding, [`Error::Model`] where libtorch fails.
    pub fn step(&mut self, batches: &[Batch]) -> Result<&Metric> {
        let (loss, targets, gradients) = self.gradients(batches)?;
        self.metric.step += 1;
        self.metric.tokens += targets as u64;
        self.metric.loss = loss;
        let share = self.config.schedule.factor(self.metric.step, self.config.steps);
        self.metric.lr = self.config.optimizer.lr * share;
        self.metric.grad_norm = enredo_torch_ext::norm(&gradients)?;
        if self.metric.loss.is_finite() && self.metric.grad_norm.is_finite() {
            let scale = clip_scale(self.metric.grad_norm, self.config.max_grad_norm);
            self.optimizer.step(&gradients, share, scale)?;
            self.skipped_in_a_row = 0;
        } else {
            self.metric.skipped += 1;
            self.skipped_in_a_row += 1;
        }
        Ok(&self.metric)
    }

    /// The mean loss over all targets of `batches`, their number, and its gradients.
    fn gradients(&self, batches: &[Batch]) -> Result<(f64, usize, Vec<Tensor>)> {
        let targets: usize = batches.iter().map(Batch::targets).sum();
        if targets == 0 {
            return Err(Error::NoTargets { documents: batches.iter().map(|b| b.shape().0).sum() });
        }
        let (mut loss, mut gradients) = (0.0, Vec::new());
        for batch in batches.iter().filter(|batch| batch.targets() > 0) {
            let share = batch.targets() as f64 / targets as f64;
            let part =
                self.model.loss(batch, Mode::Train(self.config.dtype))?.f_mul_scalar(share)?;
            loss += part.f_double_value(&[])?;
            add(&mut gradients, Tensor::f_run_backward(&[part], &self.parameters, false, false)?)?;
        }
        Ok((loss, targets, gradients))
    }

    fn check_finite(&self) -> Result<()> {
        let (Metric { step, loss, grad_norm, .. }, in_a_row) =
            (self.metric.clone(), self.skipped_in_a_row);
        if in_a_row <= self.config.max_skipped {
            return Ok(());
        }
        for (quantity, value) in [("loss", loss), ("gradient norm", grad_norm)] {
            if !value.is_finite() {
                return Err(Error::NotFinite { step, in_a_row, quantity, value });
            }
        }
        Ok(())
    }
}

/// Adds `more` to `sums`, which are empty before the first.
fn add(sums: &mut Vec<Tensor>, more: Vec<Tensor>) -> Result<()> {
    if sums.is_empty() {
        *sums = more;
        return Ok(());
    }
    for (sum, more) in sums.iter_mut().zip(&more) {
        let _ = sum.f_add_(more)?;
    }
    Ok(())
}
