//! Connections: how many at once, and how long one may take to say what it wants, and to hear it.

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

use crate::patience::Patient;

/// Connections at once; more wait in the system's queue until one is closed.
const CONNECTIONS: usize = 1_024;
/// How long a request line and its headers may take, and a connection be idle.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may leave an answer unread.
const READ_WITHIN: Duration = Duration::from_secs(30);
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
            Ok((stream, _)) => drop(tokio::spawn(talk(stream, router.clone(), READ_WITHIN, place))),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Answers the requests of one connection. Its service is dropped when the client goes.
async fn talk(stream: TcpStream, router: Router, patience: Duration, _place: OwnedSemaphorePermit) {
    // Faster where it works, and no reason to fail where it does not.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(BUFFER);
    // A client that breaks off has nobody left to tell.
    let stream = TokioIo::new(Patient::new(stream, patience));
    let _ = http.serve_connection(stream, TowerToHyperService::new(router)).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        io::{Read, Write},
        thread,
        time::Instant,
    };

    use axum::routing::get;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(400);

    /// Asks for far more than the system's buffers hold, and has `read` read it; tells how long the
    /// connection was kept.
    fn kept(read: impl FnOnce(std::net::TcpStream) + Send + 'static) -> Duration {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let router = Router::new().route("/", get(async || vec![b'x'; 64 << 20]));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let client = thread::spawn(move || {
                let mut client = std::net::TcpStream::connect(addr).unwrap();
                let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
                client.write_all(request.as_bytes()).unwrap();
                read(client);
            });
            let (stream, _) = listener.accept().await.unwrap();
            let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
            let start = Instant::now();
            tokio::time::timeout(20 * PATIENCE, talk(stream, router, PATIENCE, place))
                .await
                .unwrap();
            let kept = start.elapsed();
            client.join().unwrap();
            kept
        })
    }

    #[test]
    fn a_client_that_never_reads_loses_its_place() {
        assert!(
            kept(|client| {
                thread::sleep(4 * PATIENCE);
                drop(client);
            }) < 3 * PATIENCE
        );
    }

    #[test]
    fn one_that_reads_slowly_gets_it_all() {
        let read = |mut client: std::net::TcpStream| {
            let (mut buffer, mut all) = (vec![0; 4 << 20], 0);
            let mut pauses = 0;
            loop {
                match client.read(&mut buffer).unwrap() {
                    0 => break,
                    n => all += n,
                }
                if pauses < 8 {
                    pauses += 1;
                    thread::sleep(PATIENCE / 4);
                }
            }
            assert!(all > 64 << 20);
        };
        assert!(kept(read) > PATIENCE);
    }
}
