//! How long an answer may take.

use std::{future::Future, time::Duration};

use axum::{
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::problem::Problem;

/// From the end of a request's headers to the head of the answer, the reading of its body included. A stream has its
/// head with its first line, and goes on for as long as it takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Gives up on an answer that takes too long; nobody waits for its work then, so it is not begun.
pub(crate) async fn limit(request: Request, next: Next) -> Response {
    within(LIMIT, next.run(request)).await
}

async fn within(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        let detail =
            format!("there was no answer within {limit:?}; ask again when the model is free");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future;

    use super::*;

    fn status(answer: impl Future<Output = Response>) -> StatusCode {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(within(Duration::from_millis(5), answer)).status()
    }

    #[test]
    fn an_answer_that_never_comes_is_given_up() {
        assert_eq!(status(future::pending()), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status(future::ready(().into_response())), StatusCode::OK);
    }
}
