//! What can go wrong between documents and a trained model.

/// A [`std::result::Result`] whose error is this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything this crate refuses, with what was refused and what would do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting out of its range.
    #[error("training setting {setting} is {got}; it must be {want}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// Its value.
        got: f64,
        /// What would do.
        want: &'static str,
    },

    /// Fewer documents than a batch draws without replacement.
    #[error(
        "{documents} training documents for batches of {batch_size}; \
         take a smaller batch size or more data"
    )]
    TooFewDocuments {
        /// How many there are.
        documents: usize,
        /// How many a batch needs.
        batch_size: usize,
    },

    /// No document had a token to predict.
    #[error("no token to predict in {documents} documents; each needs at least two tokens")]
    NoTargets {
        /// How many documents there were.
        documents: usize,
    },

    /// Losses or gradients that are not finite, too many in a row. None of these steps was applied.
    #[error(
        "step {step}: the {quantity} is {value}, as something was in each of the last {in_a_row} steps; \
         none of them changed the weights. Look at the last rows of metrics.jsonl, then lower the \
         learning rate, or check the data"
    )]
    NotFinite {
        /// The step, from 1.
        step: u64,
        /// So many steps were not applied one after another.
        in_a_row: u64,
        /// `loss` or `gradient norm`.
        quantity: &'static str,
        /// NaN or an infinity.
        value: f64,
    },

    /// A state that another training left, or that is damaged.
    #[error("the training cannot go on from this state: {fault}; take that of the same model")]
    State {
        /// What does not fit.
        fault: String,
    },

    /// The model refused a batch, or libtorch failed, for instance for want of memory.
    #[error(transparent)]
    Model(#[from] enredo_model::Error),
}

impl From<enredo_torch_ext::Error> for Error {
    fn from(error: enredo_torch_ext::Error) -> Self {
        Self::Model(error.into())
    }
}

impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        Self::Model(error.into())
    }
}

/// Refuses a setting that does not hold.
pub(crate) fn check(
    holds: bool,
    setting: &'static str,
    got: f64,
    want: &'static str,
) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Setting { setting, got, want }) }
}
