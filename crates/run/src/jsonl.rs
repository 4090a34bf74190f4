//! JSON Lines: rows appended one by one, and streamed back.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

use crate::{Error, Result, Row};

/// Appends rows to a run's file, each in one write of its own.
///
/// A row that was appended outlives the process, whatever becomes of it; [`sync`](Self::sync) makes
/// it outlive the machine.
#[derive(Debug)]
pub struct RowWriter<R> {
    path: PathBuf,
    file: File,
    /// Length of the whole rows, in bytes.
    length: u64,
    line: Vec<u8>,
    rows: PhantomData<fn(&R)>,
}

impl<R: Row> RowWriter<R> {
    /// Opens the file at its end; a last line that a crash cut short is removed.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let (file, length) = open_at_end(&path).map_err(Error::write(&path))?;
        Ok(Self { path, file, length, line: Vec::new(), rows: PhantomData })
    }

    /// Writes one row. A row that fails to be written leaves no trace.
    ///
    /// # Errors
    /// [`Error::Write`] names the file; [`Error::Encode`] if the row holds what JSON cannot express.
    pub fn append(&mut self, row: &R) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, row).map_err(Error::encode(&self.path))?;
        self.line.push(b'\n');
        let written = self.file.write_all(&self.line);
        if written.is_err() {
            // A part of a row would spoil the next one. The fault worth telling is the first one.
            let _ = self.file.set_len(self.length);
        }
        written.map_err(Error::write(&self.path))?;
        self.length += self.line.len() as u64;
        Ok(())
    }

    /// Waits until all rows are on the disk.
    ///
    /// # Errors
    /// [`Error::Write`] names the file.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(Error::write(&self.path))
    }
}

fn open_at_end(path: &Path) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let length = whole_lines(&mut file)?;
    file.set_len(length)?;
    Ok((file, length))
}

/// Bytes up to and including the last newline, searched from the end.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    const BLOCK: u64 = 4096;
    let mut end = file.metadata()?.len();
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(newline) = block.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The rows of a file, streamed in constant memory.
///
/// A last line without a newline is one that is still being written, or that a crash cut short: it is
/// passed over. Any other line that is not a row is an [`Error::Json`] with file and line.
#[derive(Debug)]
pub struct Rows<R> {
    path: PathBuf,
    /// `None` once there is nothing more to read.
    reader: Option<BufReader<File>>,
    line: Vec<u8>,
    read: Place,
    rows: PhantomData<fn() -> R>,
}

/// How much of a file has been read: whole lines, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    lines: usize,
    pub(crate) bytes: u64,
}

impl<R: Row> Rows<R> {
    /// Opens the file; one that is not there yet has no rows.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        Self::open_at(path, Place::default())
    }

    /// Opens the file to go on from `read`.
    pub(crate) fn open_at(path: PathBuf, read: Place) -> Result<Self> {
        let reader = match open_after(&path, read.bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened.map_err(Error::read(&path))?),
        };
        Ok(Self { path, reader, line: Vec::new(), read, rows: PhantomData })
    }

    /// How much has been read.
    pub(crate) fn place(&self) -> Place {
        self.read
    }

    /// Reads the next whole line; false at the end.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let bytes = match &mut self.reader {
            Some(reader) => reader.read_until(b'\n', &mut self.line)?,
            None => 0,
        };
        let is_whole = self.line.pop() == Some(b'\n');
        if is_whole {
            self.read = Place { lines: self.read.lines + 1, bytes: self.read.bytes + bytes as u64 };
        }
        Ok(is_whole)
    }

    fn parse(&self) -> Result<R> {
        serde_json::from_slice(&self.line).map_err(Error::json(&self.path, self.read.lines))
    }
}

fn open_after(path: &Path, bytes: u64) -> io::Result<BufReader<File>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(bytes))?;
    Ok(BufReader::new(file))
}

