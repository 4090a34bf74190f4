//! A run that trains: begun, or gone on with, to its end.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    Data, EVAL_LENGTH, Interrupt, Journal, Order, Preparation, Progress, RunArgs, prompt_notices,
    strategies,
};
use crate::{
    LanguageModel,
    run::{Checkpoint, Eval, Floor, Lock, LossCurve, Metric, RunFolder, Saver, layout},
    trainer::{Batches, Trainer, evaluate},
};

/// How many of the newest checkpoints a training can go on from; it can from the best, too.
const KEPT: usize = 2;

/// A run, ready to train.
#[derive(Debug)]
pub struct Training {
    /// What it was told, or what its `run.json` says.
    pub args: RunArgs,
    /// Where it tells how it goes.
    pub progress: Progress,
    /// Documents, tokenizer and model.
    pub prepared: Preparation,
    /// What it writes to.
    pub folder: RunFolder,
    /// Where it goes on from.
    from: Option<Checkpoint>,
    /// Nobody else trains this run meanwhile.
    _lock: Lock,
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// After its last step, with this held-out loss.
    Trained {
        /// In nats per target token.
        val_loss: f64,
    },
    /// Someone ended the program, which should do so with this status. All is saved.
    Interrupted {
        /// 130 or 143.
        status: u8,
    },
}

impl Training {
    /// Reads the documents, makes tokenizer and model, and the run's folder last of all; or, with
    /// `--resume`, reads all of it from the run and takes up its newest checkpoint that is whole.
    ///
    /// # Errors
    /// The first thing that is missing, damaged or out of its range.
    pub fn new(args: RunArgs, progress: Progress) -> Result<Self> {
        match &args.resume {
            Some(run) => Self::resume(RunFolder::open(run)?, &args, progress),
            None => Self::begin(args, progress),
        }
    }

    fn begin(args: RunArgs, progress: Progress) -> Result<Self> {
        args.validate()?;
        let device = args.machine.set_up()?;
        let data = Data::load(&args.data, args.train.quick, &progress)?;
        data.check(args.train.batch_size)?;
        let prepared = Preparation::new(&args, data, device)?;
        let folder = prepared.create_run(&args)?;
        let lock = folder.lock()?;
        Ok(Self { args, progress, prepared, folder, from: None, _lock: lock })
    }

    fn resume(folder: RunFolder, given: &RunArgs, progress: Progress) -> Result<Self> {
        let lock = folder.lock()?;
        let info = folder.info()?;
        let args = given.over_recorded(&info)?;
        let device = args.machine.set_up()?;
        let from = newest_checkpoint(&folder, &progress)?;
        let data = Data::load(&args.data, args.train.quick, &progress)?;
        ensure!(
            data.fingerprint == info.data.fingerprint,
            "{} does not hold the documents that {} was trained on; name them with --data",
            data.source,
            folder.path().display()
        );
        let prepared = Preparation::read(&folder, data, device)?;
        match &from {
            Some(checkpoint) => take_up(&folder, checkpoint, &prepared, &args)?,
            None => begin_anew(&folder)?,
        }
        folder.write_info(&args.extended(info))?;
        Ok(Self { args, progress, prepared, folder, from, _lock: lock })
    }

