//! One growing sequence of a model: the seam to decoding.

use enredo_decoding::CausalLm;
use tch::Tensor;

use crate::{Error, Mode, Model, Result, decoder::to_vec};

/// A sequence of tokens and the model that scores what follows.
///
/// A score reads the last [`window`](crate::ModelConfig::window) tokens before it; beyond that the
/// window slides. Every call recomputes the window: learned positions shift with it, so that what was
/// computed before would be wrong after a slide.
///
/// # Performance
/// A feed of n rows costs one forward pass over the window, and n once the window slides or the model
/// reads the future (then each row must be scored without what follows it).
#[derive(Debug)]
pub struct Session<'m> {
    model: &'m Model,
    tokens: Vec<u32>,
}

impl<'m> Session<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        Self { model, tokens: Vec::new() }
    }

    /// The tokens fed so far.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Writes the scores that follow each of the last `logits.len() / V` tokens.
    fn score(&self, logits: &mut [f32]) -> Result<()> {
        let v = self.model.config().vocab_size;
        let (n, rows) = (self.tokens.len(), logits.len() / v);
        if rows > 1 && (n > self.model.config().window() || self.model.config().add_cross_attention)
        {
            for (i, row) in logits.chunks_exact_mut(v).enumerate() {
                self.model.score_last(&self.tokens[..n - rows + 1 + i], row)?;
            }
        } else if rows > 0 {
            self.model.score_last(&self.tokens, logits)?;
        }
        Ok(())
    }
}

impl Model {
    /// Writes the scores that follow the last `logits.len() / V` of `tokens`, as one forward pass over
    /// the last window of them gives them.
    fn score_last(&self, tokens: &[u32], logits: &mut [f32]) -> Result<()> {
        let window = &tokens[tokens.len().saturating_sub(self.config().window())..];
        let ids: Vec<i64> = window.iter().map(|&id| i64::from(id)).collect();
        let (t, rows) = (ids.len() as i64, (logits.len() / self.config().vocab_size) as i64);
        let scores = tch::no_grad(|| {
            let ids = Tensor::f_from_slice(&ids)?.f_view([1, t])?.f_to_device(self.device())?;
            to_vec(&self.forward(&ids, Mode::Evaluate)?.f_narrow(1, t - rows, rows)?) // (1, rows, V)
        })?;
        logits.copy_from_slice(&scores);
        Ok(())
    }
}

impl CausalLm for Session<'_> {
    type Error = Error;

    fn vocab_size(&self) -> usize {
        self.model.config().vocab_size
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<()> {
        let vocab_size = self.vocab_size();
        if !logits.len().is_multiple_of(vocab_size) || logits.len() / vocab_size > tokens.len() {
            let (got, tokens) = (logits.len(), tokens.len());
            return Err(Error::LogitsBuffer { got, tokens, vocab_size });
        }
        if let Some(&token) = tokens.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(Error::TokenOutOfRange { token, vocab_size });
        }
        self.tokens.extend_from_slice(tokens);
        self.score(logits)
    }

    fn position(&self) -> usize {
        self.tokens.len()
    }

    fn truncate(&mut self, position: usize) {
        self.tokens.truncate(position);
    }
}
