//! One growing sequence of a model: the seam to decoding.

use enredo_decoding::{BatchLm, CausalLm};

use crate::{Error, Model, Result, Sessions};

/// A sequence of tokens and the model that scores what follows: [`Sessions`] of one row, whose doc says what is read and what
/// it costs.
#[derive(Debug)]
pub struct Session<'m> {
    row: Sessions<'m>,
}

impl<'m> Session<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        Self { row: Sessions::new(model) }
    }

    /// The tokens fed so far.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        self.row.tokens(0)
    }
}

impl CausalLm for Session<'_> {
    type Error = Error;

    fn vocab_size(&self) -> usize {
        self.row.vocab_size()
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<()> {
        self.row.feed(&[tokens], logits)
    }

    fn position(&self) -> usize {
        self.row.position(0)
    }

    fn truncate(&mut self, position: usize) {
        self.row.truncate(0, position);
    }
}
