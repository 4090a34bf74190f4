//! Answers that come line by line while the work goes on: JSON, an event a line.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use hyper::body::Frame;
use serde::Serialize;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::{problem::Problem, queue};

pub(crate) enum Line {
    More(Bytes),
    Last(Bytes),
    Fault(Problem),
}

/// Where work tells its events. It never waits for whoever reads them, so what it tells must be bounded.
pub(crate) struct Events(UnboundedSender<Line>);

/// The lines as they come: a body.
pub(crate) struct Lines {
    first: Option<Line>,
    rest: UnboundedReceiver<Line>,
    is_over: bool,
}

pub(crate) fn channel() -> (Events, UnboundedReceiver<Line>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Events(sender), receiver)
}

impl Events {
    /// # Errors
    /// Where nobody listens any more: reason enough to stop.
    pub(crate) fn tell(&self, event: &impl Serialize) -> Result<(), Problem> {
        self.0.send(Line::More(line(event)?)).map_err(|_| queue::gone())
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    /// The last line.
    pub(crate) fn end(self, last: Result<impl Serialize, Problem>) {
        let last = last.and_then(|event| line(&event)).map_or_else(Line::Fault, Line::Last);
        let _ = self.0.send(last); // the client may have gone meanwhile
    }
}

impl Lines {
    /// Waits for the first line.
    ///
    /// # Errors
    /// A fault in its place.
    pub(crate) async fn begin(mut rest: UnboundedReceiver<Line>) -> Result<Self, Problem> {
        match rest.recv().await {
            Some(Line::Fault(problem)) => Err(problem),
            None => Err(queue::ended()),
            first => Ok(Self { first, rest, is_over: false }),
        }
    }

    /// The bytes of a line; where there are no more and none was the last, what that means.
    fn bytes(&mut self, line: Option<Line>) -> Bytes {
        self.is_over = !matches!(line, Some(Line::More(_)));
        match line {
            Some(Line::More(bytes) | Line::Last(bytes)) => bytes,
            Some(Line::Fault(problem)) => told(problem),
            None => told(queue::ended()),
        }
    }
}

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let line = match self.first.take() {
            None => std::task::ready!(self.rest.poll_recv(context)),
            first => first,
        };
        Poll::Ready(Some(Ok(Frame::data(self.bytes(line)))))
    }
}

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/x-ndjson")], Body::new(self)).into_response()
    }
}

fn line(event: &impl Serialize) -> Result<Bytes, Problem> {
    let mut line = serde_json::to_vec(event).map_err(|error| Problem::fault(&error))?;
    line.push(b'\n');
    Ok(line.into())
}

/// A problem as a line.
fn told(problem: Problem) -> Bytes {
    #[derive(Serialize)]
    struct Told {
        event: &'static str,
        #[serde(flatten)]
        problem: crate::problem::Body,
    }
    // It is of strings and a number, which are always JSON.
    line(&Told { event: "problem", problem: problem.into() }).unwrap_or_default()
}
