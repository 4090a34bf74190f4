//! What a run writes down as it goes: rows of metrics, evaluations and samples.

use anyhow::Result;

use crate::{
    Completion, LanguageModel,
    decoding::GenerationConfig,
    run::{Eval, Metric, RowWriter, RunFolder, Sample, Strategy},
};

/// How many steps `train_loss` averages.
const RECENT: usize = 200;

/// The three row files of a run folder, and the losses so far.
#[derive(Debug)]
pub struct Journal {
    metrics: RowWriter<Metric>,
    evals: RowWriter<Eval>,
    samples: RowWriter<Sample>,
    losses: Vec<f64>,
}

impl Journal {
    /// Opens the files, and reads the losses that a run has already.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn new(folder: &RunFolder) -> Result<Self> {
        let losses = folder.rows::<Metric>()?.map(|row| Ok(row?.loss)).collect::<Result<_>>()?;
        let (metrics, evals, samples) = (folder.writer()?, folder.writer()?, folder.writer()?);
        Ok(Self { metrics, evals, samples, losses })
    }

    /// Records a step.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn metric(&mut self, metric: &Metric) -> Result<()> {
        self.losses.push(metric.loss);
        Ok(self.metrics.append(metric)?)
    }

    /// Mean loss of the last `count` steps, or of as many as there were.
    #[must_use]
    pub fn mean_loss(&self, count: usize) -> f64 {
        let recent = &self.losses[self.losses.len().saturating_sub(count)..];
        recent.iter().sum::<f64>() / recent.len() as f64
    }

    /// Records the held-out loss after a step, and returns the row.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn eval(&mut self, metric: &Metric, val_loss: f64) -> Result<Eval> {
        let Metric { step, train_seconds, .. } = *metric;
        let train_loss = self.mean_loss(RECENT);
        let eval = Eval { step, train_loss, val_loss, train_seconds, bits_per_byte: None };
        self.evals.append(&eval)?;
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
        let prompt = prompt.to_owned();
        self.samples.append(&Sample {
            step,
            prompt,
            strategy,
            seed,
            text: text.clone(),
            tokens,
        })?;
        Ok(text)
    }
}
