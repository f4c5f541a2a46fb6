//! Calls to the API of a server, which retry after temporary errors and rate limits and respect the
//! server's waiting time. The token is only sent in a header and to no other server: redirects are
//! followed within one origin only.

use std::fmt;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use ureq::http::{HeaderMap, Uri};
use ureq::tls::{RootCerts, TlsConfig};

use super::Error;
use crate::escape;

/// A secret. It has no `Display`, and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Creates a secret, without a line break that a file or a shell may have added.
    pub fn new(secret: &str) -> Self {
        Self(secret.trim().to_owned())
    }

    /// The secret itself, for a header or the environment of a child process.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// A text with the secret removed, in case an error message contains it.
    pub fn hidden(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// The largest number of attempts for a call.
const TRIES: u32 = 4;

/// The largest number of redirects: a renamed repository needs one.
const MOST_REDIRECTS: usize = 3;

/// The longest time to wait for a server.
const PATIENCE: Duration = Duration::from_mins(15);

/// An answer with any status.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON document, or null.
    pub content: Value,
    /// The error message of the server, in one line.
    pub said: String,
}

/// A client that sends the same headers with each call.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    headers: Vec<(&'static str, String)>,
    token: Token,
}

impl Client {
    /// Creates a client with these headers.
    pub fn new(headers: Vec<(&'static str, String)>, token: Token) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // ureq would also send our headers to another server.
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .user_agent(concat!("jettison/", env!("CARGO_PKG_VERSION")))
            // Uses the certificates of the system, which may include company certificates.
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build()
            .new_agent();
        Self { agent, headers, token }
    }

    /// Makes a call, and repeats it if that may help.
    pub fn call(&self, method: &'static str, url: &str, content: Option<&Value>) -> Result<Answer, Error> {
        for attempt in 1.. {
            let (wait, problem) = match self.once(method, url, content) {
                Ok((answer, headers)) => match waiting(answer.status, &headers, attempt) {
                    Some(wait) => (wait, format!("the server answered {}: {}", answer.status, answer.said)),
                    None => return Ok(answer),
                },
                // It is unknown whether a request that creates something arrived.
                Err(error) if method == "GET" && passes(&error) => (pause(attempt), error.to_string()),
                Err(error) => {
                    let message = self.token.hidden(&error.to_string());
                    return Err(Error::Network { call: format!("{method} {url}"), message });
                }
            };
            if attempt >= TRIES || wait > PATIENCE {
                let asked = if wait > PATIENCE {
                    format!(" and asks to wait {}", seconds(wait))
                } else {
                    String::new()
                };
                let message = self.token.hidden(&problem) + &asked;
                return Err(Error::Temporary { call: format!("{method} {url}"), message });
            }
            // Standard error may be closed.
            let said = self.token.hidden(&problem);
            let _ = writeln!(std::io::stderr(), "waiting {}: {}", seconds(wait), escape::line(&said));
            std::thread::sleep(wait);
        }
        unreachable!("the last attempt returns")
    }

    fn once(
        &self,
        method: &'static str,
        url: &str,
        content: Option<&Value>,
    ) -> Result<(Answer, HeaderMap), ureq::Error> {
        let mut url = url.to_owned();
        for redirects in 0.. {
            let mut request = ureq::http::Request::builder().method(method).uri(&url);
            for (name, value) in &self.headers {
                request = request.header(*name, value);
            }
            let mut response = match content {
                Some(content) => {
                    let request = request.header("content-type", "application/json");
                    self.agent.run(request.body(content.to_string())?)?
                }
                None => self.agent.run(request.body(())?)?,
            };
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let target = redirect(status, method, &headers);
            if let Some(next) = target.and_then(|target| within(&url, target))
                && redirects < MOST_REDIRECTS
            {
                url = next;
                continue;
            }
            let text = response.body_mut().read_to_string()?;
            let content: Value = serde_json::from_str(&text).unwrap_or_default();
            let said = match target {
                Some(target) => {
                    format!("it redirects to another server, {target}, which must not get the token")
                }
                None => said(&content, &text),
            };
            return Ok((Answer { status, content, said: self.token.hidden(&said) }, headers));
        }
        unreachable!("the last redirect returns")
    }
}

/// The target of a redirect that keeps the method and body. (RFC 9110, 15.4.)
fn redirect<'h>(status: u16, method: &str, headers: &'h HeaderMap) -> Option<&'h str> {
    let is_repeated = matches!(status, 307 | 308) || method == "GET" && matches!(status, 301 | 302);
    let target = headers.get("location").filter(|_| is_repeated)?;
    target.to_str().ok()
}

