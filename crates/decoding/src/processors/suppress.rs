//! Tokens that are never drawn.

use crate::{Context, Error, Processor, Result};

/// Cuts the listed tokens (Hugging Face's `suppress_tokens`).
///
/// # Performance
/// O(tokens listed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressTokens(Vec<u32>);

impl SuppressTokens {
    /// Never to be drawn: `tokens`.
    #[must_use]
    pub fn new(tokens: impl Into<Vec<u32>>) -> Self {
        Self(tokens.into())
    }
}

impl Processor for SuppressTokens {
    /// # Errors
    /// [`Error::TokenOutOfRange`] for an id beyond the row, [`Error::AllMasked`] where no token is left.
    fn process(&self, _context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        let vocab_size = logits.len();
        for &token in &self.0 {
            let logit = logits.get_mut(token as usize);
            *logit.ok_or(Error::TokenOutOfRange { token, vocab_size })? = f32::NEG_INFINITY;
        }
        if logits.iter().all(|&l| l == f32::NEG_INFINITY) {
            return Err(Error::AllMasked { vocab_size });
        }
        Ok(())
    }

    fn name(&self) -> &str {
        "suppress_tokens"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn suppress(tokens: &[u32], mut row: Vec<f32>) -> Result<Vec<f32>> {
        SuppressTokens::new(tokens).process(&Context::new(&[]), &mut row).map(|()| row)
    }

    #[test]
    fn listed_tokens_are_cut() {
        let cut = f32::NEG_INFINITY;
        assert_eq!(suppress(&[0, 2], vec![3.0, 2.0, 1.0]).unwrap(), [cut, 2.0, cut]);
    }

    #[test]
    fn an_id_outside_the_vocabulary_and_an_empty_rest_are_refused() {
        let outside = suppress(&[3], vec![1.0; 3]).unwrap_err().to_string();
        assert!(outside.contains("token 3") && outside.contains("0 to 2"), "{outside}");
        assert!(matches!(suppress(&[0], vec![1.0]), Err(Error::AllMasked { vocab_size: 1 })));
    }
}
