//! The subject as `enredo-decoding` reads a model: one loop generates, and it is not here.

use std::cell::RefCell;

use enredo_decoding::CausalLm;

use crate::{
    checked::Checked,
    problem::Problem,
    queue::{self, IsGone},
};

/// A growing sequence of its own on a subject that others read, too. A clone is a fork.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    subject: &'a RefCell<&'a mut Checked>,
    vocab_size: usize,
    step: u64,
    ids: Vec<u32>,
    is_gone: IsGone<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        subject: &'a RefCell<&'a mut Checked>,
        step: u64,
        is_gone: IsGone<'a>,
    ) -> Self {
        let vocab_size = subject.borrow().about().vocab_size;
        Self { subject, vocab_size, step, ids: Vec::new(), is_gone }
    }
}

impl CausalLm for Reader<'_> {
    type Error = Problem;

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// Fails where nobody waits any more, so that whatever decodes ends.
    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Problem> {
        self.ids.extend(tokens);
        let rows = logits.chunks_mut(self.vocab_size);
        let first = self.ids.len() + 1 - rows.len();
        for (end, row) in (first..).zip(rows) {
            if (self.is_gone)() {
                return Err(queue::gone());
            }
            row.copy_from_slice(&self.subject.borrow_mut().logits(self.step, &self.ids[..end])?);
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.ids.len()
    }

    fn truncate(&mut self, position: usize) {
        self.ids.truncate(position);
    }
}
