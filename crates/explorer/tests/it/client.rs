//! As much of an HTTP client as the tests need: a request a connection.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use crate::toy::Server;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Self { status, head, body: bytes[end + 4..].to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            let mut chunks = &*answer.body;
            answer.body = std::iter::from_fn(|| chunk(&mut chunks)).flatten().collect();
        }
        answer
    }

    /// The events of a stream.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(self.header("content-type"), Some("application/x-ndjson"), "{}", self.text());
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The status and field of a problem, which must be whole.
    pub(crate) fn problem(&self) -> (u16, Option<String>) {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text()
        );
        let problem = self.json();
        assert_eq!(
            (&problem["type"], &problem["status"]),
            (&"about:blank".into(), &self.status.into())
        );
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        (self.status, problem.get("field").map(|field| field.as_str().unwrap().to_owned()))
    }

    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

impl Server {
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends bytes as they are, and reads until the server closes.
    pub(crate) fn raw(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        finish(stream)
    }

    /// A whole request; `headers` are lines without their ends.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        self.raw(&self.request(method, path, headers, body))
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let (host, length) = (self.addr, body.len());
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{lines}\r\n{body}"
        )
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &["Content-Type: application/json"], body)
    }

    /// Asks for logits, and leaves the answer to be read.
    pub(crate) fn ask(&self, ids: &[u32]) -> TcpStream {
        self.begin("/api/v1/logits", &format!(r#"{{"ids": {ids:?}}}"#))
    }

    /// Posts, and leaves the answer to be read.
    pub(crate) fn begin(&self, path: &str, body: &str) -> TcpStream {
        let request = self.request("POST", path, &["Content-Type: application/json"], body);
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

/// The next chunk of a body; nothing after the last.
fn chunk(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut size = String::new();
    from.read_line(&mut size).unwrap();
    let mut bytes = vec![0; usize::from_str_radix(size.trim(), 16).unwrap_or(0) + 2];
    let is_last = bytes.len() == 2;
    from.read_exact(&mut bytes).unwrap();
    bytes.truncate(bytes.len() - 2);
    (!is_last).then_some(bytes)
}

/// A stream of events, read as they come.
pub(crate) struct Events {
    stream: BufReader<TcpStream>,
    held: Vec<u8>,
}

impl Events {
    /// Reads the head, which must be of a stream.
    pub(crate) fn new(stream: TcpStream) -> Self {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Self { stream, held: Vec::new() }
    }
}

impl Iterator for Events {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.held.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            self.held.extend(chunk(&mut self.stream)?);
        }
    }
}

/// Reads an answer to its end.
pub(crate) fn finish(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A server that refused a body half-way may reset the connection behind its answer.
    let read = stream.read_to_end(&mut bytes);
    assert!(!bytes.is_empty(), "no answer: {read:?}");
    Answer::parse(&bytes)
}
