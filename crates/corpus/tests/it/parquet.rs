use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int64Array, LargeStringArray, RecordBatch,
    StringArray, StringViewArray,
};
use arrow::datatypes::Int32Type;
use enredo_corpus::{Counts, Error, Reader};
use parquet::arrow::ArrowWriter;

use crate::{fault, texts};

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    );
    let batch = batch.unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// `count` texts, numbered.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("plot number {number}")).collect()
}

#[test]
fn every_encoding_of_text_is_read_with_its_nulls_and_empties() {
    let values = vec![Some("One"), None, Some(""), Some("Two \u{e9}")];
    let encodings: [ArrayRef; 4] = [
        Arc::new(StringArray::from(values.clone())),
        Arc::new(LargeStringArray::from(values.clone())),
        Arc::new(StringViewArray::from(values.clone())),
        Arc::new(values.into_iter().collect::<DictionaryArray<Int32Type>>()),
    ];
    for column in encodings {
        let folder = tempfile::tempdir().unwrap();
        let kind = column.data_type().to_string();
        write(&folder.path().join("a.parquet"), vec![("plot", column)]);
        let mut reader = Reader::open(folder.path(), "plot").unwrap();
        let read: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!(read, ["One", "Two \u{e9}"], "{kind}");
        assert_eq!(reader.counts(), Counts { rows: 4, nulls: 1, empty: 1 }, "{kind}");
    }
}

#[test]
fn many_batches_and_files_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let all = numbered(5000);
    for (name, part) in [("b.parquet", &all[3000..]), ("a.parquet", &all[..3000])] {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..part.len() as i64));
        let plots: ArrayRef = Arc::new(StringArray::from(part.to_vec()));
        write(&folder.path().join(name), vec![("id", ids), ("plot", plots)]);
    }
    assert_eq!(texts(folder.path().join("*.parquet")).unwrap(), all);
}

#[test]
fn an_empty_table_has_no_texts() {
    let folder = tempfile::tempdir().unwrap();
    let none: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
    write(&folder.path().join("a.parquet"), vec![("plot", none)]);
    assert!(texts(folder.path()).unwrap().is_empty());
}

#[test]
fn a_column_that_is_not_there_or_not_text_says_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let title: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let ratings: ArrayRef = Arc::new(Float64Array::from(vec![7.5]));
    write(
        &folder.path().join("a.parquet"),
        vec![("title", title.clone()), ("rating", ratings.clone())],
    );
    write(&folder.path().join("b.parquet"), vec![("title", title), ("plot", ratings)]);
    let missing = "a.parquet: no column \"plot\"; choose one of: title, rating";
    assert_eq!(fault(&folder, "a.parquet"), missing);
    let number = "b.parquet: column \"plot\" is Float64, not text; choose a column of strings";
    assert_eq!(fault(&folder, "b.parquet"), number);
}

#[test]
fn a_file_cut_short_is_damaged_wherever_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, vec![("plot", Arc::new(StringArray::from(numbered(300))))]);
    let whole = fs::read(&path).unwrap();
    for length in [0, 3, 4, 8, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = texts(&path).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error}");
        assert!(error.to_string().contains("fetch it again"), "{error}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, vec![("plot", Arc::new(StringArray::from(numbered(20))))]);
    let whole = fs::read(&path).unwrap();
    let mut damaged = 0;
    for index in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[index] ^= 0x55;
        fs::write(&path, bytes).unwrap();
        damaged += usize::from(matches!(texts(&path), Err(Error::Damaged { .. })));
    }
    assert!(damaged > 10, "only {damaged} of {} were noticed", whole.len());
}
