//! The rows of a file that may still grow.

use std::{fs, path::PathBuf};

use crate::{Error, Result, Row, Rows, RunFolder, jsonl::Place};

/// All rows that a file has so far, kept up with; made by [`RunFolder::tail`].
///
/// # Performance
/// [`update`](Self::update) reads what is new. All rows stay in memory.
#[derive(Debug)]
pub struct Tail<R> {
    path: PathBuf,
    rows: Vec<R>,
    read: Place,
}

impl RunFolder {
    /// The rows of one kind, as a list that [`Tail::update`] keeps up with the file. It starts empty.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn tail<R: Row>(&self) -> Result<Tail<R>> {
        Ok(Tail { path: self.file(R::FILE)?, rows: Vec::new(), read: Place::default() })
    }
}

impl<R: Row> Tail<R> {
    /// Reads what has been written since. A file that has become shorter, as when a run is begun again, is
    /// read anew.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Json`] for a line that is not a row; the rows before it are kept.
    pub fn update(&mut self) -> Result<()> {
        if self.length()? < self.read.bytes {
            *self = Self { rows: Vec::new(), read: Place::default(), path: self.path.clone() };
        }
        let mut rows = Rows::open_at(self.path.clone(), self.read)?;
        while let Some(row) = rows.next().transpose()? {
            self.rows.push(row);
            self.read = rows.place();
        }
        Ok(())
    }

    /// The rows as of the last [`update`](Self::update).
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Of the file, in bytes; 0 where it is not there.
    fn length(&self) -> Result<u64> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            found => Ok(found.map_err(Error::read(&self.path))?.len()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::Eval;

    struct Growing {
        _dir: tempfile::TempDir,
        path: PathBuf,
        tail: Tail<Eval>,
    }

    impl Growing {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(Eval::FILE);
            let tail = Tail { path: path.clone(), rows: Vec::new(), read: Place::default() };
            Self { _dir: dir, path, tail }
        }

        fn write(&self, text: &str) {
            let mut file = fs::OpenOptions::new().append(true).create(true).open(&self.path);
            file.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        }

        fn steps(&mut self) -> Vec<u64> {
            self.tail.update().unwrap();
            self.tail.rows().iter().map(|eval| eval.step).collect()
        }
    }

    fn line(step: u64) -> String {
        serde_json::to_string(&Eval { step, ..Eval::default() }).unwrap() + "\n"
    }

    #[test]
    fn it_grows_with_the_file_by_whole_lines() {
        let mut growing = Growing::new();
        assert_eq!(growing.steps(), [] as [u64; 0]);
        growing.write(&line(1));
        assert_eq!(growing.steps(), [1]);
        let (half, rest) = (&line(2)[..9], &line(2)[9..]);
        growing.write(half);
        assert_eq!(growing.steps(), [1]);
        growing.write(rest);
        growing.write(&line(3));
        assert_eq!(growing.steps(), [1, 2, 3]);
        assert_eq!(growing.steps(), [1, 2, 3]);
    }

    #[test]
    fn a_shorter_file_is_read_anew() {
        let mut growing = Growing::new();
        growing.write(&(line(1) + &line(2)));
        assert_eq!(growing.steps(), [1, 2]);
        fs::write(&growing.path, line(7)).unwrap();
        assert_eq!(growing.steps(), [7]);
        fs::remove_file(&growing.path).unwrap();
        assert_eq!(growing.steps(), [] as [u64; 0]);
    }

    #[test]
    fn a_line_that_is_no_row_is_named_and_keeps_what_came_before() {
        let mut growing = Growing::new();
        growing.write(&line(1));
        assert_eq!(growing.steps(), [1]);
        growing.write(&(line(2) + "no row\n" + &line(3)));
        for _ in 0..2 {
            let message = growing.tail.update().unwrap_err().to_string();
            assert!(message.contains("evals.jsonl, line 3"), "{message}");
            assert_eq!(growing.tail.rows().len(), 2);
        }
    }
}
