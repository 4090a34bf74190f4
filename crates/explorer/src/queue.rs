//! The subject on its thread, and the queue in front of it.

use std::{
    io,
    sync::mpsc::{self, SyncSender, TrySendError},
    thread::{self, JoinHandle},
};

use axum::http::StatusCode;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::{
    checked::Checked,
    lines::{self, Events, Lines},
    problem::Problem,
};

/// Requests that may wait.
const LENGTH: usize = 64;

type Job = Box<dyn FnOnce(&mut Checked) + Send>;

/// Tells whether the client has gone, so that long work can end.
pub(crate) type IsGone<'a> = &'a dyn Fn() -> bool;

/// A way to ask the subject. Its thread ends with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Queue(SyncSender<Job>);

impl Queue {
    /// Gives the subject a thread.
    pub(crate) fn start(mut subject: Checked) -> io::Result<(Self, JoinHandle<()>)> {
        let (sender, jobs) = mpsc::sync_channel::<Job>(LENGTH);
        let work = move || jobs.into_iter().for_each(|job| job(&mut subject));
        let thread = thread::Builder::new().name("explorer-subject".to_owned()).spawn(work)?;
        Ok((Self(sender), thread))
    }

    /// Has `work` done when its turn comes, unless by then nobody waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Checked, IsGone<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        self.push(Box::new(move |subject| {
            if !reply.is_closed() {
                let answer = work(subject, &|| reply.is_closed());
                let _ = reply.send(answer); // the client may have gone meanwhile
            }
        }))?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// As [`run`](Self::run), for work that tells of itself as it goes; what it returns is the last line.
    ///
    /// # Errors
    /// What went wrong before the first line; what does later is a line itself.
    pub(crate) async fn stream<T: Serialize>(
        &self,
        work: impl FnOnce(&mut Checked, &Events) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Lines, Problem> {
        let (events, lines) = lines::channel();
        self.push(Box::new(move |subject| {
            if !events.is_gone() {
                let last = work(subject, &events);
                events.end(last);
            }
        }))?;
        Lines::begin(lines).await
    }

    fn push(&self, job: Job) -> Result<(), Problem> {
        self.0.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => full(),
            TrySendError::Disconnected(_) => ended(),
        })
    }
}

/// What work that nobody waits for any more ends with.
pub(crate) fn gone() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "nobody waits for the answer; ask again")
}

fn full() -> Problem {
    let detail = format!("{LENGTH} requests wait for the model already; ask again in a moment");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}

pub(crate) fn ended() -> Problem {
    let detail = "the model's thread has ended; start the explorer again, its terminal says why";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}
