//! The per-user folder in which a libtorch either is whole or is not.
//!
//! What is being fetched lies in a folder `partial-PID-…` beside it; one rename makes it final.

use crate::error::{IoContext, Result};
use crate::libtorch::{Device, VERSION};
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

const PARTIAL: &str = "partial-";

/// The folder in `cache` that holds the libtorch for `device`, once it is there.
pub(crate) fn folder(cache: &Path, device: Device) -> PathBuf {
    match device {
        Device::Cpu => entry(cache, device),
        // pip lays the package out beside the libraries that it finds by relative paths.
        Device::Cuda => entry(cache, device).join("torch"),
    }
}

fn entry(cache: &Path, device: Device) -> PathBuf {
    cache.join(format!("libtorch-{VERSION}-{}", name(device)))
}

fn name(device: Device) -> &'static str {
    match device {
        Device::Cpu => "cpu",
        Device::Cuda => "cuda",
    }
}

/// A folder for work in progress, removed with all that is in it when this value goes.
#[derive(Debug)]
pub(crate) struct Partial {
    folder: PathBuf,
    entry: PathBuf,
}

impl Partial {
    /// Starts one, and removes those that interrupted set-ups left behind.
    pub(crate) fn new(cache: &Path, device: Device) -> Result<Self> {
        fs::create_dir_all(cache).context("create", cache)?;
        remove_abandoned(cache)?;
        let folder = cache.join(format!("{PARTIAL}{}-{}", process::id(), name(device)));
        let partial = Self { folder, entry: entry(cache, device) };
        for part in [partial.wheels(), partial.temporary(), partial.libtorch()] {
            fs::create_dir_all(&part).context("create", &part)?;
        }
        Ok(partial)
    }

    /// Where downloads go.
    pub(crate) fn wheels(&self) -> PathBuf {
        self.folder.join("wheels")
    }

    /// For pip's own needs: the system's temporary folder may be small.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// What will be the cache's.
    pub(crate) fn libtorch(&self) -> PathBuf {
        self.folder.join("libtorch")
    }

    /// Makes it the cache's, in place of a damaged one if there is.
    pub(crate) fn commit(self) -> Result<()> {
        if self.entry.exists() {
            fs::rename(&self.entry, self.folder.join("damaged")).context("move", &self.entry)?;
        }
        fs::rename(self.libtorch(), &self.entry).context("create", &self.entry)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next set-up, which reports a failure.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn remove_abandoned(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache).context("read", cache)? {
        let path = entry.context("read", cache)?.path();
        if is_abandoned(&path) {
            fs::remove_dir_all(&path).context("remove", &path)?;
        }
    }
    Ok(())
}

/// Whether the set-up that made the partial folder `path` has ended.
fn is_abandoned(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str()?.strip_prefix(PARTIAL)?.split('-').next())
        .is_some_and(|pid| !Path::new("/proc").join(pid).exists())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Folder, fake_libtorch};

    /// No process has this number: Linux ends at 2^22.
    const NOBODY: &str = "partial-4194305-cpu";

    #[test]
    fn a_partial_becomes_the_cache_by_commit() {
        let cache = Folder::new("commit");
        let partial = Partial::new(cache.path(), Device::Cpu).unwrap();
        fake_libtorch(&partial.libtorch(), "2.11.0");
        fs::write(partial.wheels().join("torch.whl"), "").unwrap();
        assert!(!folder(cache.path(), Device::Cpu).exists());
        partial.commit().unwrap();
        assert_eq!(cache.names(), ["libtorch-2.11.0-cpu"]);
        assert!(folder(cache.path(), Device::Cpu).join("lib/libtorch_cpu.so").exists());
    }

    #[test]
    fn a_damaged_one_is_replaced() {
        let cache = Folder::new("damaged");
        let damaged = folder(cache.path(), Device::Cpu).join("damaged");
        fs::create_dir_all(&damaged).unwrap();
        Partial::new(cache.path(), Device::Cpu).unwrap().commit().unwrap();
        assert_eq!(cache.names(), ["libtorch-2.11.0-cpu"]);
        assert!(!damaged.exists());
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let cache = Folder::new("failure");
        drop(Partial::new(cache.path(), Device::Cuda).unwrap());
        assert!(cache.names().is_empty());
    }

    #[test]
    fn an_interrupted_one_is_removed_by_the_next() {
        let cache = Folder::new("interrupted");
        fs::create_dir_all(cache.join(NOBODY).join("wheels")).unwrap();
        drop(Partial::new(cache.path(), Device::Cpu).unwrap());
        assert!(cache.names().is_empty());
    }

    #[test]
    fn one_at_work_and_what_is_not_ours_are_left_alone() {
        let cache = Folder::new("at-work");
        let at_work = format!("partial-{}-cuda", process::id());
        for name in [at_work.as_str(), "libtorch-2.11.0-cuda", "other"] {
            fs::create_dir_all(cache.join(name)).unwrap();
        }
        drop(Partial::new(cache.path(), Device::Cpu).unwrap());
        assert_eq!(cache.names(), ["libtorch-2.11.0-cuda", "other", at_work.as_str()]);
    }
}
