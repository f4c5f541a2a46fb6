//! Sets of files, as far as it matters whether two of them overlap.

use crate::facts::paths;
use crate::knowledge::lists::directories::OF_PACKAGES;

/// A set of files of an image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tree {
    /// All files.
    Everything,
    /// A file or directory with its contents: an absolute path without variables and patterns.
    At(String),
    /// The files of the distribution, its packages and the programs in the usual directories.
    System,
    /// Program data in home directories: all of root's, and names that start with a dot in the
    /// others.
    Homes,
}

impl Tree {
    /// Whether some file may be in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::At(path), Self::At(other)) => {
                paths::within(path, trim(other)) || paths::within(other, trim(path))
            }
            (Self::At(path), Self::System) | (Self::System, Self::At(path)) => is_system(path),
            (Self::At(path), Self::Homes) | (Self::Homes, Self::At(path)) => is_in_home(path),
            _ => true,
        }
    }
}

fn trim(path: &str) -> &str {
    path.trim_end_matches('/')
}

fn is_system(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let Some(top) = parts.next() else { return true };
    // The documentation of the official images has the application in `/usr/src/app`; packages put
    // kernel sources there.
    let is_application = top == "usr"
        && parts.next() == Some("src")
        && parts.next().is_some_and(|name| {
            !name.starts_with("linux")
                && !name.starts_with("kernel")
                && !name.contains(|c: char| c.is_ascii_digit())
        })
        && !path.starts_with("/usr/src/php");
    OF_PACKAGES.contains(&top) && !is_application
}

fn is_in_home(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match parts.next() {
        None | Some("root") => true,
        Some("home") => parts.next().is_none() || parts.next().is_none_or(|name| name.starts_with('.')),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Tree {
        Tree::At(path.to_owned())
    }

    #[test]
    fn trees_overlap_where_one_is_in_the_other() {
        assert!(at("/app").overlaps(&at("/app/x")) && at("/app/x").overlaps(&at("/app/")));
        assert!(
            at("/").overlaps(&at("/app"))
                && at("/").overlaps(&Tree::System)
                && at("/").overlaps(&Tree::Homes)
        );
        assert!(!at("/app").overlaps(&at("/application")));
    }

    #[test]
    fn applications_are_not_the_system() {
        for path in ["/app", "/code/x", "/usr/src/app", "/home/node/app", "/srv/www", "/workspace"] {
            assert!(!at(path).overlaps(&Tree::System), "{path}");
        }
        for path in [
            "/usr",
            "/usr/src",
            "/usr/local/bin/x",
            "/etc/nginx",
            "/var/www",
            "/opt/x",
            "/usr/src/linux-headers-6",
            "/usr/src/zfs-2.1",
        ] {
            assert!(at(path).overlaps(&Tree::System), "{path}");
        }
    }

    #[test]
    fn homes_are_what_starts_with_a_dot() {
        for path in ["/root/app", "/home", "/home/node", "/home/node/.npmrc"] {
            assert!(at(path).overlaps(&Tree::Homes), "{path}");
        }
        assert!(!at("/home/node/app").overlaps(&Tree::Homes));
    }
}
