//! Top-k: the k best tokens.

use crate::{Context, Error, Processor, Result};

/// Keeps the tokens whose score reaches the k-th best; the others become −∞.
///
/// Tie rule: tokens that tie with the k-th are all kept, so more than k may stay (as in the notebook,
/// Hugging Face and vLLM). k ≥ V keeps everything.
///
/// Source: Fan, Lewis, Dauphin, "Hierarchical neural story generation", ACL 2018.
///
/// # Performance
/// O(V), one allocation of V f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopK(usize);

impl TopK {
    /// # Errors
    /// [`Error::TopK`] where `k` is 0.
    pub fn new(k: usize) -> Result<Self> {
        if k == 0 { Err(Error::TopK) } else { Ok(Self(k)) }
    }
}

impl Processor for TopK {
    fn process(&self, _context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if self.0 < logits.len() {
            let threshold = kth_best(logits, self.0);
            logits.iter_mut().filter(|l| **l < threshold).for_each(|l| *l = f32::NEG_INFINITY);
        }
        Ok(())
    }
}

/// The k-th best score, 1 ≤ k ≤ V.
fn kth_best(logits: &[f32], k: usize) -> f32 {
    let mut scores = logits.to_vec();
    // total_cmp puts −0.0 below +0.0, which only chooses between two names of the same threshold.
    *scores.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn kept(k: usize, row: &[f32]) -> Vec<usize> {
        let mut row = row.to_vec();
        TopK::new(k).unwrap().process(&Context::new(&[]), &mut row).unwrap();
        (0..row.len()).filter(|&i| row[i] > f32::NEG_INFINITY).collect()
    }

    #[test]
    fn the_best_are_kept() {
        assert_eq!(kept(2, &[1.0, 4.0, 3.0, 2.0]), [1, 2]);
        assert_eq!(kept(9, &[1.0, 4.0]), [0, 1]);
    }

    #[test]
    fn ties_with_the_last_are_kept() {
        assert_eq!(kept(2, &[5.0, 3.0, 3.0, 1.0, 3.0]), [0, 1, 2, 4]);
        assert_eq!(kept(1, &[-0.0, 0.0]), [0, 1]);
    }

    #[test]
    fn masked_tokens_stay_masked() {
        assert_eq!(kept(3, &[f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY, 2.0]), [1, 3]);
    }

    #[test]
    fn zero_is_refused() {
        assert!(TopK::new(0).unwrap_err().to_string().contains("top-k is 0"));
    }
}
