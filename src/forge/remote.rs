//! What the address of a git remote says: on which host the repository is, and what it is called there. It asks nobody.

/// A remote's address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The host, with the port where web addresses have one; none for a path on this machine.
    pub host: Option<String>,
    /// `owner/name`; with GitLab, groups in between.
    pub repository: String,
}

impl Remote {
    /// Reads an address as `git clone` takes it. (git's manual, "GIT URLS".)
    pub fn of(url: &str) -> Option<Self> {
        let url = url.trim_end_matches('/');
        let (host, path) = if let Some((scheme, rest)) = url.split_once("://") {
            let (authority, path) = rest.split_once('/')?;
            let host = authority.rsplit('@').next().unwrap_or(authority);
            // The port of ssh is not that of the web.
            let host = if scheme.starts_with("http") { host } else { host.split(':').next().unwrap_or(host) };
            (Some(host).filter(|host| !host.is_empty()), path)
        } else if let Some((authority, path)) =
            url.split_once(':').filter(|(before, _)| !before.contains('/') && before.len() > 1)
        {
            (Some(authority.rsplit('@').next().unwrap_or(authority)), path)
        } else {
            (None, url)
        };
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let repository = match host {
            Some(_) => path.to_owned(),
            // A path has the directories above as well.
            None => {
                let mut parts = path.rsplit('/');
                let name = parts.next()?;
                format!("{}/{name}", parts.next()?)
            }
        };
        repository.contains('/').then(|| Self { host: host.map(str::to_ascii_lowercase), repository })
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
        assert_eq!(
            of("file:///srv/git/owner/name.git"),
            Some((String::new(), "srv/git/owner/name".to_owned())).and(here)
        );
        assert_eq!(of("https://github.com/name"), None);
    }
}
