//! `POST /api/v1/logits`: the whole row that the model gives, bit for bit.

use axum::{Json, extract::State};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{
    Api,
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
    /// In base64, because JSON has no −∞ and would triple the size.
    logits: String,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(Request { prompt, ids, step }): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let question = Question::new(&api, prompt, ids, step)?;
    let Row { step, ids, logits } = api.queue.run(|subject| question.ask(subject)).await?;
    let cut = ids.len().saturating_sub(api.about.window);
    let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
    let logits = STANDARD.encode(bytes);
    let vocab_size = api.about.vocab_size;
    Ok(Json(Answer { step, ids, cut, vocab_size, dtype: "f32le", logits }))
}
