//! Lists of token ids on a command line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};

/// Ids as they were given, or the file that has them.
#[derive(Clone, Debug)]
pub(crate) enum Ids {
    Listed(Vec<u32>),
    File(PathBuf),
}

impl Ids {
    /// `1, 2 3` or `@FILE`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text.strip_prefix('@') {
            Some(path) => Ok(Self::File(path.into())),
            None => list(text).map(Self::Listed),
        }
    }

    /// The ids, all of them below `vocab_size`.
    pub(crate) fn read(self, vocab_size: usize) -> Result<Vec<u32>> {
        let ids = match self {
            Self::Listed(ids) => ids,
            Self::File(path) => from_file(&path)
                .with_context(|| format!("cannot read the ids in {}", path.display()))?,
        };
        match ids.iter().find(|&&id| id as usize >= vocab_size) {
            None => Ok(ids),
            Some(id) => {
                bail!("--context has token {id}, but there are {vocab_size} logits, from 0")
            }
        }
    }
}

fn from_file(path: &Path) -> Result<Vec<u32>> {
    list(&fs::read_to_string(path)?)
}

fn list(text: &str) -> Result<Vec<u32>> {
    let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let id = |word: &str| {
        let refused = || anyhow!("'{word}' is no token id; ids are whole numbers from 0 up");
        word.parse().map_err(|_| refused())
    };
    words.map(id).collect()
}
