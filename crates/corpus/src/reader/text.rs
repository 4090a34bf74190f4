//! Plain text: a line is a document.

use std::path::PathBuf;

use super::lines::Lines;
use crate::error::Result;

pub(super) fn rows(path: PathBuf) -> Result<impl Iterator<Item = Result<Option<String>>> + Send> {
    Ok(Lines::open(path)?.map(|line| line.map(|(_, text)| Some(text))))
}
