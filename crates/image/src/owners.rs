//! The package that installed a file: Debian, Alpine and RPM packages by their databases, Python
//! and Node packages by the path.
//!
//! Other files belong to no package. (dpkg-query(1) for `info/*.list`; distroless,
//! `status.d/*.md5sums`; apk(5) for `lib/apk/db/installed`.)

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;

use crate::{Kind, Tree, rpm};

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// apk.
    Alpine,
    /// dpkg.
    Debian,
    /// npm, pnpm, Yarn and others that fill `node_modules`.
    Node,
    /// pip and others that fill `site-packages`.
    Python,
    /// RPM.
    Rpm,
}

impl Ecosystem {
    /// The name for people and in machine-readable formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alpine => "Alpine",
            Self::Debian => "Debian",
            Self::Node => "Node",
            Self::Python => "Python",
            Self::Rpm => "RPM",
        }
    }

    /// Whether its packages belong to the operating system.
    pub fn is_system(self) -> bool {
        matches!(self, Self::Alpine | Self::Debian | Self::Rpm)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A package and the size of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// The size of its files in bytes.
    pub size: u64,
}

/// The packages of files, by path.
#[derive(Debug, Default)]
pub struct Owners<'i> {
    by_path: HashMap<&'i str, (Ecosystem, Rc<str>)>,
    /// How many more file names are looked up.
    left: usize,
}

/// How many file names are looked up: twice as many as an image can have.
const MOST_NAMES: usize = 4_000_000;

impl<'i> Owners<'i> {
    /// Reads the databases.
    pub fn of(tree: &Tree<'i>) -> Self {
        let mut owners = Self { left: MOST_NAMES, ..Self::default() };
        for (path, place) in &tree.places {
            let Some(content) = place.entry.content() else { continue };
            if owners.left == 0 {
                break;
            }
            if rpm::is_database(path) {
                for package in rpm::packages(path, &content) {
                    owners.claim(tree, Ecosystem::Rpm, &package.name, package.files());
                }
                continue;
            }
            let text = String::from_utf8_lossy(&content);
            if let Some(name) =
                path.strip_prefix("var/lib/dpkg/info/").and_then(|name| name.strip_suffix(".list"))
            {
                owners.claim(tree, Ecosystem::Debian, name.split(':').next().unwrap_or(name), text.lines());
            } else if let Some(name) =
                path.strip_prefix("var/lib/dpkg/status.d/").and_then(|name| name.strip_suffix(".md5sums"))
            {
                let files = text.lines().filter_map(|line| line.split_once("  ")).map(|(_, file)| file);
                owners.claim(tree, Ecosystem::Debian, name, files);
            } else if *path == "lib/apk/db/installed" {
                alpine(&text, |name, file| owners.claim(tree, Ecosystem::Alpine, name, [file].iter()));
            }
        }
        owners
    }

    fn claim(
        &mut self,
        tree: &Tree<'i>,
        ecosystem: Ecosystem,
        name: &str,
        files: impl Iterator<Item = impl AsRef<str>>,
    ) {
        let name: Rc<str> = name.into();
        for file in files {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            let file = file.as_ref().trim_start_matches('/');
            // `/lib` is a symlink to `/usr/lib` if directories are merged, and packages still list
            // `/lib`.
            let is_here = tree.places.get_key_value(file).filter(|(_, place)| place.entry.kind == Kind::File);
            let path = is_here.map(|(path, _)| *path).or_else(|| through_links(tree, file));
            if let Some(path) = path {
                self.by_path.insert(path, (ecosystem, name.clone()));
            }
        }
    }

