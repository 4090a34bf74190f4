//! A first token that is given.

use super::ids;
use crate::{Context, Processor, Result};

/// Where the context is a single token, the next one is this: it scores 0, the others are cut.
///
/// That token is what an encoder-decoder starts its decoder with; a longer prompt forces nothing.
/// Source: Hugging Face's `forced_bos_token_id`.
///
/// # Performance
/// O(V) once, then nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForcedBos(u32);

impl ForcedBos {
    /// To come second: `bos`.
    #[must_use]
    pub fn new(bos: u32) -> Self {
        Self(bos)
    }
}

impl Processor for ForcedBos {
    /// # Errors
    /// [`Error::TokenOutOfRange`](crate::Error::TokenOutOfRange) for a token beyond the row.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if context.position() == 1 { ids::force(&[self.0], logits) } else { Ok(()) }
    }

    fn name(&self) -> &str {
        "forced_bos"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Error;

    fn forced(bos: u32, tokens: &[u32]) -> Result<[f32; 3]> {
        let mut row = [1.0, f32::NEG_INFINITY, 3.0];
        ForcedBos::new(bos).process(&Context::new(tokens), &mut row).map(|()| row)
    }

    #[test]
    fn the_second_token_is_forced_even_where_it_was_cut() {
        let cut = f32::NEG_INFINITY;
        assert_eq!(forced(1, &[2]).unwrap(), [cut, 0.0, cut]);
        assert_eq!(forced(1, &[2, 2]).unwrap(), [1.0, cut, 3.0]);
        assert_eq!(forced(1, &[]).unwrap(), [1.0, cut, 3.0]);
    }

    #[test]
    fn a_token_outside_the_vocabulary_is_refused() {
        assert!(matches!(forced(3, &[2]), Err(Error::TokenOutOfRange { token: 3, vocab_size: 3 })));
    }
}
