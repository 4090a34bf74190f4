//! Answers that a browser may keep, as long as it asks whether they still hold.

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};

/// A body that changes only with its tag.
#[derive(Clone, Debug)]
pub(crate) struct Tagged {
    pub(crate) etag: HeaderValue,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

impl Tagged {
    /// The body, or 304 for whoever has it.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response {
        let etag = (ETAG, self.etag.clone());
        if self.is_held(request) {
            return (StatusCode::NOT_MODIFIED, [etag]).into_response();
        }
        let content_type = (CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        ([etag, content_type], self.body.clone()).into_response()
    }

    fn is_held(&self, request: &HeaderMap) -> bool {
        let values = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| {
            tag == "*" || tag.trim_start_matches("W/").as_bytes() == self.etag.as_bytes()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_others() {
        let etag = HeaderValue::from_static("\"b\"");
        let tagged = Tagged { etag, content_type: "text/plain", body: Bytes::from_static(b"b") };
        let status = |tags| {
            let request = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(tags))]);
            tagged.answer(&request).status().as_u16()
        };
        for tags in ["\"b\"", "\"a\", \"b\"", "W/\"b\"", "*"] {
            assert_eq!(status(tags), 304, "{tags}");
        }
        for tags in ["\"a\"", "b", ""] {
            assert_eq!(status(tags), 200, "{tags}");
        }
        assert_eq!(tagged.answer(&HeaderMap::new()).status().as_u16(), 200);
    }
}
