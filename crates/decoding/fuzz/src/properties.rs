//! What must hold of a sampler on a row.

use enredo_decoding::{
    Candidates, Chain, Context, Filter, Isa, Processor, Result, Sampler, Scratch, Ties, TopK,
    best_first, check_row, softmax,
};

const CUT: f32 = f32::NEG_INFINITY;

/// A row of logits, where it stands, and the instruction set to look at it with.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Under the seed that the sampler has.
    pub context: Context<'a>,
    /// Valid or not.
    pub logits: &'a [f32],
    /// One that the machine has.
    pub isa: Isa,
}

/// Asserts that `sampler`, which runs `chain`, chooses a token of `step` that it may choose and gives its
/// probabilities, or refuses for the reason that the row or a processor gives.
pub fn check(step: &Step<'_>, chain: &Chain, sampler: Sampler) {
    choose(step, chain, sampler);
}

/// As [`check`], of a sampler that must also choose the best token.
pub fn check_greedy(step: &Step<'_>, chain: &Chain, sampler: Sampler) {
    let Some(choice) = choose(step, chain, sampler) else { return };
    let kept = |id: &u32| choice.probabilities[*id as usize] > 0.0;
    let best = best_first(&choice.row).into_iter().find(kept);
    assert_eq!(Some(choice.token), best, "greedy is not the best of what is left");
}

/// Asserts that a sampler with a state chooses what its trace says and what it may, and that the state, put
/// back, gives the same again.
pub fn check_state(step: &Step<'_>, sampler: Sampler) {
    let mut sampler = sampler.on(step.isa);
    for _ in 0..3 {
        let before = sampler.state();
        let Ok(token) = sampler.sample(step.context, step.logits) else { return };
        let after = sampler.state();
        sampler.restore(before);
        let trace = sampler.trace(step.context, step.logits).unwrap();
        assert_eq!((trace.picked, sampler.state()), (token, before));
        let left = trace.tokens.iter().filter(|traced| traced.kept);
        assert!(left.clone().any(|traced| traced.id == token), "a token that was cut");
        let total: f64 = left.map(|traced| traced.p_final).sum();
        assert!((total - 1.0).abs() < 1e-9, "the probabilities sum to {total}");
        assert!(after.mirostat.is_none_or(|state| state.mu.is_finite()), "{after:?}");
        sampler.restore(after);
    }
}

/// Asserts that top-k keeps the k best tokens of a valid row, or all if there are fewer.
pub fn check_top_k(step: &Step<'_>, k: usize) {
    if check_row(step.logits).is_err() {
        return;
    }
    let mut expected = best_first(step.logits);
    expected.truncate(k);
    expected.sort_unstable();
    let mut row = step.logits.to_vec();
    TopK::new(k).unwrap().process(&step.context, &mut row).unwrap();
    let kept: Vec<u32> = (0..row.len() as u32).filter(|&id| row[id as usize] > CUT).collect();
    assert_eq!(kept, expected, "top-k of {k}");
    for ties in [Ties::LowestIds, Ties::HighestIds] {
        let mut scratch = Scratch::new(step.isa);
        let mut candidates = Candidates::new(step.logits, &mut scratch).unwrap();
        candidates.keep_best(k, ties);
        assert_eq!(candidates.count(), expected.len(), "top-k of {k} with ties {ties:?}");
    }
}

/// A token, and what it was chosen of.
struct Choice {
    token: u32,
    /// As the filters that end the chain find it.
    row: Vec<f32>,
    probabilities: Vec<f64>,
}

fn choose(step: &Step<'_>, chain: &Chain, sampler: Sampler) -> Option<Choice> {
    let mut sampler = sampler.on(step.isa);
    let chosen = sampler.sample(step.context, step.logits);
    check_repeats(step, &mut sampler, &chosen);
    match (chosen, edited(step, chain)) {
        (Ok(token), Ok(row)) => {
            let probabilities = sampler.probabilities(step.context, step.logits).unwrap();
            let choice = Choice { token, row, probabilities };
            choice.check_probabilities();
            choice.check_left(step, chain);
            Some(choice)
        }
        (Err(refused), Err(reason)) => {
            assert_eq!(refused.to_string(), reason.to_string());
            assert!(sampler.probabilities(step.context, step.logits).is_err());
            None
        }
        (chosen, reason) => panic!("{chosen:?}, but the row and the processors give {reason:?}"),
    }
}

