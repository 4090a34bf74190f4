//! A row of logits: what makes it valid, and the one order of its tokens.

use std::cmp::Ordering;

use crate::{Error, Isa, Result, kernel::Check};

/// Refuses a row from which no token may be chosen. One pass over the row, a second to name a fault.
///
/// # Errors
/// [`Error::EmptyRow`], [`Error::NanLogit`], [`Error::InfiniteLogit`] (+∞) or, where every score is
/// −∞, [`Error::AllMasked`].
pub fn check_row(logits: &[f32]) -> Result<()> {
    let found = Isa::detect().run(Check(logits));
    let fine = found.max.is_finite() && !(found.suspect && logits.iter().any(|x| x.is_nan()));
    if fine { Ok(()) } else { Err(fault(logits)) }
}

/// Names what is wrong with a row that is not valid.
pub(crate) fn fault(logits: &[f32]) -> Error {
    let first = |wrong: fn(f32) -> bool| logits.iter().position(|&l| wrong(l)).map(|i| i as u32);
    if logits.is_empty() {
        Error::EmptyRow
    } else if let Some(token) = first(f32::is_nan) {
        Error::NanLogit { token }
    } else if let Some(token) = first(|l| l == f32::INFINITY) {
        Error::InfiniteLogit { token }
    } else {
        Error::AllMasked { vocab_size: logits.len() }
    }
}

/// The total order of a row's tokens: score descending, then id ascending.
///
/// −0.0 equals +0.0, which `f32::total_cmp` would tell apart and so break a tie the wrong way.
#[inline]
pub(crate) fn compare(logits: &[f32], a: u32, b: u32) -> Ordering {
    let (x, y) = (logits[a as usize], logits[b as usize]);
    y.partial_cmp(&x).unwrap_or(Ordering::Equal).then(a.cmp(&b))
}

/// The ids of the unmasked tokens, best first: score descending, then id ascending.
///
/// Masked tokens (−∞) are left out. O(V log V).
///
/// ```
/// let row = [1.0, 3.0, f32::NEG_INFINITY, 3.0];
/// assert_eq!(enredo_decoding::best_first(&row), [1, 3, 0]);
/// ```
#[must_use]
pub fn best_first(logits: &[f32]) -> Vec<u32> {
    let mut ids: Vec<u32> =
        (0..logits.len() as u32).filter(|&i| logits[i as usize] > f32::NEG_INFINITY).collect();
    ids.sort_unstable_by(|&a, &b| compare(logits, a, b));
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(row: &[f32]) -> String {
        check_row(row).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn bad_rows_are_named() {
        assert!(message(&[]).contains("empty"));
        assert!(message(&[1.0, f32::NAN, f32::INFINITY]).contains("token 1 is NaN"));
        assert!(message(&[f32::NAN, 2.0]).contains("token 0 is NaN"));
        assert!(message(&[1.0, f32::INFINITY]).contains("token 1 is +inf"));
        assert!(message(&[f32::NEG_INFINITY; 3]).contains("all 3 tokens are masked"));
        assert_eq!(message(&[f32::NEG_INFINITY, 0.0]), "");
    }

    #[test]
    fn a_nan_is_found_wherever_it_stands() {
        for i in 0..4 {
            let mut row = [1.0, 2.0, 0.5, 3.0];
            row[i] = f32::NAN;
            assert!(message(&row).contains(&format!("token {i} is NaN")));
        }
    }

    #[test]
    fn zeros_of_both_signs_tie() {
        assert_eq!(best_first(&[-0.0, 0.0, -0.0]), [0, 1, 2]);
    }
}
