//! Min-p: a threshold that follows the best token.

use crate::{Candidates, Context, Error, Filter, Result};

/// Keeps the tokens that are at least p times as probable as the best one.
///
/// p_i ≥ p · p_max, that is l_i ≥ l_max + T ln p: no probability has to be computed.
///
/// Tie rule: a token at the threshold stays, with all that equal it; p = 1 keeps those that equal the best.
///
/// Source: Nguyen et al., "Turning up the heat: min-p sampling for creative and coherent LLM outputs",
/// ICLR 2025.
///
/// # Performance
/// O(1) once the row's maximum is known; a draw then skips the blocks below the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinP(f32);

impl MinP {
    /// # Errors
    /// [`Error::Parameter`] where `p` is not in (0, 1].
    pub fn new(p: f32) -> Result<Self> {
        let range = "it must lie in (0, 1]; leave it out to switch it off";
        Error::unless(p > 0.0 && p <= 1.0, "min_p", p, range).map(|()| Self(p))
    }
}

impl Filter for MinP {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let best = candidates.best_relative();
        candidates.keep_at_least(best + f64::from(self.0).ln());
        Ok(())
    }

    fn label(&self) -> &str {
        "min_p"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::kept_probabilities;

    #[test]
    fn the_threshold_follows_the_best() {
        let kept = |p| kept_probabilities(&MinP::new(p).unwrap(), &[0.5, 0.3, 0.12, 0.08]);
        assert_eq!(kept(0.1), [0, 1, 2, 3]);
        assert_eq!(kept(0.2), [0, 1, 2]);
        assert_eq!(kept(1.0), [0]);
    }

    #[test]
    fn ties_at_the_threshold_stay() {
        assert_eq!(kept_probabilities(&MinP::new(1.0).unwrap(), &[0.2, 0.4, 0.4]), [1, 2]);
    }

    #[test]
    fn bad_thresholds_are_refused() {
        for bad in [0.0, -0.1, 1.5, f32::NAN] {
            assert!(MinP::new(bad).unwrap_err().to_string().contains(&format!("min_p is {bad}")));
        }
    }
}
