//! Parquet, batch by batch and only the one column.

use std::any::Any;
use std::error::Error as StdError;
use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::{io, iter};

use arrow::array::{Array, AsArray, LargeStringArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::{Error, Result};

const BATCH_ROWS: usize = 1024;

pub(super) fn rows(path: PathBuf, column: &str) -> Result<ParquetRows> {
    let file = File::open(&path).map_err(Error::unreadable(&path))?;
    let builder = guard(&path, || Ok(ParquetRecordBatchReaderBuilder::try_new(file)?))?;
    let index = position(&path, builder.schema(), column)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
    let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
    let batches = guard(&path, || Ok(builder.build()?))?;
    Ok(ParquetRows { path, batches, texts: LargeStringArray::new_null(0), row: 0 })
}

/// The texts of one column.
pub(super) struct ParquetRows {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    texts: LargeStringArray,
    /// The next row of `texts`.
    row: usize,
}

impl Iterator for ParquetRows {
    type Item = Result<Option<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.row == self.texts.len() {
            match self.next_batch()? {
                Ok(texts) => (self.texts, self.row) = (texts, 0),
                Err(error) => return Some(Err(error)),
            }
        }
        let row = self.row;
        self.row += 1;
        Some(Ok(self.texts.is_valid(row).then(|| self.texts.value(row).to_owned())))
    }
}

impl ParquetRows {
    fn next_batch(&mut self) -> Option<Result<LargeStringArray>> {
        let batches = &mut self.batches;
        guard(&self.path, || Ok(batches.next().map(texts).transpose()?)).transpose()
    }
}

/// The one projected column, whatever its encoding of text.
fn texts(batch: Result<RecordBatch, ArrowError>) -> Result<LargeStringArray, ArrowError> {
    let column = cast(batch?.column(0), &DataType::LargeUtf8)?;
    Ok(column.as_string::<i64>().clone())
}

fn position(path: &Path, schema: &Schema, column: &str) -> Result<usize> {
    let (path, column) = (path.to_owned(), column.to_owned());
    match schema.column_with_name(&column) {
        Some((index, field)) if is_text(field.data_type()) => Ok(index),
        Some((_, field)) => {
            Err(Error::NotText { path, column, found: field.data_type().to_string() })
        }
        None => {
            let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
            Err(Error::NoColumn { path, column, columns })
        }
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Runs `read`; a panic in it means that the file is damaged, and so does a fault that is not the system's.
///
/// The decoder trusts some lengths in a file, and panics where a corrupt one leads it astray.
fn guard<T>(path: &Path, read: impl FnOnce() -> Result<T, Box<dyn StdError>>) -> Result<T> {
    let reason = match panic::catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => match system_code(error.as_ref()) {
            Some(code) => {
                return Err(Error::unreadable(path)(io::Error::from_raw_os_error(code)));
            }
            None => error.to_string(),
        },
        Err(payload) => panic_message(payload.as_ref()),
    };
    Err(Error::Damaged { path: path.to_owned(), reason })
}

/// The system's error code, if `error` began there.
fn system_code(error: &(dyn StdError + 'static)) -> Option<i32> {
    let mut causes = iter::successors(Some(error), |&cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref::<io::Error>()?.raw_os_error())
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("the decoder gave up").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_decoder_is_a_damaged_file() {
        let outcome: Result<()> = guard(Path::new("films.parquet"), || panic!("index {}", 7));
        let message = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.starts_with("films.parquet: damaged Parquet file: index 7"), "{message}");
    }
}
