//! Beam search, beam sampling and diverse beam search.

use serde::Serialize;

use super::{
    beam_config::BeamConfig,
    beam_step::{BeamStep, Candidate, Fate},
    expansion::Expansion,
    group::{Beam, Group},
    hypotheses::Hypothesis,
    limits::Limits,
};
use crate::{
    BatchLm, Chain, Error, GenerationConfig, Result, Seed,
    batch_model::{last_scores, one_row},
    logprobs::descending,
    resume::resume,
};

/// What a beam search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BeamOutput {
    /// The best `num_return_sequences` sequences, best first; fewer where not as many ended.
    pub hypotheses: Vec<Hypothesis>,
    /// The tree it grew.
    pub steps: Vec<BeamStep>,
}

/// Searches for the sequences after `context` with the highest score, Σ log p / length^penalty, keeping
/// `num_beams` alive at each step.
///
/// The semantics are Hugging Face's (transformers 5): at each step the chain of `config` runs on the
/// log-probabilities, and the best 2·`num_beams` candidates are looked at (with n > 1 end tokens,
/// (1 + n)·`num_beams`). Those among the first `num_beams` that end are taken in where they are good
/// enough; the best `num_beams` that do not end live on. At `max_new_tokens` all end.
/// Ties fall to the lower beam, then the lower token.
///
/// - **Beam sampling**: where `config` has `do_sample`, the candidates are drawn without replacement in
///   proportion to exp(total), where total is the beam's sum of processed log-probabilities. (seed,
///   sequence, position) decides the draw. The chain has its filters (temperature, top-k, …) only then.
/// - **Diverse beam search**: with `num_beam_groups`, groups search one after the other at each step, and
///   a token loses `diversity_penalty` for each beam of an earlier group that has just chosen it (Hamming
///   diversity). What is lost stays in the totals and scores, as in Hugging Face's.
///
/// `model` is one row, and `context` the whole sequence, whatever the row has seen of it. Passed by
/// `&mut`, the batch is left with beams of the last steps: gather or make another for the next search.
///
/// ```
/// use enredo_decoding::{BeamConfig, Clones, GenerationConfig, beam_search, testing::Hashed};
///
/// let config = GenerationConfig { max_new_tokens: 5, ..GenerationConfig::default() };
/// let beams = BeamConfig { num_beams: 4, num_return_sequences: 2, ..BeamConfig::default() };
/// let found = beam_search(Clones::new(Hashed::new(50, 1)), &[7], &config, &beams, 0)?;
/// assert!(found.hypotheses[0].score >= found.hypotheses[1].score);
/// assert_eq!((found.steps.len(), found.steps[1].candidates.len()), (5, 8));
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// Sources: B. Lowerre, "The Harpy speech recognition system", 1976 (beams); W. Kool et al., ICML 2019
/// (draws without replacement); A. Vijayakumar et al., "Diverse beam search", AAAI 2018.
///
/// # Errors
/// As [`BeamSearch::new`]; then [`Error::Model`], a row that is not valid, or [`Error::AllMasked`] where
/// the chain left no beam a token before any ended.
///
/// # Performance
/// A step feeds one token to each live beam, and costs O(B·V), where sampling adds a random number for
/// each unmasked token.
pub fn beam_search<M: BatchLm>(
    model: M,
    context: &[u32],
    config: &GenerationConfig,
    beams: &BeamConfig,
    seed: impl Into<Seed>,
) -> Result<BeamOutput> {
    let mut search = BeamSearch::new(model, context, config, beams, seed)?;
    let steps = search.by_ref().collect::<Result<_>>()?;
    Ok(BeamOutput { hypotheses: search.hypotheses(), steps })
}

/// A [`beam_search`] on its way: an iterator of its steps, each made as it is asked for.
///
/// Dropping it stops the search; [`hypotheses`](Self::hypotheses) has the best so far at any time.
#[derive(Debug)]
pub struct BeamSearch<M> {
    model: M,
    beams: BeamConfig,
    limits: Limits,
    expansion: Expansion,
    groups: Vec<Group>,
    unfed: usize,
    logits: Vec<f32>,
}

