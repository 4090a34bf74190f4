//! What stands between a model's scores and the draw.

use std::fmt;

use crate::{Context, Filter, Result};

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

    /// This processor as the [`Filter`] that it is, where it is one.
    fn as_filter(&self) -> Option<&dyn Filter> {
        None
    }
}
