//! Operations of a training step in one pass over memory, with their gradients.
//!
//! On the CPU in f32 they are the shim's; elsewhere the same is put together of libtorch's own. Which elements
//! are dropped follows from the state of libtorch's generator, but is not what its own dropout drops.

use std::ptr;

use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;

use crate::{
    Result,
    shim::{enredo_causal_softmax, enredo_dropout, enredo_relu_dropout, told},
};

/// residual + dropout(x), of the same shape: each element is 0 with probability `p`, the others are divided by
/// 1 − p (Srivastava et al., 2014).
///
/// # Errors
/// [`Error::Shim`](crate::Error::Shim) or [`Error::Torch`](crate::Error::Torch), for instance for want of memory.
pub fn dropout_add(x: &Tensor, residual: &Tensor, p: f64) -> Result<Tensor> {
    if !is_plain(x) || !is_plain(residual) || x.size() != residual.size() {
        return Ok(residual.f_add(&x.f_dropout(p, true)?)?);
    }
    // SAFETY: both tensors outlive the call.
    unsafe { made("drop out", |out| enredo_dropout(x.as_ptr(), residual.as_ptr(), p, out)) }
}

/// dropout(max(0, x)), as above.
///
/// # Errors
/// As [`dropout_add`].
pub fn relu_dropout(x: &Tensor, p: f64) -> Result<Tensor> {
    if !is_plain(x) {
        return Ok(x.f_relu()?.f_dropout(p, true)?);
    }
    // SAFETY: the tensor outlives the call.
    unsafe { made("drop out", |out| enredo_relu_dropout(x.as_ptr(), p, out)) }
}

/// dropout(softmax(factor · scores)) over the last dimension of (…, T, T), where row t sees the columns up to t;
/// the others are 0.
///
/// # Errors
/// As [`dropout_add`].
pub fn causal_softmax_dropout(scores: &Tensor, factor: f64, p: f64) -> Result<Tensor> {
    if !is_plain(scores) {
        let future = scores.f_ones_like()?.f_triu(1)?.f_to_kind(Kind::Bool)?;
        let masked = scores.f_mul_scalar(factor)?.f_masked_fill(&future, f64::NEG_INFINITY)?;
        return Ok(masked.f_softmax(-1, scores.kind())?.f_dropout(p, true)?);
    }
    // SAFETY: the tensor outlives the call.
    unsafe { made("take a softmax", |out| enredo_causal_softmax(scores.as_ptr(), factor, p, out)) }
}

fn is_plain(x: &Tensor) -> bool {
    x.device() == Device::Cpu && x.kind() == Kind::Float
}