impl<M: BatchLm> BeamSearch<M> {
    /// As [`beam_search`], before its first step.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting of `beams` out of its range or `max_new_tokens` of 0, those
    /// of [`GenerationConfig::chain`], [`Error::BatchRows`] where `model` has not one row, and for
    /// `context` those of [`generate`](crate::generate()).
    pub fn new(
        mut model: M,
        context: &[u32],
        config: &GenerationConfig,
        beams: &BeamConfig,
        seed: impl Into<Seed>,
    ) -> Result<Self> {
        beams.check()?;
        let limit = config.max_new_tokens;
        Error::unless(limit > 0, "max_new_tokens", limit as f32, "at least 1 is needed")?;
        one_row(&model)?;
        let seen = resume(context, model.position(0), model.vocab_size())?;
        let expansion = Expansion {
            chain: config.chain()?,
            seed: seed.into(),
            do_sample: config.do_sample,
            diversity_penalty: beams.diversity_penalty,
            group_size: beams.group_size(),
            prompt_len: context.len(),
        };
        model.truncate(0, seen);
        let group = |_| Group::new(context, beams.group_size());
        Ok(Self {
            model,
            beams: beams.clone(),
            limits: Limits::new(config)?,
            expansion,
            groups: (0..beams.num_beam_groups).map(group).collect(),
            unfed: context.len() - seen,
            logits: Vec::new(),
        })
    }

    /// The same search with a chain of one's own in place of the configuration's.
    #[must_use]
    pub fn with_chain(mut self, chain: Chain) -> Self {
        self.expansion.chain = chain;
        self
    }

    /// The best `num_return_sequences` sequences that have ended so far, best first; of equal ones, those
    /// of the earlier group and step first.
    pub fn hypotheses(&self) -> Vec<Hypothesis> {
        let ended = self.groups.iter().flat_map(|group| group.ended.best());
        let mut all: Vec<Hypothesis> = ended.cloned().collect();
        all.sort_by(|a, b| descending(a.score, b.score));
        all.truncate(self.beams.num_return_sequences);
        all
    }

    /// The generated tokens of the live beams and their log-probabilities, in the order of their numbers.
    pub fn alive(&self) -> impl Iterator<Item = (&[u32], f64)> {
        let prompt_len = self.expansion.prompt_len;
        self.beams().map(move |beam| (&beam.tokens[prompt_len..], beam.logprob))
    }

    fn beams(&self) -> impl Iterator<Item = &Beam> {
        self.groups.iter().flat_map(|group| &group.alive)
    }

    fn step(&mut self) -> Result<BeamStep> {
        self.feed()?;
        let step = self.expand()?;
        self.reorder(&step.candidates)?;
        if self.beams().next().is_none() && self.groups.iter().all(|g| g.ended.best().is_empty()) {
            return Err(Error::AllMasked { vocab_size: self.model.vocab_size() });
        }
        Ok(step)
    }

    fn feed(&mut self) -> Result<()> {
        let mut unfed = vec![&[][..]; self.model.rows()];
        for beam in self.groups.iter().flat_map(|group| &group.alive) {
            unfed[beam.row] = &beam.tokens[beam.tokens.len() - self.unfed..];
        }
        last_scores(&mut self.model, &unfed, &mut self.logits)?;
        self.unfed = 1;
        Ok(())
    }

    /// Lets each group choose, in the light of those before it.
    fn expand(&mut self) -> Result<BeamStep> {
        let n = self.beams.group_size() * (1 + self.limits.enders()).max(2);
        let v = self.model.vocab_size();
        let mut step = BeamStep::default();
        let mut chosen: Vec<u32> = Vec::new();
        for (i, group) in self.groups.iter_mut().enumerate() {
            let mut found =
                self.expansion.candidates(i, &group.alive, &self.logits, v, &chosen, n)?;
            let (prompt_len, first_row) = (self.expansion.prompt_len, chosen.len());
            group.advance(&mut found, &self.beams, &self.limits, prompt_len, first_row);
            chosen.extend(group.alive.iter().filter_map(|beam| beam.tokens.last()));
            step.candidates.extend(found);
        }
        Ok(step)
    }

    /// Moves each live beam's row to where its number says.
    fn reorder(&mut self, candidates: &[Candidate]) -> Result<()> {
        let alive = |c: &Candidate| match c.fate {
            Fate::Alive { beam } => Some((beam, c.parent)),
            _ => None,
        };
        let mut rows: Vec<(usize, usize)> = candidates.iter().filter_map(alive).collect();
        rows.sort_unstable();
        let parents: Vec<usize> = rows.into_iter().map(|(_, parent)| parent).collect();
        if parents.is_empty() { Ok(()) } else { self.model.gather(&parents).map_err(Error::model) }
    }
}

impl<M: BatchLm> Iterator for BeamSearch<M> {
    type Item = Result<BeamStep>;

    fn next(&mut self) -> Option<Self::Item> {
        self.beams().next()?;
        let step = self.step();
        if step.is_err() {
            self.groups.iter_mut().for_each(|group| group.alive.clear());
        }
        Some(step)
    }
}
