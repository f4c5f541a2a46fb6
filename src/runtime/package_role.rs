//! What becomes of a system package when the image that runs is made apart from the one that builds: tools stay behind,
//! headers become the library itself.
//!
//! A name that is not known is installed again: an image with a package too many works.

use crate::facts::base_image::Release;
use crate::knowledge::Knowledge;

/// What becomes of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It only builds.
    BuildOnly,
    /// It is there for people who look into a container.
    Debugging,
    /// It fetches files; a program may call it.
    Download,
    /// These are installed in its place: itself, or the libraries behind it.
    Runtime(Vec<String>),
}

/// The fate of a package, whose name may have a version or an architecture behind it.
pub fn role_of(package: &str, release: Option<&Release>, known: &Knowledge) -> Role {
    let name = package.split(['=', ':', '/']).next().unwrap_or(package);
    let runtime = known.runtime();
    let is_in = |list: &[String]| list.iter().any(|one| one == name);
    if is_in(&runtime.build_tools) {
        Role::BuildOnly
    } else if is_in(&runtime.looking) {
        Role::Debugging
    } else if is_in(&runtime.fetching) {
        Role::Download
    } else {
        let libraries = release.and_then(|release| libraries(name, release, known));
        Role::Runtime(libraries.unwrap_or_else(|| vec![package.to_owned()]))
    }
}

fn libraries(headers: &str, release: &Release, known: &Knowledge) -> Option<Vec<String>> {
    let library = known.runtime().libraries.iter().find(|one| one.dev.iter().any(|dev| dev == headers))?;
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
    fn tools_stay_and_what_is_not_known_goes_along() {
        assert_eq!(of("build-essential", "debian", 12), Role::BuildOnly);
        assert_eq!(of("vim", "debian", 12), Role::Debugging);
        assert_eq!(of("ffmpeg", "debian", 12), Role::Runtime(vec!["ffmpeg".into()]));
    }
}
