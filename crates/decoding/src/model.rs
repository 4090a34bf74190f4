//! The seam between a model and everything that decodes from one.

/// A model that scores the tokens of one growing sequence.
///
/// The sequence lives inside: [`feed`](Self::feed) appends to it, [`truncate`](Self::truncate) takes
/// back from it. An implementation may cache what it has computed for the tokens already fed.
pub trait CausalLm {
    /// What the model itself can fail with.
    type Error: std::error::Error + Send + Sync + 'static;

    /// V, the number of tokens that get a score.
    fn vocab_size(&self) -> usize;

    /// Appends `tokens`; writes the scores that follow each of the last `logits.len() / vocab_size`
    /// of them, row after row.
    ///
    /// `logits.len()` is a multiple of V and asks for at most `tokens.len()` rows; 0 asks for none.
    ///
    /// # Errors
    /// Whatever the model fails with, for instance a token outside its vocabulary.
    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Self::Error>;

    /// The number of tokens fed so far.
    fn position(&self) -> usize;

    /// Forgets every token from `position` on; does nothing where there are not that many.
    fn truncate(&mut self, position: usize);
}

impl<M: CausalLm + ?Sized> CausalLm for &mut M {
    type Error = M::Error;

    fn vocab_size(&self) -> usize {
        (**self).vocab_size()
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Self::Error> {
        (**self).feed(tokens, logits)
    }

    fn position(&self) -> usize {
        (**self).position()
    }

    fn truncate(&mut self, position: usize) {
        (**self).truncate(position);
    }
}