/// The URL of a redirect, if it is on the same server: the same scheme, host and port.
fn within(url: &str, target: &str) -> Option<String> {
    let from: Uri = url.parse().ok()?;
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    if target.starts_with('/') && !target.starts_with("//") {
        return Some(format!("{scheme}://{authority}{target}"));
    }
    let to: Uri = target.parse().ok()?;
    let is_same = to.scheme_str() == Some(scheme) && to.authority() == Some(authority);
    is_same.then(|| target.to_owned())
}

/// The message of an error document: GitHub and Gitea have `message` and `errors`, GitLab `message`
/// or `error`.
fn said(content: &Value, text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for key in ["message", "error", "error_description"] {
        match &content[key] {
            Value::Null => {}
            Value::String(message) => parts.push(message.clone()),
            other => parts.push(other.to_string()),
        }
    }
    for error in content["errors"].as_array().into_iter().flatten() {
        parts.push(error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned));
    }
    let whole = if parts.is_empty() { text.trim().to_owned() } else { parts.join("; ") };
    let line: String = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "no message".to_owned() } else { line.chars().take(300).collect() }
}

/// How long to wait before the same call can succeed; `None` if it never will, or has. (GitHub's
/// manual, "Best practices for using the REST API"; GitLab's, "Rate limits": `Retry-After` first,
/// then the time at which the limit is lifted.)
fn waiting(status: u16, headers: &HeaderMap, attempt: u32) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let after = number("retry-after").map(Duration::from_secs);
    let is_used_up = number("x-ratelimit-remaining") == Some(0);
    let lifted = || {
        let at = number("x-ratelimit-reset").or_else(|| number("ratelimit-reset"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Some(Duration::from_secs(at).saturating_sub(now) + Duration::from_secs(1))
    };
    match status {
        429 => Some(after.or_else(lifted).unwrap_or_else(|| pause(attempt))),
        403 if after.is_some() => after,
        403 if is_used_up => lifted(),
        500 | 502 | 503 | 504 => Some(after.unwrap_or_else(|| pause(attempt))),
        _ => None,
    }
}

/// Temporary network errors.
fn passes(error: &ureq::Error) -> bool {
    matches!(
        error,
        ureq::Error::Io(_)
            | ureq::Error::Timeout(_)
            | ureq::Error::ConnectionFailed
            | ureq::Error::Protocol(_)
    )
}

/// One second, two, four.
fn pause(attempt: u32) -> Duration {
    Duration::from_secs(1 << (attempt - 1))
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_of_errors_fits_a_line() {
        let github = serde_json::json!({ "message": "Validation Failed", "errors": [{ "message": "No commits between a and b" }] });
        assert_eq!(said(&github, ""), "Validation Failed; No commits between a and b");
        let gitlab = serde_json::json!({ "message": ["Another open merge request already exists: !3"] });
        assert_eq!(said(&gitlab, ""), r#"["Another open merge request already exists: !3"]"#);
        assert_eq!(said(&Value::Null, "<html>\nBad\n gateway"), "<html> Bad gateway");
    }

    #[test]
    fn the_servers_own_waiting_time_is_kept() {
        let headers = |pairs: &[(&'static str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
                .collect::<HeaderMap>()
        };
        assert_eq!(waiting(429, &headers(&[("retry-after", "7")]), 1), Some(Duration::from_secs(7)));
        assert_eq!(waiting(429, &headers(&[]), 3), Some(Duration::from_secs(4)));
        assert_eq!(
            waiting(403, &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")]), 1),
            Some(Duration::from_secs(1))
        );
        assert_eq!(waiting(403, &headers(&[]), 1), None, "no leave is no limit");
        assert_eq!(waiting(422, &headers(&[]), 1), None);
        assert_eq!(waiting(503, &headers(&[]), 2), Some(Duration::from_secs(2)));
    }

    #[test]
    fn redirects_stay_on_the_server() {
        let from = "https://api.example.org/repos/a/b/pulls?x=1";
        assert_eq!(
            within(from, "/repositories/1").as_deref(),
            Some("https://api.example.org/repositories/1")
        );
        assert!(within(from, "https://api.example.org/repositories/1").is_some());
        for target in [
            "https://example.org/x",
            "http://api.example.org/x",
            "https://api.example.org:444/x",
            "//example.org/x",
            "https://api.example.org@example.org/x",
            "https://me@api.example.org/x",
        ] {
            assert_eq!(within(from, target), None, "{target}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let token = Token::new("s3cret\n");
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert_eq!(token.hidden("bad s3cret here"), "bad *** here");
    }
}
