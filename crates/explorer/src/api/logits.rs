//! `POST /api/v1/logits`: the whole row that the model gives, bit for bit.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    floats::{DTYPE, encoded},
    question::{Question, Row},
};
use crate::{json::Body, problem::Problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: Option<String>,
    ids: Option<Vec<u32>>,
    step: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Answer {
    step: u64,
    ids: Vec<u32>,
    /// How many of the first ids the model does not read, because its window is shorter.
    cut: usize,
    vocab_size: usize,
    dtype: &'static str,
    logits: String,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(Request { prompt, ids, step }): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let question = Question::new(&api, prompt, ids, step)?;
    let Row { step, ids, logits } = api.queue.run(|subject, _| question.ask(subject)).await?;
    let cut = ids.len().saturating_sub(api.about.window);
    let (vocab_size, logits) = (api.about.vocab_size, encoded(&logits));
    Ok(Json(Answer { step, ids, cut, vocab_size, dtype: DTYPE, logits }))
}
