//! The user's own git, by its command line. Commits are made beside the work tree and the index, so that neither changes,
//! whatever happens on the way.

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// A repository.
#[derive(Debug, Clone)]
pub struct Git {
    /// The top directory of the work tree, without links on the way.
    pub root: PathBuf,
    /// What git is told through its environment beside, such as how to push.
    environment: Vec<(String, String)>,
}

/// A file of a commit and its new text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path from the top directory, with slashes.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A commit's name, in hexadecimal digits.
pub type CommitId = String;

impl Git {
    /// The repository that a path lies in.
    pub fn around(path: &Path) -> anyhow::Result<Self> {
        let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let output = Command::new("git")
            .arg("-C")
            .arg(directory)
            .args(["rev-parse", "--show-toplevel"])
            .output()
            .context("git can't be started; is it installed?")?;
        if !output.status.success() {
            bail!("{}: {}", directory.display(), said(&output.stderr));
        }
        let root = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n'));
        Ok(Self { root: root.canonicalize().unwrap_or(root), environment: Vec::new() })
    }

    /// Lets pushes and fetches over HTTP use a secret, where git's own helpers know none. It stands in the environment of the
    /// child alone, not in an argument or a file.
    #[must_use]
    pub fn with_secret(mut self, user: &str, secret: &str) -> Self {
        const HELPER: &str = r#"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$JETTISON_PUSH_USER" "$JETTISON_PUSH_TOKEN"; }; f"#;
        let pairs = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "credential.helper"),
            ("GIT_CONFIG_VALUE_0", HELPER),
            ("JETTISON_PUSH_USER", user),
            ("JETTISON_PUSH_TOKEN", secret),
        ];
        self.environment.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        self
    }

    /// What is changed or untracked, as `git status --porcelain` says it.
    pub fn dirty(&self) -> anyhow::Result<String> {
        self.call(&["status", "--porcelain"])
    }

    /// The branch that is checked out; none where HEAD is detached.
    pub fn branch(&self) -> Option<String> {
        self.call(&["symbolic-ref", "--quiet", "--short", "HEAD"]).ok().filter(|name| !name.is_empty())
    }

    /// The commit that is checked out.
    pub fn head(&self) -> anyhow::Result<CommitId> {
        self.call(&["rev-parse", "--verify", "HEAD"])
    }

    /// The commit that a revision names.
    pub fn commit_of(&self, revision: &str) -> anyhow::Result<CommitId> {
        self.call(&["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")])
            .with_context(|| format!("`{revision}` is no revision of {}", self.root.display()))
    }

    /// The lines of a file in the work tree that are not as they were in a revision; none where the file was not there.
    pub fn changed_lines(
        &self,
        revision: &str,
        path: &Path,
    ) -> anyhow::Result<Option<Vec<RangeInclusive<usize>>>> {
        let full = path.canonicalize()?;
        let inner = full
            .strip_prefix(&self.root)
            .with_context(|| format!("lies outside of {}", self.root.display()))?;
        let inner = inner.to_string_lossy();
        let was_there = self.call(&["ls-tree", revision, "--", &inner])?;
        if was_there.is_empty() {
            return Ok(None);
        }
        let diff =
            self.call(&["diff", "--unified=0", "--no-color", "--no-ext-diff", revision, "--", &inner])?;
        // `@@ -1,2 +3,4 @@`: four lines from the third on.
        let hunks =
            diff.lines().filter_map(|line| line.strip_prefix("@@ ")?.split_once('+')?.1.split(' ').next());
        let lines = hunks.filter_map(|hunk| {
            let (start, count) = hunk.split_once(',').unwrap_or((hunk, "1"));
            let (start, count): (usize, usize) = (start.parse().ok()?, count.parse().ok()?);
            (count > 0).then(|| start..=start + count - 1)
        });
        Ok(Some(lines.collect()))
    }

    /// The address of a remote.
    pub fn remote_url(&self, remote: &str) -> anyhow::Result<String> {
        self.call(&["remote", "get-url", remote])
    }

    /// The commit of a branch on a remote; none where there is no such branch.
    pub fn remote_branch(&self, remote: &str, branch: &str) -> anyhow::Result<Option<CommitId>> {
        let answer = self.call(&["ls-remote", "--heads", remote, &format!("refs/heads/{branch}")])?;
        Ok(answer.split_whitespace().next().map(str::to_owned))
    }

    /// The messages of all commits of a remote's branch that this repository's commit does not have.
    pub fn messages_beyond(&self, remote: &str, branch: &str, base: &str) -> anyhow::Result<Vec<String>> {
        self.call(&["fetch", "--quiet", "--no-tags", remote, &format!("refs/heads/{branch}")])?;
        let log = self.call(&["log", "--format=%B%x00", &format!("{base}..FETCH_HEAD")])?;
        Ok(log.split('\0').map(str::trim).filter(|message| !message.is_empty()).map(str::to_owned).collect())
    }

    /// `Name <address>`, as commits are signed.
    pub fn committer(&self) -> anyhow::Result<String> {
        let ident = self.call(&["var", "GIT_COMMITTER_IDENT"])?;
        Ok(ident.rsplit_once('>').map_or(ident.clone(), |(who, _)| format!("{who}>")))
    }

    /// Makes a commit on top of another one. Nothing points to it yet.
    pub fn commit(&self, parent: &str, changes: &[Change], message: &str) -> anyhow::Result<CommitId> {
        let scratch = tempfile::tempdir()?;
        let index = scratch.path().join("index");
        let with_index = |arguments: &[&str], input: &str| {
            let mut command = self.command(arguments);
            command.env("GIT_INDEX_FILE", &index);
            finish(command, input)
        };
        with_index(&["read-tree", parent], "")?;
        for Change { path, text } in changes {
            let blob = with_index(&["hash-object", "-w", "--stdin", "--path", path], text)?;
            let known = with_index(&["ls-files", "--stage", "--", path], "")?;
            let mode = known.split_whitespace().next().unwrap_or("100644").to_owned();
            with_index(&["update-index", "--add", "--cacheinfo", &format!("{mode},{blob},{path}")], "")?;
        }
        let tree = with_index(&["write-tree"], "")?;
        let signs = self
            .call(&["config", "--type=bool", "--get", "commit.gpgsign"])
            .is_ok_and(|value| value == "true");
        let mut arguments = vec!["commit-tree", tree.as_str(), "-p", parent, "-F", "-"];
        arguments.extend(signs.then_some("-S"));
        finish(self.command(&arguments), message)
    }

    /// Puts a remote's branch onto a commit, if it still is where it is expected; none takes the branch away.
    pub fn push(
        &self,
        remote: &str,
        branch: &str,
        expected: Option<&str>,
        commit: Option<&str>,
    ) -> anyhow::Result<()> {
        let lease = format!("--force-with-lease=refs/heads/{branch}:{}", expected.unwrap_or_default());
        let what = format!("{}:refs/heads/{branch}", commit.unwrap_or_default());
        self.call(&["push", "--quiet", &lease, remote, &what]).map(drop)
    }

    fn call(&self, arguments: &[&str]) -> anyhow::Result<String> {
        finish(self.command(arguments), "")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.root).args(arguments);
        // Nobody is there to be asked for a password; and no other repository is meant, where a hook of one runs us.
        command.env("GIT_TERMINAL_PROMPT", "0");
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(variable);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Runs a command on some input; its output without the last line break, or what it said.
fn finish(mut command: Command, input: &str) -> anyhow::Result<String> {
    let mut child = command.spawn().context("git can't be started; is it installed?")?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends without reading says why itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let verb = command.get_args().nth(2).unwrap_or_default().to_string_lossy().into_owned();
        bail!("git {verb}: {}", said(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
}

/// What git said, without the passwords that addresses may hold.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let words = text.trim().split_inclusive(char::is_whitespace).map(|word| match word.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://***@{host}"),
            _ => word.to_owned(),
        },
        None => word.to_owned(),
    });
    let text: String = words.collect();
    if text.is_empty() { "it failed and said nothing".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_not_repeated() {
        let text = b"fatal: unable to access 'https://me:secret@example.org/a.git/': no\n";
        assert_eq!(said(text), "fatal: unable to access 'https://***@example.org/a.git/': no");
    }
}
