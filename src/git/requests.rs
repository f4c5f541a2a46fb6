//! What pull requests need from git: the state of the work tree, commits that touch neither the
//! work tree nor the index, and branches of remotes. Only here does git use the network.

use std::fmt;
use std::process::Command;

use super::start::{command, finish};
use super::{CommitId, Error, Git, text};

/// A user name and a secret for one server only. Neither is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// `https://github.com`: the scheme and the host, with the port if the URL contains one.
    origin: String,
    user: String,
    secret: String,
}

impl Login {
    /// Creates a login for the server at an origin.
    pub fn new(origin: &str, user: &str, secret: &str) -> Self {
        Self { origin: origin.to_owned(), user: user.to_owned(), secret: secret.to_owned() }
    }

    /// Passes the login to a git command, as a fallback for git's own credential helpers. The
    /// secret is only in the environment of this child process, not in an argument or a file.
    fn tell(&self, command: &mut Command) {
        const HELPER: &str = r#"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$JETTISON_PUSH_USER" "$JETTISON_PUSH_TOKEN"; }; f"#;
        command
            .args(["-c", &format!("credential.{}.helper={HELPER}", self.origin)])
            .env("JETTISON_PUSH_USER", &self.user)
            .env("JETTISON_PUSH_TOKEN", &self.secret);
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({}, ***)", self.origin)
    }
}

/// A file of a commit and its new text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path from the top directory, with slashes.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// The URLs of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The URL for fetches.
    pub fetch: String,
    /// The URL for pushes.
    pub push: String,
}

/// How the text of a file in a commit relates to the work tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The same bytes.
    Same,
    /// Unix line endings in the commit, Windows line endings in the work tree.
    UnixLines,
}

impl Stored {
    /// Converts a text of the work tree to the form in the commit.
    pub fn of(self, text: &str) -> String {
        match self {
            Self::Same => text.to_owned(),
            Self::UnixLines => text.replace("\r\n", "\n"),
        }
    }
}

impl Git {
    /// Lets pushes and fetches over HTTP use a login, as a fallback for git's own credential
    /// helpers.
    #[must_use]
    pub fn with_login(self, login: Option<Login>) -> Self {
        Self { login, ..self }
    }

    /// The changed and untracked files, as printed by `git status --porcelain`.
    pub fn dirty(&self) -> Result<String, Error> {
        let arguments = [
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=normal",
            "--ignore-submodules=dirty",
        ];
        let list = String::from_utf8_lossy(&self.output(&arguments, b"")?).into_owned();
        let mut lines: Vec<&str> = list.split('\0').filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() && !self.filters.is_empty() {
            lines.push("(jettison does not run git filters such as git-lfs, so a file with a filter may be listed although it is unchanged; run `git add` on it, and try again)");
        }
        Ok(lines.join("\n"))
    }

    /// The current branch; `None` if HEAD is detached.
    pub fn branch(&self) -> Option<String> {
        self.call(&["symbolic-ref", "--quiet", "--short", "HEAD"]).ok().filter(|name| !name.is_empty())
    }

    /// The current commit.
    pub fn head(&self) -> Result<CommitId, Error> {
        self.call(&["rev-parse", "--verify", "HEAD"])
    }

    /// How files in the work tree are stored in a commit. A file that git changes with a filter
    /// such as git-crypt's, or with another encoding, is refused: the filter would be required, and
    /// no filter runs here.
    pub fn stored(&self, commit: &str, texts: &[(&str, &str)]) -> Result<Vec<Stored>, Error> {
        let paths: Vec<&str> = texts.iter().map(|(path, _)| *path).collect();
        let files = self.files(commit, &paths)?;
        let name = |path: &&str| {
            let file = files.get(*path);
            let (_, name) = file.ok_or_else(|| Error::NotCommitted((*path).to_owned()))?;
            Ok(name.as_str())
        };
        let names: Vec<&str> = paths.iter().map(name).collect::<Result<_, Error>>()?;
        let blobs = self.blobs(&names)?;
        let stored = texts.iter().zip(blobs).map(|((path, text), blob)| {
            if blob == text.as_bytes() {
                return Ok(Stored::Same);
            }
            let is_converted = blob == Stored::UnixLines.of(text).as_bytes();
            is_converted.then_some(Stored::UnixLines).ok_or_else(|| Error::Converted((*path).to_owned()))
        });
        stored.collect()
    }

    /// Refuses a new path to which a filter would apply.
    pub fn ensure_unfiltered(&self, path: &str) -> Result<(), Error> {
        let answer = self.call(&["check-attr", "-z", "filter", "working-tree-encoding", "--", path])?;
        let fields: Vec<&str> = answer.split('\0').collect();
        let is_plain = fields.chunks_exact(3).all(|field| matches!(field[2], "unspecified" | "unset"));
        if is_plain { Ok(()) } else { Err(Error::Filtered(path.to_owned())) }
    }

    /// The URLs of a remote.
    pub fn addresses(&self, remote: &str) -> Result<Addresses, Error> {
        let fetch = self.call(&["remote", "get-url", "--all", remote])?;
        let push = self.call(&["remote", "get-url", "--push", "--all", remote])?;
        if fetch.lines().count() != 1 || push.lines().count() != 1 {
            return Err(Error::SeveralUrls(remote.to_owned()));
        }
        Ok(Addresses { fetch, push })
    }

