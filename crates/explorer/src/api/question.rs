//! Which sequence, and at which step? Every question to a model begins so.

use super::Api;
use crate::{Progress, checked::Checked, problem::Problem};

/// A sequence and a step, checked as far as that goes without the subject.
pub(super) struct Question {
    step: Option<u64>,
    text: Text,
}

enum Text {
    Prompt(String),
    Ids(Vec<u32>),
}

/// A sequence that a model can read, and the step of the model.
pub(super) struct Sequence {
    pub(super) step: u64,
    /// At least one id.
    pub(super) ids: Vec<u32>,
}

/// A sequence and what follows it.
pub(super) struct Row {
    pub(super) step: u64,
    pub(super) ids: Vec<u32>,
    /// The scores of what follows, length V: no NaN, no +∞, not all −∞.
    pub(super) logits: Vec<f32>,
}

impl Question {
    /// # Errors
    /// 422 with the field: neither or both of `prompt` and `ids`, no id, or one beyond the vocabulary.
    pub(super) fn new(
        api: &Api,
        prompt: Option<String>,
        ids: Option<Vec<u32>>,
        step: Option<u64>,
    ) -> Result<Self, Problem> {
        let text = match (prompt, ids) {
            (Some(prompt), None) => Text::Prompt(prompt),
            (None, Some(ids)) => Text::Ids(checked(ids, api.about.vocab_size)?),
            (None, None) => {
                return Err(Problem::value("", "there is no sequence; send prompt or ids"));
            }
            _ => return Err(Problem::value("/ids", "there are two sequences; send prompt or ids")),
        };
        Ok(Self { step, text })
    }

    /// Settles the step, and what the model is to read.
    ///
    /// # Errors
    /// 422 with the field: a step without a checkpoint, a prompt without tokens.
    pub(super) fn settle(self, subject: &mut Checked) -> Result<Sequence, Problem> {
        let step = known(self.step, &subject.progress()?)?;
        let ids = match self.text {
            Text::Ids(ids) => ids,
            Text::Prompt(prompt) => {
                subject.tokenize(&prompt)?.into_iter().map(|piece| piece.id).collect()
            }
        };
        if ids.is_empty() {
            return Err(Problem::value("/prompt", "the prompt has no tokens; write at least one"));
        }
        Ok(Sequence { step, ids })
    }

    /// Asks what follows.
    pub(super) fn ask(self, subject: &mut Checked) -> Result<Row, Problem> {
        let Sequence { step, ids } = self.settle(subject)?;
        let logits = subject.logits(step, &ids)?;
        Ok(Row { step, ids, logits })
    }
}

impl Sequence {
    /// Keeps the last ids, at most `most` and at most a window of them; tells how many were cut off.
    pub(super) fn keep_last(&mut self, most: usize, window: usize) -> usize {
        let cut = self.ids.len().saturating_sub(most.min(window));
        self.ids.drain(..cut);
        cut
    }
}

fn checked(ids: Vec<u32>, vocab_size: usize) -> Result<Vec<u32>, Problem> {
    if ids.is_empty() {
        return Err(Problem::value("/ids", "there is no id; send at least one"));
    }
    match ids.iter().position(|&id| id as usize >= vocab_size) {
        None => Ok(ids),
        Some(place) => Err(no_token(format!("/ids/{place}"), ids[place], vocab_size)),
    }
}

/// An id beyond the vocabulary.
pub(super) fn no_token(field: impl Into<String>, id: u32, vocab_size: usize) -> Problem {
    let last = vocab_size.saturating_sub(1);
    Problem::value(field, format!("{id} is no token; ids run from 0 to {last}"))
}

/// The step, or the last one.
fn known(step: Option<u64>, progress: &Progress) -> Result<u64, Problem> {
    let steps = || progress.checkpoints.iter().map(|checkpoint| checkpoint.step);
    let asked = step.or(steps().next_back()).unwrap_or_default();
    if steps().any(|step| step == asked) {
        return Ok(asked);
    }
    let detail = format!("step {asked} has no checkpoint; /api/v1/meta lists those there are");
    Err(Problem::value("/step", detail))
}
