//! The training loop, on one screen.

use std::{ops::ControlFlow, time::Duration, time::Instant};

use enredo_model::{Batch, Model};
use enredo_run::Metric;
use tch::Tensor;

use crate::{AdamWConfig, Error, Result, adamw::AdamW, clip::clip_grad_norm, error::check};

/// What the trainer itself needs to know; the notebook's values by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainConfig {
    /// How many batches to train on.
    pub steps: u64,
    /// The most that the norm of all gradients may be.
    pub max_grad_norm: f64,
    /// The optimizer's settings.
    pub optimizer: AdamWConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self { steps: 5_000, max_grad_norm: 1.0, optimizer: AdamWConfig::default() }
    }
}

/// Trains one model: it holds the optimizer's state and counts steps, tokens and time.
#[derive(Debug)]
pub struct Trainer<'m> {
    model: &'m Model,
    parameters: Vec<Tensor>,
    optimizer: AdamW,
    config: TrainConfig,
    metric: Metric,
    spent: Duration,
}

impl<'m> Trainer<'m> {
    /// # Errors
    /// [`Error::Setting`] names a setting out of its range.
    pub fn new(model: &'m Model, config: TrainConfig) -> Result<Self> {
        config.optimizer.validate()?;
        let clip = config.max_grad_norm;
        check(clip > 0.0, "max_grad_norm", clip, "above 0 (infinity switches clipping off)")?;
        let parameters = model.parameters();
        let optimizer = AdamW::new(&parameters, config.optimizer);
        let metric = Metric { lr: config.optimizer.lr, ..Metric::default() };
        Ok(Self { model, parameters, optimizer, config, metric, spent: Duration::ZERO })
    }

    /// Counts `time` as spent on training already, for instance on encoding the documents.
    #[must_use]
    pub fn with_time_spent(mut self, time: Duration) -> Self {
        self.spent += time;
        self
    }

    /// Trains on `batches` up to the configured number of steps, or until `on_step` breaks.
    ///
    /// `on_step` sees every step's metric, the model as that step left it, and may take its time: what
    /// it does is not training time.
    ///
    /// # Errors
    /// Whatever `batches` and `on_step` fail with, and [`Error::NotFinite`] for a loss or gradient that
    /// is NaN or infinite; `on_step` sees that metric first, and the weights are those before the step.
    pub fn fit<E: From<Error>>(
        &mut self,
        batches: &mut impl Iterator<Item = Result<Batch>>,
        mut on_step: impl FnMut(&Metric, &Model) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        while self.metric.step < self.config.steps {
            let start = Instant::now();
            let Some(batch) = batches.next().transpose()? else { break };
            self.step(&batch)?;
            self.spent += start.elapsed();
            self.metric.train_seconds = self.spent.as_secs_f64();
            let flow = on_step(&self.metric, self.model)?;
            self.check_finite()?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// One step: loss, gradients, clipping, update. A loss or gradient that is not finite is reported
    /// in the metric, and the weights stay as they are.
    ///
    /// # Errors
    /// [`Error::NoTargets`] for a batch of padding, [`Error::Model`] where libtorch fails.
    pub fn step(&mut self, batch: &Batch) -> Result<&Metric> {
        if batch.targets() == 0 {
            return Err(Error::NoTargets { documents: batch.shape().0 });
        }
        let loss = self.model.loss(batch, true)?;
        let mut gradients =
            Tensor::f_run_backward(&[loss.shallow_clone()], &self.parameters, false, false)?;
        self.metric.step += 1;
        self.metric.tokens += batch.targets() as u64;
        self.metric.loss = loss.f_double_value(&[])?;
        self.metric.grad_norm = clip_grad_norm(&mut gradients, self.config.max_grad_norm)?;
        if self.metric.loss.is_finite() && self.metric.grad_norm.is_finite() {
            tch::no_grad(|| self.optimizer.step(&mut self.parameters, &gradients))?;
        }
        Ok(&self.metric)
    }

    fn check_finite(&self) -> Result<()> {
        let Metric { step, loss, grad_norm, .. } = self.metric;
        for (quantity, value) in [("loss", loss), ("gradient norm", grad_norm)] {
            if !value.is_finite() {
                return Err(Error::NotFinite { step, quantity, value });
            }
        }
        Ok(())
    }
}
