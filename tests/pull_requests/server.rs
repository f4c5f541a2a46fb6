//! A server that behaves like a forge: requests that can be listed, opened and changed, errors on
//! demand, and repositories served by git's own `http-backend`. It records everything that it
//! receives.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A request that the server received.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// An answer to the next call of a method, given once and before all others.
pub struct Scripted {
    pub method: &'static str,
    pub status: u16,
    pub headers: &'static str,
    pub body: &'static str,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    /// All requests, including git's.
    all: Vec<Asked>,
    /// The server that git's requests are redirected to.
    redirect: Option<String>,
    scripted: VecDeque<Scripted>,
    requests: Vec<Value>,
}

/// Which forge it answers as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    GitHub,
    GitLab,
    Gitea,
}

/// A running server, which ends with the test program.
#[derive(Clone)]
pub struct Server {
    pub address: String,
    state: Arc<Mutex<State>>,
    likeness: Likeness,
    repositories: PathBuf,
}

/// The password for pushing over HTTP.
pub const PASSWORD: &str = "s3cret-t0ken";

impl Server {
    pub fn start(likeness: Likeness, repositories: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Self { address, state: Arc::default(), likeness, repositories };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = own.clone();
                std::thread::spawn(move || server.serve(&stream));
            }
        });
        server
    }

    pub fn likeness(&self) -> Likeness {
        self.likeness
    }

    /// Makes the next call of a method fail in this way.
    pub fn script(&self, scripted: Scripted) {
        self.state.lock().expect("no panic").scripted.push_back(scripted);
    }

    /// All API calls so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("no panic").asked.clone()
    }

    /// All requests so far, including git's.
    pub fn all_asked(&self) -> Vec<Asked> {
        self.state.lock().expect("no panic").all.clone()
    }

    /// Redirects git to another server.
    pub fn redirect_git(&self, target: &str) {
        self.state.lock().expect("no panic").redirect = Some(target.to_owned());
    }

    /// The pull requests on the server.
    pub fn requests(&self) -> Vec<Value> {
        self.state.lock().expect("no panic").requests.clone()
    }

    /// Changes the last pull request, as a person would.
    pub fn change(&self, key: &str, value: &str) {
        let mut state = self.state.lock().expect("no panic");
        state.requests.last_mut().expect("a request")[key] = value.into();
    }

    /// Opens a request for a branch of the same name from another repository, as a stranger would.
    pub fn open_from_fork(&self, branch: &str, body: &str) {
        let sent = json!({
            "head": branch, "base": "main", "source_branch": branch, "target_branch": "main",
            "title": "Something else", "body": body, "description": body,
        });
        let mut state = self.state.lock().expect("no panic");
        let mut request = self.request(state.requests.len() + 1, &sent);
        match self.likeness {
            Likeness::GitLab => request["source_project_id"] = 2.into(),
            Likeness::GitHub | Likeness::Gitea => request["head"]["repo"]["id"] = 2.into(),
        }
        state.requests.push(request);
    }

    fn serve(&self, stream: &TcpStream) {
        let Some(asked) = read(stream) else { return };
        self.state.lock().expect("no panic").all.push(asked.clone());
        let redirect = self.state.lock().expect("no panic").redirect.clone();
        let (status, headers, body) =
            if let Some(target) = redirect.filter(|_| asked.target.starts_with("/git/")) {
                (307, format!("location: {target}{}\r\n", asked.target), Vec::new())
            } else if asked.target.starts_with("/git/") {
                self.git(&asked)
            } else {
                let (status, headers, value) = self.answer(&asked);
                self.state.lock().expect("no panic").asked.push(asked);
                (status, headers, value.into_bytes())
            };
        let head = format!(
            "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        );
        let mut stream = stream;
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    }

    fn answer(&self, asked: &Asked) -> (u16, String, String) {
        let mut state = self.state.lock().expect("no panic");
        if state.scripted.front().is_some_and(|next| next.method == asked.method) {
            let next = state.scripted.pop_front().expect("it is there");
            return (next.status, next.headers.to_owned(), next.body.to_owned());
        }
        let token =
            asked.header("authorization").or_else(|| asked.header("private-token")).unwrap_or_default();
        if !token.ends_with(PASSWORD) {
            return (401, String::new(), json!({ "message": "Bad credentials" }).to_string());
        }
        let json = "content-type: application/json\r\n".to_owned();
        let sent = asked.json();
        match asked.method.as_str() {
            "GET" => (200, json, Value::Array(state.requests.clone()).to_string()),
            "POST" => {
                let number = state.requests.len() + 1;
                let request = self.request(number, &sent);
                state.requests.push(request.clone());
                (201, json, request.to_string())
            }
            _ => {
                let number: usize =
                    asked.target.rsplit('/').next().and_then(|last| last.parse().ok()).expect("a number");
                let request = &mut state.requests[number - 1];
                for (key, value) in sent.as_object().expect("an object") {
                    request[key] = value.clone();
                }
                (200, json, request.to_string())
            }
        }
    }

    fn request(&self, number: usize, sent: &Value) -> Value {
        let url = format!("{}/web/{number}", self.address);
        match self.likeness {
            Likeness::GitLab => json!({
                "iid": number, "state": "opened", "web_url": url, "merged_at": null,
                "source_branch": sent["source_branch"], "target_branch": sent["target_branch"],
                "source_project_id": 1, "target_project_id": 1,
                "title": sent["title"], "description": sent["description"],
            }),
            Likeness::GitHub | Likeness::Gitea => json!({
                "number": number, "state": "open", "html_url": url, "merged_at": null,
                "head": { "ref": sent["head"], "repo": { "id": 1 } },
                "base": { "ref": sent["base"], "repo": { "id": 1 } },
                "title": sent["title"], "body": sent["body"],
            }),
        }
    }

    /// Passes a request to git if it has the password. (git's manual, "git-http-backend".)
    fn git(&self, asked: &Asked) -> (u16, String, Vec<u8>) {
        use base64::Engine as _;
        let known = ["x-access-token", "oauth2"].iter().any(|user| {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{PASSWORD}"));
            asked.header("authorization") == Some(&format!("Basic {pair}"))
        });
        if !known {
            return (401, "www-authenticate: Basic realm=\"git\"\r\n".to_owned(), Vec::new());
        }
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let mut child = Command::new("git")
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &self.repositories)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REMOTE_USER", "bot")
            .env("REQUEST_METHOD", &asked.method)
            .env("PATH_INFO", path.trim_start_matches("/git"))
            .env("QUERY_STRING", query)
            .env("CONTENT_TYPE", asked.header("content-type").unwrap_or_default())
            .env("HTTP_CONTENT_ENCODING", asked.header("content-encoding").unwrap_or_default())
            .env("GIT_PROTOCOL", asked.header("git-protocol").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git starts");
        child.stdin.take().expect("piped").write_all(&asked.body).expect("it reads");
        let output = child.wait_with_output().expect("it ends").stdout;
        let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("headers end");
        let headers = String::from_utf8_lossy(&output[..end + 2]).into_owned();
        let status = headers.strip_prefix("Status: ").and_then(|rest| rest[..3].parse().ok()).unwrap_or(200);
        (status, headers, output[end + 4..].to_vec())
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut asked = Asked { method, target, headers, body: Vec::new() };
    let length: usize = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    asked.body.resize(length, 0);
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}
