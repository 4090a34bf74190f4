//! What can go wrong between text and ids.

use std::path::PathBuf;

/// A [`std::result::Result`] whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything this crate refuses, with what was refused and what would do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A `tokenizer.json` that cannot be read.
    #[error("{}: not a tokenizer that can be read ({reason}); a `tokenizer.json` is needed", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        reason: String,
    },

    /// A `tokenizer.json` that cannot be written.
    #[error("{}: the tokenizer could not be written ({reason})", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        reason: String,
    },

    /// A vocabulary without one of the four special tokens.
    #[error(
        "the vocabulary has no {token}; a tokenizer needs [PAD], [UNK], [BOS] and [EOS] \
         (train one here, or add the token in Python)"
    )]
    MissingSpecialToken {
        /// The token that is not there.
        token: &'static str,
    },

    /// A vocabulary too small to hold a word.
    #[error("a vocabulary of {got} has no room beside the four special tokens; take at least 5")]
    VocabularyTooSmall {
        /// The size asked for.
        got: usize,
    },

    /// No text had a word in it.
    #[error("no words to train a tokenizer on: the texts are empty")]
    NoWords,

    /// The tokenizer failed on a text or on ids.
    #[error("the tokenizer failed to {action}: {reason}")]
    Tokenizer {
        /// What it was doing.
        action: &'static str,
        /// What it said.
        reason: String,
    },
}

impl Error {
    /// Wraps the boxed errors of the crate `tokenizers`.
    pub(crate) fn while_doing(
        action: &'static str,
    ) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |source| Self::Tokenizer { action, reason: source.to_string() }
    }
}
