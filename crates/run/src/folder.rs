//! The folder itself: made, opened, found, and its files by name.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Checkpoint, Error, Eval, Metric, Result, Row, RowWriter, Rows, RunInfo, Sample, atomic, info,
    layout,
};

/// A run's folder. Holds nothing but its path: every call reads or writes the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// Making, opening and finding.
impl RunFolder {
    /// Makes a folder for a new run, with the folders above it.
    ///
    /// With `overwrite`, the files of a run that lies there are removed first, its checkpoints and
    /// events too; a file that the format does not know stays.
    ///
    /// # Errors
    /// [`Error::Occupied`] if it holds any file of a run and `overwrite` is false; [`Error::Write`] if
    /// it cannot be made or cleared.
    pub fn create(path: impl Into<PathBuf>, overwrite: bool) -> Result<Self> {
        let folder = Self { path: path.into() };
        fs::create_dir_all(&folder.path).map_err(Error::write(&folder.path))?;
        match folder.occupant() {
            Some(found) if !overwrite => Err(Error::Occupied { path: folder.path, found }),
            Some(_) => {
                let _lock = folder.lock()?;
                folder.clear()?;
                Ok(folder)
            }
            None => Ok(folder),
        }
    }

    /// Opens the folder of a run, and reads its `run.json` to see that it is one.
    ///
    /// # Errors
    /// [`Error::NotARun`] if there is no folder or it has no `run.json`, naming runs nearby; otherwise
    /// as [`info`](Self::info).
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let folder = Self { path: path.into() };
        if !folder.path.is_dir() {
            return Err(not_a_run(folder.path, "there is no such folder"));
        }
        if !is_run(&folder.path) {
            return Err(not_a_run(folder.path, "it has no run.json"));
        }
        folder.info()?;
        Ok(folder)
    }

    /// Opens the newest run directly inside `dir`: the one whose `run.json` was written last, and the
    /// last by name among equals.
    ///
    /// # Errors
    /// [`Error::NoRuns`] if there is none, [`Error::Read`] if `dir` cannot be read; otherwise as
    /// [`open`](Self::open).
    pub fn newest(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        match runs_in(dir).map_err(Error::read(dir))?.pop() {
            Some((_, path)) => Self::open(path),
            None => Err(Error::NoRuns { path: dir.to_owned() }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first thing of the format that lies here.
    fn occupant(&self) -> Option<&'static str> {
        let mut names = layout::FILES.into_iter().chain([layout::CHECKPOINTS, layout::TENSORBOARD]);
        names.find(|name| self.path.join(name).symlink_metadata().is_ok())
    }

    /// Removes what belongs to the format; `run.json` goes first, so that half a run is none.
    fn clear(&self) -> Result<()> {
        for name in layout::FILES {
            let path = self.path.join(name);
            remove(&path, |path| fs::remove_file(path))?;
            remove(&atomic::partial(&path), |path| fs::remove_file(path))?;
        }
        for step in self.checkpoints()? {
            remove(&self.checkpoint(step), |path| fs::remove_dir_all(path))?;
        }
        remove(&self.path.join(layout::LOCK), |path| fs::remove_file(path))?;
        for name in [layout::SAVING, layout::REPLACED] {
            remove(&self.path.join(layout::CHECKPOINTS).join(name), |path| {
                fs::remove_dir_all(path)
            })?;
        }
        self.remove_events()?;
        for name in [layout::CHECKPOINTS, layout::TENSORBOARD] {
            remove(&self.path.join(name), |path| match fs::remove_dir(path) {
                // Someone keeps files of their own there.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
                removed => removed,
            })?;
        }
        Ok(())
    }

    /// Removes the event files that this crate wrote; others stay.
    pub(crate) fn remove_events(&self) -> Result<()> {
        let dir = self.path.join(layout::TENSORBOARD);
        let found = entries(&dir).map_err(Error::read(&dir))?;
        let is_ours = |path: &&PathBuf| {
            path.file_name().and_then(OsStr::to_str).is_some_and(layout::is_event_file)
        };
        found.iter().filter(is_ours).try_for_each(|path| remove(path, |path| fs::remove_file(path)))
    }
}

/// Files.
impl RunFolder {
    /// Where the file called `name` lies, whether or not it is there yet.
    ///
    /// # Errors
    /// [`Error::FileName`] unless `name` is one of [`layout::FILES`].
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        if layout::FILES.contains(&name) {
            return Ok(self.path.join(name));
        }
        let expected = format!("one of {}", layout::FILES.join(", "));
        Err(Error::FileName { name: name.to_owned(), expected })
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// [`Error::FileName`] as for [`file`](Self::file), [`Error::Read`] if it cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.file(name)?;
        fs::read(&path).map_err(Error::read(&path))
    }

    /// Reads a whole file of JSON.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`Error::Json`] with file and line if it is not a `T`.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let bytes = self.read(name)?;
        serde_json::from_slice(&bytes).map_err(Error::json(&self.path.join(name), 1))
    }

    /// Replaces a whole file atomically: readers, and a crash, find the old one or the new one. The
    /// bytes are on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::FileName`] as for [`file`](Self::file), [`Error::Write`] if it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        atomic::write(&self.file(name)?, bytes)
    }

    /// Replaces a whole file by `value` as indented JSON, like [`write`](Self::write).
    ///
    /// # Errors
    /// As [`write`](Self::write), and [`Error::Encode`] if JSON cannot express `value`.
    pub fn write_json<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<()> {
        let path = self.file(name)?;
        let mut text = serde_json::to_vec_pretty(value).map_err(Error::encode(&path))?;
        text.push(b'\n');
        atomic::write(&path, &text)
    }

    /// Removes a whole file; one that is not there is no fault.
    ///
    /// # Errors
    /// [`Error::FileName`] as for [`file`](Self::file), [`Error::Write`] if it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        remove(&self.file(name)?, |path| fs::remove_file(path))
    }

    /// Reads `run.json`.
    ///
    /// # Errors
    /// [`Error::NewerFormat`] if a later version wrote it, [`Error::Json`] with file and line if it is
    /// damaged, [`Error::Read`] if it cannot be read.
    pub fn info(&self) -> Result<RunInfo> {
        info::parse(&self.path.join(layout::RUN), &self.read(layout::RUN)?)
    }

    /// Replaces `run.json`.
    ///
    /// # Errors
    /// [`Error::Write`] if it cannot be written.
    pub fn write_info(&self, info: &RunInfo) -> Result<()> {
        self.write_json(layout::RUN, info)
    }

    /// Streams the rows of one kind; none if no row was ever written.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be opened. Each row may be an error of its own, see [`Rows`].
    pub fn rows<R: Row>(&self) -> Result<Rows<R>> {
        Rows::open(self.file(R::FILE)?)
    }

    /// Removes the rows that came after `checkpoint`, so that the steps after it can be taken again.
    ///
    /// # Errors
    /// [`Error::Write`] names a file that cannot be cut.
    pub fn cut_back(&self, checkpoint: &Checkpoint) -> Result<()> {
        self.cut_rows(|name| checkpoint.rows.get(name).copied().unwrap_or(0))
    }

    fn cut_rows(&self, length: impl Fn(&str) -> u64) -> Result<()> {
        for name in [Metric::FILE, Eval::FILE, Sample::FILE] {
            let path = self.path.join(name);
            cut(&path, length(name)).map_err(Error::write(&path))?;
        }
        Ok(())
    }

    /// Removes every row.
    ///
    /// # Errors
    /// As [`cut_back`](Self::cut_back).
    pub fn clear_rows(&self) -> Result<()> {
        self.cut_rows(|_| 0)
    }

    /// Opens a file of rows to append to it.
    ///
    /// # Errors
    /// [`Error::Write`] if it cannot be opened.
    pub fn writer<R: Row>(&self) -> Result<RowWriter<R>> {
        RowWriter::open(self.file(R::FILE)?)
    }
}

