//! Connections: how many at once, and how long one may take to say what it wants.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

/// Connections at once; more wait in the system's queue until one is closed.
const CONNECTIONS: usize = 1_024;
/// How long a request line and its headers may take, and a connection be idle.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// The most bytes that a connection holds back.
const BUFFER: usize = 64 << 10;
/// How long to wait where the system has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers whoever connects, without end.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // The one error is a closed semaphore, and nobody closes this one.
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(talk(stream, router.clone(), place))),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Answers the requests of one connection. Its service is dropped when the client goes.
async fn talk(stream: TcpStream, router: Router, _place: OwnedSemaphorePermit) {
    // Faster where it works, and no reason to fail where it does not.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(BUFFER);
    // A client that breaks off has nobody left to tell.
    let _ = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
}
