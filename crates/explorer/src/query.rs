//! The query of a request: fields of a known shape. A fault in one is told with its name.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::de::DeserializeOwned;

use crate::{json::pointer, problem::Problem};

/// A query that has been read.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let fields = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let field = pointer(error.path());
        Problem::value(field, format!("the query does not fit: {}", error.into_inner()))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fields {
        text: Option<String>,
        limit: Option<u8>,
    }

    #[test]
    fn fields_are_decoded_and_faults_named() {
        let Fields { text, limit } = parse("text=a%20b%2B+%C3%A9%3C&limit=7").unwrap();
        assert_eq!((text.as_deref(), limit), (Some("a b+ é<"), Some(7)));
        assert!(parse::<Fields>("").unwrap().text.is_none());
        for (query, field) in [
            ("limit=x", Some("/limit")),
            ("limit=", Some("/limit")),
            ("text=a&limit=256", Some("/limit")),
            ("limit=1&limit=2", None),
            ("other=1", None),
        ] {
            let problem = parse::<Fields>(query).unwrap_err();
            assert_eq!(problem.status.as_u16(), 422, "{query}");
            if field.is_some() {
                assert_eq!(problem.field.as_deref(), field, "{query}");
            }
        }
    }
}
