//! One data set's folder in the cache, laid out as Python's `huggingface_hub` does:
//!
//! ```text
//! datasets--acme--films/
//!   blobs/OID                                      a content
//!   snapshots/REVISION/default/train/0000.parquet  a relative link to it
//!   refs/refs/convert/parquet                      the branch's revision
//! ```
//!
//! A blob is renamed into place when it is whole and its hash is right; links follow when all of their blobs are there,
//! and the ref last. So what a ref names is complete, whenever the work is interrupted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Download;
use super::branch::Branch;
use super::name::Name;
use super::oid::is_hex;
use super::remote::RemoteFile;
use crate::error::{Error, Result};
use crate::paths;

pub(super) struct Cache {
    root: PathBuf,
    name: String,
}

impl Cache {
    pub(super) fn new(hub_cache: &Path, name: &Name) -> Self {
        Self { root: hub_cache.join(name.folder()), name: name.to_string() }
    }

    /// Where a file of a revision is or will be.
    pub(super) fn path(&self, revision: &str, file: &str) -> PathBuf {
        self.root.join("snapshots").join(revision).join(file)
    }

    /// The revision that a branch was last seen at.
    pub(super) fn revision(&self, branch: Branch) -> Option<String> {
        let revision = fs::read_to_string(self.reference(branch)).ok()?;
        Some(revision.trim().to_owned()).filter(|revision| is_hex(revision, 40))
    }

    /// The data files of a revision, as sorted relative paths with `/`; none if the revision is not there.
    pub(super) fn paths(&self, revision: &str) -> Result<Vec<String>> {
        let folder = self.root.join("snapshots").join(revision);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        Ok(paths::walk(&folder)?.iter().filter_map(|file| relative(file, &folder)).collect())
    }

    /// Whether the file's content is there.
    pub(super) fn holds(&self, file: &RemoteFile) -> bool {
        fs::metadata(self.blob(file)).is_ok_and(|found| found.is_file() && found.len() == file.size)
    }

    /// Keeps `body` as the file's content, if it is that.
    pub(super) fn store(
        &self,
        file: &RemoteFile,
        body: &mut dyn Read,
        progress: &mut dyn FnMut(Download<'_>),
    ) -> Result<(), StoreError> {
        let mut temporary = temporary(&self.root.join("blobs"))?;
        self.copy(file, body, temporary.as_file_mut(), progress)?;
        persist(temporary, &self.blob(file))?;
        Ok(())
    }

    /// Links a revision's files, whose contents are all there, and then names it in the branch's ref.
    pub(super) fn publish(
        &self,
        branch: Branch,
        revision: &str,
        files: &[&RemoteFile],
    ) -> Result<()> {
        for file in files {
            self.link(revision, file)?;
        }
        let reference = self.reference(branch);
        let mut temporary = temporary(reference.parent().unwrap_or(&self.root))?;
        let written = temporary.write_all(revision.as_bytes());
        written.map_err(Error::unwritable(&reference))?;
        persist(temporary, &reference)
    }

    fn copy(
        &self,
        file: &RemoteFile,
        body: &mut dyn Read,
        out: &mut File,
        progress: &mut dyn FnMut(Download<'_>),
    ) -> Result<(), StoreError> {
        let mut hasher = file.oid.hasher(file.size);
        let mut buffer = vec![0; 64 << 10];
        let mut done = 0;
        loop {
            let read = body.read(&mut buffer).map_err(StoreError::Body)?;
            if read == 0 {
                break;
            }
            done += read as u64;
            if done > file.size {
                return Err(self.corrupt(file, format!("longer than {} bytes", file.size)));
            }
            hasher.update(&buffer[..read]);
            out.write_all(&buffer[..read]).map_err(Error::unwritable(&self.root))?;
            progress(Download { file: &file.path, done, total: file.size });
        }
        self.verify(file, done, &hasher.digits())
    }

    fn verify(&self, file: &RemoteFile, done: u64, digits: &str) -> Result<(), StoreError> {
        if done < file.size {
            return Err(self.corrupt(file, format!("{done} bytes of {}", file.size)));
        }
        if digits != file.oid.as_str() {
            let expected = file.oid.as_str();
            return Err(self.corrupt(file, format!("its hash is {digits}, not {expected}")));
        }
        Ok(())
    }

    fn corrupt(&self, file: &RemoteFile, reason: String) -> StoreError {
        let (name, file) = (self.name.clone(), file.path.clone());
        StoreError::Cache(Error::HubCorrupt { name, file, reason })
    }

    fn link(&self, revision: &str, file: &RemoteFile) -> Result<()> {
        let link = self.path(revision, &file.path);
        let folder = link.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(Error::unwritable(folder))?;
        place(&self.blob(file), file, &link).map_err(Error::unwritable(&link))
    }

    fn blob(&self, file: &RemoteFile) -> PathBuf {
        self.root.join("blobs").join(file.oid.as_str())
    }

    fn reference(&self, branch: Branch) -> PathBuf {
        self.root.join("refs").join(branch.revision())
    }
}

/// Why a body was not kept.
pub(super) enum StoreError {
    /// It broke off.
    Body(io::Error),
    /// Everything else.
    Cache(Error),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Cache(error)
    }
}

/// A link relative to the data set's folder, so that a cache can be moved; one that is right is left alone.
#[cfg(unix)]
fn place(_blob: &Path, file: &RemoteFile, link: &Path) -> io::Result<()> {
    let up = "../".repeat(2 + file.path.matches('/').count());
    let target = format!("{up}blobs/{}", file.oid.as_str());
    if fs::read_link(link).is_ok_and(|found| found == Path::new(&target)) {
        return Ok(());
    }
    match fs::remove_file(link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => std::os::unix::fs::symlink(target, link),
    }
}

/// Elsewhere links need privileges.
#[cfg(not(unix))]
fn place(blob: &Path, _file: &RemoteFile, link: &Path) -> io::Result<()> {
    fs::copy(blob, link).map(drop)
}

/// A file that is gone unless it is persisted. Its mode is an ordinary file's, because caches are shared.
fn temporary(folder: &Path) -> Result<NamedTempFile> {
    fs::create_dir_all(folder).map_err(Error::unwritable(folder))?;
    let mut builder = tempfile::Builder::new();
    let builder = builder.suffix(".incomplete");
    builder.make_in(folder, |path| File::create_new(path)).map_err(Error::unwritable(folder))
}

fn persist(temporary: NamedTempFile, path: &Path) -> Result<()> {
    temporary.persist(path).map(drop).map_err(|failed| Error::unwritable(path)(failed.error))
}

fn relative(file: &Path, folder: &Path) -> Option<String> {
    let parts = file.strip_prefix(folder).ok()?.iter().map(|part| part.to_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}
