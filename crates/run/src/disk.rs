//! What saving does to the disk, as data: so that a test can stop it after any step.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// One call to the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op<'a> {
    /// With the folders above it.
    MakeFolder(PathBuf),
    /// A new file, in place of one that is there.
    Write(PathBuf, &'a [u8]),
    /// What a file holds, or which names a folder holds, is on the disk afterwards.
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    RemoveFile(PathBuf),
    /// With all that lies in it; one that is not there is no fault.
    RemoveFolder(PathBuf),
}

impl Op<'_> {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::MakeFolder(path) => fs::create_dir_all(path),
            Self::Write(path, bytes) => File::create(path).and_then(|mut f| f.write_all(bytes)),
            Self::Sync(path) => sync(path),
            Self::Rename(from, to) => fs::rename(from, to),
            Self::RemoveFile(path) => fs::remove_file(path).or_else(fine_if_absent),
            Self::RemoveFolder(path) => fs::remove_dir_all(path).or_else(fine_if_absent),
        }
        .map_err(Error::write(self.path()))
    }

    fn path(&self) -> &Path {
        match self {
            Self::MakeFolder(path) | Self::Write(path, _) | Self::Sync(path) => path,
            Self::RemoveFile(path) | Self::RemoveFolder(path) | Self::Rename(_, path) => path,
        }
    }
}

/// Only Unix opens folders as files; elsewhere it takes the right to write.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    match path.is_dir() {
        true if cfg!(unix) => File::open(path)?.sync_all(),
        true => Ok(()),
        false => File::options().write(true).open(path)?.sync_all(),
    }
}

fn fine_if_absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
