//! Log-probabilities of a row, and the best of them.

use std::cmp::Ordering;

use crate::{Result, check_row};

/// The log-probabilities of a row, in nats: l − ln Σ exp(l), in f64; −∞ for a masked token.
///
/// # Errors
/// Where [`check_row`] refuses the row.
///
/// ```
/// let logprobs = enredo_decoding::log_softmax(&[1.0, 1.0, f32::NEG_INFINITY])?;
/// assert_eq!(logprobs, [0.5_f64.ln(), 0.5_f64.ln(), f64::NEG_INFINITY]);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Performance
/// O(V), one allocation of V f64.
pub fn log_softmax(logits: &[f32]) -> Result<Vec<f64>> {
    check_row(logits)?;
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.iter().map(|&l| (f64::from(l) - max).exp()).sum();
    let ln_total = total.ln();
    Ok(logits.iter().map(|&l| f64::from(l) - max - ln_total).collect())
}

/// The `n` best tokens and their scores in the total order: score descending, then id ascending. Masked
/// tokens (−∞) are left out. O(V + n log n).
pub(crate) fn best(scores: &[f64], n: usize) -> Vec<(u32, f64)> {
    let unmasked = scores.iter().enumerate().filter(|(_, score)| **score > f64::NEG_INFINITY);
    let mut found: Vec<(u32, f64)> = unmasked.map(|(i, &score)| (i as u32, score)).collect();
    if n < found.len() {
        found.select_nth_unstable_by(n, order);
        found.truncate(n);
    }
    found.sort_unstable_by(order);
    found
}

fn order(a: &(u32, f64), b: &(u32, f64)) -> Ordering {
    descending(a.1, b.1).then(a.0.cmp(&b.0))
}

/// The higher score first; −0.0 equals +0.0.
pub(crate) fn descending(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_logarithms_of_the_probabilities() {
        let row = [3.0, -50.0, 0.25, f32::NEG_INFINITY, 2.0];
        let probabilities = crate::softmax(&row).unwrap();
        for (logprob, p) in log_softmax(&row).unwrap().iter().zip(probabilities) {
            approx::assert_relative_eq!(*logprob, p.ln(), max_relative = 1e-12);
        }
        assert!(log_softmax(&[f32::NAN]).is_err());
    }

    #[test]
    fn the_best_come_in_the_total_order() {
        let cut = f64::NEG_INFINITY;
        assert_eq!(best(&[0.0, 1.0, cut, 1.0, -0.0], 3), [(1, 1.0), (3, 1.0), (0, 0.0)]);
        assert_eq!(best(&[cut, 1.0, cut], 3), [(1, 1.0)]);
        assert_eq!(best(&[1.0, 2.0], 0), []);
    }
}
