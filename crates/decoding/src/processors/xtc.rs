//! XTC: exclude top choices.

use crate::{Candidates, Context, Error, Filter, Result};

/// With some probability cuts the best tokens: all of at least `threshold` but the least of them.
///
/// Where fewer than two tokens reach the threshold nothing is cut. Whether it happens at a step is drawn
/// from a number of that step's own (index 2³¹ of [`Context::uniform`]).
///
/// Tie rule: of equal tokens at the end the highest id is the least, so it stays.
///
/// Source: its author's pull request to text-generation-webui (P. E. Weidmann, 2024) and llama.cpp's
/// sampler; a threshold above ½ switches it off, for at most one token can reach it.
///
/// # Performance
/// One pass for the mass, a second over the blocks that reach the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Xtc {
    probability: f32,
    threshold: f32,
}

/// The first of the indices that processors may use.
const COIN: u32 = 1 << 31;

impl Xtc {
    /// # Errors
    /// [`Error::Parameter`] where `probability` is not in [0, 1] or `threshold` not in (0, 1].
    pub fn new(probability: f32, threshold: f32) -> Result<Self> {
        let range = "it must lie in [0, 1], and 0 switches XTC off";
        let in_unit = (0.0..=1.0).contains(&probability);
        Error::unless(in_unit, "xtc_probability", probability, range)?;
        let range = "it must lie in (0, 1], and above 0.5 nothing is ever cut";
        Error::unless(threshold > 0.0 && threshold <= 1.0, "xtc_threshold", threshold, range)?;
        Ok(Self { probability, threshold })
    }
}

impl Filter for Xtc {
    fn narrow(&self, context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let happens = context.uniform(COIN) < f64::from(self.probability);
        if happens && self.threshold <= 0.5 {
            let ln_p = f64::from(self.threshold).ln();
            let threshold = candidates.threshold::<false>(|mass, _| ln_p + mass.ln());
            candidates.exclude_top(threshold);
        }
        Ok(())
    }

    fn label(&self) -> &str {
        "xtc"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::kept_probabilities;

    #[test]
    fn all_but_the_least_of_the_probable_go() {
        let kept = |t| kept_probabilities(&Xtc::new(1.0, t).unwrap(), &[0.3, 0.4, 0.2, 0.1]);
        assert_eq!(kept(0.15), [2, 3]);
        assert_eq!(kept(0.25), [0, 2, 3]);
        assert_eq!(kept(0.35), [0, 1, 2, 3]);
        assert_eq!(kept(0.05), [3]);
    }

    #[test]
    fn of_equals_the_last_stays() {
        assert_eq!(kept_probabilities(&Xtc::new(1.0, 0.2).unwrap(), &[0.3, 0.3, 0.3, 0.1]), [2, 3]);
    }

    #[test]
    fn it_happens_as_often_as_asked() {
        let xtc = Xtc::new(0.3, 0.1).unwrap();
        let cuts = |position| {
            let tokens = vec![0; position];
            let mut row = [2.0, 2.5];
            crate::Processor::process(&xtc, &Context::new(&tokens), &mut row).unwrap();
            row.contains(&f32::NEG_INFINITY)
        };
        let count = (0..2_000).filter(|&position| cuts(position)).count();
        assert!((530..670).contains(&count), "{count}");
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert!(Xtc::new(1.5, 0.1).unwrap_err().to_string().contains("xtc_probability is 1.5"));
        assert!(Xtc::new(0.5, 0.0).unwrap_err().to_string().contains("xtc_threshold is 0"));
    }
}
