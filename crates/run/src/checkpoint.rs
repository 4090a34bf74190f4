//! A checkpoint as it is read: every byte is what was written, or it is none.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Result, RunFolder, layout};

/// The state of a training at one step, read from the disk and found to be as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The step after which it was taken.
    pub step: u64,
    /// The weights.
    pub model: Vec<u8>,
    /// What else a training needs to go on, as its trainer wrote it; none once it has been pruned.
    pub trainer: Option<Vec<u8>>,
    /// Bytes of each file of rows that belong to the steps so far.
    pub(crate) rows: BTreeMap<String, u64>,
}

/// What the files of a checkpoint have to be: `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) step: u64,
    pub(crate) files: BTreeMap<String, Entry>,
    pub(crate) rows: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    bytes: u64,
    sha256: String,
}

impl Entry {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes: bytes.len() as u64, sha256 }
    }
}

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::read(path))?;
        serde_json::from_slice(&bytes).map_err(Error::json(path, 1))
    }
}

impl RunFolder {
    /// Reads the checkpoint of a step, and sees that every file of it is as it was written.
    ///
    /// # Errors
    /// [`Error::Damaged`] names the file that is not, [`Error::Read`] one that cannot be read, and
    /// [`Error::Json`] a manifest that is none.
    ///
    /// # Performance
    /// Hashes every byte (SHA-256, about 1 GB/s where the processor has instructions for it).
    pub fn open_checkpoint(&self, step: u64) -> Result<Checkpoint> {
        let folder = self.checkpoint(step);
        let manifest = Manifest::read(&folder.join(layout::MANIFEST))?;
        if manifest.step != step {
            let fault = format!("its manifest is that of step {}", manifest.step);
            return Err(Error::Damaged { path: folder, fault });
        }
        self.check_rows(&manifest.rows)?;
        let read = |name: &str| manifest.files.get(name).map(|entry| whole(&folder, name, entry));
        let model = read(layout::MODEL).unwrap_or_else(|| Err(unlisted(&folder)))?;
        let trainer = read(layout::TRAINER).transpose()?;
        Ok(Checkpoint { step, model, trainer, rows: manifest.rows })
    }

    /// The weights of a step, found to be as they were written; those of a checkpoint without a manifest,
    /// which earlier versions wrote, are taken as they are.
    ///
    /// # Errors
    /// As [`open_checkpoint`](Self::open_checkpoint).
    pub fn weights(&self, step: u64) -> Result<Vec<u8>> {
        let folder = self.checkpoint(step);
        let (manifest, model) = (folder.join(layout::MANIFEST), folder.join(layout::MODEL));
        if !manifest.exists() {
            return fs::read(&model).map_err(Error::read(&model));
        }
        let manifest = Manifest::read(&manifest)?;
        let entry = manifest.files.get(layout::MODEL).ok_or_else(|| unlisted(&folder))?;
        whole(&folder, layout::MODEL, entry)
    }

    /// The newest checkpoint that is whole and from which a training can go on, and what is wrong with
    /// each that is newer.
    ///
    /// # Errors
    /// [`Error::Read`] if the folder of checkpoints cannot be read.
    pub fn newest_checkpoint(&self) -> Result<(Option<Checkpoint>, Vec<Error>)> {
        let mut faults = Vec::new();
        for &step in self.checkpoints()?.iter().rev() {
            match self.open_checkpoint(step) {
                Ok(found) if found.trainer.is_some() => return Ok((Some(found), faults)),
                Ok(_) => faults.push(Error::Pruned { path: self.checkpoint(step) }),
                Err(fault) => faults.push(fault),
            }
        }
        Ok((None, faults))
    }

    /// Every file of rows must be as long as when the checkpoint was taken, or longer.
    fn check_rows(&self, rows: &BTreeMap<String, u64>) -> Result<()> {
        for (name, &expected) in rows {
            let path = self.file(name)?;
            let found = path.metadata().map_or(0, |about| about.len());
            if found < expected {
                let fault = format!("{found} bytes, of the {expected} that a checkpoint counts on");
                return Err(Error::Damaged { path, fault });
            }
        }
        Ok(())
    }
}

fn whole(folder: &Path, name: &str, expected: &Entry) -> Result<Vec<u8>> {
    let path = folder.join(name);
    let bytes = fs::read(&path).map_err(Error::read(&path))?;
    if Entry::of(&bytes) == *expected {
        return Ok(bytes);
    }
    Err(Error::Damaged { fault: difference(&bytes, expected), path })
}

fn difference(bytes: &[u8], expected: &Entry) -> String {
    match bytes.len() as u64 {
        found if found == expected.bytes => "its SHA-256 is not that of the manifest".to_owned(),
        found => format!("{found} bytes, where {} were written", expected.bytes),
    }
}

fn unlisted(folder: &Path) -> Error {
    let path: PathBuf = folder.join(layout::MANIFEST);
    Error::Damaged { path, fault: format!("it does not list {}", layout::MODEL) }
}
