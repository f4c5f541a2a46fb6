//! Sources that read files of the system which only the full image has, or that compute the names of
//! files in a directory of the system.

use crate::context::BuildContext;
use crate::facts::paths;
use crate::knowledge::lists::directories::{EXCLUDED_IN_SLIM_IMAGES, ONLY_IN_FULL_IMAGES};
use crate::reasons::{self, Reason};
use crate::runtime::smaller_base::scripts;

/// A source that names one of these and nothing below it computes the rest.
const OF_THE_SYSTEM: [&str; 4] = ["/etc", "/usr", "/usr/lib", "/usr/share"];

/// The reason why a base image with fewer files may not be enough. A path counts as installed if a
/// system package is named after it.
pub(super) fn reads_system_files(context: &BuildContext, installed: &[&str]) -> Option<Reason> {
    let is_test = |path: &str| path.split('/').any(|part| matches!(part, "test" | "tests"));
    scripts(context).filter(|(path, _)| !is_test(path)).find_map(|(path, text)| {
        let mut quoted = text.split(['"', '\'', '`']).filter(|quoted| quoted.starts_with('/'));
        let found = quoted.find(|quoted| may_be_missing(quoted, installed))?;
        Some(reasons::reads_system_files(path, found))
    })
}

/// Whether a path may be missing in a smaller image.
fn may_be_missing(path: &str, installed: &[&str]) -> bool {
    let whole = path.trim_end_matches('/');
    let only = ONLY_IN_FULL_IMAGES
        .iter()
        .chain(EXCLUDED_IN_SLIM_IMAGES)
        .find(|directory| paths::within(whole, directory.trim_end_matches('/')));
    let is_path = !path.contains(|c: char| c.is_whitespace() || c == ',');
    is_path
        && (OF_THE_SYSTEM.contains(&whole)
            || only.is_some_and(|directory| {
                let name = first_part(directory.rsplit('/').next().unwrap_or_default());
                !installed.iter().any(|package| first_part(package) == name)
            }))
}

/// The first part of a name: `imagemagick` of `ImageMagick-6`.
fn first_part(name: &str) -> String {
    let end = name.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(name.len());
    name[..end].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_full_image() {
        for path in [
            "/etc",
            "/usr/share/",
            "/usr/include/zlib.h",
            "/etc/ImageMagick-6/policy.xml",
            "/usr/share/git-core/templates",
            "/usr/share/doc/x/copyright",
        ] {
            assert!(may_be_missing(path, &["curl"]), "{path}");
        }
        for path in
            ["/etc/hosts", "/etc/shop/config.yml", "/srv/etc", "/usr/share/zoneinfo", "/", "/etc, /usr"]
        {
            assert!(!may_be_missing(path, &[]), "{path}");
        }
        assert!(!may_be_missing("/etc/ImageMagick-6/policy.xml", &["imagemagick"]));
        assert!(!may_be_missing("/usr/share/fonts/truetype", &["fonts-dejavu-core"]));
    }
}
