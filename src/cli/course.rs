//! What happens after each step: rows, lines, samples, evaluations, checkpoints, and when it is enough.

use anyhow::Result;

use super::{EVAL_LENGTH, Event, Journal, Training, speed::Speedometer, strategies};
use crate::{
    run::{Eval, Metric, Saver},
    trainer::{Trainer, evaluate},
};

/// How many of the newest checkpoints a training can go on from; it can from the best, too.
const KEPT: usize = 2;

/// What happens after each step.
pub(super) struct Course<'t, 'j> {
    training: &'t Training,
    journal: &'j mut Journal,
    pub(super) saver: Saver,
    /// The lowest held-out loss of a step that has a checkpoint, and that step.
    best: Option<(f64, u64)>,
    /// The newest held-out loss.
    pub(super) last: Option<f64>,
    lowest: f64,
    /// Evaluations since the lowest one.
    worse: u64,
    skipped: u64,
    speedometer: Speedometer,
    /// The step of the newest checkpoint.
    saved: Option<u64>,
}

impl<'t, 'j> Course<'t, 'j> {
    pub(super) fn new(
        training: &'t Training,
        journal: &'j mut Journal,
        from: &Metric,
    ) -> Result<Self> {
        let saver = Saver::new(&training.folder, KEPT)?;
        let (model, dtype) = (training.model().model(), training.args.recipe().dtype);
        let t = model.config().trained_length.unwrap_or(training.args.model.max_len);
        let mut course = Self {
            training,
            journal,
            saver,
            best: None,
            last: None,
            lowest: f64::INFINITY,
            worse: 0,
            skipped: from.skipped,
            speedometer: Speedometer::new(model, t, dtype, from),
            saved: None,
        };
        for eval in training.folder.rows::<Eval>()? {
            course.judge(&eval?);
        }
        Ok(course)
    }

    /// Whether it has been too long since the held-out loss was lower than ever.
    pub(super) fn is_over(&self) -> bool {
        self.training.args.train.recipe.patience.is_some_and(|patience| self.worse >= patience)
    }

    pub(super) fn step(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        let (metric, args) = (trainer.metric(), &self.training.args.train);
        let is_last = metric.step == self.training.args.steps();
        let is_due = |every: u64| metric.step.is_multiple_of(every);
        self.journal.metric(metric)?;
        self.show(metric);
        self.tell_skipped(metric);
        if is_due(args.log_every()) {
            self.tell_loss(metric);
        }
        if is_due(args.sample_every()) {
            self.sample(metric.step)?;
        }
        if is_due(args.eval_every()) || is_last {
            self.evaluate(metric)?;
        }
        if is_due(args.checkpoint_every()) || is_last {
            self.checkpoint(trainer)?;
        }
        Ok(())
    }

    /// Beside the bar.
    fn show(&self, metric: &Metric) {
        let speed = || self.speedometer.read(metric);
        self.training.progress.step(metric.step, || {
            let Metric { loss, grad_norm, .. } = metric;
            let (thousands, share) = (speed().tokens_per_second / 1e3, 100.0 * speed().gemm_share);
            format!("loss {loss:.3}, grad {grad_norm:.2}, {thousands:.0}k tokens/s, {share:.0} % of peak")
        });
    }

    fn tell_loss(&mut self, metric: &Metric) {
        let loss = self.journal.mean_loss(self.training.args.train.log_every() as usize);
        let speed = self.speedometer.read(metric);
        self.speedometer.reset(metric);
        self.training.progress.tell(&Event::Progress {
            step: metric.step,
            loss,
            perplexity: loss.exp(),
            lr: metric.lr,
            grad_norm: metric.grad_norm,
            tokens_per_second: speed.tokens_per_second,
            ms_per_step: speed.ms_per_step,
            gemm_share: speed.gemm_share,
        });
    }

    fn tell_skipped(&mut self, metric: &Metric) {
        let Metric { step, loss, grad_norm, skipped, .. } = *metric;
        if skipped > self.skipped {
            self.training.progress.tell(&Event::Skipped { step, loss, grad_norm, skipped });
        }
        self.skipped = skipped;
    }

    /// A greedy and a sampled text.
    fn sample(&mut self, step: u64) -> Result<()> {
        let Training { args, progress, .. } = self.training;
        let (rule, prompt) = ("─".repeat(65), args.train.prompt.as_str());
        progress.line(format!("\n{rule}\n  Step {step}, prompt: '{prompt}'\n{rule}"));
        for strategy in strategies::on_the_way() {
            self.training.sample(self.journal, step, prompt, strategy)?;
        }
        progress.line("");
        Ok(())
    }

    fn evaluate(&mut self, metric: &Metric) -> Result<()> {
        let prepared = &self.training.prepared;
        let result = evaluate(self.training.model().model(), &prepared.held_out, EVAL_LENGTH)?;
        let bits_per_byte = result.bits_per_byte(prepared.held_out_bytes);
        let eval = self.journal.eval(metric, result.loss, bits_per_byte)?;
        self.judge(&eval);
        let (step, val_loss, perplexity) = (metric.step, result.loss, result.perplexity());
        let event = Event::Evaluation { step, val_loss, perplexity, bits_per_byte };
        self.training.progress.tell(&event);
        Ok(())
    }

    fn judge(&mut self, &Eval { step, val_loss, .. }: &Eval) {
        let args = &self.training.args.train;
        let is_last = step == self.training.args.steps();
        let has_checkpoint = step.is_multiple_of(args.checkpoint_every()) || is_last;
        let is_better = self.best.is_none_or(|(best, _)| val_loss < best);
        if has_checkpoint && val_loss.is_finite() && is_better {
            self.best = Some((val_loss, step));
        }
        self.worse = if val_loss < self.lowest { 0 } else { self.worse + 1 };
        self.lowest = self.lowest.min(val_loss);
        self.last = Some(val_loss);
    }

    /// A checkpoint that cannot be saved is no reason to lose what is being learnt.
    pub(super) fn checkpoint(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        let step = trainer.metric().step;
        if self.saved.replace(step) == Some(step) {
            return Ok(());
        }
        let weights = self.training.model().model().to_safetensors()?;
        let snapshot = self.training.folder.snapshot(step, weights, trainer.to_safetensors()?)?;
        if let Err(error) = self.saver.save(snapshot, self.best.map(|(_, step)| step)) {
            let notice =
                format!("NOT SAVED: {error}. Training goes on; the checkpoints before are whole.");
            self.training.progress.line(notice);
        }
        Ok(())
    }
}
