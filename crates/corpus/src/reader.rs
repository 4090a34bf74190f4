//! Reads the texts of one column, file after file.

mod csv;
mod jsonl;
mod lines;
mod parquet;
mod text;

use std::path::{Path, PathBuf};
use std::{fmt, iter, vec};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::format::Format;
use crate::paths;

/// The texts of one column of a file, a folder or a glob, in order of path and row.
///
/// An iterator of `Result<String>`. Null and empty texts are skipped and [counted](Self::counts).
/// After an error it ends.
///
/// | extension | format | a document is |
/// |---|---|---|
/// | `.parquet` | Parquet (snappy, zstd or no compression) | a row's text column, plain or dictionary-encoded |
/// | `.csv`, `.tsv` | comma or tab separated, with a header | a row's field |
/// | `.jsonl`, `.ndjson` | JSON Lines | an object's string; an absent key is a null |
/// | `.txt` | plain text | a line; the column is ignored |
///
/// # Cost
/// One batch of 1,024 rows of the one column (Parquet) or one row (the others) is in memory at a time.
pub struct Reader {
    files: vec::IntoIter<PathBuf>,
    column: String,
    rows: Rows,
    counts: Counts,
}

/// What a [`Reader`] has met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All rows, those skipped included.
    pub rows: usize,
    /// Rows skipped because their text was null.
    pub nulls: usize,
    /// Rows skipped because their text was empty.
    pub empty: usize,
}

/// The texts of one file's column, `None` for null.
type Rows = Box<dyn Iterator<Item = Result<Option<String>>> + Send>;

impl Reader {
    /// Finds the files of `source`: a file, a folder (all of its data files, however deep, hidden ones left out), or a glob.
    ///
    /// Files are opened when the iterator reaches them; what is wrong inside one shows then.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NoData`], [`Error::NoMatch`], [`Error::BadGlob`], [`Error::UnknownFormat`],
    /// or [`Error::Unreadable`] for a folder.
    pub fn open(source: impl AsRef<Path>, column: &str) -> Result<Self> {
        Self::open_files(paths::resolve(source.as_ref())?, column)
    }

    /// Takes `files` as they stand, in their order.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] for the first whose extension names no format.
    pub fn open_files(files: Vec<PathBuf>, column: &str) -> Result<Self> {
        if let Some(path) = files.iter().find(|path| Format::of(path).is_none()) {
            return Err(Error::UnknownFormat { path: path.clone() });
        }
        let rows = Box::new(iter::empty());
        let (files, column) = (files.into_iter(), column.to_owned());
        Ok(Self { files, column, rows, counts: Counts::default() })
    }

    /// What has been read and skipped so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn next_row(&mut self) -> Option<Result<Option<String>>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            match rows_of(self.files.next()?, &self.column) {
                Ok(rows) => self.rows = rows,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn end(&mut self) {
        self.files = Vec::new().into_iter();
        self.rows = Box::new(iter::empty());
    }
}

impl Iterator for Reader {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_row()? {
                Ok(row) => {
                    if let Some(text) = self.counts.admit(row) {
                        return Some(Ok(text));
                    }
                }
                Err(error) => {
                    self.end();
                    return Some(Err(error));
                }
            }
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("files", &self.files.as_slice())
            .field("column", &self.column)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Counts {
    /// Counts a row; passes its text on unless it is null or empty.
    pub(crate) fn admit(&mut self, row: Option<String>) -> Option<String> {
        self.rows += 1;
        self.nulls += usize::from(row.is_none());
        let text = row?;
        self.empty += usize::from(text.is_empty());
        (!text.is_empty()).then_some(text)
    }

    /// What was met after `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            rows: self.rows - earlier.rows,
            nulls: self.nulls - earlier.nulls,
            empty: self.empty - earlier.empty,
        }
    }
}

fn rows_of(path: PathBuf, column: &str) -> Result<Rows> {
    Ok(match Format::of(&path) {
        Some(Format::Parquet) => Box::new(parquet::rows(path, column)?),
        Some(Format::Delimited(delimiter)) => Box::new(csv::rows(path, column, delimiter)?),
        Some(Format::JsonLines) => Box::new(jsonl::rows(path, column)?),
        Some(Format::Text) => Box::new(text::rows(path)?),
        None => return Err(Error::UnknownFormat { path }),
    })
}
