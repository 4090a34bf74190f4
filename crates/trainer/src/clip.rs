//! Gradient clipping by the norm of all gradients together (Pascanu et al., arXiv 1211.5063).

/// By what gradients of L2 norm `norm` are multiplied so that it is at most `most`; as
/// `torch.nn.utils.clip_grad_norm_`.
pub(crate) fn clip_scale(norm: f64, most: f64) -> f64 {
    (most / (norm + 1e-6)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_are_scaled_and_short_ones_stay() {
        approx::assert_abs_diff_eq!(clip_scale(5.0, 1.0), 0.2, epsilon = 1e-6);
        assert_eq!(
            [clip_scale(5.0, 6.0), clip_scale(5.0, f64::INFINITY), clip_scale(0.0, 1.0)],
            [1.0; 3]
        );
    }
}
