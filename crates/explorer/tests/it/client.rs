//! As much of an HTTP client as the tests need: a request a connection.

use std::{
    io::{Read, Write},
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
        Self { status, head, body: bytes[end + 4..].to_vec() }
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
        let body = format!(r#"{{"ids": {ids:?}}}"#);
        let headers = ["Content-Type: application/json"];
        let request = self.request("POST", "/api/v1/logits", &headers, &body);
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        stream
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
