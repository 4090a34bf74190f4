//! A bias on single tokens.

use super::ids;
use crate::{Context, Error, Processor, Result};

/// Adds a bias to the scores of the listed tokens; −∞ bans a token.
///
/// A token listed twice gets both. Source: OpenAI's `logit_bias` (−100 to 100 there), llama.cpp's
/// `logit-bias`; in Hugging Face a `sequence_bias` of length 1.
///
/// # Performance
/// O(tokens listed).
#[derive(Clone, Debug, PartialEq)]
pub struct LogitBias(Vec<(u32, f32)>);

impl LogitBias {
    /// Tokens, each with its bias: a list or a map of them.
    ///
    /// # Errors
    /// [`Error::Bias`] for a bias of NaN or +∞.
    pub fn new(biases: impl IntoIterator<Item = (u32, f32)>) -> Result<Self> {
        let biases: Vec<_> = biases.into_iter().collect();
        match biases.iter().find(|(_, bias)| bias.is_nan() || *bias == f32::INFINITY) {
            Some(&(token, got)) => Err(Error::Bias { token, got }),
            None => Ok(Self(biases)),
        }
    }
}

impl Processor for LogitBias {
    /// # Errors
    /// [`Error::TokenOutOfRange`] for a token beyond the row.
    fn process(&self, _context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        for &(token, bias) in &self.0 {
            ids::check(&[token], logits)?;
            logits[token as usize] += bias;
        }
        Ok(())
    }

    fn name(&self) -> &str {
        "logit_bias"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn biased(biases: &[(u32, f32)]) -> Result<[f32; 3]> {
        let mut row = [1.0, 2.0, f32::NEG_INFINITY];
        let bias = LogitBias::new(biases.iter().copied())?;
        bias.process(&Context::new(&[]), &mut row).map(|()| row)
    }

    #[test]
    fn biases_are_added() {
        let cut = f32::NEG_INFINITY;
        assert_eq!(biased(&[(0, 1.5), (2, 9.0)]).unwrap(), [2.5, 2.0, cut]);
        assert_eq!(biased(&[(1, cut), (0, 1.0), (0, 1.0)]).unwrap(), [3.0, cut, cut]);
    }

    #[test]
    fn what_would_be_no_score_is_refused() {
        assert!(
            biased(&[(1, f32::NAN)]).unwrap_err().to_string().contains("bias of token 1 is NaN")
        );
        assert!(matches!(biased(&[(0, f32::INFINITY)]), Err(Error::Bias { token: 0, .. })));
        assert!(matches!(
            biased(&[(3, 0.0)]),
            Err(Error::TokenOutOfRange { token: 3, vocab_size: 3 })
        ));
    }
}
