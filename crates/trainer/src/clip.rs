//! Gradient clipping by the norm of all gradients together (Pascanu et al., arXiv 1211.5063).

use tch::{Kind, Tensor};

use crate::Result;

/// Scales `gradients` so that their common L2 norm is at most `max_norm`; returns the norm before.
///
/// As `torch.nn.utils.clip_grad_norm_`; one synchronisation with the device.
pub(crate) fn clip_grad_norm(gradients: &mut [Tensor], max_norm: f64) -> Result<f64> {
    let norms = gradients.iter().map(Tensor::f_norm).collect::<Result<Vec<_>, _>>()?;
    let norms = Tensor::f_stack(&norms, 0)?.f_to_kind(Kind::Double)?;
    let norm = norms.f_norm()?.f_double_value(&[])?;
    let scale = max_norm / (norm + 1e-6);
    if scale < 1.0 {
        for gradient in gradients {
            let _ = gradient.f_mul_scalar_(scale)?;
        }
    }
    Ok(norm)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The gradients (3) and (0, 4), clipped.
    fn clipped(max_norm: f64) -> (f64, Vec<f32>) {
        let mut gradients = [vec![3f32], vec![0f32, 4.0]].map(|g| Tensor::from_slice(&g));
        let norm = clip_grad_norm(&mut gradients, max_norm).unwrap();
        (norm, Vec::try_from(Tensor::cat(&gradients, 0)).unwrap())
    }

    #[test]
    fn long_gradients_are_scaled_together() {
        let (norm, gradients) = clipped(1.0);
        assert_eq!(norm, 5.0);
        approx::assert_abs_diff_eq!(
            gradients.as_slice(),
            [0.6, 0.0, 0.8].as_slice(),
            epsilon = 1e-6
        );
    }

    #[test]
    fn short_gradients_stay() {
        assert_eq!(clipped(6.0), (5.0, vec![3.0, 0.0, 4.0]));
        assert_eq!(clipped(f64::INFINITY).1, [3.0, 0.0, 4.0]);
    }
}
