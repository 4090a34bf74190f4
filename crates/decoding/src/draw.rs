//! Drawing a token in proportion to its probability.

use crate::{Result, check_row};

/// The probabilities of a row: exp(l − max) / Σ, in f64.
///
/// # Errors
/// Where [`check_row`] refuses the row.
///
/// # Performance
/// O(V), one allocation of V f64.
pub fn softmax(logits: &[f32]) -> Result<Vec<f64>> {
    check_row(logits)?;
    let mut masses = masses(logits);
    let total: f64 = masses.iter().sum();
    masses.iter_mut().for_each(|m| *m /= total);
    Ok(masses)
}

/// The token at which the running probability first exceeds `u`, walking by ascending id
/// (inverse transform sampling). A masked token is never returned.
///
/// `u` is uniform in [0, 1), for instance of [`crate::uniform`].
///
/// # Errors
/// Where [`check_row`] refuses the row.
///
/// # Performance
/// O(V), one allocation of V f64.
pub fn draw(logits: &[f32], u: f64) -> Result<u32> {
    check_row(logits)?;
    let masses = masses(logits);
    let threshold = u * masses.iter().sum::<f64>();
    let mut running = 0.0;
    let mut last = 0;
    for (i, &mass) in masses.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
        running += mass;
        last = i as u32;
        if running > threshold {
            break;
        }
    }
    Ok(last)
}

/// exp(l − max): unnormalised probabilities of a valid row.
pub(crate) fn masses(logits: &[f32]) -> Vec<f64> {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    logits.iter().map(|&l| (f64::from(l) - max).exp()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_walks_the_cumulative_distribution() {
        let row = [0.0, f32::NEG_INFINITY, 0.0, 0.0, 0.0];
        let at = |u| draw(&row, u).unwrap();
        assert_eq!([at(0.0), at(0.24), at(0.26), at(0.74), at(0.999_999)], [0, 0, 2, 3, 4]);
    }

    #[test]
    fn a_masked_token_is_never_drawn() {
        let row = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY];
        assert_eq!((draw(&row, 0.0).unwrap(), draw(&row, 1.0 - 1e-16).unwrap()), (1, 1));
    }

    #[test]
    fn probabilities_sum_to_one() {
        let row: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.37).sin() * 30.0).collect();
        approx::assert_abs_diff_eq!(
            softmax(&row).unwrap().iter().sum::<f64>(),
            1.0,
            epsilon = 1e-12
        );
    }
}
