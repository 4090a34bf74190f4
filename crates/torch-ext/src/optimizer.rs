//! What an optimizer does to all parameters at once.

use std::ptr;

use tch::Tensor;
use torch_sys::C_tensor;

use crate::{
    Error, Result,
    shim::{enredo_adamw, enredo_norm, told},
};

const UPDATE: &str = "update the parameters";

/// The L2 norm of all numbers of `tensors` together.
///
/// # Errors
/// [`Error::Shim`](crate::Error::Shim) for no tensors, or those of different devices.
pub fn norm(tensors: &[Tensor]) -> Result<f64> {
    let (all, mut norm) = (pointers(tensors), ptr::null_mut());
    // SAFETY: the tensors outlive the call, which writes a new one to `norm` or returns a message.
    let norm = unsafe {
        told("take a norm", enredo_norm(all.as_ptr(), all.len(), &mut norm))?;
        Tensor::from_ptr(norm)
    };
    Ok(norm.f_double_value(&[])?)
}

/// The state of [`adamw`], a tensor for each parameter.
#[derive(Clone, Copy, Debug)]
pub struct Moments<'t> {
    /// Means of the gradients.
    pub means: &'t [Tensor],
    /// Means of their squares.
    pub squares: &'t [Tensor],
    /// The number of this update, from 1, one f32 each.
    pub steps: &'t [Tensor],
}

/// The numbers of [`adamw`], by the names of the paper.
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    /// The learning rate.
    pub lr: f64,
    /// How slowly the moments move.
    pub betas: (f64, f64),
    /// The share of each parameter taken off, times the learning rate.
    pub weight_decay: f64,
    /// Added to the denominator.
    pub eps: f64,
}

/// One update of AdamW (Loshchilov & Hutter, arXiv 1711.05101) by libtorch's fused kernel; the gradients are
/// divided by `divisor` on the way, and left so.
///
/// # Errors
/// [`Error::Shim`](crate::Error::Shim) for lists that do not fit.
pub fn adamw(
    parameters: &[Tensor],
    gradients: &[Tensor],
    moments: Moments<'_>,
    config: AdamW,
    divisor: &Tensor,
) -> Result<()> {
    let [parameters, gradients] = [parameters, gradients].map(pointers);
    let [means, squares, steps] = [moments.means, moments.squares, moments.steps].map(pointers);
    let AdamW { lr, betas: (beta1, beta2), weight_decay, eps } = config;
    if [&gradients, &means, &squares, &steps].iter().any(|list| list.len() != parameters.len()) {
        let reason = "the lists differ in length".to_owned();
        return Err(Error::Shim { task: UPDATE, reason });
    }
    // SAFETY: the lists are equally long, their tensors outlive the call, and the shim compares their shapes.
    unsafe {
        let message = enredo_adamw(
            parameters.as_ptr(),
            gradients.as_ptr(),
            means.as_ptr(),
            squares.as_ptr(),
            steps.as_ptr(),
            parameters.len(),
            lr,
            beta1,
            beta2,
            weight_decay,
            eps,
            divisor.as_ptr(),
        );
        told(UPDATE, message)
    }
}

fn pointers(tensors: &[Tensor]) -> Vec<*const C_tensor> {
    tensors.iter().map(Tensor::as_ptr).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn what_does_not_fit_is_refused() {
        let zeros = |n| Tensor::zeros([n], (Kind::Float, Device::Cpu));
        let (one, step) = ([zeros(8)], [Tensor::from(1f32)]);
        let config = AdamW { lr: 0.1, betas: (0.9, 0.999), weight_decay: 0.0, eps: 1e-8 };
        let update = |gradients: &[Tensor], means: &[Tensor]| {
            let moments = Moments { means, squares: &[zeros(8)], steps: &step };
            adamw(&one, gradients, moments, config, &Tensor::from(1f32))
        };
        update(&[zeros(8)], &[zeros(8)]).unwrap();
        assert!(update(&[zeros(7)], &[zeros(8)]).unwrap_err().to_string().contains("does not fit"));
        assert!(update(&[zeros(8)], &[]).unwrap_err().to_string().contains("length"));
        assert!(norm(&[]).is_err());
    }
}
