//! Eta: a floor under the probability that sinks where the model is unsure.

use crate::{Candidates, Context, Error, Filter, Result};

/// Keeps the tokens whose probability is at least η = min(ε, √ε · e^−H), and the best in any case.
///
/// H is the entropy of the candidates in nats.
///
/// Tie rule: a token at the threshold stays, with all that equal it.
///
/// Source: Hewitt, Manning, Liang, "Truncation sampling as language model desmoothing", EMNLP Findings 2022.
///
/// # Performance
/// One pass for mass and entropy; a draw then skips the blocks below the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eta(f32);

impl Eta {
    /// # Errors
    /// [`Error::Parameter`] where `epsilon` is not in (0, 1).
    pub fn new(epsilon: f32) -> Result<Self> {
        let range = "it must lie in (0, 1), in practice between 3e-4 and 4e-3";
        Error::unless(epsilon > 0.0 && epsilon < 1.0, "eta_cutoff", epsilon, range)
            .map(|()| Self(epsilon))
    }
}

impl Filter for Eta {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let ln_epsilon = f64::from(self.0).ln();
        let threshold = candidates.threshold::<true>(|mass, entropy| {
            ln_epsilon.min(0.5 * ln_epsilon - entropy) + mass.ln()
        });
        candidates.keep_at_least(threshold);
        Ok(())
    }

    fn label(&self) -> &str {
        "eta_cutoff"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::kept_probabilities;

    #[test]
    fn the_floor_sinks_with_the_entropy() {
        // H of these is 1.168 nats: e^−H = 0.311; with ε = 0.09, √ε e^−H = 0.093 > ε.
        let row = [0.5, 0.3, 0.12, 0.08];
        let kept = |e| kept_probabilities(&Eta::new(e).unwrap(), &row);
        assert_eq!(kept(0.09), [0, 1, 2]);
        // With ε = 0.2: √ε e^−H = 0.139 decides.
        assert_eq!(kept(0.2), [0, 1]);
        assert_eq!(kept(0.05), [0, 1, 2, 3]);
    }

    #[test]
    fn bad_thresholds_are_refused() {
        for bad in [0.0, 1.0, f32::NAN] {
            let message = Eta::new(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("eta_cutoff is {bad}")), "{message}");
        }
    }
}
