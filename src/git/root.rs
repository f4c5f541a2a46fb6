//! The repository that contains a path: the nearest parent directory with a real `.git`. A
//! directory with the files of a bare repository counts as content, unlike in git.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Error;

/// The top directory of the work tree that contains a file or directory, with symlinks resolved.
pub fn of(path: &Path) -> Result<PathBuf, Error> {
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let full =
        directory.canonicalize().map_err(|source| Error::Path { path: directory.to_owned(), source })?;
    let root = full.ancestors().find(|above| is_top(above));
    root.map(Path::to_owned).ok_or_else(|| Error::NoRepository(directory.to_owned()))
}

/// Whether a directory has a `.git` that is a repository, or a file that points to one (submodules
/// and work trees).
fn is_top(directory: &Path) -> bool {
    let git = directory.join(".git");
    let Ok(metadata) = fs::metadata(&git) else { return false };
    if metadata.is_dir() {
        return fs::symlink_metadata(git.join("HEAD")).is_ok() && git.join("objects").is_dir();
    }
    let mut start = [0; 8];
    metadata.is_file()
        && File::open(&git).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"gitdir: "
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_like_a_repository_is_none() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let root = folder.path().canonicalize().expect("it is there");
        for directory in ["work/.git/objects", "work/bare/objects", "work/bare/refs", "work/empty/.git"] {
            fs::create_dir_all(root.join(directory)).expect("a directory");
        }
        for file in ["work/.git/HEAD", "work/bare/HEAD", "work/bare/config", "work/bare/Dockerfile"] {
            fs::write(root.join(file), "ref: refs/heads/main\n").expect("a file");
        }
        for path in ["work", "work/bare", "work/bare/Dockerfile", "work/empty"] {
            assert_eq!(of(&root.join(path)).expect("a repository"), root.join("work"), "{path}");
        }
        fs::create_dir(root.join("tree")).expect("a directory");
        fs::write(root.join("tree/.git"), "gitdir: ../work/.git\n").expect("a file");
        assert_eq!(of(&root.join("tree")).expect("a work tree"), root.join("tree"));
    }
}
