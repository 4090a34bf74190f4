//! The four tokens that are not words.

use crate::{Error, Result};

/// Their texts, in the order in which training gives them the ids 0 to 3.
pub(crate) const TEXTS: [&str; 4] = ["[PAD]", "[UNK]", "[BOS]", "[EOS]"];

/// The ids of the four special tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Fills short rows of a batch; never a target.
    pub pad: u32,
    /// Stands for every word that is not in the vocabulary.
    pub unk: u32,
    /// Begins a text.
    pub bos: u32,
    /// Ends a text.
    pub eos: u32,
}

impl SpecialTokens {
    /// In place of a token that a vocabulary does not have.
    pub const NONE: u32 = u32::MAX;

    /// Looks the four up in a vocabulary.
    pub(crate) fn find(token_to_id: impl Fn(&str) -> Option<u32>) -> Result<Self> {
        let id = |token| token_to_id(token).ok_or(Error::MissingSpecialToken { token });
        let [pad, unk, bos, eos] = TEXTS;
        Ok(Self { pad: id(pad)?, unk: id(unk)?, bos: id(bos)?, eos: id(eos)? })
    }

    /// The tokens that a text never shows: all but `[UNK]`, which stands for a word.
    #[must_use]
    pub fn is_frame(&self, id: u32) -> bool {
        [self.pad, self.bos, self.eos].contains(&id)
    }

    /// The tokens that a model should never draw: `[PAD]`, `[UNK]` and `[BOS]`, where none of them also ends texts.
    #[must_use]
    pub fn never_drawn(&self) -> Vec<u32> {
        [self.pad, self.unk, self.bos]
            .into_iter()
            .filter(|&id| id != self.eos && id != Self::NONE)
            .collect()
    }
}
