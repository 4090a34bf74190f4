//! At least so many new tokens.

use super::ids;
use crate::{Context, Processor, Result};

/// Cuts the end-of-text tokens until `min` tokens have been generated.
///
/// Source: Hugging Face's `min_new_tokens`, vLLM's `min_tokens`. See [`MinLength`](crate::MinLength) for
/// a length that counts the prompt.
///
/// # Performance
/// O(end-of-text tokens).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinNewTokens {
    min: usize,
    eos: Vec<u32>,
}

impl MinNewTokens {
    /// # Errors
    /// [`Error::NoTokens`](crate::Error::NoTokens) where there is no end-of-text token.
    pub fn new(min: usize, eos: impl Into<Vec<u32>>) -> Result<Self> {
        Ok(Self { min, eos: ids::some("end-of-text tokens", eos)? })
    }
}

impl Processor for MinNewTokens {
    /// # Errors
    /// [`Error::TokenOutOfRange`](crate::Error::TokenOutOfRange) for a token beyond the row.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if context.generated().len() < self.min { ids::cut(&self.eos, logits) } else { Ok(()) }
    }

    fn name(&self) -> &str {
        "min_new_tokens"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_end_is_cut_until_enough_has_been_generated() {
        let rule = MinNewTokens::new(2, [0, 2]).unwrap();
        let row = |generated: usize| {
            let mut row = [1.0; 3];
            let context = Context::new(&[5, 5, 5, 5]).with_prompt_len(4 - generated);
            rule.process(&context, &mut row).unwrap();
            row
        };
        let cut = f32::NEG_INFINITY;
        assert_eq!([row(0), row(1), row(2)], [[cut, 1.0, cut], [cut, 1.0, cut], [1.0; 3]]);
    }

    #[test]
    fn the_end_must_be_a_token() {
        let message = MinNewTokens::new(2, []).unwrap_err().to_string();
        assert!(message.contains("list of end-of-text tokens is empty"), "{message}");
        let refused = MinNewTokens::new(2, [3]).unwrap().process(&Context::new(&[]), &mut [0.0; 3]);
        assert!(matches!(refused, Err(Error::TokenOutOfRange { token: 3, .. })));
    }
}
