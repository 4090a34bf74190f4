//! Ways to a text that look further than one token of one sequence. One search a file.

mod beam_config;
mod beam_search;
mod beam_step;
mod best_of;
mod draft;
mod expansion;
mod group;
mod gumbel;
mod hypotheses;
mod limits;
mod prompt_lookup;
mod proposal;
mod speculative;

pub use beam_config::{BeamConfig, EarlyStopping};
pub use beam_search::{BeamOutput, BeamSearch, beam_search};
pub use beam_step::{BeamStep, Candidate, Fate};
pub use best_of::{RankBy, Sample, best_of};
pub use draft::{Draft, ModelDraft};
pub use hypotheses::Hypothesis;
pub use prompt_lookup::{PromptLookup, prompt_lookup};
pub use proposal::{Distribution, Proposal};
pub use speculative::{Acceptance, Round, Speculative, speculative};
