//! The lines of a UTF-8 file, numbered.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use crate::error::{Error, Result};

/// Lines without their ends (`\n` or `\r\n`) and without a byte order mark, with their numbers from 1.
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: u64,
}

impl Lines {
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let file = File::open(&path).map_err(Error::unreadable(&path))?;
        Ok(Self { path, file: BufReader::new(file), line: 0 })
    }

    fn decode(&self, mut bytes: Vec<u8>) -> Result<String> {
        for end in [b'\n', b'\r'] {
            bytes.pop_if(|last| *last == end);
        }
        let not_utf8 = |_| Error::NotUtf8 { path: self.path.clone(), line: self.line };
        let text = String::from_utf8(bytes).map_err(not_utf8)?;
        match text.strip_prefix('\u{feff}') {
            Some(rest) if self.line == 1 => Ok(rest.to_owned()),
            _ => Ok(text),
        }
    }
}

impl Iterator for Lines {
    type Item = Result<(u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        match self.file.read_until(b'\n', &mut bytes) {
            Ok(0) => None,
            Ok(_) => {
                self.line += 1;
                Some(self.decode(bytes).map(|text| (self.line, text)))
            }
            Err(source) => Some(Err(Error::Unreadable { path: self.path.clone(), source })),
        }
    }
}
