//! The permitted differences between the images of the original and the fixed file, written
//! independently of Jettison.

use std::collections::BTreeSet;

use crate::server::File;

/// Cache directories, as absolute paths.
const CACHES: &[&str] = &[
    "/var/lib/apt/lists",
    "/var/cache/apt",
    "/var/cache/apk",
    "/var/cache/dnf",
    "/usr/local/share/.cache/yarn",
];

/// More cache directories that may become cache mounts: absolute paths, and paths relative to a
/// home directory.
const MOUNTS: &[&str] = &["/go/pkg/mod", "/usr/local/cargo/registry", "/usr/local/cargo/git/db"];
const MOUNTS_AT_HOME: &[&str] = &[
    ".npm",
    ".cache/pip",
    ".cache/uv",
    ".cache/yarn",
    ".local/share/pnpm/store",
    ".cache/go-build",
    ".cargo/registry",
    ".cargo/git/db",
];

/// Files of the context that need not be sent, by any component of their path.
const UNSENT: &[&str] = &["__pycache__", ".pytest_cache", ".DS_Store", ".mypy_cache"];

/// Whether a path is in a cache. `mounts` are the cache mounts of the fixed file.
pub fn is_cache(path: &str, mounts: &BTreeSet<String>) -> bool {
    CACHES.iter().any(|cache| is_below(path, cache))
        || path.contains("/pnpm/store")
        || mounts.iter().any(|mount| is_below(path, mount))
}

/// Whether a mount's path is a cache directory. `homes` are the home directories of the build.
pub fn may_be_mounted(path: &str, homes: &BTreeSet<String>) -> bool {
    let is_at_home = |home: &String| {
        let rest = path.strip_prefix(home.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|rest| MOUNTS_AT_HOME.contains(&rest))
    };
    CACHES.contains(&path) || MOUNTS.contains(&path) || homes.iter().any(is_at_home)
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a file may be missing: a package manager's copy of a download, a downloaded archive or
/// installer, or a cache in the context.
pub fn may_be_missing(path: &str, file: &File, copies_a_cache: bool) -> bool {
    let text = String::from_utf8_lossy(&file.data);
    let is_download = file.data.starts_with(&[0x1f, 0x8b])
        || ["!<arch> downloaded", "PK downloaded", "#!/bin/sh\n# downloaded"]
            .iter()
            .any(|start| text.starts_with(start));
    is_cached(path, file, copies_a_cache) || is_download || path.split('/').any(|part| UNSENT.contains(&part))
}

/// Whether a file is a package manager's copy of a download.
pub fn is_cached(path: &str, file: &File, copies_a_cache: bool) -> bool {
    let text = String::from_utf8_lossy(&file.data);
    // A file that was copied with a directory still counts as part of the cache if the end of its
    // path matches. If the build copies a cache itself, more of the path must match.
    let tail: Vec<&str> = path.rsplitn(4, '/').take(if copies_a_cache { 4 } else { 3 }).collect();
    let end = tail.into_iter().rev().collect::<Vec<_>>().join("/");
    text.starts_with("cached ") && text.trim_end().ends_with(&end)
}

/// Whether a command only clears a cache, so that the fixed file may omit it or run it elsewhere.
/// If the command fails, the two builds may differ. The words are separated by zero bytes.
pub fn only_cleans(record: &[u8]) -> bool {
    const CLEANERS: &[&str] =
        &["cache clean", "cache purge", "store prune", "clean -", "apt-get clean", "dnf clean", "apk update"];
    let text = String::from_utf8_lossy(record).replace('\0', " ");
    let is_in_a_cache =
        CACHES.iter().chain(&["/.cache", "/.npm", "/registry"]).any(|cache| text.contains(cache));
    CLEANERS.iter().any(|cleaner| text.contains(cleaner)) || text.contains("rm ") && is_in_a_cache
}

/// Whether a command downloads the package lists of apt, which the fixed file may omit if an earlier
/// command has downloaded them.
pub fn updates_lists(record: &[u8]) -> bool {
    let text = String::from_utf8_lossy(record).replace('\0', " ");
    ["apt-get ", " apt "].iter().any(|name| text.contains(name))
        && text.split(' ').any(|word| word == "update")
}

/// Whether a build may continue where the original fails: with `--no-cache`, apk needs no index any
/// more, and a cache mount may contain files that the original lacks, unless the test made a
/// command fail.
pub fn may_go_on(instruction: &str, mounts: &BTreeSet<String>, is_fault: bool) -> bool {
    instruction.contains("apk ") || !mounts.is_empty() && !is_fault
}

/// Whether a file may have other contents: the record of logins, which no user of a build has.
pub fn may_differ(path: &str) -> bool {
    path == "/var/log/lastlog"
}
