//! The URL of a git remote: the host of the repository, and its name there. This module makes no
//! requests.

/// The parts of a remote's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// `https`, `ssh` …; `None` for a path on this machine.
    pub scheme: Option<String>,
    /// The host, with the port of an HTTP URL; `None` for a path on this machine.
    pub host: Option<String>,
    /// `owner/name`; with GitLab, groups in between.
    pub repository: String,
}

impl Remote {
    /// Parses a URL like `git clone`. (git's manual, "GIT URLS".)
    pub fn of(url: &str) -> Option<Self> {
        let url = url.trim_end_matches('/');
        let (scheme, host, path) = if let Some((scheme, rest)) = url.split_once("://") {
            let (authority, path) = rest.split_once('/')?;
            let host = authority.rsplit('@').next().unwrap_or(authority);
            // The SSH port is not the HTTP port.
            let host = if scheme.starts_with("http") { host } else { host.split(':').next().unwrap_or(host) };
            (Some(scheme), Some(host).filter(|host| !host.is_empty()), path)
        } else if let Some((authority, path)) =
            url.split_once(':').filter(|(before, _)| !before.contains('/') && before.len() > 1)
        {
            (Some("ssh"), Some(authority.rsplit('@').next().unwrap_or(authority)), path)
        } else {
            (None, None, url)
        };
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let repository = match host {
            Some(_) => path.to_owned(),
            // A path also contains the parent directories.
            None => {
                let mut parts = path.rsplit('/');
                let name = parts.next()?;
                format!("{}/{name}", parts.next()?)
            }
        };
        repository.contains('/').then(|| Self {
            scheme: scheme.map(str::to_ascii_lowercase),
            host: host.map(str::to_ascii_lowercase),
            repository,
        })
    }

    /// `https://example.org:8443`: the HTTP origin; `None` for other schemes, and for a host that
    /// is not a plain name.
    pub fn origin(&self) -> Option<String> {
        let scheme = self.scheme.as_deref().filter(|scheme| matches!(*scheme, "http" | "https"))?;
        let is_plain = |host: &&str| {
            host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
        };
        let host = self.host.as_deref().filter(is_plain)?;
        Some(format!("{scheme}://{host}"))
    }

    /// The host without its port.
    pub fn host_name(&self) -> Option<&str> {
        self.host.as_deref().map(without_port)
    }
}

/// Whether a URL may be used: everything except plain HTTP to another machine, which is not
/// encrypted.
pub fn is_private(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return true };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or(authority).to_ascii_lowercase();
    !scheme.eq_ignore_ascii_case("http") || is_loopback(without_port(&host))
}

/// Whether a host, without a port, is this machine. (RFC 6761; RFC 1122, 3.2.1.3.)
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_as_git_takes_them() {
        let of =
            |url: &str| Remote::of(url).map(|remote| (remote.host.unwrap_or_default(), remote.repository));
        let github = Some(("github.com".to_owned(), "owner/name".to_owned()));
        for url in [
            "https://github.com/owner/name.git",
            "https://GitHub.com/owner/name/",
            "https://user:secret@github.com/owner/name",
            "git@github.com:owner/name.git",
            "ssh://git@github.com:22/owner/name.git",
            "github.com:owner/name",
        ] {
            assert_eq!(of(url), github, "{url}");
        }
        let gitlab = Some(("gitlab.example:8443".to_owned(), "group/sub/name".to_owned()));
        assert_eq!(of("https://gitlab.example:8443/group/sub/name.git"), gitlab);
        let here = Some((String::new(), "owner/name".to_owned()));
        assert_eq!(of("/srv/git/owner/name.git"), here);
        assert_eq!(of("file:///srv/git/owner/name.git"), here);
        assert_eq!(of("https://github.com/name"), None);
    }

    #[test]
    fn a_login_is_for_a_scheme_a_host_and_a_port() {
        let origin = |url: &str| Remote::of(url).and_then(|remote| remote.origin());
        assert_eq!(
            origin("https://me:x@GitHub.com:8443/o/r.git").as_deref(),
            Some("https://github.com:8443")
        );
        assert_eq!(origin("git@github.com:o/r.git"), None);
        assert_eq!(origin("https://a=b/o/r.git"), None);
        assert_eq!(origin("/srv/o/r.git"), None);
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for url in [
            "https://example.org/a/b",
            "http://localhost:3000/a/b",
            "http://127.0.0.1/a/b",
            "http://[::1]:80/a/b",
            "git@example.org:a/b",
            "/srv/a/b",
        ] {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "http://example.org/a/b",
            "HTTP://localhost.example.org/a/b",
            "http://localhost@example.org/a/b",
            "http://127.0.0.1.example.org:80",
            "http://example.org?localhost",
        ] {
            assert!(!is_private(url), "{url}");
        }
    }
}
