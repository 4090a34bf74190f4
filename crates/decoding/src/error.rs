//! What can go wrong between a row of logits and a token.

/// A [`std::result::Result`] whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything this crate refuses, with what was refused and what would do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row of length 0.
    #[error("the row of logits is empty; a row needs one score per token of the vocabulary")]
    EmptyRow,

    /// A score that is not a number.
    #[error(
        "the logit of token {token} is NaN; the model's weights or inputs are damaged, \
         so look at the training loss and the checkpoint"
    )]
    NanLogit {
        /// The first token with such a score.
        token: u32,
    },

    /// A score of +∞, which would take all the mass.
    #[error(
        "the logit of token {token} is +inf; scores must be finite or -inf (masked), \
         so look for an overflow in the model or in a processor"
    )]
    InfiniteLogit {
        /// The first token with such a score.
        token: u32,
    },

    /// Nothing is left to choose from.
    #[error(
        "all {vocab_size} tokens are masked (-inf), so there is none to choose; \
         allow more tokens or loosen the filters"
    )]
    AllMasked {
        /// The length of the row.
        vocab_size: usize,
    },

    /// A prompt without tokens.
    #[error("the prompt has no tokens; give at least one, for instance the begin-of-text token")]
    EmptyPrompt,

    /// A token id beyond the vocabulary.
    #[error("token {token} is outside the vocabulary of {vocab_size}; ids run from 0 to {}", vocab_size.saturating_sub(1))]
    TokenOutOfRange {
        /// The offending id.
        token: u32,
        /// The model's vocabulary size.
        vocab_size: usize,
    },

    /// A temperature that is negative or not finite.
    #[error("temperature is {got}; it must be a finite number of at least 0 (0 means greedy)")]
    Temperature {
        /// The value given.
        got: f32,
    },

    /// `k = 0`.
    #[error("top-k is 0; keep at least 1 token, or leave top-k out to switch it off")]
    TopK,

    /// A nucleus outside (0, 1].
    #[error("top-p is {got}; it must lie in (0, 1], and 1 switches it off")]
    TopP {
        /// The value given.
        got: f32,
    },

    /// Any other parameter out of its range.
    #[error("{name} is {got}; {range}")]
    Parameter {
        /// The parameter, by its name in a configuration.
        name: &'static str,
        /// The value given.
        got: f32,
        /// What it must be.
        range: &'static str,
    },

    /// An n-gram size of 0.
    #[error(
        "the n-gram size is 0; forbid repeats of at least 1 token, \
         or leave no-repeat n-gram out to switch it off"
    )]
    NgramSize,

    /// A bias that is NaN or +∞.
    #[error("the bias of token {token} is {got}; it must be finite, or -inf to ban the token")]
    Bias {
        /// The token whose score it would change.
        token: u32,
        /// The value given.
        got: f32,
    },

    /// A list without tokens where at least one is needed.
    #[error("the list of {list} is empty; name at least one token, or leave the list out")]
    NoTokens {
        /// What the list is for.
        list: &'static str,
    },

    /// A sequence without tokens, which would match everywhere.
    #[error(
        "number {index} (from 0) of the {list} has no tokens; give it at least one, or remove it"
    )]
    EmptySequence {
        /// What the sequences are for.
        list: &'static str,
        /// Which of them.
        index: usize,
    },

    /// Two rows or models that do not score the same tokens.
    #[error(
        "the conditional model scores {conditional} tokens and the unconditional one {unconditional}; \
         guidance needs two models of one vocabulary"
    )]
    GuidanceVocabulary {
        /// V of the conditional model.
        conditional: usize,
        /// V of the unconditional model.
        unconditional: usize,
    },

    /// A grammar or another provider of masks failed.
    #[error("the mask provider could not say which tokens may come next")]
    Mask(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The model itself failed.
    #[error("the model could not score the next token")]
    Model(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Refuses a parameter unless it is valid.
    pub(crate) fn unless(
        valid: bool,
        name: &'static str,
        got: f32,
        range: &'static str,
    ) -> Result<()> {
        if valid { Ok(()) } else { Err(Self::Parameter { name, got, range }) }
    }

    /// Wraps an error of a [`crate::CausalLm`].
    pub fn model(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Model(Box::new(source))
    }

    /// Wraps an error of a [`crate::MaskProvider`]: an error, a boxed one, or a message.
    pub fn mask(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Mask(source.into())
    }
}
