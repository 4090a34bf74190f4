//! The subject on its thread, and the queue in front of it.

use std::{
    io,
    sync::mpsc::{self, SyncSender, TrySendError},
    thread::{self, JoinHandle},
};

use axum::http::StatusCode;
use tokio::sync::oneshot;

use crate::{Subject, problem::Problem};

/// Requests that may wait.
const LENGTH: usize = 64;

type Job = Box<dyn FnOnce(&mut dyn Subject) + Send>;

/// A way to ask the subject. Its thread ends with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Queue(SyncSender<Job>);

impl Queue {
    /// Gives the subject a thread.
    pub(crate) fn start(
        mut subject: Box<dyn Subject + Send>,
    ) -> io::Result<(Self, JoinHandle<()>)> {
        let (sender, jobs) = mpsc::sync_channel::<Job>(LENGTH);
        let work = move || jobs.into_iter().for_each(|job| job(&mut *subject));
        let thread = thread::Builder::new().name("explorer-subject".to_owned()).spawn(work)?;
        Ok((Self(sender), thread))
    }

    /// Has `work` done when its turn comes, unless by then nobody waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Subject) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        let job = move |subject: &mut dyn Subject| {
            if !reply.is_closed() {
                let _ = reply.send(work(subject)); // the client may have gone meanwhile
            }
        };
        self.0.try_send(Box::new(job)).map_err(|refused| match refused {
            TrySendError::Full(_) => full(),
            TrySendError::Disconnected(_) => ended(),
        })?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn full() -> Problem {
    let detail = format!("{LENGTH} requests wait for the model already; ask again in a moment");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}

fn ended() -> Problem {
    let detail = "the model's thread has ended; start the explorer again, its terminal says why";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}
