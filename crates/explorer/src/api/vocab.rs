//! `GET /api/v1/vocab`: every token. Made once; whoever has it is told that it still holds.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use serde::Serialize;

use super::Api;
use crate::{Error, Result, Token, etag::Tagged};

#[derive(Serialize)]
struct Vocabulary<'a> {
    fingerprint: &'a str,
    tokens: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: usize,
    #[serde(flatten)]
    token: &'a Token,
}

pub(super) async fn answer(State(api): State<Api>, request: HeaderMap) -> Response {
    api.vocabulary.answer(&request)
}

/// # Errors
/// [`Error::Subject`] for a fingerprint that cannot be a tag.
pub(super) fn tagged(fingerprint: &str, tokens: &[Token]) -> Result<Tagged> {
    let refused = |fault| {
        let remedy = "take letters, digits and -_.: of ASCII";
        Error::Subject { what: "fingerprint", fault, remedy }
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if fingerprint.is_empty() || !fingerprint.chars().all(plain) {
        return Err(refused(format!("it is {fingerprint:?}")));
    }
    let etag = HeaderValue::try_from(format!("\"{fingerprint}\""));
    let etag = etag.map_err(|error| refused(error.to_string()))?;
    let tokens = tokens.iter().enumerate().map(|(id, token)| Entry { id, token }).collect();
    let body = serde_json::to_vec(&Vocabulary { fingerprint, tokens });
    let body = body.map_err(|error| refused(error.to_string()))?.into();
    Ok(Tagged { etag, content_type: "application/json", body })
}
