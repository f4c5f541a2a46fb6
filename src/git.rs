//! The user's git, through its command line. Commits are created without touching the work tree and
//! the index. `start` starts git, and `root` finds the top of a repository.

mod root;
mod start;

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use start::{Network, command, finish};

pub use root::of as root_of;

/// A repository.
#[derive(Debug, Clone)]
pub struct Git {
    /// The top directory of the work tree, with symlinks resolved.
    pub root: PathBuf,
    /// The names of the configured filters; none of them runs.
    filters: Vec<String>,
    /// The credentials for servers that require a login.
    login: Option<Login>,
}

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

/// The hash of a commit, in hexadecimal digits.
pub type CommitId = String;

/// The time limit for an exact comparison of two versions of a file.
const PATIENCE: Duration = Duration::from_secs(5);

impl Git {
    /// The repository that contains a path.
    pub fn around(path: &Path) -> anyhow::Result<Self> {
        let root = root::of(path)?;
        let mut git = Self { root, filters: Vec::new(), login: None };
        let top = git.call(&["rev-parse", "--show-toplevel"])?;
        let is_here = Path::new(&top).canonicalize().is_ok_and(|top| top == git.root);
        ensure!(is_here, "{} has a .git that belongs to another work tree: {top}", git.root.display());
        git.filters = git.filters()?;
        Ok(git)
    }

    /// The names of all filters. Configuration from a file of the work tree is refused: the author
    /// of a file in the repository must not decide what git runs.
    fn filters(&self) -> anyhow::Result<Vec<String>> {
        let list =
            self.output(&["config", "--list", "-z", "--show-origin", "--show-scope", "--name-only"], b"")?;
        let list = String::from_utf8_lossy(&list).into_owned();
        let fields: Vec<&str> = list.split('\0').collect();
        let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
        let has_home = home.is_some_and(|home| home.starts_with(&self.root));
        let mut filters = Vec::new();
        for entry in fields.chunks_exact(3) {
            let [scope, origin, key] = entry else { continue };
            if let Some(file) = origin.strip_prefix("file:") {
                let file = self.root.join(file);
                let full = file.canonicalize().unwrap_or(file);
                let is_content = full.strip_prefix(&self.root).is_ok_and(|inner| !inner.starts_with(".git"));
                let is_own = matches!(*scope, "global" | "system") && has_home;
                ensure!(
                    !is_content || is_own,
                    "git's configuration includes {}, a file of the work tree, so a change to it could run programs here; remove the include from .git/config, or copy its content there",
                    full.display()
                );
            }
            let name = key.strip_prefix("filter.").and_then(|rest| rest.rsplit_once('.'));
            filters.extend(name.map(|(name, _)| name.to_owned()));
        }
        filters.sort();
        filters.dedup();
        Ok(filters)
    }

    /// Lets pushes and fetches over HTTP use a login, as a fallback for git's own credential
    /// helpers.
    #[must_use]
    pub fn with_login(self, login: Option<Login>) -> Self {
        Self { login, ..self }
    }

    /// The changed and untracked files, as printed by `git status --porcelain`.
    pub fn dirty(&self) -> anyhow::Result<String> {
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
    pub fn head(&self) -> anyhow::Result<CommitId> {
        self.call(&["rev-parse", "--verify", "HEAD"])
    }

    /// The commit of a revision.
    pub fn commit_of(&self, revision: &str) -> anyhow::Result<CommitId> {
        self.call(&["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")])
            .with_context(|| format!("unknown revision `{revision}` in {}", self.root.display()))
    }