/// Checkpoints.
impl RunFolder {
    /// The folder of a step's checkpoint, such as `checkpoints/step-00000500`, whether or not it is
    /// there yet.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.path.join(layout::CHECKPOINTS).join(layout::checkpoint_name(step))
    }

    /// The steps that have a checkpoint, in ascending order.
    ///
    /// # Errors
    /// [`Error::Read`] if the folder of checkpoints cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<u64>> {
        let dir = self.path.join(layout::CHECKPOINTS);
        let mut steps: Vec<u64> = entries(&dir)
            .map_err(Error::read(&dir))?
            .iter()
            .filter(|path| path.is_dir())
            .filter_map(|path| layout::checkpoint_step(path.file_name()?.to_str()?))
            .collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The newest weights: `model.safetensors`, or in a run that did not end, those of its newest
    /// checkpoint that are whole. With the file they lie in, and the step of the checkpoint.
    ///
    /// # Errors
    /// [`Error::Read`] where there are none; those of [`checkpoints`](Self::checkpoints).
    pub fn newest_weights(&self) -> Result<(Vec<u8>, PathBuf, Option<u64>)> {
        let last = self.file(layout::MODEL)?;
        if !last.exists() {
            for &step in self.checkpoints()?.iter().rev() {
                if let Ok(weights) = self.weights(step) {
                    return Ok((weights, self.checkpoint(step).join(layout::MODEL), Some(step)));
                }
            }
        }
        Ok((fs::read(&last).map_err(Error::read(&last))?, last, None))
    }
}

fn is_run(path: &Path) -> bool {
    path.join(layout::RUN).is_file()
}

/// The runs directly inside `dir`, by the time of their `run.json`, the newest last.
fn runs_in(dir: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut runs = Vec::new();
    for path in entries(dir)?.into_iter().filter(|path| is_run(path)) {
        runs.push((path.join(layout::RUN).metadata()?.modified()?, path));
    }
    runs.sort();
    Ok(runs)
}

/// What lies in `dir`; nothing if there is no such folder.
fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed?.map(|entry| Ok(entry?.path())).collect(),
    }
}

fn remove(path: &Path, by: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    match by(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(Error::write(path)),
    }
}

/// A file that is not there is as short as can be.
fn cut(path: &Path, length: u64) -> io::Result<()> {
    match fs::OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        opened => {
            let file = opened?;
            file.set_len(length)?;
            file.sync_all()
        }
    }
}

fn not_a_run(path: PathBuf, fault: &'static str) -> Error {
    let nearby = if path.is_dir() { Some(&*path) } else { path.parent() };
    let newest = nearby.and_then(|dir| runs_in(dir).ok()?.pop());
    let remedy = match newest {
        Some((_, run)) => format!("name the folder of a run, such as {}", run.display()),
        None => "name a folder that training wrote, or train one first".to_owned(),
    };
    Error::NotARun { path, fault, remedy }
}
