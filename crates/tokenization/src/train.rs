//! Learning a vocabulary from texts.

use tokenizers::{
    AddedToken, Tokenizer as Inner, models::TrainerWrapper, models::wordlevel::WordLevel,
    models::wordlevel::WordLevelTrainer, pre_tokenizers::whitespace::Whitespace,
};

use crate::{Error, Result, Tokenizer, special};

/// A word-level vocabulary: the most frequent words, and `[UNK]` for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordLevelConfig {
    /// The most tokens the vocabulary may have, the four special ones included.
    pub vocab_size: usize,
}

impl Default for WordLevelConfig {
    /// The notebook's 2,000.
    fn default() -> Self {
        Self { vocab_size: 2_000 }
    }
}

impl Tokenizer {
    /// Learns the words of `texts`: the same ids as Python's `WordLevelTrainer` with the `Whitespace`
    /// pre-tokenizer gives on the same texts (by falling count, then alphabetically).
    ///
    /// # Errors
    /// [`Error::VocabularyTooSmall`], or [`Error::NoWords`] where the texts hold none.
    ///
    /// # Performance
    /// One pass over the texts on all cores; memory grows with the number of distinct words.
    pub fn train<S: AsRef<str> + Send>(
        texts: impl IntoIterator<Item = S, IntoIter: Send>,
        config: &WordLevelConfig,
    ) -> Result<Self> {
        if config.vocab_size <= special::TEXTS.len() {
            return Err(Error::VocabularyTooSmall { got: config.vocab_size });
        }
        let failed = Error::while_doing("train");
        let mut inner = Inner::new(untrained().map_err(&failed)?);
        inner.with_pre_tokenizer(Some(Whitespace));
        let mut trainer = trainer(config).map_err(&failed)?;
        inner.train(&mut trainer, texts.into_iter()).map_err(&failed)?;
        if inner.get_vocab_size(true) <= special::TEXTS.len() {
            return Err(Error::NoWords);
        }
        Self::new(inner)
    }
}

fn untrained() -> tokenizers::Result<WordLevel> {
    WordLevel::builder().unk_token("[UNK]".into()).build()
}

fn trainer(config: &WordLevelConfig) -> tokenizers::Result<TrainerWrapper> {
    let special = special::TEXTS.map(|text| AddedToken::from(text, true));
    let trainer = WordLevelTrainer::builder()
        .vocab_size(config.vocab_size)
        .special_tokens(special.to_vec())
        .show_progress(false)
        .build()?;
    Ok(trainer.into())
}
