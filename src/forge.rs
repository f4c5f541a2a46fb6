//! Pull requests on GitHub (also Enterprise), GitLab (merge requests), Gitea and Forgejo.
//!
//! Each forge has three operations: list the requests of a branch, open one, and update one. Other
//! modules decide on the text and the commits.

mod error;
mod http;
mod remote;

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub use error::Error;
pub use http::{Client, Token};
pub use remote::{Remote, is_private};

/// The software of a forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// GitHub and GitHub Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
}

impl Kind {
    /// The software of a well-known host.
    pub fn of_host(host: &str) -> Option<Self> {
        match host {
            "github.com" => Some(Self::GitHub),
            "gitlab.com" => Some(Self::GitLab),
            "codeberg.org" | "gitea.com" => Some(Self::Gitea),
            _ if host.split('.').next() == Some("gitlab") => Some(Self::GitLab),
            _ => None,
        }
    }

    /// The environment variable that holds the token.
    pub fn variable(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB_TOKEN",
            Self::GitLab => "GITLAB_TOKEN",
            Self::Gitea => "GITEA_TOKEN",
        }
    }

    /// The API URL of a host.
    pub fn api(self, host: &str) -> String {
        match self {
            Self::GitHub if host == "github.com" => "https://api.github.com".to_owned(),
            Self::GitHub => format!("https://{host}/api/v3"),
            Self::GitLab => format!("https://{host}/api/v4"),
            Self::Gitea => format!("https://{host}/api/v1"),
        }
    }

    /// Its name for a request to merge a branch.
    pub fn request(self) -> &'static str {
        match self {
            Self::GitLab => "merge request",
            Self::GitHub | Self::Gitea => "pull request",
        }
    }

    fn headers(self, token: &Token) -> Vec<(&'static str, String)> {
        match self {
            Self::GitHub => vec![
                ("authorization", format!("Bearer {}", token.secret())),
                ("accept", "application/vnd.github+json, application/json;q=0.9".to_owned()),
                ("x-github-api-version", "2022-11-28".to_owned()),
            ],
            Self::GitLab => vec![("private-token", token.secret().to_owned())],
            Self::Gitea => vec![("authorization", format!("token {}", token.secret()))],
        }
    }

    /// Advice for an error of the server.
    fn advice(self, status: u16) -> &'static str {
        match (status, self) {
            (401, _) => "the server rejected the token; check that it has not expired, or create a new one",
            (403, Self::GitHub) => {
                "the token needs write permission for contents and pull requests (in a workflow: `permissions: {contents: write, pull-requests: write}`, and the repository setting that allows Actions to create pull requests)"
            }
            (403, Self::GitLab) => "the token needs the scope `api` and the role Developer",
            (403, Self::Gitea) => "the token needs write permission for repositories and issues",
            (300..=399, _) => "the server has moved; set its new URL with --api-url or `git remote set-url`",
            (404, _) => {
                "the repository does not exist, or the token has no access to it; use --repository to name another one"
            }
            (422, _) => {
                "the server rejected the request: check --base and the branch rules of the repository"
            }
            _ => "try again later",
        }
    }
}

/// A repository on a forge.
#[derive(Debug)]
pub struct Forge {
    kind: Kind,
    api: String,
    /// `owner/name`, with GitLab's groups in between.
    repository: String,
    client: Client,
}

/// An existing request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number within the repository.
    pub number: u64,
    /// Its state.
    pub state: State,
    /// Its web page.
    pub url: String,
    /// Its description.
    pub body: String,
}

/// The state of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is open.
    Open,
    /// A person closed it.
    Closed,
    /// It was merged.
    Merged,
}

/// The page size that every forge supports.
const PAGE: usize = 50;

/// The largest number of pages to read.
const MOST_PAGES: usize = 40;

/// The contents of a request.
#[derive(Debug, Clone, Copy)]
pub struct Wording<'w> {
    /// The branch to merge.
    pub branch: &'w str,
    /// The branch to merge into.
    pub base: &'w str,
    /// One line.
    pub title: &'w str,
    /// Markdown.
    pub body: &'w str,
}

impl fmt::Display for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.repository, self.api)
    }
}

impl Forge {
    /// A repository; the URL of the API has no slash at its end. An unencrypted URL is refused,
    /// since it would expose the token.
    pub fn new(kind: Kind, api: &str, repository: &str, token: Token) -> Result<Self, Error> {
        if !api.starts_with("https://") && !api.starts_with("http://") {
            return Err(Error::NotAUrl(api.to_owned()));
        }
        if api.split('/').nth(2).unwrap_or_default().contains('@') {
            return Err(Error::Password);
        }
        if !is_private(api) {
            return Err(Error::NotEncrypted(api.to_owned()));
        }
        let client = Client::new(kind.headers(&token), token);
        Ok(Self {
            kind,
            api: api.trim_end_matches('/').to_owned(),
            repository: repository.to_owned(),
            client,
        })
    }

