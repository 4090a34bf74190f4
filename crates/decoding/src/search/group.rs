//! Beams that compete with each other, and the sequences they have ended in.

use super::{
    beam_config::{BeamConfig, EarlyStopping},
    beam_step::{Candidate, Fate},
    hypotheses::{Hypotheses, Hypothesis},
    limits::Limits,
};
use crate::logprobs::descending;

/// A sequence that is still growing.
#[derive(Debug)]
pub(super) struct Beam {
    /// The prompt and what follows it.
    pub(super) tokens: Vec<u32>,
    /// The sum of the generated tokens' log-probabilities.
    pub(super) logprob: f64,
    /// Where the model holds it; also its number among the live beams.
    pub(super) row: usize,
}

/// A group of beams; a search without groups has one.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) alive: Vec<Beam>,
    pub(super) ended: Hypotheses,
}

impl Group {
    /// A group whose only beam is the prompt, in row 0.
    pub(super) fn new(prompt: &[u32], size: usize) -> Self {
        let beam = Beam { tokens: prompt.to_vec(), logprob: 0.0, row: 0 };
        Self { alive: vec![beam], ended: Hypotheses::new(size) }
    }

    /// Lets the best candidates that have not ended live on, from row `first_row` on, and takes those in
    /// that have; writes each candidate's fate.
    pub(super) fn advance(
        &mut self,
        candidates: &mut [Candidate],
        config: &BeamConfig,
        limits: &Limits,
        prompt_len: usize,
        first_row: usize,
    ) {
        let mut alive = Vec::new();
        for (rank, candidate) in candidates.iter_mut().enumerate() {
            let tokens = self.tokens(candidate);
            if !limits.end(&tokens, prompt_len) {
                alive.push((tokens, candidate));
            } else if rank < config.group_size() {
                // Those further down are only there so that enough beams live on.
                candidate.fate = self.end(&tokens[prompt_len..], candidate.total, config);
            }
        }
        alive.sort_by(|(_, a), (_, b)| descending(a.total, b.total)); // draws come in any order
        alive.truncate(config.group_size());
        let best =
            alive.first().map(|(tokens, candidate)| (candidate.total, tokens.len() - prompt_len));
        if best.is_none_or(|(total, length)| self.is_over(total, length, config, limits)) {
            alive.clear();
        }
        self.alive = live_on(alive, first_row);
    }

    fn tokens(&self, candidate: &Candidate) -> Vec<u32> {
        let parent = self.alive.iter().find(|beam| beam.row == candidate.parent);
        let mut tokens = parent.map(|beam| beam.tokens.clone()).unwrap_or_default();
        tokens.push(candidate.token);
        tokens
    }

    fn end(&mut self, generated: &[u32], logprob: f64, config: &BeamConfig) -> Fate {
        let score = config.score(logprob, generated.len());
        let hypothesis = Hypothesis { tokens: generated.to_vec(), logprob, score };
        if self.ended.offer(hypothesis) { Fate::Finished { score } } else { Fate::Pruned }
    }

    /// Whether the search should end, given the best live beam's log-probability and length.
    fn is_over(&self, best: f64, length: usize, config: &BeamConfig, limits: &Limits) -> bool {
        let Some(bar) = self.ended.bar() else { return false };
        let hypothetical = match config.early_stopping {
            EarlyStopping::AtOnce => return true,
            EarlyStopping::Never if config.length_penalty > 0.0 => limits.max_new_tokens,
            EarlyStopping::Never | EarlyStopping::Heuristic => length,
        };
        config.score(best, hypothetical) <= bar
    }
}

fn live_on(alive: Vec<(Vec<u32>, &mut Candidate)>, first_row: usize) -> Vec<Beam> {
    let rows = first_row..;
    rows.zip(alive)
        .map(|(row, (tokens, candidate))| {
            candidate.fate = Fate::Alive { beam: row };
            Beam { tokens, logprob: candidate.total, row }
        })
        .collect()
}