/// # Safety
/// `make` is a function of the shim, which writes a new tensor to its argument or returns a message.
unsafe fn made(
    task: &'static str,
    make: impl FnOnce(*mut *mut C_tensor) -> *mut std::ffi::c_char,
) -> Result<Tensor> {
    let mut tensor = ptr::null_mut();
    // SAFETY: as promised.
    unsafe {
        told(task, make(&mut tensor))?;
        Ok(Tensor::from_ptr(tensor))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn numbers(shape: &[i64]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu)).set_requires_grad(true)
    }

    fn far(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    /// The gradients of Σ w · y by `inputs`, for weights w that tell elements apart.
    fn gradients(y: &Tensor, inputs: &[&Tensor]) -> Vec<Tensor> {
        let w = Tensor::arange(y.numel() as i64, (Kind::Float, Device::Cpu)).sin().view_as(y);
        Tensor::run_backward(&[(y * w).sum(Kind::Float)], inputs, true, false)
    }

    #[test]
    fn without_dropout_they_are_the_plain_operations() {
        let (x, r) = (numbers(&[7, 33]), numbers(&[7, 33]));
        let pairs = [
            (dropout_add(&x, &r, 0.0).unwrap(), &x + &r),
            (relu_dropout(&x, 0.0).unwrap(), x.relu() + 0.0 * &r),
        ];
        for (ours, theirs) in pairs {
            assert_eq!(far(&ours, &theirs), 0.0);
            for (a, b) in gradients(&ours, &[&x]).iter().zip(gradients(&theirs, &[&x])) {
                assert_eq!(far(a, &b), 0.0);
            }
        }
        for t in [1, 2, 31, 64] {
            let scores = numbers(&[3, 2, t, t]);
            let future = Tensor::ones([t, t], (Kind::Bool, Device::Cpu)).triu(1);
            let theirs =
                (&scores * 0.3).masked_fill(&future, f64::NEG_INFINITY).softmax(-1, Kind::Float);
            let ours = causal_softmax_dropout(&scores, 0.3, 0.0).unwrap();
            assert!(far(&ours, &theirs) < 1e-6, "{t}");
            let [a, b] = [&ours, &theirs].map(|y| gradients(y, &[&scores]).remove(0));
            assert!(far(&a, &b) < 1e-6, "{t}");
        }
    }

    #[test]
    fn a_share_is_dropped_and_the_rest_makes_up_for_it() {
        let x = Tensor::ones([1000, 1000], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let zero = x.zeros_like();
        for p in [0.1, 0.5, 0.9] {
            for y in [dropout_add(&x, &zero, p).unwrap(), relu_dropout(&x, p).unwrap()] {
                let dropped = y.eq(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
                let tolerance = 5.0 * (p * (1.0 - p) / 1e6).sqrt(); // five standard errors
                assert!((dropped - p).abs() < tolerance, "{p}: {dropped}");
                let kept = y.max().double_value(&[]);
                assert!((kept - 1.0 / (1.0 - p)).abs() < 1e-6);
                // The gradient is dropped where the value was.
                let g = Tensor::run_backward(&[y.sum(Kind::Float)], &[&x], true, false).remove(0);
                assert_eq!(far(&g, &y), 0.0);
                // No row, no column and no neighbour has more of it than chance.
                let mask = y.eq(0.0).to_kind(Kind::Double) - p;
                let worst = |sums: Tensor| {
                    sums.abs().max().double_value(&[]) / (1000.0 * p * (1.0 - p)).sqrt()
                };
                let (rows, columns) = (
                    mask.sum_dim_intlist(0i64, false, None),
                    mask.sum_dim_intlist(1i64, false, None),
                );
                assert!(worst(rows) < 5.5 && worst(columns) < 5.5);
                for lag in [1, 2, 16, 1000] {
                    let flat = mask.flatten(0, 1);
                    let n = flat.size()[0] - lag;
                    let product =
                        (flat.narrow(0, 0, n) * flat.narrow(0, lag, n)).mean(Kind::Double);
                    assert!(
                        product.double_value(&[]).abs() < 5.0 * p * (1.0 - p) / 1e3,
                        "{p}, {lag}"
                    );
                }
            }
        }
    }

    #[test]
    fn attention_drops_and_its_gradient_knows_it() {
        let scores = numbers(&[4, 16, 16]);
        let y = causal_softmax_dropout(&scores, 0.5, 0.3).unwrap();
        let whole = causal_softmax_dropout(&scores, 0.5, 0.0).unwrap();
        let mask = y.ne(0.0).to_kind(Kind::Float) / 0.7;
        assert!(far(&y, &(&whole * &mask)) < 1e-6);
        let [a, b] = [y, whole * mask].map(|y| gradients(&y, &[&scores]).remove(0));
        assert!(far(&a, &b) < 1e-6);
    }

    #[test]
    fn each_call_drops_something_else() {
        let x = Tensor::ones([4096], (Kind::Float, Device::Cpu));
        let [first, second] = [(); 2].map(|()| relu_dropout(&x, 0.5).unwrap());
        assert!(far(&first, &second) > 0.0);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let x = numbers(&[2, 3]);
        for p in [-0.1, 1.0, f64::NAN] {
            assert!(relu_dropout(&x, p).unwrap_err().to_string().contains("in [0, 1)"));
        }
        assert!(causal_softmax_dropout(&x, 1.0, 0.0).unwrap_err().to_string().contains("square"));
        assert!(causal_softmax_dropout(&numbers(&[0, 0]), 1.0, 0.0).is_err());
    }

    #[test]
    fn other_types_go_the_plain_way() {
        let x = Tensor::ones([4, 4], (Kind::Double, Device::Cpu));
        assert_eq!(dropout_add(&x, &x, 0.0).unwrap().double_value(&[0, 0]), 2.0);
        assert_eq!(relu_dropout(&x, 0.0).unwrap().kind(), Kind::Double);
        let p = causal_softmax_dropout(&x, 1.0, 0.0).unwrap();
        assert_eq!(
            (p.double_value(&[0, 0]), p.double_value(&[0, 1]), p.double_value(&[1, 1])),
            (1.0, 0.0, 0.5)
        );
    }

    #[test]
    fn not_a_number_stays_one() {
        let x = Tensor::from_slice(&[f32::NAN, 1.0]);
        assert!(relu_dropout(&x, 0.0).unwrap().double_value(&[0]).is_nan());
        assert!(dropout_add(&x, &x, 0.0).unwrap().double_value(&[0]).is_nan());
    }
}
