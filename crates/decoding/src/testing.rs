//! Models without weights, to test decoding with.

use std::convert::Infallible;

use crate::{CausalLm, uniform_at};
#[cfg(test)]
use crate::{Context, Processor};

/// The ids that a processor keeps of a row given as (unnormalised) probabilities.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn kept_probabilities(processor: &dyn Processor, probabilities: &[f32]) -> Vec<usize> {
    let mut row: Vec<f32> = probabilities.iter().map(|q| q.ln()).collect();
    processor.process(&Context::new(&[]), &mut row).unwrap();
    (0..row.len()).filter(|&i| row[i] > f32::NEG_INFINITY).collect()
}

/// Prefers the id after the last one: with V = 5, after 3 comes 4, after 4 comes 0.
///
/// The score of token t is −d, where d is how far t lies ahead of the preferred one.
#[derive(Clone, Debug)]
pub struct Cycle {
    vocab_size: usize,
    tokens: Vec<u32>,
    broken_at: Option<usize>,
}

impl Cycle {
    /// A model over `vocab_size` tokens.
    #[must_use]
    pub fn new(vocab_size: usize) -> Self {
        Self { vocab_size, tokens: Vec::new(), broken_at: None }
    }

    /// Scores NaN from `position` tokens on (as a model does whose training diverged).
    pub fn break_at(&mut self, position: usize) {
        self.broken_at = Some(position + 1);
    }

    fn score(&self, fed: usize, token: usize) -> f32 {
        if self.broken_at.is_some_and(|at| fed >= at) {
            return f32::NAN;
        }
        let preferred = self.tokens[fed - 1] as usize + 1;
        -(((token + self.vocab_size - preferred % self.vocab_size) % self.vocab_size) as f32)
    }
}

impl CausalLm for Cycle {
    type Error = Infallible;

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Infallible> {
        self.tokens.extend_from_slice(tokens);
        let first = self.tokens.len() + 1 - logits.len() / self.vocab_size;
        for (i, row) in logits.chunks_exact_mut(self.vocab_size).enumerate() {
            for (token, logit) in row.iter_mut().enumerate() {
                *logit = self.score(first + i, token);
            }
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.tokens.len()
    }

    fn truncate(&mut self, position: usize) {
        self.tokens.truncate(position);
    }
}

/// Scores that depend on the whole prefix, without any pattern: a hash of (seed, prefix, token) gives
/// each token a score, uniform in [−spread, spread].
///
/// ```
/// use enredo_decoding::testing::Hashed;
///
/// let model = Hashed::new(4, 1);
/// assert_eq!(model.scores(&[0, 2]), model.scores(&[0, 2]));
/// assert_ne!(model.scores(&[0, 2]), model.scores(&[1, 2]));
/// ```
#[derive(Clone, Debug)]
pub struct Hashed {
    vocab_size: usize,
    seed: u64,
    spread: f32,
    masked: Vec<u32>,
    tokens: Vec<u32>,
}

impl Hashed {
    /// A model over `vocab_size` tokens with a spread of 3; each seed is another model.
    #[must_use]
    pub fn new(vocab_size: usize, seed: u64) -> Self {
        Self { vocab_size, seed, spread: 3.0, masked: Vec::new(), tokens: Vec::new() }
    }

    /// The same model with scores in [−spread, spread].
    #[must_use]
    pub fn with_spread(self, spread: f32) -> Self {
        Self { spread, ..self }
    }

    /// The same model, which never gives `tokens` a chance (−∞).
    #[must_use]
    pub fn with_masked(self, tokens: &[u32]) -> Self {
        Self { masked: tokens.to_vec(), ..self }
    }

    /// The scores (length V) that follow `prefix`, whatever has been fed.
    #[must_use]
    pub fn scores(&self, prefix: &[u32]) -> Vec<f32> {
        let mut row = vec![0.0; self.vocab_size];
        self.write(prefix, &mut row);
        row
    }

    fn write(&self, prefix: &[u32], row: &mut [f32]) {
        let hash = prefix.iter().fold(0, |hash: u64, &token| {
            uniform_at(self.seed, hash, u64::from(token), 1).to_bits()
        });
        for (token, logit) in row.iter_mut().enumerate() {
            let unit = uniform_at(self.seed, hash, token as u64, 2) as f32;
            let masked = self.masked.contains(&(token as u32));
            *logit = if masked { f32::NEG_INFINITY } else { (2.0 * unit - 1.0) * self.spread };
        }
    }
}

impl CausalLm for Hashed {
    type Error = Infallible;

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Infallible> {
        self.tokens.extend_from_slice(tokens);
        let first = self.tokens.len() + 1 - logits.len() / self.vocab_size;
        for (i, row) in logits.chunks_exact_mut(self.vocab_size).enumerate() {
            self.write(&self.tokens[..first + i], row);
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.tokens.len()
    }

    fn truncate(&mut self, position: usize) {
        self.tokens.truncate(position);
    }
}
