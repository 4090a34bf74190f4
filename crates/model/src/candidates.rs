//! The next token's candidates: the notebook's `get_real_logits`.

use enredo_decoding::{CausalLm, best_first};

use crate::{Error, Model, Result};

/// What a model would say next.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates {
    /// The likeliest tokens, best first: score descending, then id ascending.
    pub ids: Vec<u32>,
    /// Their logits.
    pub logits: Vec<f32>,
    /// The whole row (length V).
    pub row: Vec<f32>,
}

impl Model {
    /// The `n` likeliest tokens after `prompt`, by the logits before any temperature or filter.
    ///
    /// # Errors
    /// [`Error::SequenceLength`] for an empty prompt, [`Error::TokenOutOfRange`] for an unknown id.
    pub fn candidates(&self, prompt: &[u32], n: usize) -> Result<Candidates> {
        if prompt.is_empty() {
            let max = self.config().max_position_embeddings;
            return Err(Error::SequenceLength { got: 0, max });
        }
        let mut row = vec![0.0; self.config().vocab_size];
        self.session().feed(prompt, &mut row)?;
        let mut ids = best_first(&row);
        ids.truncate(n);
        Ok(Candidates { logits: ids.iter().map(|&id| row[id as usize]).collect(), ids, row })
    }
}