    /// Saves the weights from which the training starts; those of a run that is gone on with are there.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save_start(&self) -> Result<()> {
        if self.from.is_some() {
            return Ok(());
        }
        let state = self.trainer()?.to_safetensors()?;
        let weights = self.model().model().to_safetensors()?;
        Ok(self.folder.save(&self.folder.snapshot(0, weights, state)?)?)
    }

    /// The model and its tokenizer.
    #[must_use]
    pub fn model(&self) -> &LanguageModel {
        &self.prepared.model
    }

    /// Trains to the last step, with losses, samples, evaluations and checkpoints on the way, and leaves
    /// the final weights and, of a run that failed too, the loss curve.
    ///
    /// # Errors
    /// Documents or a model that cannot be trained, a file that cannot be written. A checkpoint that
    /// cannot be saved is told, and only the last one ends the run.
    pub fn run(&self, journal: &mut Journal, interrupt: &Interrupt) -> Result<Ended> {
        let ended = self.train(journal, interrupt);
        let curve = self.draw_curve();
        let ended = ended?; // the fault worth telling is the first one
        curve?;
        Ok(ended)
    }

    fn train(&self, journal: &mut Journal, interrupt: &Interrupt) -> Result<Ended> {
        let (model, config) = (self.model().model(), self.args.batches());
        let draw = match self.args.train.order {
            Order::Random => Batches::random,
            Order::Epochs => Batches::epochs,
        };
        let mut batches = draw(&self.prepared.train, model.config(), config)?;
        let mut trainer = self.trainer()?;
        batches.seek(trainer.batches_taken());
        let mut course = Course::new(self, journal, trainer.metric().skipped)?;
        self.announce(trainer.metric().step)?;
        let mut status = None;
        if !course.is_over() {
            trainer.fit(&mut batches, |trainer| {
                course.step(trainer)?;
                let goes_on = trainer.metric().step < self.args.steps();
                status = interrupt.status().filter(|_| goes_on);
                if status.is_none() && !(goes_on && course.is_over()) {
                    return anyhow::Ok(ControlFlow::Continue(()));
                }
                course.checkpoint(trainer)?;
                Ok(ControlFlow::Break(()))
            })?;
        }
        self.progress.finish();
        course.saver.wait().context("the last checkpoint could not be saved")?;
        match (status, course.last) {
            (Some(status), _) => Ok(self.interrupted(trainer.metric().step, status)),
            (None, Some(val_loss)) => self.finish(val_loss),
            (None, None) => bail!("the run has no step to train, and was never evaluated"),
        }
    }

    fn trainer(&self) -> Result<Trainer<'_>> {
        let mut trainer = Trainer::new(self.model().model(), self.args.recipe())?;
        match self.from.as_ref().and_then(|from| from.trainer.as_deref()) {
            None => Ok(trainer.with_time_spent(self.prepared.encoding)),
            Some(state) => {
                trainer.restore(state)?;
                Ok(trainer)
            }
        }
    }

    fn announce(&self, done: u64) -> Result<()> {
        for notice in prompt_notices(self.model(), &self.args.train.prompt)? {
            self.progress.line(notice);
        }
        let trained = self.args.model.max_len;
        if trained < EVAL_LENGTH {
            self.progress.line(format!(
                "Documents are cut at {trained} tokens to train, but held-out loss is over {EVAL_LENGTH}."
            ));
        }
        let (steps, rule) = (self.args.steps(), "=".repeat(65));
        let from = if done > 0 { format!(", from step {done} on") } else { String::new() };
        self.progress.line(format!("\nTraining for {steps} steps{from}\n{rule}"));
        self.progress.start(steps);
        Ok(())
    }

    fn draw_curve(&self) -> Result<()> {
        let label = "entropy of the corpus".to_owned();
        let floor = self.prepared.floor.map(|floor| Floor { loss: floor.nats, label });
        let title = format!("Training loss, {}", self.args.preset);
        let curve = LossCurve { title, floor, ..self.folder.loss_curve()? };
        Ok(self.folder.write_loss_curve(&curve)?)
    }

    fn finish(&self, val_loss: f64) -> Result<Ended> {
        self.folder.write(layout::MODEL, &self.model().model().to_safetensors()?)?;
        self.progress.line(format!("{}\nTraining is done.", "=".repeat(65)));
        Ok(Ended::Trained { val_loss })
    }

    fn interrupted(&self, step: u64, status: u8) -> Ended {
        let command = resume_command(self.folder.path());
        self.progress
            .line(format!("\nStopped after step {step}; all is saved. Go on with:\n  {command}"));
        Ended::Interrupted { status }
    }
}

/// What happens after each step.
struct Course<'t, 'j> {
    training: &'t Training,
    journal: &'j mut Journal,
    saver: Saver,
    /// The lowest held-out loss of a step that has a checkpoint, and that step.
    best: Option<(f64, u64)>,
    last: Option<f64>,
    lowest: f64,
    /// Evaluations since the lowest one.
    worse: u64,
    skipped: u64,
    /// The step of the newest checkpoint.
    saved: Option<u64>,
}

impl<'t, 'j> Course<'t, 'j> {
    fn new(training: &'t Training, journal: &'j mut Journal, skipped: u64) -> Result<Self> {
        let saver = Saver::new(&training.folder, KEPT)?;
        let mut course = Self {
            training,
            journal,
            saver,
            best: None,
            last: None,
            lowest: f64::INFINITY,
            worse: 0,
            skipped,
            saved: None,
        };
        for eval in training.folder.rows::<Eval>()? {
            course.judge(&eval?);
        }
        Ok(course)
    }

    /// Whether it has been too long since the held-out loss was lower than ever.
    fn is_over(&self) -> bool {
        self.training.args.train.recipe.patience.is_some_and(|patience| self.worse >= patience)
    }

