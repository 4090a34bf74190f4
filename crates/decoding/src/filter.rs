//! Processors that only narrow: the part of a chain that runs without a copy of the row.

use std::fmt;

use crate::{Candidates, Context, Processor, Result, candidates::edit};

/// A processor that keeps an interval of the total order (score descending, then id ascending), or
/// changes the temperature.
///
/// Every filter is a [`Processor`]. Beyond that, neighbouring filters of a chain are run on one
/// [`Candidates`], so that a [`Sampler`](crate::Sampler) reads the row once or twice and writes nothing.
/// That is also more exact: a temperature scales in f64 instead of rounding each score.
pub trait Filter: fmt::Debug + Send + Sync {
    /// Narrows the candidates; at least one always stays.
    ///
    /// # Errors
    /// Where the filter cannot judge the row.
    fn narrow(&self, context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()>;

    /// What a trace calls this filter.
    fn label(&self) -> &str;
}

impl<F: Filter> Processor for F {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        edit(logits, &mut crate::Scratch::default(), |candidates| self.narrow(context, candidates))
    }

    fn name(&self) -> &str {
        self.label()
    }

    fn as_filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }
}
