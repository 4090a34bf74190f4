//! Gumbel noise: drawing without replacement as taking the best of perturbed scores.

/// A standard Gumbel number from a uniform one in [0, 1): −ln(−ln u).
///
/// The m tokens with the highest log p + Gumbel, best first, are m draws without replacement in
/// proportion to p (Gumbel top-k): W. Kool, H. van Hoof, M. Welling, "Stochastic beams and where to find
/// them", ICML 2019.
pub(super) fn gumbel(u: f64) -> f64 {
    // A zero stands for the lower half of the 53-bit step above it.
    -(-u.max(f64::EPSILON / 4.0).ln()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_finite_and_has_the_distributions_mean_and_variance() {
        assert!(gumbel(0.0).is_finite() && gumbel(1.0 - f64::EPSILON / 2.0).is_finite());
        let n = 20_000_u32;
        let noise: Vec<f64> = (0..n).map(|i| gumbel(crate::uniform(4, 2, u64::from(i)))).collect();
        let mean = noise.iter().sum::<f64>() / f64::from(n);
        let variance = noise.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / f64::from(n);
        approx::assert_abs_diff_eq!(mean, 0.577_216, epsilon = 0.04); // Euler's constant, 4.4 sigma
        approx::assert_abs_diff_eq!(variance, 1.644_934, epsilon = 0.12); // π²/6
    }
}
