//! What can go wrong between a configuration, its weights and the logits.

use std::{fmt, path::PathBuf};

/// A [`std::result::Result`] whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything this crate refuses, with what was refused and what would do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration no model can be built from.
    #[error("model configuration: {field} is {got}; it must be {want}")]
    Config {
        /// The field, by its name in `config.json`.
        field: &'static str,
        /// Its value.
        got: String,
        /// What would do.
        want: String,
    },

    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A file that is not in safetensors format, or is damaged.
    #[error("{}: not a whole safetensors file ({reason}); save the weights again or take another checkpoint", path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        reason: String,
    },

    /// Weights of another model.
    #[error("{}: the weights do not fit the model{}; use the config.json they were saved with",
            path.display(), mismatch(missing, extra, misshapen))]
    WeightsMismatch {
        /// The file.
        path: PathBuf,
        /// Tensors the model has and the file lacks.
        missing: Vec<String>,
        /// Tensors the file has and the model lacks.
        extra: Vec<String>,
        /// Tensors of another shape or of a type that is not a float.
        misshapen: Vec<Misshapen>,
    },

    /// A configuration file that cannot be read as one.
    #[error("{}: {reason}", path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A folder without weights in a form that is read.
    #[error("{}: no weights here; they are read from model.safetensors, or from the files that model.safetensors.index.json names (a pytorch_model.bin is to be converted in Python)", path.display())]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },

    /// An index of weights that cannot be followed.
    #[error("{}: {reason}", path.display())]
    WeightsIndex {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Files too small for the model that a configuration describes.
    #[error("{}: the files of weights hold {got} bytes, and the model of config.json has {parameters} parameters; one of the two is another model's, or a file is missing", path.display())]
    TooFewWeights {
        /// The folder.
        path: PathBuf,
        /// The files' bytes.
        got: u64,
        /// The model's parameters.
        parameters: u128,
    },

    /// Logits that are no distribution.
    #[error("the model's logits: {source}")]
    Logits {
        /// What is wrong with them.
        #[from]
        source: enredo_decoding::Error,
    },

    /// What lies under tch failed.
    #[error(transparent)]
    TorchExt(#[from] enredo_torch_ext::Error),

    /// A type that no training step computes in.
    #[error("'{got}' is no type to train in; use float32 or bfloat16")]
    UnknownDtype {
        /// The name given.
        got: String,
    },

    /// A device that is not there.
    #[error("device '{got}': {reason}; use auto, cpu, cuda or cuda:N")]
    Device {
        /// The name given.
        got: String,
        /// Why it cannot be used.
        reason: String,
    },

    /// A token id beyond the vocabulary.
    #[error(
        "token {token} is outside the model's vocabulary of {vocab_size}; does the tokenizer belong to this model?"
    )]
    TokenOutOfRange {
        /// The offending id.
        token: u32,
        /// V.
        vocab_size: usize,
    },

    /// A sequence that is empty, or longer than the model has positions for.
    #[error("a sequence of {got} tokens; the model takes 1 to {max}")]
    SequenceLength {
        /// Its length.
        got: usize,
        /// `max_position_embeddings`.
        max: usize,
    },

    /// A place for the causality probe with no token before it, or none at it.
    #[error("a change at position {changed_at} of {width} tokens cannot be probed; take 1 to {}", width.saturating_sub(1))]
    ProbePosition {
        /// The position asked for.
        changed_at: usize,
        /// The number of tokens in a row.
        width: usize,
    },

    /// A buffer for logits that does not hold whole rows.
    #[error(
        "a buffer of {got} logits for {tokens} tokens; it must hold 0 to {tokens} rows of {vocab_size}"
    )]
    LogitsBuffer {
        /// The buffer's length.
        got: usize,
        /// How many tokens were fed.
        tokens: usize,
        /// V.
        vocab_size: usize,
    },

    /// A call for a batch that does not fit its rows.
    #[error(transparent)]
    Batch {
        /// What does not fit.
        source: enredo_decoding::Error,
    },

    /// libtorch itself failed, for instance for want of memory.
    #[error("libtorch: {}", summary(.0))]
    Torch(#[from] tch::TchError),
}

/// A tensor whose shape or type is not the model's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    /// Its name.
    pub name: String,
    /// What the file has, for instance `F32 [128, 64]`.
    pub got: String,
    /// The model's shape.
    pub expected: Vec<i64>,
}

impl fmt::Display for Misshapen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, not {:?}", self.name, self.got, self.expected)
    }
}

/// What libtorch said, without its stack trace.
fn summary(error: &tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn mismatch(missing: &[String], extra: &[String], misshapen: &[Misshapen]) -> String {
    let misshapen: Vec<String> = misshapen.iter().map(ToString::to_string).collect();
    [("missing", missing), ("not the model's", extra), ("misshapen", &misshapen)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("; {what}: {}", names.join(", ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtorchs_stack_trace_is_left_out() {
        let error = tch::TchError::Torch("can't allocate memory\nframe #0: main".to_owned());
        let message = Error::from(error).to_string();
        assert!(
            message.contains("can't allocate memory") && !message.contains("frame"),
            "{message}"
        );
    }
}