    /// All requests for a branch of this repository, in any state. A fork may have a branch of the
    /// same name.
    pub fn requests(&self, branch: &str) -> Result<Vec<Request>, Error> {
        let branch_name = encoded(branch);
        let owner = encoded(self.repository.split('/').next().unwrap_or_default());
        // Gitea can't filter by branch.
        let query = match self.kind {
            Kind::GitHub => format!("head={owner}%3A{branch_name}&state=all&per_page={PAGE}"),
            Kind::GitLab => format!("source_branch={branch_name}&state=all&per_page={PAGE}"),
            Kind::Gitea => format!("state=all&limit={PAGE}"),
        };
        let mut requests = Vec::new();
        for page in 1..=MOST_PAGES {
            let answer = self.call("GET", &format!("{}?{query}&page={page}", self.path()), None)?;
            let list = answer.as_array().ok_or(Error::Answer("a list"))?;
            let ours = list.iter().filter(|request| self.branch_of(request) == Some(branch));
            requests.extend(ours.filter_map(|request| self.read(request)));
            if list.len() < PAGE {
                break;
            }
        }
        Ok(requests)
    }

    /// Opens a request.
    pub fn open(&self, wording: &Wording<'_>) -> Result<Request, Error> {
        let Wording { branch, base, title, body } = wording;
        let content = match self.kind {
            Kind::GitLab => {
                json!({ "source_branch": branch, "target_branch": base, "title": title, "description": body })
            }
            Kind::GitHub | Kind::Gitea => {
                json!({ "head": branch, "base": base, "title": title, "body": body })
            }
        };
        let answer = self.call("POST", &self.path(), Some(&content))?;
        self.read(&answer).ok_or(Error::Answer("the new request"))
    }

    /// Changes the title and description of a request.
    pub fn update(&self, number: u64, wording: &Wording<'_>) -> Result<(), Error> {
        let Wording { title, body, .. } = wording;
        let (method, content) = match self.kind {
            Kind::GitLab => ("PUT", json!({ "title": title, "description": body })),
            Kind::GitHub | Kind::Gitea => ("PATCH", json!({ "title": title, "body": body })),
        };
        self.call(method, &format!("{}/{number}", self.path()), Some(&content)).map(drop)
    }

    /// The API path of the repository's requests.
    fn path(&self) -> String {
        match self.kind {
            Kind::GitLab => format!("projects/{}/merge_requests", encoded(&self.repository)),
            Kind::GitHub | Kind::Gitea => {
                let parts: Vec<String> = self.repository.split('/').map(encoded).collect();
                format!("repos/{}/pulls", parts.join("/"))
            }
        }
    }

    fn call(&self, method: &'static str, path: &str, content: Option<&Value>) -> Result<Value, Error> {
        let url = format!("{}/{path}", self.api);
        let answer = self.client.call(method, &url, content)?;
        match answer.status {
            200..=299 => Ok(answer.content),
            status => Err(Error::Status {
                call: format!("{method} {url}"),
                status,
                message: answer.said,
                advice: self.kind.advice(status),
            }),
        }
    }

    /// The branch of this repository that a request wants to merge; `None` for one of a fork, even
    /// if the fork was deleted.
    fn branch_of<'r>(&self, request: &'r Value) -> Option<&'r str> {
        let (branch, from, to) = match self.kind {
            Kind::GitLab => {
                (&request["source_branch"], &request["source_project_id"], &request["target_project_id"])
            }
            Kind::GitHub | Kind::Gitea => {
                let (head, base) = (&request["head"], &request["base"]);
                (&head["ref"], &head["repo"]["id"], &base["repo"]["id"])
            }
        };
        branch.as_str().filter(|_| from == to)
    }

    fn read(&self, request: &Value) -> Option<Request> {
        let merged =
            !request["merged_at"].is_null() || request["merged"] == true || request["state"] == "merged";
        let state = match request["state"].as_str()? {
            _ if merged => State::Merged,
            "open" | "opened" | "locked" => State::Open,
            _ => State::Closed,
        };
        let (number, url, body) = match self.kind {
            Kind::GitLab => ("iid", "web_url", "description"),
            Kind::GitHub | Kind::Gitea => ("number", "html_url", "body"),
        };
        Some(Request {
            number: request[number].as_u64()?,
            state,
            url: request[url].as_str().unwrap_or_default().to_owned(),
            body: request[body].as_str().unwrap_or_default().to_owned(),
        })
    }
}

fn encoded(text: &str) -> String {
    // Characters that need no escaping in a URL (RFC 3986, "unreserved").
    const SPECIAL: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, SPECIAL).to_string()
}
