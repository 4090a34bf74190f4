use std::io;
use std::path::{Path, PathBuf};

use crate::corpus::Report;

/// A result whose error defaults to this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a file or the hub and a document.
///
/// Every message names the file (and line or column), the fault, and what would help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither a file, nor a folder, nor a glob.
    #[error("{}: no such file or folder; check the path, or give a glob such as \"films/*.csv\"", path.display())]
    Missing {
        /// The path as it was given.
        path: PathBuf,
    },
    /// A folder without a file of a known format.
    #[error("{}: no data in this folder; put {FORMATS} files there, or name another", path.display())]
    NoData {
        /// The folder.
        path: PathBuf,
    },
    /// A glob that matches no file of a known format.
    #[error(
        "{pattern}: matches no {FORMATS} file; widen the glob, or check the folder it starts in"
    )]
    NoMatch {
        /// The glob.
        pattern: String,
    },
    /// A glob that is not well formed.
    #[error("{pattern}: not a glob: {source}; use *, ?, ** and [a-z]")]
    BadGlob {
        /// The glob.
        pattern: String,
        /// What is wrong with it, and where.
        source: glob::PatternError,
    },
    /// A file whose extension names no format that can be read.
    #[error("{}: unknown kind of file; convert or rename it to one of {FORMATS}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The system refused to read a file or folder.
    #[error("{}: cannot be read: {source}; check that it is there and that you may read it", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused to write a file or folder of the hub's cache.
    #[error("{}: cannot be written: {source}; free some space, or set HF_HOME to a folder you may write", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A Parquet file that is cut short, corrupt or compressed in a way that is not built in.
    #[error("{}: damaged Parquet file: {reason}; fetch it again, or re-save it with snappy or zstd compression", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder met.
        reason: String,
    },
    /// A row of CSV or JSON Lines that cannot be parsed.
    #[error("{}, line {line}: {reason}; correct or remove the line", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the parser met.
        reason: String,
    },
    /// Bytes that are not UTF-8.
    #[error("{}, line {line}: not UTF-8; re-save the file as UTF-8, e.g. with `iconv -f latin1 -t utf-8`", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1 (of a quoted CSV row, its first).
        line: u64,
    },
    /// A column that the file does not have.
    #[error("{}: no column {column:?}; choose one of: {}", path.display(), columns.join(", "))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// A column that holds something other than text.
    #[error("{}: column {column:?} is {found}, not text; choose a column of strings", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// What it holds instead: an Arrow type, or a kind of JSON value and its line.
        found: String,
    },
    /// Every document was null, empty or dropped by the cleaning.
    #[error("no document is left; choose another column or a gentler cleaning:\n{report}")]
    NothingLeft {
        /// Where they went.
        report: Report,
    },
    /// A name that no data set on the hub can have.
    #[error("{name:?}: not a data set's name; write NAME, OWNER/NAME or OWNER/NAME:CONFIG")]
    HubName {
        /// The name as it was given.
        name: String,
    },
    /// The hub does not know the data set.
    #[error("{name}: not on the hub at {endpoint}; check the name's spelling, or HF_ENDPOINT")]
    HubNotFound {
        /// The data set.
        name: String,
        /// The hub's address.
        endpoint: String,
    },
    /// The hub does not let us see the data set (HTTP 401 or 403).
    #[error(
        "{name}: the hub refuses access (HTTP {status}); check the name, and if the data set is \
         gated or private, accept its terms on its page and set HF_TOKEN to a token that may read it"
    )]
    HubDenied {
        /// The data set.
        name: String,
        /// The HTTP status.
        status: u16,
    },
    /// The hub cannot be reached, and nothing is cached.
    #[error(
        "{url}: the hub cannot be reached: {reason}; try again, set HF_ENDPOINT to a mirror, or \
         read local files instead"
    )]
    HubUnreachable {
        /// The address that was asked for.
        url: String,
        /// What failed.
        reason: String,
    },
    /// The hub is not to be asked, and nothing is cached.
    #[error(
        "{name}: not in the cache at {}, and HF_HUB_OFFLINE is set; unset it once, or use local \
         files instead", cache.display()
    )]
    HubOffline {
        /// The data set.
        name: String,
        /// The cache.
        cache: PathBuf,
    },
    /// The hub's answer is not what its interface promises, or not safe to follow.
    #[error(
        "{url}: the hub's answer cannot be trusted: {reason}; check HF_ENDPOINT, or read local files instead"
    )]
    HubUntrusted {
        /// The address that answered.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A downloaded file is not the one that the hub announced. It was not kept.
    #[error("{name}: {file} arrived damaged: {reason}; nothing of it was kept, try again")]
    HubCorrupt {
        /// The data set.
        name: String,
        /// The file in it.
        file: String,
        /// Its length or its hash differs.
        reason: String,
    },
    /// The data set has several configurations, or not the one asked for.
    #[error("{name}: choose a configuration, as in {name}:NAME, of: {}", configs.join(", "))]
    HubConfig {
        /// The data set.
        name: String,
        /// The configurations there are.
        configs: Vec<String>,
    },
    /// The data set has no file in a known format.
    #[error(
        "{name}: no {FORMATS} file in this data set; choose another, or read local files instead"
    )]
    HubNoData {
        /// The data set.
        name: String,
    },
    /// The data set has validation or test files only.
    #[error("{name}: no training split, only {}; download the files you want and read those", files.join(", "))]
    HubNoTrain {
        /// The data set.
        name: String,
        /// The data files it has.
        files: Vec<String>,
    },
}

/// The known extensions, as messages list them.
const FORMATS: &str = ".parquet, .csv, .tsv, .jsonl, .ndjson or .txt";

impl Error {
    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Unreadable { path, source }
    }

    pub(crate) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Unwritable { path, source }
    }
}
