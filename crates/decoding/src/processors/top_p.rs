//! Top-p: the nucleus of the distribution.

use crate::{Context, Error, Processor, Result, best_first, draw::masses};

/// Keeps the smallest set of best tokens whose probability reaches p; the others become −∞.
///
/// With the tokens in order (score descending, then id ascending), token i stays where the mass
/// before it is below p. The best token always stays, and the token that crosses p stays too.
/// Tie rule: of equal scores at the edge, the lower ids are kept. p = 1 keeps everything, exactly:
/// masses are f64, and 1 is not compared with a rounded sum.
///
/// Source: Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
///
/// # Performance
/// O(V log V), two allocations of V.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopP(f32);

impl TopP {
    /// # Errors
    /// [`Error::TopP`] where `p` is not in (0, 1].
    pub fn new(p: f32) -> Result<Self> {
        if p > 0.0 && p <= 1.0 { Ok(Self(p)) } else { Err(Error::TopP { got: p }) }
    }
}

impl Processor for TopP {
    fn process(&self, _context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if self.0 < 1.0 {
            let masses = masses(logits);
            let order = best_first(logits);
            let budget = f64::from(self.0) * order.iter().map(|&i| masses[i as usize]).sum::<f64>();
            let kept = nucleus_len(order.iter().map(|&i| masses[i as usize]), budget);
            order[kept..].iter().for_each(|&i| logits[i as usize] = f32::NEG_INFINITY);
        }
        Ok(())
    }
}

/// How many of `masses` (best first) it takes to reach `budget`.
fn nucleus_len(masses: impl Iterator<Item = f64>, budget: f64) -> usize {
    let mut before = 0.0;
    masses
        .take_while(|mass| {
            let inside = before < budget;
            before += mass;
            inside
        })
        .count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
