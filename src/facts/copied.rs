//! The files that a COPY or ADD copies from the build context: maps context paths to image paths
//! and back.
//!
//! `copied` covers only plain copies of named files and directories, not patterns, URLs, archives
//! and other stages; `placed_files` covers patterns too.

use crate::context::BuildContext;
use crate::facts::execution::normalized;
use crate::facts::{Facts, paths};
use crate::knowledge::lists::files::UNPACKED_BY_ADD;
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Instruction, Transfer};

/// A COPY or ADD of files from the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Its index in the file's items.
    pub item: usize,
    /// The context's directories and files that it names, without leading slashes. The empty path
    /// is the context itself.
    sources: Vec<Source>,
    /// The destination, absolute.
    pub destination: String,
    /// Whether the destination is certainly a directory.
    into_directory: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    path: String,
    is_directory: bool,
}

impl Facts<'_> {
    /// The files that the instruction at an item copies from the context, or `None` if that is
    /// unknown.
    pub fn copied(&self, item: usize, context: &BuildContext) -> Option<Copied> {
        let (transfer, is_add) = self.plain_transfer(item)?;
        let source = |written: &String| {
            let path = self.expanded(item, written)?;
            let unpacked = is_add
                && (path.contains("://") || UNPACKED_BY_ADD.iter().any(|ending| path.ends_with(ending)));
            if unpacked || path.contains(['*', '?', '[']) || path.starts_with("git@") {
                return None;
            }
            let path = normalized(&path)?.trim_start_matches('/').to_owned();
            let is_directory = path.is_empty() || context.file(&path).is_none();
            (!is_directory || context.sends(&path)).then_some(Source { path, is_directory })
        };
        let sources: Vec<Source> = transfer.sources.iter().map(source).collect::<Option<_>>()?;
        let written = transfer.destination.as_str();
        let into_directory = sources.len() > 1 || is_written_as_directory(written);
        let destination = self.path_at(item, written)?;
        Some(Copied { item, sources, destination, into_directory })
    }
}

impl Facts<'_> {
    /// What the instruction at an item copies, and whether it is an ADD; `None` if it copies from a
    /// stage, or a here-document, or has other flags than those of owner and mode.
    fn plain_transfer(&self, item: usize) -> Option<(&Transfer, bool)> {
        let instruction = self.instruction_at(item)?;
        let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { return None };
        let is_plain = instruction.heredocs.is_empty() && has_plain_flags(instruction);
        is_plain.then_some((transfer, matches!(instruction.body, Body::Add(_))))
    }
}

/// More files are not looked at.
const MOST_FILES: usize = 20_000;

impl Facts<'_> {
    /// The files that the instruction at an item copies from the context, each with its path in the
    /// image, or `None` if that is unknown. A pattern means the files that match it.
    pub fn placed_files(&self, item: usize, context: &BuildContext) -> Option<Vec<(String, String)>> {
        let (transfer, is_add) = self.plain_transfer(item)?;
        let written = transfer.destination.as_str();
        let destination = self.path_at(item, written)?;
        let is_known_directory =
            self.directory_at(item).is_some_and(|directory| paths::within(&directory, &destination));
        let is_directory =
            transfer.sources.len() > 1 || is_known_directory || is_written_as_directory(written);
        let mut placed = Vec::new();
        for source in &transfer.sources {
            let source = self.expanded(item, source)?;
            if source.contains("://") || source.starts_with("git@") || source.contains(['[', '\\']) {
                return None;
            }
            let source = normalized(&source)?.trim_start_matches('/').to_owned();
            let is_pattern = source.contains(['*', '?']);
            let is_file = context.file(&source).is_some();
            if is_pattern && !is_directory {
                return None;
            }
            // A missing file or directory may exist in another checkout, or be created before a build.
            if !is_pattern && !context.sends(&source) {
                return None;
            }
            for entry in if is_pattern { context.below("") } else { context.below(&source) } {
                let inner = if is_pattern {
                    matched(&source, &entry.path)
                } else if is_file {
                    Some(base_name(&source))
                } else {
                    below(&entry.path, &source)
                };
                let Some(inner) = inner.filter(|_| context.sends_file(&entry.path)) else { continue };
                let is_unpacked = UNPACKED_BY_ADD.iter().any(|ending| entry.path.ends_with(ending));
                if is_add && is_unpacked && (is_pattern || is_file) || placed.len() == MOST_FILES {
                    return None;
                }
                let renamed = is_file && !is_directory;
                let place = if renamed { destination.clone() } else { join(&destination, inner) };
                placed.push((entry.path.clone(), place));
            }
        }
        Some(placed)
    }
}