impl<R: Row> Iterator for Rows<R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Ok(true) => Some(self.parse()),
            ended => {
                self.reader = None;
                ended.map_err(Error::read(&self.path)).err().map(Err)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Eval;

    fn row(step: u64) -> Eval {
        Eval { step, val_loss: 3.5, ..Eval::default() }
    }

    fn write(path: &Path, steps: impl IntoIterator<Item = u64>) {
        let mut writer = RowWriter::open(path.to_owned()).unwrap();
        steps.into_iter().for_each(|step| writer.append(&row(step)).unwrap());
    }

    fn read(path: &Path) -> Result<Vec<u64>> {
        Rows::<Eval>::open(path.to_owned())?.map(|row| row.map(|row| row.step)).collect()
    }

    fn add(path: &Path, text: &[u8]) {
        OpenOptions::new().append(true).open(path).unwrap().write_all(text).unwrap();
    }

    #[test]
    fn appends_to_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evals.jsonl");
        assert!(read(&path).unwrap().is_empty());
        write(&path, 1..=2);
        write(&path, [3]);
        assert_eq!(read(&path).unwrap(), [1, 2, 3]);
    }

    #[test]
    fn each_row_is_in_the_file_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evals.jsonl");
        let mut writer = RowWriter::open(path.clone()).unwrap();
        for step in 1..=3 {
            writer.append(&row(step)).unwrap();
            assert_eq!(read(&path).unwrap().len() as u64, step);
        }
        writer.sync().unwrap();
    }

    #[test]
    fn a_torn_last_line_is_passed_over_and_then_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evals.jsonl");
        write(&path, 1..=2);
        for torn in [&b"{\"step\":3,\"tr"[..], b"{", &[b' '; 10_000], "{\"é".as_bytes()] {
            add(&path, torn);
            assert_eq!(read(&path).unwrap(), [1, 2]);
            write(&path, []);
            assert_eq!(fs::read(&path).unwrap().last(), Some(&b'\n'));
        }
        // Whole JSON, but without its newline: still torn, since more digits might have followed.
        add(&path, serde_json::to_string(&row(3)).unwrap().as_bytes());
        assert_eq!(read(&path).unwrap(), [1, 2]);
        write(&path, [3]);
        assert_eq!(read(&path).unwrap(), [1, 2, 3]);
    }

    #[test]
    fn a_long_file_keeps_all_its_whole_rows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evals.jsonl");
        write(&path, 1..=1000);
        add(&path, b"{\"step\":1001,");
        write(&path, [1001]);
        assert!(read(&path).unwrap().into_iter().eq(1..=1001));
    }

    #[test]
    fn a_file_of_one_torn_line_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evals.jsonl");
        fs::write(&path, "{").unwrap();
        assert!(read(&path).unwrap().is_empty());
        write(&path, [1]);
        assert_eq!(read(&path).unwrap(), [1]);
    }

    #[test]
    fn a_bad_line_in_the_middle_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evals.jsonl");
        for bad in [&b"{\"step\":2,\n"[..], b"\n", b"[]\n", b"\xff\xfe\n", b"{\"step\":\"x\"}\n"] {
            fs::write(&path, "").unwrap();
            write(&path, [1]);
            add(&path, bad);
            write(&path, [3]);
            let error = read(&path).unwrap_err();
            assert!(matches!(error, Error::Json { line: 2, .. }), "{error:?}");
            assert!(error.to_string().contains("evals.jsonl, line 2, column"), "{error}");
            assert_eq!(error.to_string().matches("line 2").count(), 1, "{error}");
        }
    }

    #[test]
    fn a_folder_in_its_place_is_an_error_that_ends() {
        let dir = tempfile::tempdir().unwrap();
        let faults = Rows::<Eval>::open(dir.path().to_owned())
            .map_or(1, |rows| rows.inspect(|row| assert!(row.is_err())).count());
        assert_eq!(faults, 1);
        let error = RowWriter::<Eval>::open(dir.path().to_owned()).unwrap_err();
        assert!(error.to_string().contains(dir.path().to_str().unwrap()), "{error}");
    }
}
