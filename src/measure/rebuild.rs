//! Harmless changes to a file of the build context, for rebuilds: a comment, or an unused field.
//!
//! No two changes are the same, in this run or any other, so a build never reuses a layer of an
//! earlier one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Error;
use crate::context::BuildContext;
use crate::knowledge::languages::COMMENTS;
use crate::knowledge::lists::files::DIRECTORIES_BESIDES_THE_PROGRAM;
use crate::knowledge::managers::MANIFEST_COMMENTS;

/// A file that is changed and restored.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The kind of file, for people.
    pub what: &'static str,
    /// Its path in the build context.
    pub path: String,
    file: PathBuf,
    text: String,
}

impl Touch {
    /// A source file and a manifest of the build context, if it has them; `root` is the context
    /// directory.
    pub fn of(context: &BuildContext, root: &Path) -> Vec<Self> {
        let found = [("source file", source(context)), ("manifest", manifest(context))];
        let touches = found.into_iter().filter_map(|(what, path)| {
            let path = path?;
            let file = root.join(&path);
            let text = std::fs::read_to_string(&file).ok()?;
            changed(&path, &text, "try").map(|_| Self { what, path, file, text })
        });
        touches.collect()
    }

    /// Writes the file with a unique change.
    pub fn change(&self) -> Result<(), Error> {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mark = format!("rebuild {} of {now}", NEXT.fetch_add(1, Ordering::Relaxed));
        let text = changed(&self.path, &self.text, &mark).expect("`of` has tried it");
        std::fs::write(&self.file, text).map_err(Error::writing(&self.file))
    }

    /// Restores the file.
    pub fn restore(&self) -> Result<(), Error> {
        std::fs::write(&self.file, &self.text).map_err(Error::writing(&self.file))
    }
}

/// The source file closest to the top that is not a test; a page only if there is nothing else.
fn source(context: &BuildContext) -> Option<String> {
    let is_source = |path: &str| {
        let is_apart = path
            .split('/')
            .any(|part| DIRECTORIES_BESIDES_THE_PROGRAM.contains(&part) || part.starts_with('.'));
        !is_apart && !path.contains("config") && COMMENTS.iter().any(|(ending, _)| path.ends_with(ending))
    };
    let sent = context.sent().filter(|entry| !entry.is_link && is_source(&entry.path));
    let rank = |path: &String| (path.ends_with(".html"), path.matches('/').count(), path.clone());
    sent.map(|entry| entry.path.clone()).min_by_key(rank)
}

fn manifest(context: &BuildContext) -> Option<String> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let is_manifest = |path: &str| {
        MANIFEST_COMMENTS.iter().any(|(known, _)| *known == name(path)) && !path.contains("node_modules")
    };
    let sent = context.sent().filter(|entry| !entry.is_link && is_manifest(&entry.path));
    sent.map(|entry| entry.path.clone()).min_by_key(|path| (path.matches('/').count(), path.clone()))
}

fn changed(path: &str, text: &str, mark: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = MANIFEST_COMMENTS.iter().find(|(known, _)| *known == name);
    let (_, comment) = known.or_else(|| COMMENTS.iter().find(|(ending, _)| name.ends_with(ending)))?;
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    match *comment {
        "hash" => Some(format!("{text}{end}# {mark}\n")),
        "slashes" => Some(format!("{text}{end}// {mark}\n")),
        "markup" => Some(format!("{text}{end}<!-- {mark} -->\n")),
        "field" => {
            let at = text.find('{')?;
            let rest = &text[at + 1..];
            let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
            Some(format!("{}\n  \"//jettison\": \"{mark}\"{comma}{rest}", &text[..=at]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_changed_in_their_own_way() {
        assert_eq!(changed("a/b.py", "x = 1", "m").as_deref(), Some("x = 1\n# m\n"));
        assert_eq!(
            changed("package.json", "{\"a\": 1}", "m").as_deref(),
            Some("{\n  \"//jettison\": \"m\",\"a\": 1}")
        );
        assert_eq!(changed("package.json", "{}", "m").as_deref(), Some("{\n  \"//jettison\": \"m\"}"));
        assert_eq!(changed("a.bin", "", "m"), None);
    }
}