/// The same again, after another row, and in place.
fn check_repeats(step: &Step<'_>, sampler: &mut Sampler, chosen: &Result<u32>) {
    let said = |result: &Result<u32>| result.as_ref().map_err(ToString::to_string).copied();
    assert_eq!(said(&sampler.sample(step.context, step.logits)), said(chosen), "again");
    let mut other: Vec<f32> = step.logits.iter().rev().copied().collect();
    other.extend([1.0; 40]);
    let _ = sampler.sample(step.context, &other);
    assert_eq!(said(&sampler.sample(step.context, step.logits)), said(chosen), "after another");
    let in_place = sampler.sample_in_place(step.context, &mut step.logits.to_vec());
    assert_eq!(said(&in_place), said(chosen), "in place");
}

/// The row that the filters which end a chain find; an error where there is none.
fn edited(step: &Step<'_>, chain: &Chain) -> Result<Vec<f32>> {
    check_row(step.logits)?;
    let mut row = step.logits.to_vec();
    let links: Vec<_> = chain.links().collect();
    let edits =
        links.iter().rposition(|link| link.as_filter().is_none()).map_or(0, |last| last + 1);
    for group in links[..edits].chunk_by(|a, b| a.as_filter().is_some() && b.as_filter().is_some())
    {
        match group {
            [link] if link.as_filter().is_none() => link.process(&step.context, &mut row)?,
            filters => Neighbours(filters).process(&step.context, &mut row)?,
        }
    }
    check_row(&row)?;
    // The notebook's temperature is a filter that refuses to overflow.
    Neighbours(&links[edits..]).process(&step.context, &mut row.clone())?;
    Ok(row)
}

/// Filters that run as one, as a chain has them run.
#[derive(Debug)]
struct Neighbours<'a>(&'a [&'a dyn Processor]);

impl Filter for Neighbours<'_> {
    fn narrow(&self, context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let mut filters = self.0.iter().filter_map(|link| link.as_filter());
        filters.try_for_each(|filter| filter.narrow(context, candidates))
    }

    fn label(&self) -> &str {
        "neighbours"
    }
}

impl Choice {
    fn check_probabilities(&self) {
        let Self { token, row, probabilities } = self;
        assert_eq!(probabilities.len(), row.len());
        assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{probabilities:?}");
        let total: f64 = probabilities.iter().sum();
        assert!((total - 1.0).abs() < 1e-9, "the probabilities sum to {total}");
        let masked = row.iter().zip(probabilities).filter(|(l, _)| **l == CUT);
        assert!(masked.clone().all(|(_, p)| *p == 0.0), "a masked token has a probability");
        assert!((*token as usize) < row.len(), "token {token} of {}", row.len());
    }

    /// What the chain leaves as a processor: a valid row, of the same tokens at the same probabilities.
    fn check_left(&self, step: &Step<'_>, chain: &Chain) {
        let mut left = step.logits.to_vec();
        chain.process(&step.context, &mut left).unwrap();
        check_row(&left).unwrap();
        assert!(self.row.iter().zip(&left).all(|(l, left)| *l > CUT || *left == CUT));
        let token = self.token as usize;
        // A probability that underflows is no reason not to be drawn.
        let possible = self.probabilities[token] > 0.0 || left[token] > CUT;
        assert!(possible, "token {token} was drawn, but has been cut");
        if step.isa != Isa::detect() {
            return; // Another's masses may put an edge on the other side of a token.
        }
        let magnitude = left.iter().filter(|l| **l > CUT).fold(0.0f32, |most, l| most.max(l.abs()));
        let rounding = 1e-9 + f64::from(magnitude) * f64::from(f32::EPSILON);
        for (id, (p, q)) in self.probabilities.iter().zip(softmax(&left).unwrap()).enumerate() {
            assert!(*p == 0.0 || left[id] > CUT, "token {id} has a probability, but is cut");
            assert!((p - q).abs() <= rounding, "token {id}: {p} as drawn, {q} as processed");
        }
    }
}
