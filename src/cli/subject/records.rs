//! What a run has written of itself so far; it may go on writing, in this process or in another.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    explorer::{Checkpoint, Floor, Progress, State, Training},
    run::{Eval, Metric, RunFolder, RunInfo, Tail, layout},
};

/// How old a look at the folder may be.
const LOOKS_EVERY: Duration = Duration::from_millis(500);
/// A run of another process that has written nothing for so long has stopped.
const SILENCE: Duration = Duration::from_secs(60);

/// The rows of a run folder, and what follows from them.
#[derive(Debug)]
pub(super) struct Records {
    folder: RunFolder,
    steps: Option<u64>,
    metrics: Tail<Metric>,
    evals: Tail<Eval>,
    training: Training,
    /// The thread of this process that trains, where one does.
    trainer: Option<JoinHandle<Result<()>>>,
    state: State,
    checkpoints: Vec<Checkpoint>,
    looked: Option<Instant>,
}

impl Records {
    pub(super) fn new(folder: RunFolder, info: &RunInfo) -> Result<Self> {
        let entropy = info.data.other.get(super::ENTROPY);
        let number = |name| entropy?.get(name)?.as_f64();
        let floor = number("nats").zip(number("standard_error"));
        let floor = floor.map(|(nats, standard_error)| Floor { nats, standard_error });
        Ok(Self {
            steps: info.settings.get("steps").and_then(|steps| steps.as_u64()),
            metrics: folder.tail()?,
            evals: folder.tail()?,
            training: Training { floor, ..Training::default() },
            folder,
            trainer: None,
            state: State::Running,
            checkpoints: Vec::new(),
            looked: None,
        })
    }

    pub(super) fn trained_by(&mut self, trainer: JoinHandle<Result<()>>) {
        (self.trainer, self.looked) = (Some(trainer), None);
    }

    pub(super) fn progress(&mut self) -> Result<Progress> {
        self.look()?;
        let checkpoints = self.checkpoints.clone();
        Ok(Progress { state: self.state, steps: self.steps, checkpoints })
    }

    pub(super) fn training(&mut self) -> Result<&Training> {
        self.look()?;
        Ok(&self.training)
    }

    /// Looks at the folder, unless that was done a moment ago or there can be nothing new.
    fn look(&mut self) -> Result<()> {
        let is_fresh =
            |looked: Instant| self.state == State::Ended || looked.elapsed() < LOOKS_EVERY;
        if self.looked.is_some_and(is_fresh) {
            return Ok(());
        }
        // First, so that whatever was written before it ended is read.
        let state = self.state_now()?;
        let Training { metrics, evals, fault, .. } = &mut self.training;
        for read in [self.metrics.read_on(metrics), self.evals.read_on(evals)] {
            *fault = read.err().map(|error| error.to_string()).or(fault.take());
        }
        self.checkpoints = self.checkpoints_now()?;
        (self.state, self.looked) = (state, Some(Instant::now()));
        Ok(())
    }

    fn state_now(&mut self) -> Result<State> {
        let ended = self.trainer.take_if(|trainer| trainer.is_finished());
        if let Some(trainer) = ended {
            let result = trainer.join().unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")));
            self.training.fault =
                result.err().map(|error| format!("The training failed: {error:#}"));
        }
        Ok(if self.trainer.is_some() {
            State::Running
        } else if self.folder.file(layout::MODEL)?.exists() {
            State::Ended
        } else if self.training.fault.is_none() && self.was_just_written()? {
            State::Running
        } else {
            State::Stopped
        })
    }

    fn was_just_written(&self) -> Result<bool> {
        let files = [layout::METRICS, layout::EVALS, layout::SAMPLES, layout::RUN];
        let is_new = |name| -> Option<bool> {
            let written = self.folder.file(name).ok()?.metadata().ok()?.modified().ok()?;
            Some(written.elapsed().is_ok_and(|silence| silence < SILENCE))
        };
        Ok(files.into_iter().any(|name| is_new(name).unwrap_or(false)))
    }

    /// Every step that has weights. The final ones are those of the last evaluation, which every run that
    /// ends has.
    fn checkpoints_now(&self) -> Result<Vec<Checkpoint>> {
        let evals = self.training.evals.iter();
        let losses: BTreeMap<u64, f64> = evals.map(|eval| (eval.step, eval.val_loss)).collect();
        let has_weights = |&step: &u64| self.folder.checkpoint(step).join(layout::MODEL).exists();
        let mut steps: BTreeSet<u64> =
            self.folder.checkpoints()?.into_iter().filter(has_weights).collect();
        if self.folder.file(layout::MODEL)?.exists() {
            steps.extend(losses.last_key_value().map(|(&step, _)| step));
        }
        if steps.is_empty() {
            steps.insert(0); // weights of someone else's making
        }
        let checkpoint = |step| Checkpoint { step, val_loss: losses.get(&step).copied() };
        Ok(steps.into_iter().map(checkpoint).collect())
    }
}
