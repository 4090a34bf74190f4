//! The operations of a training step in one pass over memory each, with their gradients.
//!
//! On the CPU, in f32 and bf16, they are the shim's; elsewhere the same is put together of libtorch's own. Weights
//! are f32 always, activations of either type, and what an operation adds up it adds up in f32. Which elements are dropped
//! follows from the state of libtorch's generator, but is not what its own dropout drops. There are no second
//! derivatives on the CPU.

use std::ptr;

use tch::{Device, Kind, Reduction, Tensor};
use torch_sys::C_tensor;

use crate::{
    Result,
    shim::{
        enredo_attention, enredo_cross_entropy, enredo_dropout, enredo_embedding, enredo_linear,
        enredo_norm_layer, enredo_relu_dropout, told,
    },
};

/// The weights of a layer norm (Ba et al., arXiv 1607.06450), f32.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'t> {
    /// (C)
    pub weight: &'t Tensor,
    /// (C)
    pub bias: &'t Tensor,
    /// Added to the variance.
    pub eps: f64,
}

/// residual + dropout(x), of the same shape: each element is 0 with probability `p`, the others are divided by
/// 1 − p (Srivastava et al., 2014).
///
/// # Errors
/// [`Error::Shim`](crate::Error::Shim) or [`Error::Torch`](crate::Error::Torch), for instance for want of memory.
pub fn dropout_add(x: &Tensor, residual: &Tensor, p: f64) -> Result<Tensor> {
    if !is_fused(x) || !is_fused(residual) {
        return Ok(residual.f_add(&x.f_dropout(p, true)?)?);
    }
    // SAFETY: both tensors outlive the call.
    unsafe { made("drop out", |out| enredo_dropout(x.as_ptr(), residual.as_ptr(), p, out)) }
}

/// dropout(max(0, x)), as above; `squared`: dropout(max(0, x)²) (So et al., arXiv 2109.08668).
///
/// # Errors
/// As [`dropout_add`].
pub fn relu_dropout(x: &Tensor, squared: bool, p: f64) -> Result<Tensor> {
    if !is_fused(x) {
        let positive = x.f_relu()?;
        let active = if squared { positive.f_square()? } else { positive };
        return Ok(active.f_dropout(p, true)?);
    }
    // SAFETY: the tensor outlives the call.
    unsafe { made("drop out", |out| enredo_relu_dropout(x.as_ptr(), squared.into(), p, out)) }
}

/// (x − mean) / √(variance + ε) · w + b over the last dimension, C: (…, C) → (…, C).
///
/// # Errors
/// As [`dropout_add`].
pub fn layer_norm(x: &Tensor, norm: Norm<'_>) -> Result<Tensor> {
    normed(x, None, 0.0, norm)
}

/// [`layer_norm`] of residual + dropout(x).
///
/// # Errors
/// As [`dropout_add`].
pub fn dropout_add_norm(x: &Tensor, residual: &Tensor, p: f64, norm: Norm<'_>) -> Result<Tensor> {
    normed(x, Some(residual), p, norm)
}

fn normed(x: &Tensor, residual: Option<&Tensor>, p: f64, norm: Norm<'_>) -> Result<Tensor> {
    let Norm { weight, bias, eps } = norm;
    if !is_fused(x) {
        let sum = residual.map(|residual| dropout_add(x, residual, p)).transpose()?;
        let x = sum.as_ref().unwrap_or(x).f_to_kind(weight.kind())?;
        let y = x.f_layer_norm(weight.size(), Some(weight), Some(bias), eps, false)?;
        return Ok(y.f_to_kind(x.kind())?);
    }
    let residual = residual.map_or(ptr::null(), Tensor::as_ptr);
    let (x, weight, bias) = (x.as_ptr(), weight.as_ptr(), bias.as_ptr());
    // SAFETY: the tensors outlive the call.
    unsafe { made("normalise", |out| enredo_norm_layer(x, residual, weight, bias, eps, p, out)) }
}