/// The path below the destination of a file that a pattern selects: its name, or its path in a
/// directory that the pattern selects. (Docker's reference, COPY, "Pattern matching".)
fn matched<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let mut rest = path;
    let mut last = path;
    for part in pattern.split('/') {
        let (name, after) = rest.split_once('/').unwrap_or((rest, ""));
        if name.is_empty() || !fits(part.as_bytes(), name.as_bytes()) {
            return None;
        }
        (last, rest) = (rest, after);
    }
    Some(if rest.is_empty() { last } else { rest })
}

/// Whether a name matches a pattern of one path component.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut retry = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at, seen));
                at += 1;
            }
            Some(&c) if c == b'?' || c == name[seen] => (at, seen) = (at + 1, seen + 1),
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (at, seen) = (star + 1, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|&c| c == b'*')
}

fn is_written_as_directory(destination: &str) -> bool {
    destination.ends_with('/') || matches!(destination, "." | "..") || destination.ends_with("/.")
}

fn has_plain_flags(instruction: &Instruction<'_>) -> bool {
    instruction.flags.iter().all(|flag| matches!(flag.name.as_str(), "chown" | "chmod" | "link"))
}

impl Copied {
    /// Whether it copies a whole directory, which may contain more than a later step needs.
    pub fn takes_a_directory(&self) -> bool {
        self.sources.iter().any(|source| source.is_directory)
    }

    /// How many files and directories it names.
    pub fn count(&self) -> usize {
        self.sources.len()
    }

    /// Whether it may create anything below `/etc`.
    pub(super) fn may_reach_etc(&self) -> bool {
        let destination = self.destination.trim_end_matches('/');
        destination.is_empty() || destination == "/etc" || destination.starts_with("/etc/")
    }

    /// The path in the image of a file of the context, or `None` if this does not copy it.
    pub fn image_path(&self, context_path: &str) -> Option<String> {
        self.sources.iter().find_map(|source| {
            if source.is_directory {
                let inner = below(context_path, &source.path)?;
                Some(join(&self.destination, inner))
            } else {
                let name = context_path.rsplit('/').next().unwrap_or(context_path);
                let at = if self.into_directory {
                    join(&self.destination, name)
                } else {
                    self.destination.clone()
                };
                (source.path == context_path).then_some(at)
            }
        })
    }

    /// The folder of the context that a directory of the image is a copy of.
    pub fn context_folder(&self, directory: &str) -> Option<String> {
        let inner = below(directory, self.destination.trim_end_matches('/'))?;
        let source = self.sources.iter().find(|source| source.is_directory)?;
        Some(join(&source.path, inner).trim_matches('/').to_owned())
    }

    /// The file of the context that a file of the image is a copy of.
    pub fn context_path(&self, path: &str) -> Option<String> {
        let (directory, name) = path.rsplit_once('/')?;
        self.context_folder(if directory.is_empty() { "/" } else { directory })
            .map(|folder| join(&folder, name))
    }

    /// The paths of the context that a file of the image may be a copy of.
    pub fn context_paths(&self, path: &str) -> Vec<String> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let of = |source: &Source| {
            let inner = below(path, self.destination.trim_end_matches('/'))?;
            if source.is_directory {
                return Some(join(&source.path, inner).trim_matches('/').to_owned());
            }
            let own = source.path.rsplit('/').next().unwrap_or(&source.path);
            // Even without a slash at its end, the destination may be an existing directory.
            let fits = inner.is_empty() && !self.into_directory || inner == own && own == name;
            fits.then(|| source.path.clone())
        };
        self.sources.iter().filter_map(of).collect()
    }

    /// The path of a context file or folder, relative to the copied directory that contains it.
    pub fn inner_path<'p>(&self, context_path: &'p str) -> Option<&'p str> {
        self.sources
            .iter()
            .filter(|source| source.is_directory)
            .find_map(|source| below(context_path, &source.path))
    }
}

fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(directory)?;
    if directory.is_empty() || rest.is_empty() || rest.starts_with('/') {
        Some(rest.trim_start_matches('/'))
    } else {
        None
    }
}

fn join(directory: &str, inner: &str) -> String {
    match (directory.trim_end_matches('/'), inner) {
        ("", inner) if directory.starts_with('/') => format!("/{inner}"),
        ("", inner) => inner.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, inner) => format!("{directory}/{inner}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Entry;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn copied(line: &str) -> Option<Copied> {
        let text = format!("FROM a\nWORKDIR /w\n{line}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let entry = |path: &str| Entry { path: path.into(), size: 1, is_link: false, executable: false };
        let entries = ["app/go.mod", "app/x/y", "package.json"].map(entry).to_vec();
        let context = BuildContext::of(entries, std::collections::BTreeMap::new(), ".dockerignore", None);
        facts.copied(2, &context)
    }

    #[test]
    fn directories_are_copied_by_their_contents() {
        let all = copied("COPY . .").expect("plain");
        assert_eq!(all.image_path("app/x/y").as_deref(), Some("/w/app/x/y"));
        assert_eq!(all.context_folder("/w/app").as_deref(), Some("app"));
        assert_eq!(all.context_folder("/w").as_deref(), Some(""));
        let app = copied("COPY ./app/ /srv").expect("plain");
        assert_eq!(app.image_path("app/x/y").as_deref(), Some("/srv/x/y"));
        assert_eq!(app.image_path("package.json"), None);
        assert_eq!(app.context_folder("/srv/x").as_deref(), Some("app/x"));
        assert_eq!(app.context_folder("/w"), None);
    }

    #[test]
    fn files_keep_their_name_in_a_directory() {
        assert_eq!(
            copied("COPY package.json ./").expect("plain").image_path("package.json").as_deref(),
            Some("/w/package.json")
        );
        assert_eq!(
            copied("COPY package.json /p.json").expect("plain").image_path("package.json").as_deref(),
            Some("/p.json")
        );
    }

    #[test]
    fn patterns_select_files_and_the_contents_of_directories() {
        let text = |line: &str| format!("FROM a\nWORKDIR /w\n{line}\n");
        let placed = |line: &str| {
            let text = text(line);
            let file = Dockerfile::parse(&text);
            let facts = Facts::of(&file, Knowledge::embedded());
            let entry = |path: &str| Entry { path: path.into(), size: 1, is_link: false, executable: false };
            let entries = ["app/go.mod", "app/x/y", "package.json", "package-lock.json"].map(entry).to_vec();
            let context = BuildContext::of(entries, std::collections::BTreeMap::new(), ".dockerignore", None);
            let placed = facts.placed_files(2, &context)?;
            Some(placed.into_iter().map(|(_, place)| place).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(placed("COPY package*.json ./").as_deref(), Some("/w/package-lock.json /w/package.json"));
        assert_eq!(placed("COPY p?ckage.json ./").as_deref(), Some("/w/package.json"));
        assert_eq!(placed("COPY a*/* /srv/").as_deref(), Some("/srv/go.mod /srv/y"));
        assert_eq!(placed("COPY a* .").as_deref(), Some("/w/go.mod /w/x/y"));
        assert_eq!(placed("COPY app/ /srv").as_deref(), Some("/srv/go.mod /srv/x/y"));
        assert_eq!(placed("COPY package.json /w").as_deref(), Some("/w/package.json"));
        assert_eq!(placed("COPY package.json /p").as_deref(), Some("/p"));
        assert_eq!(placed("COPY yarn.lock* package.json ./").as_deref(), Some("/w/package.json"));
        for line in [
            "COPY missing ./",
            "COPY *.json /p",
            "COPY [ab]* ./",
            "COPY --from=b . .",
            "ADD https://x/y ./",
            "COPY $X .",
        ] {
            assert_eq!(placed(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_not_plain_is_not_looked_through() {
        for line in [
            "COPY *.json ./",
            "COPY --from=b . .",
            "ADD https://x/y .",
            "ADD a.tgz /",
            "COPY $X .",
            "COPY missing .",
            "COPY --exclude=x . .",
        ] {
            assert_eq!(copied(line), None, "{line}");
        }
    }
}
