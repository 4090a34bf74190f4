//! A last token that is given.

use super::ids;
use crate::{Context, Processor, Result};

/// At the last place that the length allows only the end-of-text tokens are left: they score 0, the
/// others are cut.
///
/// Source: Hugging Face's `forced_eos_token_id`, whose length counts the prompt: `max_length`, or the
/// prompt's and `max_new_tokens`.
///
/// # Performance
/// O(end-of-text tokens); O(V) at the last place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForcedEos {
    limit: Limit,
    eos: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Length(usize),
    NewTokens(usize),
}

impl ForcedEos {
    /// To be the last of `max_length` tokens, the prompt among them.
    ///
    /// # Errors
    /// [`Error::NoTokens`](crate::Error::NoTokens) where there is no end-of-text token.
    pub fn at_length(max_length: usize, eos: impl Into<Vec<u32>>) -> Result<Self> {
        Self::new(Limit::Length(max_length), eos)
    }

    /// To be the last of `max_new_tokens` generated tokens.
    ///
    /// # Errors
    /// As [`at_length`](Self::at_length).
    pub fn at_new_tokens(max_new_tokens: usize, eos: impl Into<Vec<u32>>) -> Result<Self> {
        Self::new(Limit::NewTokens(max_new_tokens), eos)
    }

    fn new(limit: Limit, eos: impl Into<Vec<u32>>) -> Result<Self> {
        Ok(Self { limit, eos: ids::some("end-of-text tokens", eos)? })
    }
}

impl Processor for ForcedEos {
    /// # Errors
    /// [`Error::TokenOutOfRange`](crate::Error::TokenOutOfRange) for a token beyond the row, from the
    /// first step on.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        let last = match self.limit {
            Limit::Length(max) => context.position() + 1 == max,
            Limit::NewTokens(max) => context.generated().len() + 1 == max,
        };
        if last { ids::force(&self.eos, logits) } else { ids::check(&self.eos, logits) }
    }

    fn name(&self) -> &str {
        "forced_eos"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Error;

    const CUT: f32 = f32::NEG_INFINITY;

    /// After a prompt of 3 and so many new tokens.
    fn forced(rule: &ForcedEos, generated: usize) -> [f32; 3] {
        let mut row = [1.0, 2.0, CUT];
        let tokens = vec![0; 3 + generated];
        rule.process(&Context::new(&tokens).with_prompt_len(3), &mut row).unwrap();
        row
    }

    #[test]
    fn the_last_place_is_for_the_end() {
        let by_length = ForcedEos::at_length(6, [0, 2]).unwrap();
        let by_new_tokens = ForcedEos::at_new_tokens(3, [0, 2]).unwrap();
        for rule in [by_length, by_new_tokens] {
            assert_eq!(forced(&rule, 1), [1.0, 2.0, CUT]);
            assert_eq!(forced(&rule, 2), [0.0, CUT, 0.0]);
            assert_eq!(forced(&rule, 3), [1.0, 2.0, CUT], "past it the text is over");
        }
    }

    #[test]
    fn the_end_must_be_a_token_from_the_first_step_on() {
        assert!(matches!(ForcedEos::at_length(9, []), Err(Error::NoTokens { .. })));
        let refused =
            ForcedEos::at_length(9, [3]).unwrap().process(&Context::new(&[]), &mut [0.0; 3]);
        assert!(matches!(refused, Err(Error::TokenOutOfRange { token: 3, .. })));
    }
}
