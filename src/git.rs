//! The user's git, through its command line: which lines of a file have changed. `start` starts
//! git, `root` finds the top of a repository, and `requests` commits and pushes for pull requests.

mod error;
#[cfg(feature = "pr")]
mod requests;
mod root;
mod start;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use start::{command, finish};

pub use error::Error;
#[cfg(feature = "pr")]
pub use requests::{Addresses, Change, Login, Stored};
pub use root::of as root_of;

/// A repository.
#[derive(Debug, Clone)]
pub struct Git {
    /// The top directory of the work tree, with symlinks resolved.
    pub root: PathBuf,
    /// The names of the configured filters; none of them runs.
    filters: Vec<String>,
    /// The credentials for servers that require a login.
    #[cfg(feature = "pr")]
    login: Option<requests::Login>,
}

/// The hash of a commit, in hexadecimal digits.
pub type CommitId = String;

/// The time limit for an exact comparison of two versions of a file.
const PATIENCE: Duration = Duration::from_secs(5);

impl Git {
    /// The repository that contains a path.
    pub fn containing(path: &Path) -> Result<Self, Error> {
        let root = root::of(path)?;
        let mut git = Self {
            root,
            filters: Vec::new(),
            #[cfg(feature = "pr")]
            login: None,
        };
        let top = git.call(&["rev-parse", "--show-toplevel"])?;
        let is_here = Path::new(&top).canonicalize().is_ok_and(|top| top == git.root);
        if !is_here {
            return Err(Error::OtherWorkTree { root: git.root, other: top });
        }
        git.filters = git.filters()?;
        Ok(git)
    }

    /// The names of all filters. Configuration from a file of the work tree is refused: the author
    /// of a file in the repository must not decide what git runs.
    fn filters(&self) -> Result<Vec<String>, Error> {
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
                if is_content && !is_own {
                    return Err(Error::ConfigurationInWorkTree(full));
                }
            }
            let name = key.strip_prefix("filter.").and_then(|rest| rest.rsplit_once('.'));
            filters.extend(name.map(|(name, _)| name.to_owned()));
        }
        filters.sort();
        filters.dedup();
        Ok(filters)
    }

    /// The commit of a revision.
    pub fn commit_of(&self, revision: &str) -> Result<CommitId, Error> {
        self.call(&["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")]).map_err(
            |error| Error::Revision {
                revision: revision.to_owned(),
                root: self.root.clone(),
                source: Box::new(error),
            },
        )
    }

    /// The lines of a file that differ from a commit; `None` if the commit does not contain the
    /// file. Line endings are ignored, since a checkout may have changed them.
    pub fn changed_lines(
        &self,
        commit: &str,
        path: &Path,
        text: &str,
    ) -> Result<Option<Vec<RangeInclusive<usize>>>, Error> {
        let full = path.canonicalize().map_err(|source| Error::Path { path: path.to_owned(), source })?;
        let inner = full.strip_prefix(&self.root).map_err(|_| Error::Outside(self.root.clone()))?;
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
    fn files(&self, commit: &str, paths: &[&str]) -> Result<HashMap<String, (String, String)>, Error> {
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
    fn blobs(&self, names: &[&str]) -> Result<Vec<Vec<u8>>, Error> {
        let input: String = names.iter().map(|name| format!("{name}\n")).collect();
        let output = self.output(&["cat-file", "--batch"], input.as_bytes())?;
        let mut rest = &output[..];
        let mut blobs = Vec::new();
        // `NAME blob SIZE`, a line break, the bytes, a line break.
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size: Option<usize> = head.rsplit(' ').next().and_then(|size| size.parse().ok());
            let bytes = size.and_then(|size| rest.get(end + 1..(end + 1).checked_add(size)?));
            let bytes = bytes.ok_or(Error::NoObject(head))?;
            blobs.push(bytes.to_vec());
            rest = rest.get(end + 2 + bytes.len()..).unwrap_or_default();
        }
        if blobs.len() == names.len() { Ok(blobs) } else { Err(Error::Incomplete("cat-file")) }
    }

    fn call(&self, arguments: &[&str]) -> Result<String, Error> {
        Ok(text(&self.output(arguments, b"")?))
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let mut command = command(&self.root, &self.filters);
        command.args(arguments);
        finish(command, arguments[0], input)
    }
}

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
    fn passwords_in_addresses_are_not_repeated() {
        let text = b"fatal: unable to access 'https://me:secret@example.org/a.git/': no\n";
        assert_eq!(said(text), "fatal: unable to access 'https://***@example.org/a.git/': no");
    }
}
