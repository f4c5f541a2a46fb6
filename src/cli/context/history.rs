//! How often the files of a directory changed, by git.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::context::History;

/// So many revisions are looked at: what changed last year says little of this one.
const REVISIONS: &str = "200";

/// The history of a directory; none where git is not there or keeps nothing of it.
pub fn of(directory: &Path) -> Option<History> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args([
            "-c",
            "core.quotePath=false",
            "log",
            "--no-renames",
            "--relative",
            "--name-only",
            "--format=format:%x00",
            "-n",
            REVISIONS,
            "--",
            ".",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(read(&String::from_utf8_lossy(&output.stdout)))
}

/// A NUL before the names of each revision.
fn read(text: &str) -> History {
    let mut changes: BTreeMap<String, u32> = BTreeMap::new();
    let mut revisions = 0;
    for revision in text.split('\0').skip(1) {
        revisions += 1;
        for path in revision.lines().filter(|line| !line.is_empty()) {
            *changes.entry(path.to_owned()).or_default() += 1;
        }
    }
    History { revisions, changes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_and_their_files_are_counted() {
        let history = read("\0\na\nb/c\n\n\0\na\n");
        assert_eq!(history.revisions, 2);
        assert_eq!(history.changes.get("a"), Some(&2));
        assert_eq!(history.changes.get("b/c"), Some(&1));
        assert_eq!(read("").revisions, 0);
    }
}
