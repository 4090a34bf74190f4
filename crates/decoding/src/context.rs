//! What is known of a sequence when its next token is chosen.

use crate::{Seed, uniform_at};

/// The sequence so far, where its prompt ends, and what its draws are keyed by.
///
/// Made from a slice of tokens alone, everything counts as generated: a processor that looks at new
/// tokens only (a frequency penalty of vLLM's kind, a minimum of new tokens) then sees them all.
///
/// ```
/// use enredo_decoding::Context;
///
/// let context = Context::from(&[5, 6, 7]).with_prompt_len(2).with_seed(42);
/// assert_eq!((context.prompt(), context.generated()), (&[5, 6][..], &[7][..]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    tokens: &'a [u32],
    prompt_len: usize,
    seed: Seed,
}

impl<'a> Context<'a> {
    /// A sequence of which every token counts as generated, under seed 0.
    #[must_use]
    pub fn new(tokens: &'a [u32]) -> Self {
        Self { tokens, prompt_len: 0, seed: Seed::default() }
    }

    /// The same sequence, whose first `prompt_len` tokens were given (all, where it has fewer).
    #[must_use]
    pub fn with_prompt_len(self, prompt_len: usize) -> Self {
        Self { prompt_len: prompt_len.min(self.tokens.len()), ..self }
    }

    /// The same sequence under a seed of its own.
    #[must_use]
    pub fn with_seed(self, seed: impl Into<Seed>) -> Self {
        Self { seed: seed.into(), ..self }
    }

    /// Prompt and generated tokens.
    #[must_use]
    pub fn tokens(&self) -> &'a [u32] {
        self.tokens
    }

    /// The tokens that were given.
    #[must_use]
    pub fn prompt(&self) -> &'a [u32] {
        &self.tokens[..self.prompt_len]
    }

    /// The tokens that were chosen.
    #[must_use]
    pub fn generated(&self) -> &'a [u32] {
        &self.tokens[self.prompt_len..]
    }

    /// The place of the token to be chosen.
    #[must_use]
    pub fn position(&self) -> usize {
        self.tokens.len()
    }

    /// A number in [0, 1) that this step owns: (seed, sequence, position, `index`) decides it.
    ///
    /// Draws take the indices from 0 up; a processor that needs chance takes indices of its own from
    /// 2³¹ up.
    #[must_use]
    pub fn uniform(&self, index: u32) -> f64 {
        uniform_at(self.seed.seed, self.seed.sequence, self.tokens.len() as u64, index)
    }
}

impl<'a> From<&'a [u32]> for Context<'a> {
    fn from(tokens: &'a [u32]) -> Self {
        Self::new(tokens)
    }
}

impl<'a, const N: usize> From<&'a [u32; N]> for Context<'a> {
    fn from(tokens: &'a [u32; N]) -> Self {
        Self::new(tokens)
    }
}

impl<'a> From<&'a Vec<u32>> for Context<'a> {
    fn from(tokens: &'a Vec<u32>) -> Self {
        Self::new(tokens)
    }
}