/// dropout(softmax(Q Kᵀ / √D)) V for `heads` heads at once, where position t sees those up to t (Vaswani et al.,
/// 2017, §3.2): `qkv`, the three projections side by side (B, T, 3C) → (B, T, C).
///
/// # Errors
/// As [`dropout_add`].
///
/// # Performance
/// No (T, T) matrix is kept, neither for the way back: memory is linear in T. On CUDA libtorch chooses a kernel,
/// whose gradients may differ in their last bits from one call to the next.
pub fn causal_attention(qkv: &Tensor, heads: i64, p: f64) -> Result<Tensor> {
    if !is_fused(qkv) {
        let (b, t, c) = qkv.size3()?;
        let split = qkv.f_reshape([b, t, 3, heads, c / 3 / heads])?.f_permute([2, 0, 3, 1, 4])?; // (3, B, H, T, D)
        let [q, k, v] = [0, 1, 2].map(|i| split.f_select(0, i));
        let (mask, scale) = (None::<Tensor>, None);
        let y = Tensor::f_scaled_dot_product_attention(&q?, &k?, &v?, mask, p, true, scale, false)?;
        return Ok(y.f_transpose(1, 2)?.f_flatten(2, 3)?);
    }
    // SAFETY: the tensor outlives the call.
    unsafe { made("attend", |out| enredo_attention(qkv.as_ptr(), heads, p, out)) }
}

/// x Wᵀ + b in the type of x: (…, in) → (…, out), by `weight` (out, in) and `bias` (out) in f32.
///
/// # Errors
/// As [`dropout_add`].
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if !is_fused(x) {
        let (weight, bias) = (weight.f_to_kind(x.kind())?, bias.f_to_kind(x.kind())?);
        return Ok(x.f_linear(&weight, Some(&bias))?);
    }
    let (weight, bias) = (weight.as_ptr(), bias.as_ptr());
    // SAFETY: the tensors outlive the call.
    unsafe { made("multiply", |out| enredo_linear(x.as_ptr(), weight, bias, out)) }
}

/// `share` times the sum over all rows of the cross-entropy, in nats, between softmax(x Wᵀ + b) and `targets`; rows
/// whose target is `pad` are left out. A scalar in f32, of `x` (…, C), `weight` (V, C), `bias` (V) and 64-bit
/// `targets`, one a row.
///
/// # Errors
/// As [`dropout_add`].
///
/// # Performance
/// The gradients are made at once, where they are wanted, 2,048 rows at a time, so that never more than 2,048 · V
/// logits are there.
pub fn linear_cross_entropy(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    targets: &Tensor,
    pad: i64,
    share: f64,
) -> Result<Tensor> {
    if !is_fused(x) {
        let logits = linear(x, weight, bias)?.f_reshape([-1, bias.size()[0]])?;
        let logits = logits.f_to_kind(Kind::Float)?;
        let targets = targets.f_reshape([-1])?;
        let none = None::<Tensor>;
        let sum = logits.f_cross_entropy_loss(&targets, none, Reduction::Sum, pad, 0.0)?;
        return Ok(sum.f_mul_scalar(share)?);
    }
    let (x, targets) = (x.as_ptr(), targets.as_ptr());
    let (weight, bias) = (weight.as_ptr(), bias.as_ptr());
    // SAFETY: the tensors outlive the call.
    unsafe {
        made("take the cross-entropy", |out| {
            enredo_cross_entropy(x, weight, bias, targets, pad, share, out)
        })
    }
}

/// token\[id\] + position\[t\] in `kind`, f32 or bf16: `ids` (B, T) of 64 bits, `tokens` (V, C) and `positions` (at
/// least T, C) in f32 → (B, T, C).
///
/// # Errors
/// As [`dropout_add`].
pub fn embedding(ids: &Tensor, tokens: &Tensor, positions: &Tensor, kind: Kind) -> Result<Tensor> {
    if !is_fused(tokens) {
        let sum = Tensor::f_embedding(tokens, ids, -1, false, false)?;
        return Ok(sum.f_add(&positions.f_narrow(0, 0, ids.size()[1])?)?.f_to_kind(kind)?);
    }
    let (ids, tokens, positions) = (ids.as_ptr(), tokens.as_ptr(), positions.as_ptr());
    let half = (kind == Kind::BFloat16).into();
    // SAFETY: the tensors outlive the call.
    unsafe { made("embed", |out| enredo_embedding(ids, tokens, positions, half, out)) }
}

fn is_fused(x: &Tensor) -> bool {
    x.device() == Device::Cpu && matches!(x.kind(), Kind::Float | Kind::BFloat16)
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
#[path = "fused/tests.rs"]
mod tests;
