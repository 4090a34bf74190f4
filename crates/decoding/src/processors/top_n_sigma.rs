//! Top-nσ: a threshold in standard deviations of the logits.

use crate::{Candidates, Context, Error, Filter, Result};

/// Keeps the tokens whose score is at least l_max − n·σ, σ the standard deviation of the candidates' scores.
///
/// Masked tokens count neither in the mean nor in σ. The temperature does not change what is kept.
///
/// Tie rule: a token at the threshold stays, with all that equal it.
///
/// Source: Tang et al., "Top-nσ: not all logits are you need", 2024.
///
/// # Performance
/// Two passes in f64, without exponentials; a draw then skips the blocks below the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopNSigma(f32);

impl TopNSigma {
    /// # Errors
    /// [`Error::Parameter`] where `n` is not above 0 and finite.
    pub fn new(n: f32) -> Result<Self> {
        let range = "it must be a finite number above 0; leave it out to switch it off";
        Error::unless(n > 0.0 && n.is_finite(), "top_n_sigma", n, range).map(|()| Self(n))
    }
}

impl Filter for TopNSigma {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let best = candidates.best_relative();
        let sigma = candidates.spread();
        candidates.keep_at_least(best - f64::from(self.0) * sigma);
        Ok(())
    }

    fn label(&self) -> &str {
        "top_n_sigma"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::kept_probabilities;

    /// The scores 0, 1, 2, 3, 4 have σ = √2.
    fn kept(n: f32) -> Vec<usize> {
        let row: Vec<f32> = (0..5).map(|x| (x as f32).exp()).collect();
        kept_probabilities(&TopNSigma::new(n).unwrap(), &row)
    }

    #[test]
    fn the_threshold_is_n_deviations_below_the_best() {
        assert_eq!(kept(0.5), [4]);
        assert_eq!(kept(1.0), [3, 4]);
        assert_eq!(kept(1.5), [2, 3, 4]);
        assert_eq!(kept(9.0), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn masked_tokens_do_not_count() {
        let mut row: Vec<f32> = (0..5).map(|x| (x as f32).exp()).collect();
        row.extend([0.0; 20]);
        assert_eq!(kept_probabilities(&TopNSigma::new(1.0).unwrap(), &row), [3, 4]);
    }

    #[test]
    fn bad_numbers_are_refused() {
        for bad in [0.0, -1.0, f32::INFINITY, f32::NAN] {
            let message = TopNSigma::new(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("top_n_sigma is {bad}")), "{message}");
        }
    }
}
