//! What libtorch refuses.

/// A [`std::result::Result`] whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fault in libtorch, or in what it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The C++ side threw.
    #[error("libtorch could not {task}: {reason}")]
    Shim {
        /// What was asked of it.
        task: &'static str,
        /// What it said, its first line.
        reason: String,
    },

    /// There is no such generator.
    #[error("libtorch has no generator for {device}; take the CPU or a CUDA device")]
    NoGenerator {
        /// The device that was asked for.
        device: String,
    },

    /// The bytes are no safetensors file, or hold a type that is neither floating-point nor bytes.
    #[error("not tensors in the safetensors format: {reason}; take the file from a copy")]
    NotSafetensors {
        /// What was found.
        reason: String,
    },

    /// A tensor whose memory cannot be read as it is.
    #[error(
        "a tensor {got}; take a contiguous matrix or vector in f32 on the CPU, of its layer's size"
    )]
    Layout {
        /// Its type, shape and device.
        got: String,
    },

    /// Another fault of libtorch's, for instance for want of memory.
    #[error("libtorch: {}", .0.to_string().lines().next().unwrap_or_default())]
    Torch(#[from] tch::TchError),
}
