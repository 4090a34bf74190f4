//! Epsilon: a floor under the probability.

use crate::{Candidates, Context, Error, Filter, Result};

/// Keeps the tokens whose probability is at least ε, and the best in any case.
///
/// Tie rule: a token at the threshold stays, with all that equal it.
///
/// Source: Hewitt, Manning, Liang, "Truncation sampling as language model desmoothing", EMNLP Findings 2022.
///
/// # Performance
/// One pass for the mass; a draw then skips the blocks below the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epsilon(f32);

impl Epsilon {
    /// # Errors
    /// [`Error::Parameter`] where `epsilon` is not in (0, 1).
    pub fn new(epsilon: f32) -> Result<Self> {
        let range = "it must lie in (0, 1), in practice between 3e-4 and 9e-4";
        Error::unless(epsilon > 0.0 && epsilon < 1.0, "epsilon_cutoff", epsilon, range)
            .map(|()| Self(epsilon))
    }
}

impl Filter for Epsilon {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let ln_epsilon = f64::from(self.0).ln();
        let threshold = candidates.threshold::<false>(|mass, _| ln_epsilon + mass.ln());
        candidates.keep_at_least(threshold);
        Ok(())
    }

    fn label(&self) -> &str {
        "epsilon_cutoff"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::kept_probabilities;

    #[test]
    fn the_improbable_goes() {
        let kept = |e| kept_probabilities(&Epsilon::new(e).unwrap(), &[0.5, 0.3, 0.12, 0.08]);
        assert_eq!(kept(0.1), [0, 1, 2]);
        assert_eq!(kept(0.9), [0]);
    }

    #[test]
    fn bad_thresholds_are_refused() {
        for bad in [0.0, 1.0, f32::NAN] {
            let message = Epsilon::new(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("epsilon_cutoff is {bad}")), "{message}");
        }
    }
}
