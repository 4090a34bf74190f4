//! The body of a request: JSON of a known shape and a bounded size.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::problem::Problem;

/// The most bytes that a body may have.
pub(crate) const LIMIT: usize = 64 << 10;

/// A body that has been read as JSON. A fault in it is told with the field.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_type(request.headers())?;
        check_length(request.headers())?;
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|refused| match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            status => Problem::new(status, refused.body_text()),
        })?;
        parse(&bytes).map(Self)
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = format!("the body's Content-Type is '{given}'; send application/json");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// Refuses by what a client says it will send; what it sends is limited as it is read.
fn check_length(headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > LIMIT as u64) { Err(too_large()) } else { Ok(()) }
}

fn too_large() -> Problem {
    let detail = format!("the body is larger than {LIMIT} bytes; send a shorter prompt");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = pointer(error.path());
        refused(field, &error.into_inner())
    })?;
    json.end().map_err(|error| refused(String::new(), &error))?;
    Ok(value)
}

fn refused(field: String, error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => Problem::value(field, error.to_string()),
        _ => Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}")),
    }
}

pub(crate) fn pointer(path: &Path) -> String {
    let part = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The status and the field of a refusal; 200 for none.
    fn answer(body: &str) -> (u16, Option<String>) {
        match parse::<BTreeMap<String, Vec<u32>>>(body.as_bytes()) {
            Ok(_) => (200, None),
            Err(Problem { status, field, .. }) => (status.as_u16(), field),
        }
    }

    #[test]
    fn what_is_no_json_is_400_and_what_does_not_fit_is_422_with_its_field() {
        assert_eq!(answer(r#"{"a": [1, 2]}"#), (200, None));
        for broken in ["", "{", r#"{"a": [1,]}"#, r#"{"a": []} x"#, "\u{0}"] {
            assert_eq!(answer(broken), (400, None), "{broken}");
        }
        assert_eq!(answer("[]"), (422, None));
        assert_eq!(answer(r#"{"a": [1, -2]}"#), (422, Some("/a/1".to_owned())));
        assert_eq!(answer(r#"{"x/y~": 1}"#), (422, Some("/x~1y~0".to_owned())));
    }

    #[test]
    fn a_body_nested_without_end_is_refused() {
        let nested = r#"{"a": "#.to_owned() + &"[".repeat(60_000);
        assert_eq!(answer(&nested).0, 422);
        assert_eq!(
            parse::<serde_json::Value>(nested.as_bytes()).err().map(|p| p.status.as_u16()),
            Some(400)
        );
    }
}