    /// The commit of a branch on a remote; `None` if there is no such branch.
    pub fn remote_branch(&self, remote: &str, branch: &str) -> Result<Option<CommitId>, Error> {
        let name = format!("refs/heads/{branch}");
        let answer = self.network(&["ls-remote", UPLOAD, "--heads", "--", remote, &name])?;
        // The pattern also matches names that only end in it.
        let mut lines = answer.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines.find(|(_, found)| *found == name).map(|(commit, _)| commit.to_owned()))
    }

    /// The messages of the commits in a remote's branch that are not ancestors of a commit.
    pub fn messages_beyond(&self, remote: &str, branch: &str, base: &str) -> Result<Vec<String>, Error> {
        let name = format!("refs/heads/{branch}");
        self.network(&[
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            UPLOAD,
            "--",
            remote,
            &name,
        ])?;
        let log = self.call(&[
            "rev-list",
            "--no-commit-header",
            "--format=%B%x00",
            &format!("{base}..FETCH_HEAD"),
            "--",
        ])?;
        Ok(log.split('\0').map(str::trim).filter(|message| !message.is_empty()).map(str::to_owned).collect())
    }

    /// `Name <address>` of the committer.
    pub fn committer(&self) -> Result<String, Error> {
        let ident = self.call(&["var", "GIT_COMMITTER_IDENT"])?;
        Ok(ident.rsplit_once('>').map_or(ident.clone(), |(who, _)| format!("{who}>")))
    }

    /// Creates a commit on top of another one, without a reference to it.
    pub fn commit(&self, parent: &str, changes: &[Change], message: &str) -> Result<CommitId, Error> {
        let scratch = tempfile::tempdir().map_err(Error::Temporary)?;
        let index = scratch.path().join("index");
        let with_index = |arguments: &[&str], input: &str| {
            let mut command = command(&self.root, &self.filters);
            command.args(arguments).env("GIT_INDEX_FILE", &index);
            finish(command, arguments[0], input.as_bytes()).map(|output| text(&output))
        };
        with_index(&["read-tree", parent], "")?;
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        let files = self.files(parent, &paths)?;
        // A single call reads the texts of all files from temporary files.
        let mut texts = String::new();
        for (number, change) in changes.iter().enumerate() {
            let path = scratch.path().join(number.to_string());
            std::fs::write(&path, &change.text).map_err(Error::Temporary)?;
            let path = path.to_str().ok_or_else(|| Error::TemporaryName(path.clone()))?;
            texts += &format!("{path}\n");
        }
        let names = with_index(&["hash-object", "-w", "--no-filters", "--stdin-paths"], &texts)?;
        let names: Vec<&str> = names.lines().collect();
        if names.len() != changes.len() {
            return Err(Error::Incomplete("hash-object"));
        }
        let entries = changes.iter().zip(names).map(|(Change { path, .. }, name)| {
            let mode = files.get(path).map_or("100644", |(mode, _)| mode);
            format!("{mode} {name}\t{path}\0")
        });
        with_index(&["update-index", "-z", "--index-info"], &entries.collect::<String>())?;
        // All other objects belong to the parent, and a partial clone may not contain them.
        let tree = with_index(&["write-tree", "--missing-ok"], "")?;
        let signs = self
            .call(&["config", "--type=bool", "--get", "commit.gpgsign"])
            .is_ok_and(|value| value == "true");
        let mut arguments = vec!["commit-tree", tree.as_str(), "-p", parent, "-F", "-"];
        arguments.extend(signs.then_some("-S"));
        Ok(text(&self.output(&arguments, message.as_bytes())?))
    }

    /// Sets a remote's branch to a commit, if it still is at the expected commit; `None` deletes
    /// the branch.
    pub fn push(
        &self,
        remote: &str,
        branch: &str,
        expected: Option<&str>,
        commit: Option<&str>,
    ) -> Result<(), Error> {
        let lease = format!("--force-with-lease=refs/heads/{branch}:{}", expected.unwrap_or_default());
        let what = format!("{}:refs/heads/{branch}", commit.unwrap_or_default());
        let arguments = [
            "push",
            "--quiet",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--receive-pack=git-receive-pack",
            &lease,
            "--",
            remote,
            &what,
        ];
        self.network(&arguments).map(drop)
    }

    /// A command that contacts a remote.
    fn network(&self, arguments: &[&str]) -> Result<String, Error> {
        let mut command = command(&self.root, &self.filters);
        // URLs were checked before: plain HTTP is only used for this machine.
        command.env("GIT_ALLOW_PROTOCOL", "https:http:ssh:file");
        if let Some(login) = &self.login {
            login.tell(&mut command);
        }
        command.args(arguments);
        match finish(command, arguments[0], b"") {
            Ok(output) => Ok(text(&output)),
            Err(Error::Command { command, mut message }) => {
                if let Some(login) = self.login.as_ref().filter(|login| !login.secret.is_empty()) {
                    message = message.replace(&login.secret, "***");
                }
                if message.contains("returned error: 30") {
                    message += "\n  jettison does not follow the server's redirect; set the new URL of the remote (git remote set-url)";
                }
                Err(Error::Command { command, message })
            }
            Err(error) => Err(error),
        }
    }
}

/// The program to run on the server, regardless of the remote's configuration.
const UPLOAD: &str = "--upload-pack=git-upload-pack";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_shown() {
        let login = Login::new("https://example.org", "me", "s3cret");
        assert_eq!(format!("{login:?}"), "Login(https://example.org, ***)");
    }
}
