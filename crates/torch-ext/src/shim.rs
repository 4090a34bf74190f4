//! The functions of `shim/`.

use std::ffi::{CStr, c_char, c_int, c_void};

use torch_sys::C_tensor;

use crate::{Error, Result};

unsafe extern "C" {
    fn enredo_free(message: *mut c_char);
    pub(crate) fn enredo_generator_state(cuda: c_int, out: *mut *mut C_tensor) -> *mut c_char;
    pub(crate) fn enredo_set_generator_state(cuda: c_int, state: *const C_tensor) -> *mut c_char;
    pub(crate) fn enredo_norm(
        tensors: *const *const C_tensor,
        count: usize,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_adamw(
        parameters: *const *const C_tensor,
        gradients: *const *const C_tensor,
        means: *const *const C_tensor,
        squares: *const *const C_tensor,
        steps: *const *const C_tensor,
        count: usize,
        lr: f64,
        beta1: f64,
        beta2: f64,
        decay: f64,
        eps: f64,
        divisor: *const C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_dropout(
        x: *const C_tensor,
        residual: *const C_tensor,
        p: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_relu_dropout(
        x: *const C_tensor,
        squared: c_int,
        p: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_norm_layer(
        x: *const C_tensor,
        residual: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        eps: f64,
        p: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_attention(
        qkv: *const C_tensor,
        heads: i64,
        p: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_linear(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_cross_entropy(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        targets: *const C_tensor,
        pad: i64,
        share: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_embedding(
        ids: *const C_tensor,
        tokens: *const C_tensor,
        positions: *const C_tensor,
        half: c_int,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    pub(crate) fn enredo_step_add(x: *const c_void, half: c_int, y: *mut f32, n: i64);
    pub(crate) fn enredo_step_keep(x: *const f32, y: *mut c_void, half: c_int, n: i64);
    pub(crate) fn enredo_step_linear(
        x: *const f32,
        w: *const c_void,
        b: *const c_void,
        half: c_int,
        y: *mut f32,
        n: i64,
        inputs: i64,
        outputs: i64,
    ) -> *mut c_char;
    pub(crate) fn enredo_step_norm(
        x: *mut f32,
        more: *const f32,
        w: *const c_void,
        b: *const c_void,
        half: c_int,
        eps: f32,
        y: *mut f32,
        n: i64,
        c: i64,
    );
    pub(crate) fn enredo_step_activate(x: *mut f32, up: *const f32, n: i64, act: c_int);
    pub(crate) fn enredo_step_rotate(
        x: *mut f32,
        cosines: *const f32,
        sines: *const f32,
        n: i64,
        d: i64,
    );
    pub(crate) fn enredo_step_attend(
        queries: *const Query,
        n: i64,
        half: c_int,
        room: *mut f32,
        width: i64,
        d: i64,
        factor: f32,
    ) -> *mut c_char;
}

/// One query against what was kept for its row and head, as `shim/decode.cpp` has it.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) q: *const f32,
    pub(crate) keys: *const c_void,
    pub(crate) values: *const c_void,
    pub(crate) y: *mut f32,
    pub(crate) count: i64,
}

/// What a function of the shim returned, as a result.
///
/// # Safety
/// `message` is null or comes from the shim, and is not used again.
pub(crate) unsafe fn told(task: &'static str, message: *mut c_char) -> Result<()> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: the shim made it by strdup.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: as above; nothing points at it any more.
    unsafe { enredo_free(message) };
    Err(Error::Shim { task, reason: text.lines().next().unwrap_or_default().to_owned() })
}
