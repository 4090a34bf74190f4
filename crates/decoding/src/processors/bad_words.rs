//! Words that are never completed.

use super::SequenceBias;
use crate::{Context, Processor, Result, Window};

/// Cuts the token that would complete one of these sequences: [`SequenceBias`] with a bias of −∞.
///
/// Source: Hugging Face's `bad_words_ids`. There an end-of-text token alone is dropped from the list;
/// here the list is taken at its word. A word may begin in the prompt unless [`over`](Self::over) says
/// otherwise (vLLM looks at the generated tokens alone).
///
/// # Performance
/// As [`SequenceBias`].
#[derive(Clone, Debug, PartialEq)]
pub struct BadWords(SequenceBias);

impl BadWords {
    /// The words, as sequences of tokens.
    ///
    /// # Errors
    /// [`Error::EmptySequence`](crate::Error::EmptySequence).
    pub fn new<S: Into<Vec<u32>>>(words: impl IntoIterator<Item = S>) -> Result<Self> {
        let banned = words.into_iter().map(|word| (word, f32::NEG_INFINITY));
        SequenceBias::named("bad words", banned).map(Self)
    }

    /// The same words, where they begin in `window`.
    #[must_use]
    pub fn over(self, window: Window) -> Self {
        Self(self.0.over(window))
    }
}

impl Processor for BadWords {
    /// # Errors
    /// [`Error::TokenOutOfRange`](crate::Error::TokenOutOfRange) for a token of any word beyond the row.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        self.0.process(context, logits)
    }

    fn name(&self) -> &str {
        "bad_words"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_cut_at_its_last_token() {
        let words = BadWords::new([vec![0], vec![1, 2]]).unwrap();
        let cut = |tokens: &[u32]| {
            let mut row = [1.0f32; 3];
            words.process(&Context::new(tokens), &mut row).unwrap();
            row.map(|l| l == f32::NEG_INFINITY)
        };
        assert_eq!(cut(&[2]), [true, false, false]);
        assert_eq!(cut(&[2, 1]), [true, false, true]);
    }

    #[test]
    fn a_word_begins_in_the_window() {
        let words = BadWords::new([[0, 1]]).unwrap().over(Window::Generated);
        let mut row = [1.0f32; 2];
        words.process(&Context::new(&[0]).with_prompt_len(1), &mut row).unwrap();
        assert_eq!(row, [1.0; 2]);
    }

    #[test]
    fn an_empty_word_is_refused() {
        let message = BadWords::new([vec![1], vec![]]).unwrap_err().to_string();
        assert!(message.contains("number 1 (from 0) of the bad words has no tokens"), "{message}");
    }
}
