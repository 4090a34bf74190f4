//! `POST /api/v1/tokenize`: a prompt as the model reads it.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::Api;
use crate::{Piece, json::Body, problem::Problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: String,
}

#[derive(Serialize)]
pub(super) struct Answer {
    ids: Vec<u32>,
    /// The same, each with the characters that it stands for.
    pieces: Vec<Piece>,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(Request { prompt }): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let pieces = api.queue.run(move |subject, _| subject.tokenize(&prompt)).await?;
    Ok(Json(Answer { ids: pieces.iter().map(|piece| piece.id).collect(), pieces }))
}
