//! A run as TensorBoard reads it.
//!
//! `replay` begins a file with the rows that there are. `event` composes what the file holds,
//! `protobuf` encodes it, `record` frames it; `html` shows a text as it is.

mod event;
mod html;
mod protobuf;
mod record;
mod replay;

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use self::protobuf::Message;
use crate::{Error, Eval, Metric, Result, RunFolder, Sample, layout};

/// Writes a run's rows into an event file in `RUN/tensorboard/`, for
/// `tensorboard --logdir RUN/tensorboard`.
///
/// | row | what TensorBoard shows |
/// |---|---|
/// | [`Metric`] | scalars `train/loss`, `train/learning_rate`, `train/grad_norm`, `train/tokens_per_second` |
/// | [`Eval`] | scalars `eval/loss`, `eval/perplexity`, `eval/bits_per_byte` |
/// | [`Sample`] | text `samples/LABEL`, of the strategy's label; the last one of a step |
///
/// Scalars have 32 bits; one that is not finite is shown as such. The wall time of an event is the
/// training's start plus its seconds of training so far: pauses between resumed trainings do not show,
/// and neither do evaluation and saving. The start is taken such that the last row that the folder has
/// falls on the moment at which the writer is made.
///
/// Events are buffered: a killed process loses the last few kilobytes, and its file stays readable.
/// The rows in the folder lose nothing, and the next writer begins with all of them.
///
/// ```
/// use enredo_run::{EventWriter, Metric, RunFolder};
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("first");
/// let run = RunFolder::create(&path, false)?;
/// let mut events = EventWriter::new(&run)?;
/// events.metric(&Metric { step: 1, loss: 7.6, ..Metric::default() })?;
/// events.flush()?;
/// # Ok::<(), enredo_run::Error>(())
/// ```
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: BufWriter<File>,
    /// When the training began, had it not been paused, in seconds since 1970.
    start: f64,
    /// Seconds of training so far.
    seconds: f64,
    /// Target tokens so far.
    tokens: u64,
}

impl EventWriter {
    /// Makes a new file that begins with the rows that `folder` has, and removes older ones of this
    /// run: after rows were cut back, no step is there twice.
    ///
    /// Nothing more is needed to convert a run that has ended.
    ///
    /// # Errors
    /// [`Error::Write`] names a file or folder that cannot be made or removed; those of
    /// [`rows`](RunFolder::rows) and of the rows themselves.
    pub fn new(folder: &RunFolder) -> Result<Self> {
        let now = since_1970();
        let start = now.as_secs_f64() - trained_seconds(folder)?;
        folder.remove_events()?;
        let (path, file) = create(folder, now)?;
        let mut writer = Self { path, file: BufWriter::new(file), start, seconds: 0.0, tokens: 0 };
        writer.append(&event::file_version(start))?;
        writer.replay(folder)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Writes a step.
    ///
    /// # Errors
    /// [`Error::Write`] names the file.
    pub fn metric(&mut self, metric: &Metric) -> Result<()> {
        let mut scalars = vec![
            ("train/loss", metric.loss),
            ("train/learning_rate", metric.lr),
            ("train/grad_norm", metric.grad_norm),
        ];
        scalars.extend(self.speed(metric).map(|speed| ("train/tokens_per_second", speed)));
        self.seconds = self.seconds.max(metric.train_seconds);
        self.tokens = metric.tokens;
        self.append(&event::scalars(self.wall_time(), metric.step, &scalars))
    }

    /// Writes an evaluation, at the time of the step before it.
    ///
    /// # Errors
    /// [`Error::Write`] names the file.
    pub fn eval(&mut self, eval: &Eval) -> Result<()> {
        let mut scalars =
            vec![("eval/loss", eval.val_loss), ("eval/perplexity", eval.val_loss.exp())];
        scalars.extend(eval.bits_per_byte.map(|bits| ("eval/bits_per_byte", bits)));
        self.append(&event::scalars(self.wall_time(), eval.step, &scalars))
    }

    /// Writes a generated text, at the time of the step before it.
    ///
    /// # Errors
    /// [`Error::Write`] names the file.
    pub fn sample(&mut self, sample: &Sample) -> Result<()> {
        let tag = format!("samples/{}", sample.strategy.label);
        let text = html::literal(&sample.text);
        self.append(&event::text(self.wall_time(), sample.step, &tag, &text))
    }

    /// Hands all events to the system, so that TensorBoard sees them.
    ///
    /// # Errors
    /// [`Error::Write`] names the file.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::write(&self.path))
    }

    /// Target tokens a second since the step before; none where no time has passed.
    fn speed(&self, metric: &Metric) -> Option<f64> {
        let seconds = metric.train_seconds - self.seconds;
        let tokens = metric.tokens as f64 - self.tokens as f64;
        (seconds > 0.0).then_some(tokens / seconds)
    }

    fn wall_time(&self) -> f64 {
        self.start + self.seconds
    }

    /// In one write, so that the buffer holds whole records.
    fn append(&mut self, event: &Message) -> Result<()> {
        let record = record::record(event.encoded());
        self.file.write_all(&record).map_err(Error::write(&self.path))
    }
}

fn create(folder: &RunFolder, now: Duration) -> Result<(PathBuf, File)> {
    let dir = folder.path().join(layout::TENSORBOARD);
    fs::create_dir_all(&dir).map_err(Error::write(&dir))?;
    let path = dir.join(layout::event_file(now.as_secs()));
    let file = File::create(&path).map_err(Error::write(&path))?;
    Ok((path, file))
}

/// Seconds of training up to the last row; NaN counts as none.
fn trained_seconds(folder: &RunFolder) -> Result<f64> {
    folder.rows::<Metric>()?.try_fold(0.0, |seconds, row| Ok(f64::max(seconds, row?.train_seconds)))
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