    /// The package that installed a file.
    pub fn owner<'s>(&'s self, path: &'s str) -> Option<(Ecosystem, &'s str)> {
        self.by_path
            .get(path)
            .map(|(ecosystem, name)| (*ecosystem, &**name))
            .or_else(|| node(path).map(|name| (Ecosystem::Node, name)))
            .or_else(|| python(path).map(|name| (Ecosystem::Python, name)))
    }

    /// All packages, the largest first.
    pub fn packages(&self, tree: &Tree<'_>) -> Vec<Package> {
        let mut sizes: BTreeMap<(Ecosystem, &str), u64> = BTreeMap::new();
        for (path, place) in &tree.places {
            if let Some(owner) = self.owner(path) {
                *sizes.entry(owner).or_default() += place.entry.size;
            }
        }
        let mut packages: Vec<Package> = sizes
            .into_iter()
            .filter(|(_, size)| *size > 0)
            .map(|((ecosystem, name), size)| Package { ecosystem, name: name.to_owned(), size })
            .collect();
        packages.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
        packages
    }
}

/// A file by its path, if a directory on the path is a symlink.
fn through_links<'i>(tree: &Tree<'i>, file: &str) -> Option<&'i str> {
    let (directory, name) = file.rsplit_once('/')?;
    let (directory, _) = tree.resolve(directory)?;
    let path = format!("{directory}/{name}");
    let found = tree.places.get_key_value(path.as_str())?;
    (found.1.entry.kind == Kind::File).then_some(*found.0)
}

/// Reads the packages and files of apk's database one by one: `P:` names a package, `F:` a
/// directory, `R:` a file in it.
fn alpine(text: &str, mut file: impl FnMut(&str, String)) {
    let (mut package, mut directory) = ("", "");
    for line in text.lines() {
        match line.split_once(':') {
            Some(("P", name)) => package = name,
            Some(("F", name)) => directory = name,
            Some(("R", name)) if !package.is_empty() => file(package, format!("{directory}/{name}")),
            _ => {}
        }
    }
}

/// `node_modules/@scope/name/…`, the innermost one.
fn node(path: &str) -> Option<&str> {
    let (_, rest) = path.rsplit_once("node_modules/")?;
    let parts = if rest.starts_with('@') { 2 } else { 1 };
    let end = rest.match_indices('/').nth(parts - 1).map(|(at, _)| at)?;
    Some(&rest[..end]).filter(|name| !name.starts_with('.'))
}

/// `site-packages/name/…`, `site-packages/name.libs/…` or `site-packages/name-1.0.dist-info/…`.
fn python(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("/site-packages/").or_else(|| path.split_once("/dist-packages/"))?;
    let name = rest.split('/').next()?;
    let name = name.strip_suffix(".libs").unwrap_or(name);
    let name = if name.ends_with("-info") { name.split('-').next()? } else { name };
    Some(name.strip_suffix(".py").unwrap_or(name)).filter(|name| !name.starts_with("__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_languages_are_told_by_their_path() {
        assert_eq!(node("app/node_modules/a/node_modules/@s/b/index.js"), Some("@s/b"));
        assert_eq!(node("app/node_modules/.bin/x"), None);
        assert_eq!(node("app/node_modules/.package-lock.json"), None);
        assert_eq!(
            node("srv/node_modules/.pnpm/a@1/node_modules/a/x.js"),
            Some("a"),
            "pnpm keeps each package in a directory of its own"
        );
        let python =
            |rest: &str| python(&format!("opt/venv/lib/python3.11/site-packages/{rest}")).map(str::to_owned);
        assert_eq!(python("numpy/core/x.so").as_deref(), Some("numpy"));
        assert_eq!(python("numpy.libs/y.so").as_deref(), Some("numpy"));
        assert_eq!(python("numpy-1.0.dist-info/RECORD").as_deref(), Some("numpy"));
        assert_eq!(python("six.py").as_deref(), Some("six"));
        assert_eq!(python("__pycache__/six.pyc"), None);
    }

    #[test]
    fn the_database_of_apk_is_read() {
        let text = "P:musl\nV:1\nF:lib\nR:ld.so\nR:libc.so\n\nP:zlib\nF:usr/lib\nR:libz.so\n";
        let mut found = Vec::new();
        alpine(text, |package, file| found.push(format!("{package}: {file}")));
        assert_eq!(found, ["musl: lib/ld.so", "musl: lib/libc.so", "zlib: usr/lib/libz.so"]);
    }
}