    /// The lines of a file that differ from a commit; `None` if the commit does not contain the
    /// file. Line endings are ignored, since a checkout may have changed them.
    pub fn changed_lines(
        &self,
        commit: &str,
        path: &Path,
        text: &str,
    ) -> anyhow::Result<Option<Vec<RangeInclusive<usize>>>> {
        let full = path.canonicalize()?;
        let inner = full
            .strip_prefix(&self.root)
            .with_context(|| format!("is outside of {}", self.root.display()))?;
        let inner = inner.to_string_lossy();
        let files = self.files(commit, &[&inner])?;
        let Some((_, name)) = files.get(&*inner) else { return Ok(None) };
        let old = self.blobs(&[name])?.concat();
        let old = String::from_utf8_lossy(&old).into_owned();
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), text.lines().collect());
        let deadline = std::time::Instant::now() + PATIENCE;
        let changes = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(deadline));
        let changes = changes.iter().filter(|change| change.tag() != DiffTag::Equal);
        let lines = changes.map(similar::DiffOp::new_range).filter(|range| !range.is_empty());
        Ok(Some(lines.map(|range| range.start + 1..=range.end).collect()))
    }

    /// The modes and names of files in a commit, by path; paths that are not files are omitted.
    fn files(&self, commit: &str, paths: &[&str]) -> anyhow::Result<HashMap<String, (String, String)>> {
        let mut found = HashMap::new();
        // The length of a command line is limited.
        for paths in paths.chunks(200) {
            let arguments = [&["ls-tree", "-z", commit, "--"], paths].concat();
            // `100644 blob NAME<tab>PATH`
            for entry in self.call(&arguments)?.split('\0') {
                let Some((head, path)) = entry.split_once('\t') else { continue };
                let mut words = head.split(' ');
                if let (Some(mode @ ("100644" | "100755" | "100664")), Some("blob"), Some(name)) =
                    (words.next(), words.next(), words.next())
                {
                    found.insert(path.to_owned(), (mode.to_owned(), name.to_owned()));
                }
            }
        }
        Ok(found)
    }

    /// The stored bytes of blobs by their names, in order and without any conversion.
    fn blobs(&self, names: &[&str]) -> anyhow::Result<Vec<Vec<u8>>> {
        let input: String = names.iter().map(|name| format!("{name}\n")).collect();
        let output = self.output(&["cat-file", "--batch"], input.as_bytes())?;
        let mut rest = &output[..];
        let mut blobs = Vec::new();
        // `NAME blob SIZE`, a line break, the bytes, a line break.
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size: Option<usize> = head.rsplit(' ').next().and_then(|size| size.parse().ok());
            let bytes = size.and_then(|size| rest.get(end + 1..(end + 1).checked_add(size)?));
            let bytes = bytes.with_context(|| {
                format!(
                    "git cat-file: {head}; a partial clone may not contain it, and jettison does not fetch it"
                )
            })?;
            blobs.push(bytes.to_vec());
            rest = rest.get(end + 2 + bytes.len()..).unwrap_or_default();
        }
        ensure!(blobs.len() == names.len(), "git cat-file: incomplete answer");
        Ok(blobs)
    }

    /// How files in the work tree are stored in a commit. A file that git changes with a filter
    /// such as git-crypt's, or with another encoding, is refused: the filter would be required, and
    /// no filter runs here.
    pub fn stored(&self, commit: &str, texts: &[(&str, &str)]) -> anyhow::Result<Vec<Stored>> {
        let paths: Vec<&str> = texts.iter().map(|(path, _)| *path).collect();
        let files = self.files(commit, &paths)?;
        let name = |path: &&str| {
            let file = files.get(*path);
            let (_, name) =
                file.with_context(|| format!("{path} is not part of the current commit; commit it first"))?;
            Ok(name.as_str())
        };
        let names: Vec<&str> = paths.iter().map(name).collect::<anyhow::Result<_>>()?;
        let blobs = self.blobs(&names)?;
        let stored = texts.iter().zip(blobs).map(|((path, text), blob)| {
            if blob == text.as_bytes() {
                return Ok(Stored::Same);
            }
            ensure!(
                blob == Stored::UnixLines.of(text).as_bytes(),
                "{path} differs between the commit and the work tree; the reason may be a filter or an encoding in .gitattributes, and jettison runs no filters"
            );
            Ok(Stored::UnixLines)
        });
        stored.collect()
    }

    /// Refuses a new path to which a filter would apply.
    pub fn ensure_unfiltered(&self, path: &str) -> anyhow::Result<()> {
        let answer = self.call(&["check-attr", "-z", "filter", "working-tree-encoding", "--", path])?;
        let fields: Vec<&str> = answer.split('\0').collect();
        let is_plain = fields.chunks_exact(3).all(|field| matches!(field[2], "unspecified" | "unset"));
        ensure!(
            is_plain,
            "{path} would get a filter or an encoding from .gitattributes, and jettison runs no filters"
        );
        Ok(())
    }

    /// The URLs of a remote.
    pub fn addresses(&self, remote: &str) -> anyhow::Result<Addresses> {
        let fetch = self.call(&["remote", "get-url", "--all", remote])?;
        let push = self.call(&["remote", "get-url", "--push", "--all", remote])?;
        ensure!(
            fetch.lines().count() == 1 && push.lines().count() == 1,
            "{remote} has several URLs; name a remote that has only one"
        );
        Ok(Addresses { fetch, push })
    }

    /// The commit of a branch on a remote; `None` if there is no such branch.
    pub fn remote_branch(&self, remote: &str, branch: &str) -> anyhow::Result<Option<CommitId>> {
        let name = format!("refs/heads/{branch}");
        let answer = self.network(&["ls-remote", UPLOAD, "--heads", "--", remote, &name])?;
        // The pattern also matches names that only end in it.
        let mut lines = answer.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines.find(|(_, found)| *found == name).map(|(commit, _)| commit.to_owned()))
    }

    /// The messages of the commits in a remote's branch that are not ancestors of a commit.
    pub fn messages_beyond(&self, remote: &str, branch: &str, base: &str) -> anyhow::Result<Vec<String>> {
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
    pub fn committer(&self) -> anyhow::Result<String> {
        let ident = self.call(&["var", "GIT_COMMITTER_IDENT"])?;
        Ok(ident.rsplit_once('>').map_or(ident.clone(), |(who, _)| format!("{who}>")))
    }

    /// Creates a commit on top of another one, without a reference to it.
    pub fn commit(&self, parent: &str, changes: &[Change], message: &str) -> anyhow::Result<CommitId> {
        let scratch = tempfile::tempdir()?;
        let index = scratch.path().join("index");
        let with_index = |arguments: &[&str], input: &str| {
            let mut command = command(&self.root, &self.filters, Network::None, arguments);
            command.env("GIT_INDEX_FILE", &index);
            finish(command, arguments[0], input.as_bytes()).map(|output| text(&output))
        };
        with_index(&["read-tree", parent], "")?;
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        let files = self.files(parent, &paths)?;
        // A single call reads the texts of all files from temporary files.
        let mut texts = String::new();
        for (number, change) in changes.iter().enumerate() {
            let path = scratch.path().join(number.to_string());
            std::fs::write(&path, &change.text)?;
            let path = path.to_str().context("the name of the temporary directory is not UTF-8")?;
            texts += &format!("{path}\n");
        }
        let names = with_index(&["hash-object", "-w", "--no-filters", "--stdin-paths"], &texts)?;
        let names: Vec<&str> = names.lines().collect();
        ensure!(names.len() == changes.len(), "git hash-object: incomplete answer");
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
    ) -> anyhow::Result<()> {
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

    fn call(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(text(&self.output(arguments, b"")?))
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> anyhow::Result<Vec<u8>> {
        finish(command(&self.root, &self.filters, Network::None, arguments), arguments[0], input)
    }

    /// A command that contacts a remote.
    fn network(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let command = command(&self.root, &self.filters, Network::To(self.login.as_ref()), arguments);
        match finish(command, arguments[0], b"") {
            Ok(output) => Ok(text(&output)),
            Err(error) => {
                let mut said = format!("{error:#}");
                if let Some(login) = self.login.as_ref().filter(|login| !login.secret.is_empty()) {
                    said = said.replace(&login.secret, "***");
                }
                if said.contains("returned error: 30") {
                    said += "\n  jettison does not follow the server's redirect; set the new URL of the remote (git remote set-url)";
                }
                bail!("{said}")
            }
        }
    }
}

/// The program to run on the server, regardless of the remote's configuration.
const UPLOAD: &str = "--upload-pack=git-upload-pack";

/// The output without its last line break.
fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim_end_matches('\n').to_owned()
}

/// The error message of git, without passwords in URLs.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text: String = text.trim().split_inclusive(char::is_whitespace).map(without_password).collect();
    if text.is_empty() { "it failed without a message".to_owned() } else { text }
}

/// A URL, or any other word, without a user name and password.
pub fn without_password(word: &str) -> String {
    match word.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://***@{host}"),
            _ => word.to_owned(),
        },
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_shown() {
        let login = Login::new("https://example.org", "me", "s3cret");
        assert_eq!(format!("{login:?}"), "Login(https://example.org, ***)");
    }

    #[test]
    fn passwords_in_addresses_are_not_repeated() {
        let text = b"fatal: unable to access 'https://me:secret@example.org/a.git/': no\n";
        assert_eq!(said(text), "fatal: unable to access 'https://***@example.org/a.git/': no");
    }
}
