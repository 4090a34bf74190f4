//! What can go wrong with a run folder.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The result of working with a run folder.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fault in a run folder. Every message names the path, the fault and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder to be opened holds no run.
    #[error("{} is no run: {fault}; {remedy}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        fault: &'static str,
        /// What would do, runs nearby among it.
        remedy: String,
    },

    /// No folder inside this one holds a run.
    #[error(
        "{} holds no run: no folder in it has a run.json; train one first, or name the run's \
         own folder",
        path.display()
    )]
    NoRuns {
        /// The folder that was searched.
        path: PathBuf,
    },

    /// The folder to be created holds a run already.
    #[error(
        "{} already holds a run (it has {found}); name another folder, or ask to overwrite it",
        path.display()
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// The file that gave it away.
        found: &'static str,
    },

    /// The run was written by a later version of this crate.
    #[error(
        "{}: the run has format version {found}, and this enredo reads up to {known}; read it with \
         the enredo that wrote it, or a newer one",
        path.display()
    )]
    NewerFormat {
        /// The run's `run.json`.
        path: PathBuf,
        /// The version it states.
        found: u32,
        /// The newest version that this crate reads.
        known: u32,
    },

    /// A file is not the JSON that the format asks for.
    #[error(
        "{}, line {line}, column {column}: {fault}; mend that line, or take the file from a copy \
         of the run",
        path.display()
    )]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 before the first character.
        column: usize,
        /// What was found there.
        fault: String,
    },

    /// A value cannot be expressed in JSON.
    #[error("{}: the value is not JSON: {fault}; use strings as the keys of its maps", path.display())]
    Encode {
        /// The file that it was meant for.
        path: PathBuf,
        /// What JSON cannot express.
        fault: String,
    },

    /// The format has no file of this name.
    #[error("`{name}` is no file of a run; use {expected}")]
    FileName {
        /// The name that was asked for.
        name: String,
        /// The names that would do.
        expected: String,
    },

    /// A file of a checkpoint, or one of rows that it counts on, is not as it was written.
    #[error("{} is damaged: {fault}; an older checkpoint may be whole", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it differs.
        fault: String,
    },

    /// A checkpoint holds weights alone, so that no training can go on from it.
    #[error("{} holds weights alone: what training needs is kept in the newest and the best", path.display())]
    Pruned {
        /// The checkpoint.
        path: PathBuf,
    },

    /// Another process trains this run.
    #[error("{} is being trained by another process; wait for it, or end it", path.display())]
    Locked {
        /// The run.
        path: PathBuf,
    },

    /// The thread that saves has ended early.
    #[error("{}: the thread that saves checkpoints ended early; its last one is not there", path.display())]
    SaverEnded {
        /// The run.
        path: PathBuf,
    },

    /// The system gives no thread to save on.
    #[error("cannot start a thread to save on: {source}; end other programs, or raise their limit")]
    Thread {
        /// What the system says.
        source: io::Error,
    },

    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}; check that it exists and may be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A file or folder cannot be written.
    #[error(
        "cannot write {}: {source}; check that its folder may be written and that the disk has room",
        path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// The loss curve cannot be drawn.
    #[error("cannot draw the loss curve: {fault}; the numbers are safe in metrics.jsonl")]
    Plot {
        /// What the font reader or the rasteriser says.
        fault: String,
    },
}

impl Error {
    /// For `map_err`: a failure to read `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// For `map_err`: a failure to write `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Write { path: path.to_owned(), source }
    }

    /// For `map_err`: a value that JSON cannot express.
    pub(crate) fn encode(path: &Path) -> impl FnOnce(serde_json::Error) -> Self {
        move |error| Self::Encode { path: path.to_owned(), fault: error.to_string() }
    }

    /// For `map_err`: a fault in JSON text that begins at `first_line` of `path`.
    pub(crate) fn json(path: &Path, first_line: usize) -> impl FnOnce(serde_json::Error) -> Self {
        move |error| Self::Json {
            path: path.to_owned(),
            line: first_line + error.line().saturating_sub(1),
            column: error.column(),
            fault: without_position(&error),
        }
    }
}

/// serde_json ends its messages in a position that counts from the text it was given, not the file.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}
