//! A run that trains: begun, or gone on with, to its end.

use std::ops::ControlFlow;

use anyhow::{Context, Result, bail, ensure};

use super::{
    Data, EVAL_LENGTH, Event, Interrupt, Journal, Order, PROMPTS, Preparation, Progress, RunArgs,
    course::Course,
    prompt_notices,
    resumption::{begin_anew, newest_checkpoint, resume_command, take_up},
    strategies,
};
use crate::{
    LanguageModel,
    decoding::GenerationConfig,
    run::{Checkpoint, Floor, Lock, LossCurve, RunFolder, layout},
    trainer::{Batches, Trainer},
};

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
            None => {
                ensure!(
                    !info.other.contains_key("init_from"),
                    "{} has no checkpoint, not even of the weights it started from; start it again with --init-from",
                    folder.path().display()
                );
                begin_anew(&folder)?;
            }
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
        if self.args.init_from.is_some() {
            self.save_start()?; // which no seed brings back
        }
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

    pub(super) fn sample(
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
