//! CSV and TSV, with a header.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use crate::error::{Error, Result};

pub(super) fn rows(path: PathBuf, column: &str, delimiter: u8) -> Result<CsvRows> {
    let mut records = ReaderBuilder::new()
        .delimiter(delimiter)
        .from_path(&path)
        .map_err(|error| fault(&path, error))?;
    let header = records.byte_headers().map_err(|error| fault(&path, error))?;
    let index = position(&path, header, column)?;
    Ok(CsvRows { path, records, index, record: ByteRecord::new() })
}

/// The fields of one column.
pub(super) struct CsvRows {
    path: PathBuf,
    records: csv::Reader<File>,
    index: usize,
    record: ByteRecord,
}

impl Iterator for CsvRows {
    type Item = Result<Option<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.records.read_byte_record(&mut self.record) {
            Ok(true) => Some(text(&self.path, &self.record, self.index).map(Some)),
            Ok(false) => None,
            Err(error) => Some(Err(fault(&self.path, error))),
        }
    }
}

fn position(path: &Path, header: &ByteRecord, column: &str) -> Result<usize> {
    let columns: Vec<_> =
        (0..header.len()).map(|index| text(path, header, index)).collect::<Result<_>>()?;
    match columns.iter().position(|name| name == column) {
        Some(index) => Ok(index),
        None => Err(Error::NoColumn { path: path.to_owned(), column: column.to_owned(), columns }),
    }
}

fn text(path: &Path, record: &ByteRecord, index: usize) -> Result<String> {
    let line = record.position().map_or(1, csv::Position::line);
    let not_utf8 = |_| Error::NotUtf8 { path: path.to_owned(), line };
    let field = record.get(index).unwrap_or_default();
    std::str::from_utf8(field).map(str::to_owned).map_err(not_utf8)
}

fn fault(path: &Path, error: csv::Error) -> Error {
    let path = path.to_owned();
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(source) => Error::Unreadable { path, source },
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let reason = format!("{len} fields where the header has {expected_len}");
            Error::Malformed { path, line, reason }
        }
        other => Error::Malformed { path, line, reason: format!("{other:?}") },
    }
}
