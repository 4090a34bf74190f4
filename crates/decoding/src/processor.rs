//! What stands between a model's scores and the draw: one trait, and the chain of its links.

use std::fmt;

use crate::{Context, Result};

/// Edits the scores of the next token, given the tokens before it.
///
/// A token is cut by setting its score to −∞. The row that the first processor of a chain gets is valid
/// (no NaN, no +∞, at least one score that is not −∞). A row in which everything has been cut is passed
/// on as it is; the [`Sampler`](crate::Sampler) refuses it after the chain.
pub trait Processor: fmt::Debug + Send + Sync {
    /// Edits `logits` (length V) in place; `context` holds the prompt and the tokens drawn so far.
    ///
    /// # Errors
    /// Where the processor cannot leave a token to choose.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()>;

    /// What a trace calls this processor: the last segment of its type's name, unless it says otherwise.
    fn name(&self) -> &str {
        let name = std::any::type_name::<Self>();
        name.rsplit("::").next().unwrap_or(name)
    }
}

/// Processors in a user's order; itself a processor.
///
/// ```
/// use enredo_decoding::{Chain, Context, Processor, Temperature, TopK};
///
/// let chain = Chain::new().with(Temperature::new(0.5)?).with(TopK::new(2)?);
/// let mut row = [1.0, 3.0, 2.0];
/// chain.process(&Context::new(&[]), &mut row)?;
/// assert_eq!(row, [f32::NEG_INFINITY, 6.0, 4.0]);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Chain(Vec<Box<dyn Processor>>);

impl Chain {
    /// A chain without links, which leaves every row as it is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a link.
    #[must_use]
    pub fn with(mut self, processor: impl Processor + 'static) -> Self {
        self.0.push(Box::new(processor));
        self
    }

    /// The links, in the order in which they run.
    pub fn links(&self) -> impl Iterator<Item = &dyn Processor> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl Processor for Chain {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        self.links().try_for_each(|link| link.process(context, logits))
    }
}
