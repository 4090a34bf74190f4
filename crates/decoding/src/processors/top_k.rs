//! Top-k: the k best tokens.

use crate::{Candidates, Context, Error, Filter, Result, Ties};

/// Keeps the k best tokens; k ≥ V keeps everything.
///
/// Tie rule: exactly k stay, of those that equal the k-th the lowest ids. [`with_ties`](Self::with_ties)
/// changes that: Hugging Face, vLLM and the notebook keep all that equal the k-th.
///
/// Source: Fan, Lewis, Dauphin, "Hierarchical neural story generation", ACL 2018.
///
/// # Performance
/// One pass for the maxima, a second that skips most of the row; then O(k log k).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopK {
    k: usize,
    ties: Ties,
}

impl TopK {
    /// # Errors
    /// [`Error::TopK`] where `k` is 0.
    pub fn new(k: usize) -> Result<Self> {
        if k == 0 { Err(Error::TopK) } else { Ok(Self { k, ties: Ties::default() }) }
    }

    /// The same k with another tie rule.
    #[must_use]
    pub fn with_ties(self, ties: Ties) -> Self {
        Self { ties, ..self }
    }
}

impl Filter for TopK {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        candidates.keep_best(self.k, self.ties);
        Ok(())
    }

    fn label(&self) -> &str {
        "top_k"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Processor;

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
    fn ties_with_the_last_follow_the_rule() {
        let kept = |k, ties, row: &[f32]| {
            let mut row = row.to_vec();
            let top_k = TopK::new(k).unwrap().with_ties(ties);
            top_k.process(&Context::new(&[]), &mut row).unwrap();
            (0..row.len()).filter(|&i| row[i] > f32::NEG_INFINITY).collect::<Vec<_>>()
        };
        let row = [5.0, 3.0, 3.0, 1.0, 3.0];
        assert_eq!(kept(2, Ties::LowestIds, &row), [0, 1]);
        assert_eq!(kept(2, Ties::HighestIds, &row), [0, 4]);
        assert_eq!(kept(2, Ties::Kept, &row), [0, 1, 2, 4]);
        assert_eq!(kept(1, Ties::LowestIds, &[-0.0, 0.0]), [0]);
        assert_eq!(kept(1, Ties::Kept, &[-0.0, 0.0]), [0, 1]);
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
