//! Saving beside the training.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
};

use crate::{Error, Result, RunFolder, Snapshot};

/// Saves checkpoints on a thread of its own, one at a time, and keeps what a training needs to go on in
/// the newest few and in the best alone.
#[derive(Debug)]
pub struct Saver {
    /// The run.
    path: PathBuf,
    /// None once it was told to end.
    work: Option<Sender<(Snapshot, Vec<u64>)>>,
    done: Receiver<Result<u64>>,
    thread: Option<JoinHandle<()>>,
    /// Whether there is one that has not been told of.
    is_busy: bool,
    newest: VecDeque<u64>,
    keep: usize,
}

impl Saver {
    /// Saves into `folder`; a training can go on from the newest `keep` checkpoints (at least one), and
    /// from the best.
    ///
    /// # Errors
    /// [`Error::Thread`] where the system gives no thread; [`Error::Read`] if the folder of checkpoints
    /// cannot be read.
    pub fn new(folder: &RunFolder, keep: usize) -> Result<Self> {
        let (work, asked) = channel::<(Snapshot, Vec<u64>)>();
        let (tell, done) = channel();
        let newest = folder.checkpoints()?.into();
        let (path, folder) = (folder.path().to_owned(), folder.clone());
        let save = move |(snapshot, kept): (Snapshot, Vec<u64>)| {
            folder.save(&snapshot).and_then(|()| folder.prune(&kept)).map(|()| snapshot.step())
        };
        let work_on =
            move || asked.into_iter().map(save).try_for_each(|told| tell.send(told)).unwrap_or(());
        let thread = thread::Builder::new().name("saver".to_owned()).spawn(work_on);
        let thread = Some(thread.map_err(|source| Error::Thread { source })?);
        Ok(Self { path, work: Some(work), done, thread, is_busy: false, newest, keep: keep.max(1) })
    }

    /// Hands `snapshot` over, and waits only where the one before is still being written. `best` is the
    /// step of the best checkpoint so far.
    ///
    /// # Errors
    /// What went wrong with the one before; this one is saved nevertheless.
    pub fn save(&mut self, snapshot: Snapshot, best: Option<u64>) -> Result<()> {
        let before = self.wait();
        self.newest.retain(|&step| step < snapshot.step());
        self.newest.push_back(snapshot.step());
        let newest = self.newest.iter().rev().take(self.keep).copied();
        let kept = newest.chain(best).collect();
        self.is_busy = true;
        let sent = self.work.as_ref().is_some_and(|work| work.send((snapshot, kept)).is_ok());
        before.and(if sent { Ok(()) } else { Err(self.ended()) })
    }

    /// Waits until all that was handed over is on the disk.
    ///
    /// # Errors
    /// What went wrong with the last one.
    pub fn wait(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.is_busy) {
            return Ok(());
        }
        self.done.recv().map_or_else(|_| Err(self.ended()), |told| told.map(drop))
    }

    fn ended(&self) -> Error {
        Error::SaverEnded { path: self.path.clone() }
    }
}

impl Drop for Saver {
    /// What was handed over is finished.
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
