//! When a sequence ends.

use crate::GenerationConfig;

/// The end of a sequence, as its tokens show it.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    eos_token_id: Vec<u32>,
    pub(super) max_new_tokens: usize,
}

impl Limits {
    pub(super) fn new(config: &GenerationConfig) -> Self {
        let eos_token_id = config.eos_token_id.clone();
        Self { eos_token_id, max_new_tokens: config.max_new_tokens }
    }

    /// How many tokens end a text.
    pub(super) fn enders(&self) -> usize {
        self.eos_token_id.len()
    }

    /// Whether a sequence of which the first `prompt_len` tokens were given is over.
    pub(super) fn end(&self, tokens: &[u32], prompt_len: usize) -> bool {
        let generated = &tokens[prompt_len..];
        generated.len() >= self.max_new_tokens
            || generated.last().is_some_and(|token| self.eos_token_id.contains(token))
    }
}
