//! Locally typical sampling: tokens about as surprising as expected.

use crate::{Candidates, Context, Error, Filter, Result};

/// Keeps the tokens whose surprise −ln p_i is nearest to the entropy H, until their mass reaches p.
///
/// A token stays where the mass of the tokens with a smaller |−ln p_i − H| is below p. A masked token has
/// no mass and no part in H.
///
/// Tie rule: tokens equally far from H stay or go together, as in Hugging Face's.
/// [`one_by_one`](Self::one_by_one) takes them one after the other, as llama.cpp does.
///
/// Source: Meister, Pimentel, Wiher, Cotterell, "Locally typical sampling", TACL 2023.
///
/// # Performance
/// As top-p: for a draw a pass for mass and entropy, and 1 + ln(1/p) passes on average over the band
/// nearer than the token drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Typical {
    p: f32,
    one_by_one: bool,
}

impl Typical {
    /// # Errors
    /// [`Error::Parameter`] where `p` is not in (0, 1].
    pub fn new(p: f32) -> Result<Self> {
        let range = "it must lie in (0, 1], and 1 switches it off";
        Error::unless(p > 0.0 && p <= 1.0, "typical_p", p, range)
            .map(|()| Self { p, one_by_one: false })
    }

    /// The same p; of equally far tokens only as many as it takes: the better first, then the lower id.
    #[must_use]
    pub fn one_by_one(self) -> Self {
        Self { one_by_one: true, ..self }
    }
}

impl Filter for Typical {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let p = f64::from(self.p);
        match self.one_by_one {
            _ if p >= 1.0 => {}
            false => candidates.keep_typical(p),
            true => candidates.keep_typical_one_by_one(p),
        }
        Ok(())
    }

    fn label(&self) -> &str {
        "typical_p"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::kept_probabilities;

    #[test]
    fn the_best_may_be_too_probable() {
        // Divided by 1.2: H = 1.468 nats; surprises 0.875, 1.792 (thrice), 2.485: distances 0.592, 0.324, 1.017.
        let row = [0.5, 0.2, 0.2, 0.2, 0.1];
        let kept = |p| kept_probabilities(&Typical::new(p).unwrap(), &row);
        assert_eq!(kept(0.3), [1, 2, 3]);
        assert_eq!(kept(0.55), [0, 1, 2, 3]);
        assert_eq!(kept(1.0), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn equally_far_tokens_may_be_taken_one_by_one() {
        let kept = |p, row: &[f32]| kept_probabilities(&Typical::new(p).unwrap().one_by_one(), row);
        assert_eq!(kept(0.3, &[0.5, 0.2, 0.2, 0.2, 0.1]), [1, 2]);
        assert_eq!(kept(0.1, &[0.5, 0.2, 0.2, 0.2, 0.1]), [1]);
        assert_eq!(kept(0.55, &[0.5, 0.2, 0.2, 0.2, 0.1]), [0, 1, 2, 3]);
        assert_eq!(kept(0.5, &[0.25; 4]), [0, 1]);
    }

    #[test]
    fn a_mask_changes_nothing_else() {
        let row = [0.5, 0.0, 0.2, 0.2, 0.0, 0.2, 0.1];
        assert_eq!(kept_probabilities(&Typical::new(0.3).unwrap(), &row), [2, 3, 5]);
    }

    #[test]
    fn bad_masses_are_refused() {
        for bad in [0.0, 1.5, f32::NAN] {
            let message = Typical::new(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("typical_p is {bad}")), "{message}");
        }
    }
}
