//! When a sequence ends.

use crate::{GenerationConfig, Result, Stop};

/// The end of a sequence, as its tokens show it.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    stop: Stop,
    enders: usize,
    pub(super) max_new_tokens: usize,
}

impl Limits {
    pub(super) fn new(config: &GenerationConfig) -> Result<Self> {
        let enders = config.eos_token_id.len() + config.stop_token_ids.len();
        Ok(Self { stop: config.stop()?, enders, max_new_tokens: config.max_new_tokens })
    }

    /// How many tokens end a text.
    pub(super) fn enders(&self) -> usize {
        self.enders
    }

    /// Whether a sequence of which the first `prompt_len` tokens were given is over.
    pub(super) fn end(&self, tokens: &[u32], prompt_len: usize) -> bool {
        let (prompt, generated) = tokens.split_at(prompt_len);
        self.stop.reason(prompt, generated).is_some()
    }
}
