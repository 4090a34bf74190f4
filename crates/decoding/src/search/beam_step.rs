//! The tree that a beam search grows, step by step.

use serde::Serialize;

/// What one step of a beam search looked at.
///
/// The live beams after a step are numbered from 0, over all groups; before the first step there is
/// beam 0 alone, the prompt. A candidate names its parent by that number, and, where it lives on, its own:
/// the steps together are the tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BeamStep {
    /// Group after group, in the order in which they were found: best first, or as they were drawn.
    pub candidates: Vec<Candidate>,
}

/// A beam and one more token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The group of beams it belongs to.
    pub group: usize,
    /// The beam it continues, numbered as after the step before.
    pub parent: usize,
    /// The token it adds.
    pub token: u32,
    /// What the token adds: its log-probability after the processors, in nats.
    pub logprob: f64,
    /// The sum of these along the sequence.
    pub total: f64,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It lives on as this beam.
    Alive {
        /// Its number after this step.
        beam: usize,
    },
    /// It ended and was among the best that had, with this score (a better one may oust it later).
    Finished {
        /// The sum of log-probabilities over length^penalty.
        score: f64,
    },
    /// It was left: others were better, or it ended too far down, or the search was over.
    Pruned,
}