    fn step(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        let (metric, args) = (trainer.metric(), &self.training.args.train);
        let is_last = metric.step == self.training.args.steps();
        let is_due = |every: u64| metric.step.is_multiple_of(every);
        self.journal.metric(metric)?;
        self.training.progress.step(metric.step, metric.loss);
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

    fn tell_loss(&self, metric: &Metric) {
        let mean = self.journal.mean_loss(self.training.args.train.log_every() as usize);
        let Metric { step, train_seconds, .. } = *metric;
        let (perplexity, each) = (mean.exp(), 1e3 * train_seconds / step as f64);
        self.training.progress.line(format!(
            "[step {step:>5}] loss = {mean:.4} | perplexity = {perplexity:.2} | {each:.1} ms a step"
        ));
    }

    fn tell_skipped(&mut self, metric: &Metric) {
        if metric.skipped > self.skipped {
            let Metric { step, loss, grad_norm, skipped, .. } = metric;
            self.training.progress.line(format!(
                "[step {step:>5}] NOT APPLIED: loss {loss}, gradient norm {grad_norm}; {skipped} such steps so far"
            ));
        }
        self.skipped = metric.skipped;
    }

    /// A greedy and a sampled text.
    fn sample(&mut self, step: u64) -> Result<()> {
        let Training { args, progress, .. } = self.training;
        let (rule, prompt) = ("─".repeat(65), args.train.prompt.as_str());
        progress.line(format!("\n{rule}\n  Step {step}, prompt: '{prompt}'\n{rule}"));
        for (label, config) in strategies::on_the_way() {
            let seed = args.machine.seed;
            let text =
                self.journal.sample(self.training.model(), step, prompt, (label, &config), seed)?;
            progress.line(format!("  [{label}] {text}"));
        }
        progress.line("");
        Ok(())
    }

    fn evaluate(&mut self, metric: &Metric) -> Result<()> {
        let held_out = &self.training.prepared.held_out;
        let result = evaluate(self.training.model().model(), held_out, EVAL_LENGTH)?;
        let eval = self.journal.eval(metric, result.loss)?;
        self.judge(&eval);
        self.training.progress.line(format!(
            "[step {:>5}] held-out loss = {:.4} | perplexity = {:.2}",
            metric.step,
            result.loss,
            result.perplexity()
        ));
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
    fn checkpoint(&mut self, trainer: &Trainer<'_>) -> Result<()> {
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

/// The newest checkpoint that is whole. Says what is wrong with newer ones; where there is none at all,
/// the run begins anew.
fn newest_checkpoint(folder: &RunFolder, progress: &Progress) -> Result<Option<Checkpoint>> {
    let (found, faults) = folder.newest_checkpoint()?;
    for fault in &faults {
        progress.line(format!("Passed over: {fault}"));
    }
    match &found {
        Some(checkpoint) => progress.line(format!("Going on from step {}.", checkpoint.step)),
        None if faults.is_empty() => {
            progress.line("No checkpoint was saved yet: the run begins anew.");
        }
        None => bail!("{} has no checkpoint from which to go on", folder.path().display()),
    }
    Ok(found)
}

/// Changes nothing in the folder before it is clear that the training can go on.
fn take_up(
    folder: &RunFolder,
    checkpoint: &Checkpoint,
    prepared: &Preparation,
    args: &RunArgs,
) -> Result<()> {
    let (step, steps) = (checkpoint.step, args.steps());
    ensure!(steps >= step, "--steps is {steps}, and the run is at step {step} already");
    let path = folder.checkpoint(step);
    prepared.model.model().take_weights(&checkpoint.model, &path.join(layout::MODEL))?;
    if let Some(state) = &checkpoint.trainer {
        Trainer::new(prepared.model.model(), args.recipe())?.restore(state)?;
    }
    folder.cut_back(checkpoint)?;
    Ok(folder.remove(layout::MODEL)?) // which is written anew at the end
}

/// A run that was ended before its first checkpoint.
fn begin_anew(folder: &RunFolder) -> Result<()> {
    ensure!(
        !folder.file(layout::MODEL)?.exists(),
        "{} has ended, and has no checkpoint from which to go on",
        folder.path().display()
    );
    Ok(folder.clear_rows()?)
}

/// How to go on with a run: this program again.
fn resume_command(run: &Path) -> String {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    format!("{} --resume {}", quoted(&program), quoted(run))
}

/// As a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
