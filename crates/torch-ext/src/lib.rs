//! What tch lacks of libtorch.
//!
//! [`generator_state`] and [`set_generator_state`] are the random numbers that dropout and initial
//! weights come from: saved and put back, a training goes on as if it had never stopped.
//! [`to_safetensors`] and [`from_safetensors`] are tensors of any floating-point type or bytes, with
//! notes, as the bytes of a safetensors file.
//!
//! [`embedding`], [`linear`], [`causal_attention`], [`layer_norm`], [`dropout_add_norm`], [`dropout_add`],
//! [`relu_dropout`] and [`linear_cross_entropy`] are a transformer's training step, in f32 or with activations in
//! bf16; each does in one pass what takes libtorch several. [`adamw`] and [`norm`] are one call for all parameters.
//!
//! [`decode`] is one step of generation on plain memory.
//!
//! The shim is a few C++ files. None of its functions lets an exception out: each becomes an [`Error`]. A binary
//! that links it has MKL's fast kernels on every maker's processors (`shim/mkl.cpp`).
//!
//! ```
//! use enredo_torch_ext::{generator_state, set_generator_state};
//! use tch::{Device, Kind, Tensor};
//!
//! let draw = || Tensor::rand([4], (Kind::Float, Device::Cpu));
//! let state = generator_state(Device::Cpu)?;
//! let first = draw();
//! set_generator_state(Device::Cpu, &state)?;
//! assert_eq!(first, draw());
//! # Ok::<(), enredo_torch_ext::Error>(())
//! ```

pub mod decode;
mod error;
mod fused;
mod generator;
mod optimizer;
mod safetensors;
#[cfg(test)]
mod sets;
mod shim;

pub use error::{Error, Result};
pub use fused::{
    Norm, causal_attention, dropout_add, dropout_add_norm, embedding, layer_norm, linear,
    linear_cross_entropy, relu_dropout,
};
pub use generator::{generator_state, set_generator_state};
pub use optimizer::{AdamW, Moments, adamw, norm};
pub use safetensors::{Tensors, from_safetensors, to_safetensors};
