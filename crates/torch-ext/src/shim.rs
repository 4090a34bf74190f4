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
    pub(crate) fn enredo_parallel(
        n: i64,
        work: unsafe extern "C" fn(*mut c_void, i64),
        context: *mut c_void,
    ) -> *mut c_char;
    pub(crate) fn enredo_step_panel(half: c_int) -> i64;
    pub(crate) fn enredo_step_pack(
        w: *const f32,
        to: *mut c_void,
        half: c_int,
        inputs: i64,
        begin: i64,
        end: i64,
    ) -> *mut c_char;
    pub(crate) fn enredo_step_linear(
        x: *const f32,
        w: *const c_void,
        b: *const f32,
        half: c_int,
        y: *mut f32,
        n: i64,
        inputs: i64,
        outputs: i64,
    ) -> *mut c_char;
    pub(crate) fn enredo_step_norm(
        x: *mut f32,
        more: *const f32,
        w: *const f32,
        b: *const f32,
        eps: f32,
        y: *mut f32,
        n: i64,
        c: i64,
    );
    pub(crate) fn enredo_step_activate(
        x: *const f32,
        up: *const f32,
        y: *mut f32,
        n: i64,
        act: c_int,
    );
    pub(crate) fn enredo_step_rotate(
        x: *mut f32,
        cosines: *const f32,
        sines: *const f32,
        n: i64,
        d: i64,
    );
    pub(crate) fn enredo_step_attend(
        qkv: *const f32,
        stride: i64,
        heads: i64,
        shared: i64,
        d: i64,
        sequences: *const Sequence,
        count: i64,
        seen: *const Seen,
        half: c_int,
        y: *mut f32,
        room: *mut f32,
        width: i64,
    ) -> *mut c_char;
}

/// New tokens of one sequence and where they are kept, as `shim/decode.cpp` has it.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) keys: *mut c_void,
    pub(crate) values: *mut c_void,
    pub(crate) stride: i64,
    pub(crate) begin: i64,
    pub(crate) end: i64,
}

/// The places that a token attends to, as `shim/decode.cpp` has it.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) begin: i64,
    pub(crate) end: i64,
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
