//! Folders and programs that tests pretend with.
#![allow(clippy::unwrap_used)]

use crate::host::Host;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

/// A temporary folder, removed when it goes.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty one; no two tests use the same `name`.
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("enredo-xtask-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// What is in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Puts a `python3` in it that is the shell script `body`.
    pub(crate) fn python(&self, body: &str) {
        self.program("python3", body);
    }

    /// Puts a program in it that is the shell script `body`.
    pub(crate) fn program(&self, name: &str, body: &str) {
        // Another program writes it: a fork of this one, in another test, might hold the file open
        // for writing, and then it does not run ("text file busy").
        let mut writer = Command::new("sh")
            .args(["-c", "cat > \"$0\" && chmod +x \"$0\""])
            .arg(self.join(name))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let script = format!("#!/bin/sh\n{body}\n");
        writer.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A host whose workspace, cache and only folder on `PATH` are in `folder`, and whose cargo does nothing.
pub(crate) fn host(folder: &Folder) -> Host {
    let var = |name: &str| match name {
        "XDG_CACHE_HOME" => Some(folder.join("cache").into()),
        "PATH" => Some(folder.path().into()),
        "CXX" | "CARGO" => Some("true".into()),
        _ => None,
    };
    Host::new(folder.path(), var).unwrap()
}

/// A folder that passes for a libtorch of `version`.
pub(crate) fn fake_libtorch(folder: &Path, version: &str) -> PathBuf {
    fs::create_dir_all(folder.join("include/torch")).unwrap();
    fs::create_dir_all(folder.join("lib")).unwrap();
    fs::write(folder.join("lib/libtorch_cpu.so"), "").unwrap();
    fs::write(folder.join("build-version"), version).unwrap();
    folder.to_path_buf()
}
