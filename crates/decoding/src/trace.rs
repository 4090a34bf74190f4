//! What a chain does to a row, token by token: to be shown, or to find out why a token never comes.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::{
    Candidates, Chain, Context, Processor, Result, Scratch, candidates::edit, check_row,
    row::compare, softmax,
};

/// A row of logits before and after a chain; made by [`Sampler::trace`](crate::Sampler::trace).
///
/// ```
/// use enredo_decoding::{Chain, Sampler, Temperature, TopK};
///
/// let chain = Chain::new().with(Temperature::new(0.5)?).with(TopK::new(2)?);
/// let trace = Sampler::greedy(chain).trace(&[], &[1.0, 3.0, 2.0])?;
/// assert_eq!((trace.picked, trace.kept()), (1, 2));
/// let last = &trace.tokens[2];
/// assert_eq!((last.id, last.p_final, last.cut_by.as_deref()), (0, 0.0, Some("top_k")));
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// The token that [`Sampler::sample`](crate::Sampler::sample) picks.
    pub picked: u32,
    /// Every token of the row (V of them), the best of the raw row first: the place is the rank.
    pub tokens: Vec<TracedToken>,
}

/// One token of a [`Trace`].
///
/// In JSON its fields have the names they have here, and a logit of −∞ is `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedToken {
    /// Its place in the row.
    pub id: u32,
    /// Its place in the total order of the raw row (score descending, then id ascending), from 0. Masked
    /// tokens (−∞) come last.
    pub rank: u32,
    /// Its score, as the model gave it.
    pub logit: f32,
    /// Its probability under the model: the softmax of the raw row.
    pub p_raw: f64,
    /// Its probability in a draw from what the chain left; 0 if it was cut. A greedy choice has it too.
    pub p_final: f64,
    /// Whether the chain left it. One that is kept can be so improbable that `p_final` is 0.
    pub kept: bool,
    /// The [`name`](Processor::name) of the link that cut it; `None` if kept. `"model"` if it was masked
    /// (−∞) from the start. A link that gives a cut token a score again takes the cut back.
    #[serde(serialize_with = "as_text")]
    pub cut_by: Option<Arc<str>>,
}

impl Trace {
    /// How many tokens the chain left.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.tokens.iter().filter(|token| token.kept).count()
    }

    /// The probability that the model gave to the tokens left.
    #[must_use]
    pub fn kept_mass(&self) -> f64 {
        self.tokens.iter().filter(|token| token.kept).map(|token| token.p_raw).sum()
    }

    /// The entropy of the model's distribution, in nats.
    #[must_use]
    pub fn entropy_raw(&self) -> f64 {
        entropy(self.tokens.iter().map(|token| token.p_raw))
    }

    /// The entropy of what a draw follows, in nats.
    #[must_use]
    pub fn entropy_final(&self) -> f64 {
        entropy(self.tokens.iter().map(|token| token.p_final))
    }

    /// Runs `chain` on `logits`, looking at what is left after each link.
    pub(crate) fn new(
        chain: &Chain,
        context: &Context<'_>,
        logits: &[f32],
        scratch: &mut Scratch,
        picked: u32,
    ) -> Result<Self> {
        check_row(logits)?;
        let (p_final, cut_by) = run(chain, context, logits, scratch)?;
        let p_raw = softmax(logits)?;
        let token = |(rank, id): (u32, u32)| {
            let i = id as usize;
            let (cut_by, kept) = (cut_by[i].clone(), cut_by[i].is_none());
            let (logit, p_raw, p_final) = (logits[i], p_raw[i], p_final[i]);
            TracedToken { id, rank, logit, p_raw, p_final, kept, cut_by }
        };
        Ok(Self { picked, tokens: (0..).zip(ranked(logits)).map(token).collect() })
    }
}

/// Who cut a token.
type Cut = Option<Arc<str>>;

/// Runs the links as a [`Chain`] does: neighbouring filters on one [`Candidates`], the last of them on a
/// row that nobody has rounded. Returns the probabilities and the cuts.
fn run(
    chain: &Chain,
    context: &Context<'_>,
    logits: &[f32],
    scratch: &mut Scratch,
) -> Result<(Vec<f64>, Vec<Cut>)> {
    let links: Vec<&dyn Processor> = chain.links().collect();
    let is_filter = |link: &&dyn Processor| link.as_filter().is_some();
    let ending = links.iter().rposition(|link| !is_filter(link)).map_or(0, |last| last + 1);
    let mut row = logits.to_vec();
    let mut cuts = vec![None; row.len()];
    note(&mut cuts, "model", &row, |_, score| score > f32::NEG_INFINITY);
    for group in links[..ending].chunk_by(|a, b| is_filter(a) && is_filter(b)) {
        match group {
            [link] if !is_filter(link) => {
                link.process(context, &mut row)?;
                note(&mut cuts, link.name(), &row, |_, score| score != f32::NEG_INFINITY);
            }
            filters => edit(&mut row, scratch, |left| narrow(filters, context, left, &mut cuts))?,
        }
    }
    let mut candidates = Candidates::new(&row, scratch)?;
    narrow(&links[ending..], context, &mut candidates, &mut cuts)?;
    Ok((candidates.probabilities(), cuts))
}

fn narrow(
    filters: &[&dyn Processor],
    context: &Context<'_>,
    candidates: &mut Candidates<'_>,
    cuts: &mut [Cut],
) -> Result<()> {
    for filter in filters.iter().filter_map(|link| link.as_filter()) {
        filter.narrow(context, candidates)?;
        let left = candidates.left();
        note(cuts, filter.label(), candidates.row(), |id, score| left.contains(id, score));
    }
    Ok(())
}

/// Notes that `link` cut what does not stay; what stays is not cut, whoever did it before.
fn note(cuts: &mut [Cut], link: &str, row: &[f32], stays: impl Fn(usize, f32) -> bool) {
    let link: Arc<str> = link.into();
    for (id, (cut, &score)) in cuts.iter_mut().zip(row).enumerate() {
        if stays(id, score) {
            *cut = None;
        } else {
            cut.get_or_insert_with(|| link.clone());
        }
    }
}

/// All ids in the total order, the masked ones last.
fn ranked(logits: &[f32]) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
    ids.sort_unstable_by(|&a, &b| compare(logits, a, b));
    ids
}

/// −Σ p ln p, where 0 ln 0 is 0.
fn entropy(probabilities: impl Iterator<Item = f64>) -> f64 {
    probabilities.filter(|&p| p > 0.0).fold(0.0, |entropy, p| entropy - p * p.ln())
}

fn as_text<S: Serializer>(name: &Cut, serializer: S) -> Result<S::Ok, S::Error> {
    name.as_deref().serialize(serializer)
}
