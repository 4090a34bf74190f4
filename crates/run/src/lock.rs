//! One training a run.

use std::fs::{File, OpenOptions, TryLockError};

use crate::{Error, Result, RunFolder, layout};

/// As long as it lives, no other process trains this run. It ends with the process, however that ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl RunFolder {
    /// Takes the run for oneself.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process trains it, [`Error::Write`] if the folder cannot be written.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.path().join(layout::LOCK);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(Error::write(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { path: self.path().to_owned() }),
            Err(TryLockError::Error(error)) => Err(Error::write(&path)(error)),
        }
    }
}
