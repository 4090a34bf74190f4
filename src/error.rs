//! What can go wrong where the layers meet.

/// A [`std::result::Result`] whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fault of one layer, or of two that do not fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tokenizer and a model with different vocabularies.
    #[error(
        "the tokenizer has {tokenizer} tokens and the model {model}; \
         use the tokenizer.json that was saved with the model"
    )]
    VocabularyMismatch {
        /// The tokenizer's number of tokens.
        tokenizer: usize,
        /// The model's.
        model: usize,
    },

    /// A model of a type that Hugging Face's library does not have.
    #[error(
        "the model's blocks are the notebook's, which transformers does not have; train one with --preset llama to export it"
    )]
    NotExportable,

    /// A file of a folder in Hugging Face's form that cannot be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What went wrong.
        reason: String,
    },

    /// A name that is no preset.
    #[error("there is no preset '{got}'; take causal, fast, llama or faithful")]
    UnknownPreset {
        /// The name.
        got: String,
    },

    /// The decoder refused a strategy or a row of logits.
    #[error(transparent)]
    Decoding(#[from] enredo_decoding::Error),

    /// The model refused a configuration, weights or tokens.
    #[error(transparent)]
    Model(#[from] enredo_model::Error),

    /// The run folder could not be read or written.
    #[error(transparent)]
    Run(#[from] enredo_run::Error),

    /// The tokenizer could not be read, or failed on a text.
    #[error(transparent)]
    Tokenization(#[from] enredo_tokenization::Error),

    /// Training failed.
    #[error(transparent)]
    Trainer(#[from] enredo_trainer::Error),
}
