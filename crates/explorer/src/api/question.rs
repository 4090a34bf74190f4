//! What follows this sequence, at this step? `logits` and `apply` ask the same.

use enredo_decoding::check_row;

use super::Api;
use crate::{About, Subject, problem::Problem};

/// A sequence and a step, checked as far as that goes without the model.
pub(super) struct Question {
    step: u64,
    sequence: Sequence,
    vocab_size: usize,
}

enum Sequence {
    Prompt(String),
    Ids(Vec<u32>),
}

/// The model's answer.
pub(super) struct Row {
    pub(super) step: u64,
    /// The sequence; at least one id.
    pub(super) ids: Vec<u32>,
    /// The scores of what follows it, length V: no NaN, no +∞, not all −∞.
    pub(super) logits: Vec<f32>,
}

impl Question {
    /// # Errors
    /// 422 with the field: neither or both of `prompt` and `ids`, no id, one beyond the vocabulary, or a step
    /// without a checkpoint.
    pub(super) fn new(
        api: &Api,
        prompt: Option<String>,
        ids: Option<Vec<u32>>,
        step: Option<u64>,
    ) -> Result<Self, Problem> {
        let about = &*api.about;
        let sequence = match (prompt, ids) {
            (Some(prompt), None) => Sequence::Prompt(prompt),
            (None, Some(ids)) => Sequence::Ids(checked(ids, about.vocab_size)?),
            (None, None) => {
                return Err(Problem::value("", "there is no sequence; send prompt or ids"));
            }
            _ => return Err(Problem::value("/ids", "there are two sequences; send prompt or ids")),
        };
        Ok(Self { step: known(step, about)?, sequence, vocab_size: about.vocab_size })
    }

    /// Asks the model.
    pub(super) fn ask(self, subject: &mut dyn Subject) -> Result<Row, Problem> {
        let Self { step, sequence, vocab_size } = self;
        let ids = match sequence {
            Sequence::Ids(ids) => ids,
            Sequence::Prompt(prompt) => {
                subject.tokenize(&prompt).map_err(|fault| Problem::fault(&*fault))?
            }
        };
        if ids.is_empty() {
            return Err(Problem::value("/prompt", "the prompt has no tokens; write at least one"));
        }
        let logits = subject.logits(step, &ids).map_err(|fault| Problem::fault(&*fault))?;
        check_row(&logits).map_err(|error| Problem::fault(&error))?;
        if logits.len() != vocab_size {
            return Err(misshapen(logits.len(), vocab_size));
        }
        Ok(Row { step, ids, logits })
    }
}

fn checked(ids: Vec<u32>, vocab_size: usize) -> Result<Vec<u32>, Problem> {
    if ids.is_empty() {
        return Err(Problem::value("/ids", "there is no id; send at least one"));
    }
    match ids.iter().position(|&id| id as usize >= vocab_size) {
        None => Ok(ids),
        Some(place) => {
            let (id, last) = (ids[place], vocab_size.saturating_sub(1));
            let detail = format!("{id} is no token; ids run from 0 to {last}");
            Err(Problem::value(format!("/ids/{place}"), detail))
        }
    }
}

/// The step, or the last one.
fn known(step: Option<u64>, about: &About) -> Result<u64, Problem> {
    let steps = || about.checkpoints.iter().map(|checkpoint| checkpoint.step);
    let asked = step.or(steps().next_back()).unwrap_or_default();
    if steps().any(|step| step == asked) {
        return Ok(asked);
    }
    let detail = format!("step {asked} has no checkpoint; /api/v1/meta lists those there are");
    Err(Problem::value("/step", detail))
}

fn misshapen(got: usize, vocab_size: usize) -> Problem {
    let detail = format!("the model gave {got} scores for {vocab_size} tokens");
    Problem::fault(&*crate::Fault::from(detail))
}
