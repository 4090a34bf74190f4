//! `GET /api/v1/meta`: what does not change about the run.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::Api;
use crate::About;

#[derive(Serialize)]
struct Meta<'a> {
    /// The version of the API.
    api: u32,
    /// The version of this crate.
    version: &'static str,
    #[serde(flatten)]
    about: &'a About,
}

pub(super) async fn answer(State(api): State<Api>) -> Response {
    let version = env!("CARGO_PKG_VERSION");
    Json(Meta { api: 1, version, about: &api.about }).into_response()
}
