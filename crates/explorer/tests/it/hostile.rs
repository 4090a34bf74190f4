//! Other sites, other paths, and clients that are too many, too slow, too big, or gone.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{atomic::Ordering, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    client::finish,
    toy::{Server, WAIT},
};

const SAFE: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-cache"),
];

#[test]
fn every_answer_says_how_it_may_be_used() {
    let server = Server::start();
    let foreign = server.raw("GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n");
    let answers = [
        server.get("/"),
        server.get("/api/v1/meta"),
        server.get("/nowhere"),
        server.post("/api/v1/logits", "{"),
        server.send("DELETE", "/", &[], ""),
        foreign,
    ];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 200, 404, 400, 405, 403]);
    for answer in answers {
        for (name, value) in SAFE {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none';", "script-src 'self';", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn another_sites_page_gets_nothing() {
    let server = Server::start();
    let port = server.addr.port();
    let get = |target: &str, headers: &str| {
        server.raw(&format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"))
    };
    let own = format!("Host: 127.0.0.1:{port}\r\n");
    let foreign = [
        String::new(),
        "Host: example.org\r\n".to_owned(),
        format!("Host: example.org:{port}\r\n"),
        "Host: 127.0.0.1\r\n".to_owned(),
        format!("{own}{own}"),
        format!("{own}Origin: null\r\n"),
        format!("{own}Origin: http://example.org\r\n"),
        format!("{own}Origin: http://localhost:{port}\r\n"),
        format!("{own}Sec-Fetch-Site: cross-site\r\n"),
    ];
    for headers in foreign {
        for path in ["/", "/api/v1/meta"] {
            assert_eq!(get(path, &headers).problem(), (403, None), "{headers}");
        }
    }
    assert_eq!(get("http://example.org/api/v1/meta", &own).problem(), (403, None));
    let same = format!("{own}Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n");
    for headers in [same, format!("Host: LocalHost:{port}\r\n"), format!("Host: [::1]:{port}\r\n")]
    {
        assert_eq!(get("/api/v1/meta", &headers).status, 200, "{headers}");
    }
}

#[test]
fn no_path_leads_out_of_the_page() {
    let server = Server::start();
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/screens/../../Cargo.toml",
        "/screens/..%5c..%5cCargo.toml",
        "//etc/passwd",
        "/etc/passwd",
        "/web/index.html",
        "/style.css/",
        "/style.css%00.html",
        "/.",
        "/tests/sampler.test.js",
    ] {
        assert_eq!(server.get(path).problem(), (404, None), "{path}");
    }
}

#[test]
fn a_body_too_large_is_refused_unread() {
    let server = Server::start();
    let head = format!(
        "POST /api/v1/logits HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n",
        server.addr
    );
    let announced = server.raw(&format!("{head}Content-Length: 100000000\r\n\r\n"));
    assert_eq!(announced.problem(), (413, None));
    let just = |length: usize| {
        let body = format!(r#"{{"prompt": "{}"}}"#, "a".repeat(length - 14));
        assert_eq!(body.len(), length);
        server.post("/api/v1/tokenize", &body).status
    };
    assert_eq!((just(64 << 10), just((64 << 10) + 1)), (200, 413));

    let mut stream = server.connect();
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let chunks = 100_000_000 / 0x10000;
    let taken = (0..chunks).take_while(|_| stream.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(taken < chunks, "all of it was read");
    assert_eq!(server.get("/api/v1/meta").status, 200);
}

#[test]
fn a_client_that_is_slow_to_ask_is_dropped() {
    let server = Server::start();
    let mut streams = ["", "GET / HTTP/1.1\r\nHos"].map(|beginning| {
        let mut stream = server.connect();
        stream.write_all(beginning.as_bytes()).unwrap();
        stream
    });
    let start = Instant::now();
    for stream in &mut streams {
        assert!(
            stream.read_to_end(&mut Vec::new()).is_ok(),
            "it was kept for {:?}",
            start.elapsed()
        );
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn five_hundred_at_once_are_answered() {
    let server = Server::alone();
    let request = server.request("GET", "/api/v1/vocab", &[], "");
    let mut streams: Vec<TcpStream> = (0..500).map(|_| server.connect()).collect();
    for stream in &mut streams {
        stream.write_all(request.as_bytes()).unwrap();
    }
    for stream in streams {
        assert_eq!(finish(stream).status, 200);
    }
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let server = Server::start();
    let mut stream = server.connect();
    let request = format!("HEAD /api/v1/meta HTTP/1.1\r\nHost: {}\r\n\r\n", server.addr);
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 200 "));
    }
}

/// Asks in a thread of its own; the status is told.
fn in_background(server: &Server, ids: &[u32], tell: &mpsc::Sender<u16>) {
    let (stream, tell) = (server.ask(ids), tell.clone());
    thread::spawn(move || tell.send(finish(stream).status));
}

#[test]
fn a_queue_that_is_full_says_so_at_once() {
    let server = Server::start();
    let (tell, told) = mpsc::channel();
    let next = || told.recv_timeout(Duration::from_secs(25)).unwrap();
    in_background(&server, &[WAIT], &tell);
    server.watch.waiting.recv().unwrap();
    (0..64 + 15).for_each(|_| in_background(&server, &[1], &tell));
    assert_eq!((0..15).map(|_| next()).collect::<Vec<_>>(), [503; 15]);
    server.watch.gate.send(()).unwrap();
    assert_eq!((0..65).map(|_| next()).collect::<Vec<_>>(), [200; 65]);
}

#[test]
fn a_client_that_leaves_takes_its_work_along() {
    let server = Server::start();
    let (tell, told) = mpsc::channel();
    in_background(&server, &[WAIT], &tell);
    server.watch.waiting.recv().unwrap();
    let leaving = server.ask(&[2]);
    thread::sleep(Duration::from_millis(500)); // so that it is in the queue
    drop(leaving);
    thread::sleep(Duration::from_millis(1_000)); // so that its going is seen
    in_background(&server, &[3], &tell);
    server.watch.gate.send(()).unwrap();
    assert_eq!([told.recv().unwrap(), told.recv().unwrap()], [200, 200]);
    assert_eq!(*server.watch.asked.lock().unwrap(), [vec![WAIT], vec![3]]);
}

#[test]
fn stop_ends_every_thread() {
    let mut server = Server::start();
    let (tell, _told) = mpsc::channel();
    let idle = server.connect();
    in_background(&server, &[WAIT], &tell);
    server.watch.waiting.recv().unwrap();
    server.stop(); // lets the model through the gate, and joins
    assert!(server.watch.gone.load(Ordering::SeqCst), "the subject's thread goes on");
    assert!(TcpStream::connect(server.addr).is_err(), "the port is still open");
    drop(idle);
}
