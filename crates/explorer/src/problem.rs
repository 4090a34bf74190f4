//! Refusals as `application/problem+json` (RFC 9457).

use std::error::Error;

use axum::{
    Json,
    http::{Method, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// Why a request got no answer, and what would do.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    detail: String,
    /// Which part of the request: a JSON pointer (RFC 6901).
    pub(crate) field: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), field: None }
    }

    /// A value that cannot be taken; `field` is its JSON pointer, empty for the whole body.
    pub(crate) fn value(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let field = Some(field.into()).filter(|field| !field.is_empty());
        Self { field, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// What the subject got wrong, in its own words and those of its sources.
    pub(crate) fn fault(fault: &dyn Error) -> Self {
        let sources = std::iter::successors(fault.source(), |&source| source.source());
        let words: Vec<_> =
            std::iter::once(fault).chain(sources).map(ToString::to_string).collect();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, words.join(": "))
    }

    /// For a path that leads nowhere.
    pub(crate) async fn not_found(uri: Uri) -> Self {
        let detail = format!("there is nothing at {}; the page is at /", uri.path());
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// For a path that is asked in the wrong way.
    pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Self {
        let path = uri.path();
        let detail = format!("{path} does not take {method}; the header Allow says what it takes");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }
}

/// A problem as JSON.
#[derive(Serialize)]
pub(crate) struct Body {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl From<Problem> for Body {
    fn from(Problem { status, detail, field }: Problem) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self { r#type: "about:blank", title, status: status.as_u16(), detail, field }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = [(CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, Json(Body::from(self))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_with_its_sources() {
        #[derive(Debug, thiserror::Error)]
        #[error("the model could not score the next token")]
        struct Outer(#[source] std::fmt::Error);

        let source = std::fmt::Error;
        let expected = format!("the model could not score the next token: {source}");
        assert_eq!(Problem::fault(&Outer(source)).detail, expected);
    }
}
