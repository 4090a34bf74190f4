//! Tokens that do not begin a text.

use super::ids;
use crate::{Context, Processor, Result};

/// Cuts the listed tokens where the first new token is chosen, and only there.
///
/// Source: Hugging Face's `begin_suppress_tokens`. (With a prompt of one token and a forced first token,
/// Hugging Face cuts at the second new token instead.)
///
/// # Performance
/// O(tokens listed) once, then nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginSuppress(Vec<u32>);

impl BeginSuppress {
    /// Not to begin with: `tokens`.
    #[must_use]
    pub fn new(tokens: impl Into<Vec<u32>>) -> Self {
        Self(tokens.into())
    }
}

impl Processor for BeginSuppress {
    /// # Errors
    /// [`Error::TokenOutOfRange`](crate::Error::TokenOutOfRange) for a token beyond the row.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if context.generated().is_empty() { ids::cut(&self.0, logits) } else { Ok(()) }
    }

    fn name(&self) -> &str {
        "begin_suppress"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Error;

    fn suppressed(tokens: &[u32], generated: usize) -> Result<[f32; 2]> {
        let context = [0; 5];
        let context = Context::new(&context).with_prompt_len(5 - generated);
        let mut row = [1.0; 2];
        BeginSuppress::new(tokens).process(&context, &mut row).map(|()| row)
    }

    #[test]
    fn only_the_first_new_token_is_held_to_it() {
        assert_eq!(suppressed(&[1], 0).unwrap(), [1.0, f32::NEG_INFINITY]);
        assert_eq!(suppressed(&[1], 1).unwrap(), [1.0, 1.0]);
    }

    #[test]
    fn a_token_outside_the_vocabulary_is_refused() {
        assert!(matches!(
            suppressed(&[2], 0),
            Err(Error::TokenOutOfRange { token: 2, vocab_size: 2 })
        ));
    }
}
