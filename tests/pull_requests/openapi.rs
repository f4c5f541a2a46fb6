//! Checks calls against GitHub's own description of its API: npm's `@octokit/openapi`, served by
//! `@stoplight/prism-cli`. JETTISON_PRISM names the directory that contains both.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::server::Asked;
use crate::support;

pub struct Checker {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Checker {
    /// Starts the server, or prints that the test was skipped.
    pub fn start(test: &str) -> Option<Self> {
        let modules = support::from_npm(test, &["@octokit/openapi", "@stoplight/prism-cli"])?;
        let whole = modules.join("@octokit/openapi/generated/api.github.com.deref.json");
        let program = modules.join(".bin/prism");
        // The whole description takes a minute to read, and the test needs three calls.
        let folder = tempfile::tempdir().expect("a temporary directory");
        let document = folder.path().join("pulls.json");
        std::fs::write(&document, pulls(&whole).to_string()).expect("a file");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut child = Command::new(program)
            .args(["mock", "--errors", "--port", &port.to_string()])
            .arg(&document)
            .stdout(Stdio::piped())
            .spawn()
            .expect("prism starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut lines = output.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("listening")), "prism did not start");
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port, _folder: folder })
    }

    /// The mistakes in a call; `None` if it is correct. Wrong examples in the description itself do
    /// not count.
    pub fn complaint(&self, asked: &Asked) -> Option<String> {
        let (status, answer) = self.ask(asked);
        let is_about_answer = status == 500
            && answer.contains(r#""location":["response""#)
            && !answer.contains(r#""location":["request""#);
        (!(200..300).contains(&status) && !is_about_answer).then_some(answer)
    }

    fn ask(&self, asked: &Asked) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", asked.method, asked.target);
        for (name, value) in asked.headers.iter().filter(|(name, _)| name != "connection") {
            head += &format!("{name}: {value}\r\n");
        }
        if asked.header("content-length").is_some() {
            head = head.replace(
                &format!("content-length: {}", asked.header("content-length").unwrap_or_default()),
                &format!("content-length: {}", asked.body.len()),
            );
        }
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(b"\r\n").expect("it reads");
        stream.write_all(&asked.body).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split_whitespace().nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, answer)
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The part of the description that covers pull requests.
fn pulls(whole: &Path) -> Value {
    let file = BufReader::new(std::fs::File::open(whole).expect("a file"));
    let mut all: Value = serde_json::from_reader(file).expect("JSON");
    let mut paths = serde_json::Map::new();
    for path in ["/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/pulls/{pull_number}"] {
        paths.insert(path.to_owned(), all["paths"][path].take());
    }
    json!({ "openapi": all["openapi"], "info": all["info"], "paths": paths })
}
