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

    /// Another number of rows than the batch has.
    #[error("{got} rows are wanted, but the batch has {rows}; gather the rows first")]
    BatchRows {
        /// How many rows the call is for.
        got: usize,
        /// How many the batch has.
        rows: usize,
    },

    /// A buffer for scores that does not fit the batch.
    #[error(
        "the buffer for scores holds {got} numbers; a batch of {rows} rows over {vocab_size} tokens \
         fills {} for each score a row asks for, and the shortest row is fed {fewest} tokens",
        rows * vocab_size
    )]
    BatchScores {
        /// The length of the buffer.
        got: usize,
        /// B.
        rows: usize,
        /// V.
        vocab_size: usize,
        /// The fewest tokens that a row is fed.
        fewest: usize,
    },

    /// A buffer of logits that is not a whole number of scores for each row.
    #[error("{got} logits do not divide into {rows} rows; pass V scores for each row")]
    BatchLogits {
        /// The length of the buffer.
        got: usize,
        /// B.
        rows: usize,
    },

    /// A row that the batch does not have.
    #[error("row {row} is not in the batch of {rows}; rows run from 0 to {}", rows.saturating_sub(1))]
    RowOutOfRange {
        /// The offending row.
        row: usize,
        /// How many rows there are.
        rows: usize,
    },

    /// A model that has been fed more than the sequence it is to go on with.
    #[error(
        "the model has been fed {position} tokens, but the sequence to continue has {tokens}; \
         pass the whole sequence, or truncate the model to where the two agree"
    )]
    ModelAhead {
        /// The model's position.
        position: usize,
        /// The length of the sequence.
        tokens: usize,
    },

    /// A draft model of another vocabulary.
    #[error(
        "the draft model has {draft} tokens and the target {target}; \
         a draft must share the target's vocabulary"
    )]
    DraftVocabulary {
        /// The draft's vocabulary size.
        draft: usize,
        /// The target's.
        target: usize,
    },

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

    /// Wraps an error of a [`crate::CausalLm`] or a [`crate::BatchLm`]; one of this crate stays as it is.
    pub fn model(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let source: Box<dyn std::error::Error + Send + Sync> = Box::new(source);
        source.downcast().map_or_else(Self::Model, |own| *own)
    }

    /// Wraps an error of a [`crate::MaskProvider`]: an error, a boxed one, or a message.
    pub fn mask(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Mask(source.into())
    }
}
