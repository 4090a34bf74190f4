//! A run that trains: begun, or gone on with, to its end.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    Data, EVAL_LENGTH, Event, Interrupt, Journal, Order, PROMPTS, Preparation, Progress, RunArgs,
    prompt_notices, speed::Speedometer, strategies,
};
use crate::{
    LanguageModel,
    decoding::GenerationConfig,
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
    pub fn new(args: RunArgs) -> Result<Self> {
        let progress = Progress::new(args.ui);
        Self::with(args, progress)
    }

    /// As [`new`](Self::new), but shows nothing.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn silent(args: RunArgs) -> Result<Self> {
        Self::with(args, Progress::silent())
    }

    fn with(args: RunArgs, progress: Progress) -> Result<Self> {
        match &args.resume {
            Some(run) => Self::resume(RunFolder::open(run)?, &args, progress),
            None => Self::begin(args, progress),
        }
    }

    fn begin(args: RunArgs, progress: Progress) -> Result<Self> {
        args.validate()?;
        let device = args.machine.set_up()?;
        let data = Data::load(&args.data, args.train.quick, &progress)?;
        data.check(args.batches().batch_size)?;
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

    /// What the run writes its rows with.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn journal(&self) -> Result<Journal> {
        let journal = Journal::new(&self.folder)?;
        if self.args.train.tensorboard {
            return journal.with_tensorboard(&self.folder);
        }
        Ok(journal)
    }

    /// Trains to the last step, with losses, samples, evaluations and checkpoints on the way, and leaves
    /// the final weights and, of a run that failed too, the loss curve and the report.
    ///
    /// # Errors
    /// Documents or a model that cannot be trained, a file that cannot be written. A checkpoint that
    /// cannot be saved is told, and only the last one ends the run.
    pub fn run(&self, journal: &mut Journal, interrupt: &Interrupt) -> Result<Ended> {
        let ended = self.train(journal, interrupt);
        for drawn in [self.draw_curve(), self.write_report()] {
            if let Err(fault) = drawn {
                self.progress.line(format!("{fault:#}")); // what was learnt is saved
            }
        }
        ended
    }

    /// Lets the strategies of the notebook go on with its prompts, one seed for all, and takes what they say
    /// into the samples and the report.
    ///
    /// # Errors
    /// A model that gives no text, a file that cannot be written.
    pub fn compare_strategies(&self, journal: &mut Journal) -> Result<()> {
        self.progress.line("\nStrategies compared\n");
        for prompt in PROMPTS {
            self.progress.line(format!("  Prompt: '{prompt}'\n  {}", "-".repeat(55)));
            for strategy in strategies::compared() {
                self.sample(journal, journal.step(), prompt, strategy)?;
            }
            self.progress.line("");
        }
        self.write_report()
    }

    fn write_report(&self) -> Result<()> {
        Ok(self.folder.write_report()?)
    }

    fn sample(
        &self,
        journal: &mut Journal,
        step: u64,
        prompt: &str,
        (label, config): (&str, GenerationConfig),
    ) -> Result<()> {
        let seed = self.args.machine.seed;
        let text = journal.sample(self.model(), step, prompt, (label, &config), seed)?;
        let (prompt, strategy) = (prompt.to_owned(), label.to_owned());
        self.progress.tell(&Event::Sample { step, prompt, strategy, text });
        Ok(())
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
        let mut course = Course::new(self, journal, trainer.metric())?;
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
        self.progress.tell(&Event::Trained { val_loss });
        Ok(Ended::Trained { val_loss })
    }

    fn interrupted(&self, step: u64, status: u8) -> Ended {
        let command = resume_command(self.folder.path());
        self.progress.tell(&Event::Stopped { step, command });
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
    speedometer: Speedometer,
    /// The step of the newest checkpoint.
    saved: Option<u64>,
}

impl<'t, 'j> Course<'t, 'j> {
    fn new(training: &'t Training, journal: &'j mut Journal, from: &Metric) -> Result<Self> {
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
    fn is_over(&self) -> bool {
        self.training.args.train.recipe.patience.is_some_and(|patience| self.worse >= patience)
    }

    fn step(&mut self, trainer: &Trainer<'_>) -> Result<()> {
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
