//! The only tokens that may be drawn.

use std::sync::Arc;

use super::ids;
use crate::{BitMask, Context, Error, Processor, Result};

/// Cuts every token that is not listed.
///
/// The list is a shared bit set, so that many chains can hold the same one. The list of tokens to deny
/// is [`SuppressTokens`](crate::SuppressTokens). Source: vLLM's `allowed_token_ids`.
///
/// # Performance
/// O(V / 32) where whole words are allowed or cut, O(V) at worst; a clone copies a pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct AllowTokens {
    allowed: Arc<BitMask>,
    highest: u32,
}

impl AllowTokens {
    /// # Errors
    /// [`Error::NoTokens`] where nothing is listed, [`Error::TokenOutOfRange`] for a token of 2²⁸ or more.
    pub fn new(tokens: impl IntoIterator<Item = u32>) -> Result<Self> {
        let tokens: Vec<u32> = tokens.into_iter().collect();
        ids::possible(&tokens)?;
        let allowed: BitMask = tokens.into_iter().collect();
        match allowed.len().checked_sub(1) {
            None => Err(Error::NoTokens { list: "allowed tokens" }),
            Some(highest) => Ok(Self { allowed: Arc::new(allowed), highest: highest as u32 }),
        }
    }
}

impl Processor for AllowTokens {
    /// # Errors
    /// [`Error::TokenOutOfRange`] for a token beyond the row.
    fn process(&self, _context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        ids::check(&[self.highest], logits)?;
        self.allowed.apply(logits);
        Ok(())
    }

    fn name(&self) -> &str {
        "allow_tokens"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_token_is_refused() {
        let message = AllowTokens::new([3, u32::MAX]).unwrap_err().to_string();
        assert!(message.contains("token 4294967295 is outside the vocabulary"), "{message}");
    }

    #[test]
    fn everything_else_is_cut() {
        let mut row: Vec<f32> = (0..70u8).map(f32::from).collect();
        let allow = AllowTokens::new([3, 65, 3]).unwrap();
        allow.process(&Context::new(&[]), &mut row).unwrap();
        let kept: Vec<usize> = (0..70).filter(|&i| row[i] > f32::NEG_INFINITY).collect();
        assert_eq!((kept.as_slice(), row[65]), ([3, 65].as_slice(), 65.0));
    }

    #[test]
    fn an_empty_list_and_a_token_outside_the_vocabulary_are_refused() {
        assert!(
            AllowTokens::new([])
                .unwrap_err()
                .to_string()
                .contains("list of allowed tokens is empty")
        );
        let refused = AllowTokens::new([1, 4]).unwrap().process(&Context::new(&[]), &mut [0.0; 4]);
        assert!(matches!(refused, Err(Error::TokenOutOfRange { token: 4, vocab_size: 4 })));
    }
}
