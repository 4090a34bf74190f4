//! Top-p: the nucleus of the distribution.

use crate::{Candidates, Context, Error, Filter, Result, Ties};

/// Keeps the smallest set of best tokens whose probability reaches p; the others become −∞.
///
/// With the tokens in order (score descending, then id ascending), token i stays where the mass
/// before it is below p. The best token always stays, and the token that crosses p stays too. The
/// probabilities are those of the tokens that earlier filters left.
///
/// Tie rule: of equal scores at the edge, the lower ids are kept; with [`Ties::HighestIds`] as many of the
/// higher ones, as Hugging Face and vLLM do. p = 1 keeps everything, exactly.
///
/// Source: Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
///
/// # Performance
/// For a draw: a pass for the mass, and 1 + ln(1/p) passes on average over the blocks that reach the token
/// drawn. For the set itself (a trace, a filter that needs it): O(V) with an exponential in f64 for each
/// token. After top-k: O(k log k).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopP {
    p: f32,
    ties: Ties,
}

impl TopP {
    /// # Errors
    /// [`Error::TopP`] where `p` is not in (0, 1].
    pub fn new(p: f32) -> Result<Self> {
        if p > 0.0 && p <= 1.0 {
            Ok(Self { p, ties: Ties::default() })
        } else {
            Err(Error::TopP { got: p })
        }
    }

    /// The same p with another tie rule.
    #[must_use]
    pub fn with_ties(self, ties: Ties) -> Self {
        Self { ties, ..self }
    }
}

impl Filter for TopP {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        if self.p < 1.0 {
            candidates.keep_nucleus(f64::from(self.p), self.ties);
        }
        Ok(())
    }

    fn label(&self) -> &str {
        "top_p"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Processor;

    /// The kept ids of a row given as probabilities.
    fn kept(p: f32, probabilities: &[f32]) -> Vec<usize> {
        let mut row: Vec<f32> = probabilities.iter().map(|q| q.ln()).collect();
        TopP::new(p).unwrap().process(&Context::new(&[]), &mut row).unwrap();
        (0..row.len()).filter(|&i| row[i] > f32::NEG_INFINITY).collect()
    }

    #[test]
    fn the_crossing_token_stays() {
        assert_eq!(kept(0.6, &[0.1, 0.5, 0.3, 0.1]), [1, 2]);
        assert_eq!(kept(0.01, &[0.1, 0.5, 0.3, 0.1]), [1]);
        assert_eq!(kept(0.85, &[0.1, 0.5, 0.3, 0.1]), [0, 1, 2]);
    }

    #[test]
    fn one_keeps_everything_that_is_not_masked() {
        let flat = vec![1.0 / 32_000.0; 32_000];
        assert_eq!(kept(1.0, &flat).len(), 32_000);
        assert_eq!(kept(1.0, &[0.5, 0.0, 0.5]), [0, 2]);
    }

    #[test]
    fn lower_ids_win_ties() {
        assert_eq!(kept(0.3, &[0.2; 5]), [0, 1]);
    }

    #[test]
    fn a_nucleus_outside_the_unit_interval_is_refused() {
        for bad in [0.0, -0.5, 1.01, f32::NAN] {
            assert!(TopP::new(bad).unwrap_err().to_string().contains(&format!("top-p is {bad}")));
        }
    }
}
