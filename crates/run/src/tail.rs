//! The rows of a file that may still grow.

use std::{fs, io, marker::PhantomData, path::PathBuf};

use crate::{Error, Result, Row, Rows, RunFolder, jsonl::Place};

/// A place in a file of rows, from which to read what has been added; made by [`RunFolder::tail`].
#[derive(Debug)]
pub struct Tail<R> {
    path: PathBuf,
    read: Place,
    rows: PhantomData<fn() -> R>,
}

impl RunFolder {
    /// The beginning of a file of rows that may still grow.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn tail<R: Row>(&self) -> Result<Tail<R>> {
        Ok(Tail::new(self.file(R::FILE)?))
    }
}

impl<R: Row> Tail<R> {
    fn new(path: PathBuf) -> Self {
        Self { path, read: Place::default(), rows: PhantomData }
    }

    /// Adds to `rows`, which holds all that was read before, what has been written since. A file that has
    /// become shorter, as when a run is begun again, is read anew.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Json`] for a line that is not a row; those before it have been added.
    pub fn read_on(&mut self, rows: &mut Vec<R>) -> Result<()> {
        if self.length()? < self.read.bytes {
            *self = Self::new(self.path.clone());
            rows.clear();
        }
        let mut new = Rows::open_at(self.path.clone(), self.read)?;
        while let Some(row) = new.next().transpose()? {
            rows.push(row);
            self.read = new.place();
        }
        Ok(())
    }

    /// Of the file, in bytes; 0 where it is not there.
    fn length(&self) -> Result<u64> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
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
        rows: Vec<Eval>,
    }

    impl Growing {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(Eval::FILE);
            let tail = Tail::new(path.clone());
            Self { _dir: dir, path, tail, rows: Vec::new() }
        }

        fn write(&self, text: &str) {
            let mut file = fs::OpenOptions::new().append(true).create(true).open(&self.path);
            file.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        }

        fn steps(&mut self) -> Vec<u64> {
            self.tail.read_on(&mut self.rows).unwrap();
            self.rows.iter().map(|eval| eval.step).collect()
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
            let message = growing.tail.read_on(&mut growing.rows).unwrap_err().to_string();
            assert!(message.contains("evals.jsonl, line 3"), "{message}");
            assert_eq!(growing.rows.len(), 2);
        }
    }
}
