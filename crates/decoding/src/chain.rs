//! Processors in a row, and how neighbouring filters among them become one.

use std::sync::Arc;

use crate::{Candidates, Context, Processor, Result, Scratch, candidates::edit, check_row};

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
#[derive(Clone, Debug, Default)]
pub struct Chain(Vec<Link>);

impl Chain {
    /// A chain without links, which leaves every row as it is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a link.
    #[must_use]
    pub fn with(mut self, processor: impl Processor + 'static) -> Self {
        self.0.push(Arc::new(processor));
        self
    }

    /// The links, in the order in which they run.
    pub fn links(&self) -> impl Iterator<Item = &dyn Processor> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Runs the chain on a copy of `logits`, made in `row` only if a link is not a filter, and hands what
    /// is left to `choose`.
    pub(crate) fn narrow<T>(
        &self,
        context: &Context<'_>,
        logits: &[f32],
        row: &mut Vec<f32>,
        scratch: &mut Scratch,
        choose: impl FnOnce(&mut Candidates<'_>) -> T,
    ) -> Result<T> {
        let filters = self.filters_from();
        if filters == 0 {
            return narrow(&self.0, context, logits, scratch, choose);
        }
        check_row(logits)?;
        row.clear();
        row.extend_from_slice(logits);
        process(&self.0[..filters], context, row, scratch)?;
        narrow(&self.0[filters..], context, row, scratch, choose)
    }

    /// As [`narrow`](Self::narrow), on `logits` itself.
    pub(crate) fn narrow_in_place<T>(
        &self,
        context: &Context<'_>,
        logits: &mut [f32],
        scratch: &mut Scratch,
        choose: impl FnOnce(&mut Candidates<'_>) -> T,
    ) -> Result<T> {
        let filters = self.filters_from();
        if filters > 0 {
            check_row(logits)?;
            process(&self.0[..filters], context, logits, scratch)?;
        }
        narrow(&self.0[filters..], context, logits, scratch, choose)
    }

    /// Where the filters begin that end the chain.
    fn filters_from(&self) -> usize {
        self.0.iter().rposition(|link| link.as_filter().is_none()).map_or(0, |last| last + 1)
    }
}

impl Processor for Chain {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        process(&self.0, context, logits, &mut Scratch::default())
    }

    fn name(&self) -> &str {
        "chain"
    }
}

/// Shared between clones: a processor has no state.
type Link = Arc<dyn Processor>;

/// Links that are all filters, on a row that they only read.
fn narrow<T>(
    filters: &[Link],
    context: &Context<'_>,
    row: &[f32],
    scratch: &mut Scratch,
    choose: impl FnOnce(&mut Candidates<'_>) -> T,
) -> Result<T> {
    let mut candidates = Candidates::new(row, scratch)?;
    narrow_all(filters, context, &mut candidates)?;
    Ok(choose(&mut candidates))
}

/// Any links, on a row that they edit; neighbouring filters run as one.
fn process(
    links: &[Link],
    context: &Context<'_>,
    row: &mut [f32],
    scratch: &mut Scratch,
) -> Result<()> {
    let both_filter = |a: &Link, b: &Link| a.as_filter().is_some() && b.as_filter().is_some();
    links.chunk_by(both_filter).try_for_each(|group| match group {
        [link] if link.as_filter().is_none() => link.process(context, row),
        filters => edit(row, scratch, |candidates| narrow_all(filters, context, candidates)),
    })
}

fn narrow_all(
    filters: &[Link],
    context: &Context<'_>,
    candidates: &mut Candidates<'_>,
) -> Result<()> {
    let mut filters = filters.iter().filter_map(|link| link.as_filter());
    filters.try_for_each(|filter| filter.narrow(context, candidates))
}
