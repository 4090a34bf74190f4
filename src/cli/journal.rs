//! What a run writes down as it goes: rows of metrics, evaluations and samples, for TensorBoard, too.

use std::collections::VecDeque;

use anyhow::Result;

use crate::{
    Completion, LanguageModel,
    decoding::GenerationConfig,
    run::{Eval, EventWriter, Metric, RowWriter, RunFolder, Sample, Strategy},
};

/// How many steps `train_loss` averages.
const RECENT: usize = 200;

/// How many losses are kept for means, so that a long run needs no more memory than a short one.
const KEPT: usize = 10_000;

/// The three row files of a run folder, and the losses so far.
#[derive(Debug)]
pub struct Journal {
    metrics: RowWriter<Metric>,
    evals: RowWriter<Eval>,
    samples: RowWriter<Sample>,
    losses: VecDeque<f64>,
    step: u64,
    tensorboard: Option<EventWriter>,
}

impl Journal {
    /// Opens the files, and reads the losses that a run has already.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn new(folder: &RunFolder) -> Result<Self> {
        let (mut losses, mut step) = (VecDeque::new(), 0);
        for row in folder.rows::<Metric>()? {
            let row = row?;
            remember(&mut losses, row.loss);
            step = row.step;
        }
        let (metrics, evals, samples) = (folder.writer()?, folder.writer()?, folder.writer()?);
        Ok(Self { metrics, evals, samples, losses, step, tensorboard: None })
    }

    /// Writes all of it a second time, as TensorBoard reads it; what the run has already first.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn with_tensorboard(self, folder: &RunFolder) -> Result<Self> {
        Ok(Self { tensorboard: Some(EventWriter::new(folder)?), ..self })
    }

    /// Records a step.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn metric(&mut self, metric: &Metric) -> Result<()> {
        remember(&mut self.losses, metric.loss);
        self.step = metric.step;
        self.metrics.append(metric)?;
        Ok(self.tensorboard.as_mut().map_or(Ok(()), |events| events.metric(metric))?)
    }

    /// The last step that was recorded.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Mean loss of the last `count` steps, or of as many as there were; of 10,000 at most.
    #[must_use]
    pub fn mean_loss(&self, count: usize) -> f64 {
        let count = count.min(self.losses.len());
        self.losses.iter().rev().take(count).sum::<f64>() / count as f64
    }

    /// Records the held-out loss after a step, and returns the row.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn eval(&mut self, metric: &Metric, val_loss: f64, bits_per_byte: f64) -> Result<Eval> {
        let Metric { step, train_seconds, .. } = *metric;
        let train_loss = self.mean_loss(RECENT);
        let bits_per_byte = Some(bits_per_byte);
        let eval = Eval { step, train_loss, val_loss, train_seconds, bits_per_byte };
        self.evals.append(&eval)?;
        if let Some(events) = &mut self.tensorboard {
            events.eval(&eval)?;
            events.flush()?;
        }
        Ok(eval)
    }

    /// Completes `prompt`, records the text as a sample of `step`, and returns it.
    ///
    /// # Errors
    /// A strategy or model that gives no text, or a file that cannot be written.
    pub fn sample(
        &mut self,
        model: &LanguageModel,
        step: u64,
        prompt: &str,
        (label, config): (&str, &GenerationConfig),
        seed: u64,
    ) -> Result<String> {
        let Completion { text, tokens } = model.complete(prompt, config, seed)?;
        // By way of text: a JSON value would widen 0.9f32 to 0.8999999761581421.
        let config = serde_json::from_str(&serde_json::to_string(&model.strategy(config))?)?;
        let strategy = Strategy { label: label.to_owned(), config };
        let sample =
            Sample { step, prompt: prompt.to_owned(), strategy, seed, text: text.clone(), tokens };
        self.samples.append(&sample)?;
        if let Some(events) = &mut self.tensorboard {
            events.sample(&sample)?;
        }
        Ok(text)
    }
}

fn remember(losses: &mut VecDeque<f64>, loss: f64) {
    losses.push_back(loss);
    if losses.len() > KEPT {
        losses.pop_front();
    }
}
