//! A file as the hub lists it, checked before anything is done with it.

use std::path::{Component, Path};

use serde::Deserialize;

use super::oid::Oid;

/// A file of a data set: a safe relative path, a length in bytes and a content id.
#[derive(Clone, Debug)]
pub(super) struct RemoteFile {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) oid: Oid,
}

/// An entry of the hub's listing.
#[derive(Debug, Deserialize)]
pub(super) struct TreeEntry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    oid: String,
    lfs: Option<LargeFile>,
}

#[derive(Debug, Deserialize)]
struct LargeFile {
    oid: String,
    size: u64,
}

impl TreeEntry {
    /// Whether it is a file, not a folder.
    pub(super) fn is_file(&self) -> bool {
        self.kind == "file"
    }

    /// The file, or what makes it unsafe.
    pub(super) fn check(self) -> Result<RemoteFile, String> {
        if !is_safe(&self.path) {
            return Err(format!("the unsafe path {:?}", self.path));
        }
        let (oid, size) = match &self.lfs {
            Some(large) => (Oid::sha256(&large.oid), large.size),
            None => (Oid::git(&self.oid), self.size),
        };
        let oid = oid.ok_or_else(|| format!("no valid content id for {:?}", self.path))?;
        Ok(RemoteFile { path: self.path, size, oid })
    }
}

/// Whether `path` stays inside the folder that it is joined to, on every system.
fn is_safe(path: &str) -> bool {
    path.split('/').all(|part| {
        let mut components = Path::new(part).components();
        let is_one_name =
            matches!(components.next(), Some(Component::Normal(name)) if name == part);
        is_one_name && components.next().is_none() && !part.contains(['\\', '\0'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for good in ["a.csv", "default/train/0000.parquet", "a..b/..c", "it's (1).txt"] {
            assert!(is_safe(good), "{good}");
        }
        for bad in ["", "/a", "a//b", "a/", "..", "a/../b", "./a", "a/.", "a\\b", "a\0b"] {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
