//! `POST /api/v1/beams`: a beam search, and the tree it grew.

use std::cell::RefCell;

use axum::{Json, extract::State};
use enredo_decoding::{
    BeamConfig, BeamStep, Clones, Error, GenerationConfig, Hypothesis, beam_search,
};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    question::{Question, Sequence},
    reader::Reader,
    strategy::{self, SEED},
};
use crate::{checked::Checked, json::Body, problem::Problem, queue::IsGone};

/// The most beams times tokens.
const MOST: usize = 1_024;
/// The most tokens that may end a text: each makes a step look at as many candidates more as it has beams.
const MOST_ENDS: usize = 64;

/// The parameters that stand in `beams`.
const OF_BEAMS: [&str; 5] =
    ["num_beams", "length_penalty", "num_return_sequences", "num_beam_groups", "diversity_penalty"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: Option<String>,
    ids: Option<Vec<u32>>,
    step: Option<u64>,
    config: GenerationConfig,
    beams: BeamConfig,
    seed: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Answer {
    step: u64,
    ids: Vec<u32>,
    /// How many of the first ids the model does not read, because its window is shorter.
    cut: usize,
    seed: u64,
    steps: Vec<BeamStep>,
    hypotheses: Vec<Hypothesis>,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(request): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let Request { prompt, ids, step, config, beams, seed } = request;
    let question = Question::new(&api, prompt, ids, step)?;
    check_size(&config, &beams)?;
    let seed = seed.unwrap_or(SEED);
    let work = move |subject: &mut Checked, is_gone: IsGone<'_>| {
        let sequence = question.settle(subject)?;
        search(subject, is_gone, sequence, &config, &beams, seed)
    };
    api.queue.run(work).await.map(Json)
}

fn check_size(config: &GenerationConfig, beams: &BeamConfig) -> Result<(), Problem> {
    let (width, length) = (beams.num_beams, config.max_new_tokens);
    if width.saturating_mul(length) > MOST {
        let detail =
            format!("{width} beams of {length} tokens are too many; {MOST} in all may be searched");
        return Err(Problem::value("/beams/num_beams", detail));
    }
    let ends = config.eos_token_id.len() + config.stop_token_ids.len();
    if ends > MOST_ENDS {
        let detail = format!("{ends} tokens end a text; name {MOST_ENDS} at most");
        return Err(Problem::value("/config/eos_token_id", detail));
    }
    Ok(())
}

fn search(
    subject: &mut Checked,
    is_gone: IsGone<'_>,
    Sequence { step, ids }: Sequence,
    config: &GenerationConfig,
    beams: &BeamConfig,
    seed: u64,
) -> Result<Answer, Problem> {
    let cut = ids.len().saturating_sub(subject.about().window);
    let subject = RefCell::new(subject);
    let model = Clones::new(Reader::new(&subject, step, is_gone));
    let found = beam_search(model, &ids, config, beams, seed).map_err(refused)?;
    Ok(Answer { step, ids, cut, seed, steps: found.steps, hypotheses: found.hypotheses })
}

/// As for a strategy, but that some parameters are the beams'.
fn refused(error: Error) -> Problem {
    match error {
        Error::Parameter { name, .. } if OF_BEAMS.contains(&name) => {
            Problem::value(format!("/beams/{name}"), error.to_string())
        }
        error => strategy::refused(error),
    }
}
