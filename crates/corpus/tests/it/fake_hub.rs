//! A small hub on this machine, whose answers a test writes.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};
use sha2::Digest;

pub(crate) const CONVERT: &str = "refs%2Fconvert%2Fparquet";
pub(crate) const CONVERT_SHA: &str = "1111111111111111111111111111111111111111";
pub(crate) const MAIN_SHA: &str = "2222222222222222222222222222222222222222";

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) token: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: Vec<u8>,
    /// Bytes of the body that are promised and never sent.
    missing: usize,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: String::new(), body: body.into(), missing: 0 }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::ok("{\"error\":\"no\"}") }
    }

    pub(crate) fn redirect(target: &str) -> Self {
        Self::status(302).header("Location", target)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn short_by(self, missing: usize) -> Self {
        Self { missing, ..self }
    }

    fn send(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Self { status, headers, body, missing } = self;
        let length = body.len() + missing;
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        )?;
        stream.write_all(body)
    }
}

/// A server that stops when it is dropped.
pub(crate) struct FakeHub {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FakeHub {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (log, stop) = (requests.clone(), stopped.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let request = receive(&stream);
                log.lock().unwrap().push(request.clone());
                // A client that has heard enough may hang up.
                let _ = answer(&request).send(stream);
            }
        });
        Self { url, requests, stopped, thread: Some(thread) }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The paths of the files that were downloaded so far.
    pub(crate) fn downloads(&self) -> Vec<String> {
        let paths = self.requests().into_iter().map(|request| request.path);
        paths.filter(|path| path.contains("/resolve/")).collect()
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn receive(stream: &TcpStream) -> Request {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        let named = head.iter().filter_map(|line| line.split_once(": "));
        let mut found = named.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.to_owned())
    };
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let token = header("authorization");
    Request { path: path.to_owned(), host: header("host").unwrap_or_default(), token }
}

/// The files of `acme/films`, by branch.
#[derive(Clone, Default)]
pub(crate) struct Site {
    pub(crate) convert: Option<Vec<(&'static str, &'static str)>>,
    pub(crate) main: Option<Vec<(&'static str, &'static str)>>,
}

impl Site {
    /// A converted data set with two splits to be had and two files that are not wanted.
    pub(crate) fn converted() -> Self {
        let convert = vec![
            ("README.md", "about"),
            ("default/test/0000.parquet", "the test"),
            ("default/train/0000.parquet", "the training"),
            ("default/validation/0000.parquet", "the validation"),
        ];
        Self { convert: Some(convert), main: None }
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let branches = [(CONVERT, CONVERT_SHA, &self.convert), ("main", MAIN_SHA, &self.main)];
        for (branch, sha, files) in branches {
            let Some(files) = files else { continue };
            if request.path == format!("/api/datasets/acme/films/revision/{branch}") {
                return Reply::ok(json!({ "sha": sha }).to_string());
            }
            if request.path == format!("/api/datasets/acme/films/tree/{branch}?recursive=true") {
                return Reply::ok(tree(files).to_string());
            }
            let folder = format!("/datasets/acme/films/resolve/{sha}/");
            let path = request.path.strip_prefix(&folder);
            if let Some((_, body)) = files.iter().find(|(name, _)| Some(*name) == path) {
                return Reply::ok(*body);
            }
        }
        Reply::status(404)
    }

    pub(crate) fn serve(self) -> FakeHub {
        FakeHub::start(move |request| self.answer(request))
    }
}

pub(crate) fn tree(files: &[(&str, &str)]) -> Value {
    let folder = json!({ "type": "directory", "path": "default", "size": 0, "oid": "0" });
    let files = files.iter().map(|(path, body)| entry(path, body));
    std::iter::once(folder).chain(files).collect()
}

/// Parquet files are large files (SHA-256), others are git's (SHA-1).
pub(crate) fn entry(path: &str, body: &str) -> Value {
    let size = body.len();
    let mut entry = json!({ "type": "file", "path": path, "size": size, "oid": git_oid(body) });
    if path.ends_with(".parquet") {
        entry["lfs"] = json!({ "oid": sha256(body), "size": size, "pointerSize": 130 });
    }
    entry
}

pub(crate) fn sha256(body: &str) -> String {
    hex(&sha2::Sha256::digest(body))
}

pub(crate) fn git_oid(body: &str) -> String {
    hex(&sha1::Sha1::digest(format!("blob {}\0{body}", body.len())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
