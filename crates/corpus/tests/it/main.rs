//! The crate from outside: files on disk, and a hub on this machine.
#![allow(clippy::unwrap_used)]

mod fake_hub;
mod hub;
mod parquet;
mod reading;

use std::path::Path;

use enredo_corpus::{Reader, Result};
use tempfile::TempDir;

/// A new folder with one file in it.
fn folder_with(name: &str, content: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    folder
}

/// All texts under the column `plot`.
fn texts(source: impl AsRef<Path>) -> Result<Vec<String>> {
    Reader::open(source, "plot")?.collect()
}

/// The message of the error that reading ends in, without the folder's name.
fn fault(folder: &TempDir, source: &str) -> String {
    let message = texts(folder.path().join(source)).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}
