//! Gradient clipping by the norm of all gradients together (Pascanu et al., arXiv 1211.5063).

use tch::{Kind, Tensor};

/// Scales `gradients` so that their common L2 norm is at most `max_norm`; returns the norm before.
///
/// As `torch.nn.utils.clip_grad_norm_`; one synchronisation with the device.
pub(crate) fn clip_grad_norm(gradients: &mut [Tensor], max_norm: f64) -> f64 {
    let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
    let norm = Tensor::stack(&norms, 0).to_kind(Kind::Double).norm().double_value(&[]);
    let scale = max_norm / (norm + 1e-6);
    if scale < 1.0 {
        for gradient in gradients {
            let _ = gradient.g_mul_scalar_(scale);
        }
    }
    norm
}
