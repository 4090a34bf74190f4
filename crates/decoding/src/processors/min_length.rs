//! At least so many tokens, the prompt among them.

use super::ids;
use crate::{Context, Processor, Result};

/// Cuts the end-of-text tokens until prompt and generated tokens are `min` together.
///
/// Source: Hugging Face's `min_length`. See [`MinNewTokens`](crate::MinNewTokens) for a length that
/// leaves the prompt out.
///
/// # Performance
/// O(end-of-text tokens).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinLength {
    min: usize,
    eos: Vec<u32>,
}

impl MinLength {
    /// # Errors
    /// [`Error::NoTokens`](crate::Error::NoTokens) where there is no end-of-text token.
    pub fn new(min: usize, eos: impl Into<Vec<u32>>) -> Result<Self> {
        Ok(Self { min, eos: ids::some("end-of-text tokens", eos)? })
    }
}

impl Processor for MinLength {
    /// # Errors
    /// [`Error::TokenOutOfRange`](crate::Error::TokenOutOfRange) for a token beyond the row.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if context.position() < self.min { ids::cut(&self.eos, logits) } else { Ok(()) }
    }

    fn name(&self) -> &str {
        "min_length"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_cut_until_the_whole_is_long_enough() {
        let rule = MinLength::new(3, [1]).unwrap();
        let row = |tokens: &[u32]| {
            let mut row = [1.0; 2];
            rule.process(&Context::new(tokens).with_prompt_len(2), &mut row).unwrap();
            row
        };
        assert_eq!(row(&[0, 0]), [1.0, f32::NEG_INFINITY]);
        assert_eq!(row(&[0, 0, 0]), [1.0, 1.0]);
    }

    #[test]
    fn the_end_must_be_a_token() {
        assert!(MinLength::new(2, []).is_err());
        assert!(
            MinLength::new(2, [3]).unwrap().process(&Context::new(&[]), &mut [0.0; 3]).is_err()
        );
    }
}
