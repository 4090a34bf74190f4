//! The server as its caller sees it: bind, run, stop.

use std::{net::SocketAddr, sync::Arc, thread::JoinHandle};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tokio::{
    net::TcpListener,
    runtime::{self, Runtime},
    sync::Notify,
};

use crate::{
    Error, Result, Subject,
    api::{self, Api},
    assets,
    checked::Checked,
    connections,
    guard::{self, Hosts},
    headers, json,
    problem::Problem,
    queue::Queue,
    time,
};

/// Threads that talk to clients; the subject has one of its own.
const WORKERS: usize = 2;

/// A page on a run, ready to be served.
#[derive(Debug)]
pub struct Explorer {
    addr: SocketAddr,
    listener: TcpListener,
    router: Router,
    runtime: Runtime,
    subject: JoinHandle<()>,
    handle: Handle,
}

/// Stops an [`Explorer`] from another thread.
#[derive(Clone, Debug, Default)]
pub struct Handle(Arc<Notify>);

impl Handle {
    /// Makes [`Explorer::run`] return, now or once it is called. Connections are closed as they stand.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

impl Explorer {
    /// Takes the address (port 0: any free one) and starts the thread on which `subject` lives.
    ///
    /// Call it outside of an async runtime: it has its own.
    ///
    /// # Errors
    /// [`Error::NotLoopback`], [`Error::Bind`], [`Error::Threads`]; [`Error::Subject`] where what the subject
    /// says of itself does not fit together.
    pub fn bind(addr: SocketAddr, mut subject: Box<dyn Subject + Send>) -> Result<Self> {
        if !addr.ip().is_loopback() {
            return Err(Error::NotLoopback { addr });
        }
        let threads = |source| Error::Threads { source };
        let mut runtime = runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(WORKERS).thread_name("explorer").enable_all();
        let runtime = runtime.build().map_err(threads)?;
        let bind = |source| Error::Bind { addr, source };
        let listener = runtime.block_on(TcpListener::bind(addr)).map_err(bind)?;
        let addr = listener.local_addr().map_err(bind)?;
        let (about, vocabulary) = (Arc::new(subject.about()), subject.vocabulary());
        let first = subject.progress();
        api::check(&about, &vocabulary, first)?;
        let (queue, subject) =
            Queue::start(Checked::new(subject, Arc::clone(&about))).map_err(threads)?;
        let router = whole(Api::new(about, &vocabulary, queue)?, Hosts::of(addr));
        Ok(Self { addr, listener, router, runtime, subject, handle: Handle::default() })
    }

    /// Where the page is, such as `http://127.0.0.1:8080/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// What stops it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves the page until the process ends or the [`Handle`] stops it. When it returns, every thread has
    /// ended and the subject is gone.
    pub fn run(self) {
        let Self { listener, router, runtime, subject, handle, .. } = self;
        runtime.block_on(async {
            tokio::select! {
                () = connections::serve(listener, router) => (),
                () = handle.0.notified() => (),
            }
        });
        // With the connections go the last who can ask the subject anything, and so its thread ends.
        drop(runtime);
        // Where it panicked, whoever had asked was told.
        let _ = subject.join();
    }
}

/// Every path with all that surrounds it; the last layer is the outermost.
fn whole(api: Api, hosts: Hosts) -> Router {
    api::router(api)
        .merge(assets::router())
        .fallback(Problem::not_found)
        .method_not_allowed_fallback(Problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(json::LIMIT))
        .layer(middleware::from_fn(time::limit))
        .layer(middleware::from_fn_with_state(hosts, guard::this_machine_only))
        .layer(middleware::map_response(headers::add))
}
