//! What a group of beams may go on with: the best of every beam and every token, or a draw of them.

use super::{
    beam_step::{Candidate, Fate},
    group::Beam,
    gumbel::gumbel,
};
use crate::{
    Chain, Context, Error, Processor, Result, Seed, check_row, log_softmax,
    logprobs::{best, descending},
};

const CUT: f64 = f64::NEG_INFINITY;

/// Draws have the indices below 2³¹ of a step's numbers.
const LAST_OF_DRAWS: u32 = u32::MAX >> 1;

/// How beams are expanded.
#[derive(Debug)]
pub(super) struct Expansion {
    pub(super) chain: Chain,
    pub(super) seed: Seed,
    pub(super) do_sample: bool,
    pub(super) diversity_penalty: f64,
    pub(super) group_size: usize,
    pub(super) prompt_len: usize,
}

impl Expansion {
    /// The `n` best candidates of a group's `beams`, best first: total descending, then beam, then token
    /// ascending. Where it samples, `n` draws without replacement in proportion to exp(total), as drawn.
    ///
    /// `earlier` holds what the groups before this one chose at this step; `logits` is (B, V).
    pub(super) fn candidates(
        &self,
        group: usize,
        beams: &[Beam],
        logits: &[f32],
        vocab_size: usize,
        earlier: &[u32],
        n: usize,
    ) -> Result<Vec<Candidate>> {
        let mut all: Vec<(f64, Candidate)> = Vec::new();
        for (i, beam) in beams.iter().enumerate() {
            let row = &logits[beam.row * vocab_size..][..vocab_size];
            let logprobs = self.logprobs(self.context(beam), row, earlier)?;
            let keys = self.keys(beam, (group * self.group_size + i) * vocab_size, &logprobs);
            all.extend(best(&keys, n).into_iter().map(|(token, key)| {
                let logprob = logprobs[token as usize];
                let (parent, total, fate) = (beam.row, beam.logprob + logprob, Fate::Pruned);
                (key, Candidate { group, parent, token, logprob, total, fate })
            }));
        }
        all.sort_by(|(a, _), (b, _)| descending(*a, *b)); // stable: beams and tokens are in order
        all.truncate(n);
        Ok(all.into_iter().map(|(_, candidate)| candidate).collect())
    }

    fn context<'a>(&self, beam: &'a Beam) -> Context<'a> {
        Context::new(&beam.tokens).with_prompt_len(self.prompt_len).with_seed(self.seed)
    }

    /// What candidates are chosen by: the beam's total with each token, perturbed where it samples.
    /// `first` is the index of the beam's first number among those of this step.
    fn keys(&self, beam: &Beam, first: usize, logprobs: &[f64]) -> Vec<f64> {
        let total = logprobs.iter().map(|logprob| beam.logprob + logprob);
        if !self.do_sample {
            return total.collect();
        }
        let context = self.context(beam);
        let noise = |token| gumbel(context.uniform((first + token) as u32 & LAST_OF_DRAWS));
        let perturbed = |(token, total)| if total > CUT { total + noise(token) } else { CUT };
        total.enumerate().map(perturbed).collect()
    }

    /// The log-probabilities of a row after the penalty and the chain; all −∞ where the chain cut all.
    ///
    /// The chain works in f32; what it leaves alone keeps its f64 value, so that no two tokens become
    /// equal on the way.
    fn logprobs(&self, context: Context<'_>, row: &[f32], earlier: &[u32]) -> Result<Vec<f64>> {
        let mut logprobs = log_softmax(row)?;
        for &token in earlier {
            logprobs[token as usize] -= self.diversity_penalty;
        }
        let before: Vec<f32> = logprobs.iter().map(|&l| l as f32).collect();
        let mut after = before.clone();
        match self.chain.process(&context, &mut after).and_then(|()| check_row(&after)) {
            Ok(()) => {}
            Err(Error::AllMasked { vocab_size }) => return Ok(vec![CUT; vocab_size]),
            Err(fault) => return Err(fault),
        }
        for ((logprob, before), after) in logprobs.iter_mut().zip(before).zip(after) {
            if before != after {
                *logprob = f64::from(after);
            }
        }
        Ok(logprobs)
    }
}
