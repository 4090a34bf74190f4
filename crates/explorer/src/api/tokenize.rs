//! `POST /api/v1/tokenize`: the ids of a prompt.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::Api;
use crate::{json::Body, problem::Problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: String,
}

#[derive(Serialize)]
pub(super) struct Answer {
    ids: Vec<u32>,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(Request { prompt }): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let ids = api
        .queue
        .run(move |subject| subject.tokenize(&prompt).map_err(|fault| Problem::fault(&*fault)));
    Ok(Json(Answer { ids: ids.await? }))
}
