//! Memory stays as it is, whatever clients do. The server is a process of its own: this test's binary again.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use enredo_explorer::Explorer;

use crate::toy::{self, Parts};

const SERVER: &str = "ENREDO_EXPLORER_TEST_SERVER";
/// What a round may add, once the server has answered one of everything.
const GROWTH: u64 = 2 << 20;

/// The server's side: it serves until its input ends.
#[test]
fn the_server() {
    if env::var_os(SERVER).is_none() {
        return;
    }
    let explorer = Explorer::bind(
        ([127, 0, 0, 1], 0).into(),
        toy::toy(Parts { forgets: true, ..Parts::default() }).0,
    )
    .unwrap();
    let (url, handle) = (explorer.url(), explorer.handle());
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        handle.stop();
    });
    io::stderr().write_all(format!("{url}\n").as_bytes()).unwrap();
    explorer.run();
}

struct Process(Child, SocketAddr);

impl Process {
    fn start() -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "memory::the_server", "--nocapture"]).env(SERVER, "1");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut url).unwrap();
        let addr = url.trim().trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        Self(child, addr)
    }

    /// VmRSS in bytes, where the system tells it.
    fn resident(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
    }

    fn begin(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.1).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (host, length) = (self.1, body.len());
        let request = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn status(&self, method: &str, path: &str, body: &str) -> String {
        let mut answer = Vec::new();
        let _ = self.begin(method, path, body).read_to_end(&mut answer);
        String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// One of each kind: answered, refused, left, and read late.
fn round(server: &Process) {
    let text =
        r#"{"ids": [1, 2], "config": {"max_new_tokens": 40, "do_sample": true}, "top_n": 100}"#;
    let beams = r#"{"ids": [1], "config": {"max_new_tokens": 9}, "beams": {"num_beams": 4}}"#;
    for (method, path, body, status) in [
        ("GET", "meta", "", "200"),
        ("GET", "vocab", "", "200"),
        ("GET", "training?points=10", "", "200"),
        ("GET", "training", "", "200"),
        ("GET", "training?points=1", "", "422"),
        ("GET", "documents?q=moon", "", "200"),
        ("GET", "documents?limit=x", "", "422"),
        ("GET", "nowhere", "", "404"),
        ("POST", "tokenize", r#"{"prompt": "a bb"}"#, "200"),
        ("POST", "tokenize", "{", "400"),
        ("POST", "logits", r#"{"ids": [1]}"#, "200"),
        ("POST", "logits", r#"{"ids": [6]}"#, "500"),
        ("POST", "apply", r#"{"ids": [1], "config": {}}"#, "200"),
        ("POST", "generate", text, "200"),
        ("POST", "generate", r#"{"ids": [3, 3], "config": {"max_new_tokens": 9}}"#, "200"),
        ("POST", "generate", r#"{"ids": [1], "config": {"max_new_tokens": 9999}}"#, "422"),
        ("POST", "beams", beams, "200"),
        ("POST", "attention", r#"{"ids": [1, 2], "layer": 1}"#, "200"),
        ("POST", "lens", r#"{"ids": [1, 2]}"#, "200"),
        ("POST", "probe", r#"{"ids": [1, 2]}"#, "200"),
    ] {
        let answer = server.status(method, path, body);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{path} {body}");
    }
    let mut left = server.begin("POST", "generate", text);
    left.read_exact(&mut [0; 20]).unwrap();
    drop(left);
    drop(server.begin("POST", "beams", beams));
    let mut late = server.begin("POST", "generate", text);
    server.status("GET", "meta", "");
    late.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn memory_stays_flat() {
    let server = Process::start();
    (0..60).for_each(|_| round(&server));
    let Some(before) = server.resident() else { return };
    (0..150).for_each(|_| round(&server));
    let after = server.resident().unwrap();
    assert!(after < before + GROWTH, "from {before} to {after} bytes");
}
