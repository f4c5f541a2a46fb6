//! The role of a system package when a stage is split: build tools are left out of the final image,
//! and a shared library replaces its development package.
//!
//! A package with an unknown role is installed again: an unnecessary package does not break an
//! image.

use crate::facts::base_image::Release;
use crate::knowledge::Knowledge;
use crate::knowledge::packages::{BUILD_TOOLS, FETCHING, LOOKING};

/// The role of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Only the build needs it.
    BuildOnly,
    /// People use it to inspect a running container.
    Debugging,
    /// It downloads files; a program may call it.
    Download,
    /// These packages replace it in the final image: itself, or the libraries that its headers
    /// declare.
    Runtime(Vec<String>),
}

/// The role of a package, whose name may be followed by a version or an architecture.
pub fn role_of(package: &str, release: Option<&Release>, known: &Knowledge) -> Role {
    let name = plain(package);
    if BUILD_TOOLS.contains(&name) {
        Role::BuildOnly
    } else if LOOKING.contains(&name) {
        Role::Debugging
    } else if FETCHING.contains(&name) {
        Role::Download
    } else {
        let libraries = release.and_then(|release| libraries(name, release, known));
        Role::Runtime(libraries.unwrap_or_else(|| vec![package.to_owned()]))
    }
}

/// Whether a package serves builds: a build tool, or the headers of a library.
pub fn serves_builds(package: &str) -> bool {
    package.ends_with("-dev") || BUILD_TOOLS.contains(&plain(package))
}

/// A package's name without a version or an architecture.
fn plain(package: &str) -> &str {
    package.split(['=', ':', '/']).next().unwrap_or(package)
}

fn libraries(headers: &str, release: &Release, known: &Knowledge) -> Option<Vec<String>> {
    let library = known.libraries().iter().find(|library| library.dev.iter().any(|dev| dev == headers))?;
    let number = release.version.first().map(|number| format!("{}:{number}", release.family));
    let by_release = number.and_then(|number| library.releases.get(&number));
    if let Some(packages) = by_release.or_else(|| library.releases.get(&release.family)) {
        return Some(packages.clone());
    }
    let is_debian = matches!(release.family.as_str(), "debian" | "ubuntu");
    (is_debian && !library.everywhere.is_empty()).then(|| library.everywhere.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(package: &str, family: &str, number: u32) -> Role {
        let release = Release { family: family.into(), version: vec![number] };
        role_of(package, Some(&release), Knowledge::embedded())
    }

    #[test]
    fn headers_become_libraries_of_the_release() {
        assert_eq!(of("libssl-dev", "debian", 12), Role::Runtime(vec!["libssl3".into()]));
        assert_eq!(of("libpq-dev=15.*", "ubuntu", 22), Role::Runtime(vec!["libpq5".into()]));
        assert_eq!(of("libssl-dev", "debian", 9), Role::Runtime(vec!["libssl-dev".into()]));
    }

    #[test]
    fn build_tools_are_left_out_and_unknown_packages_are_kept() {
        assert_eq!(of("build-essential", "debian", 12), Role::BuildOnly);
        assert_eq!(of("vim", "debian", 12), Role::Debugging);
        assert_eq!(of("ffmpeg", "debian", 12), Role::Runtime(vec!["ffmpeg".into()]));
    }
}
