//! `GET /api/v1/meta`: what does not change about the run, and how far it is.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::Api;
use crate::{About, Progress, problem::Problem};

#[derive(Serialize)]
struct Meta<'a> {
    /// The version of the API.
    api: u32,
    /// The version of this crate.
    version: &'static str,
    #[serde(flatten)]
    about: &'a About,
    #[serde(flatten)]
    progress: Progress,
}

pub(super) async fn answer(State(api): State<Api>) -> Result<Response, Problem> {
    let version = env!("CARGO_PKG_VERSION");
    let progress = api.queue.run(|subject, _| subject.progress()).await?;
    Ok(Json(Meta { api: 1, version, about: &api.about, progress }).into_response())
}
