//! The lockfile of Yarn 1, a format of its own: entries of indented keys and values. (yarnpkg/yarn,
//! packages/lockfile, README and grammar.)

use std::collections::BTreeSet;

/// The names of the packages that it locks; none where it is not understood.
pub(super) fn names(text: &str) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.is_empty() || line.starts_with(['#', ' ', '\t']) {
            continue;
        }
        // `"@a/b@^1", "@a/b@^1.2":`
        for pattern in line.trim_end().strip_suffix(':')?.split(", ") {
            let pattern = pattern.trim_matches('"');
            let at = pattern.get(1..)?.find('@')? + 1;
            let (name, range) = pattern.split_at(at);
            if super::super::settings::is_path(&range[1..]) {
                return None;
            }
            // An alias installs the package that follows it.
            let real = range[1..].strip_prefix("npm:").map(|alias| {
                alias.get(1..).and_then(|rest| rest.find('@')).map_or(alias, |at| &alias[..=at])
            });
            names.insert(real.unwrap_or(name).to_owned());
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_packages() {
        let text = "# yarn lockfile v1\n\n\n\"@a/b@^1\", \"@a/b@^1.2\":\n  version \"1.2.0\"\n  dependencies:\n    c \"^1\"\n\nc@^1:\n  version \"1.0.0\"\n\"d@npm:@e/f@1\":\n  version \"1\"\n";
        let names = names(text).expect("plain");
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), ["@a/b", "@e/f", "c"]);
    }

    #[test]
    fn odd_texts() {
        assert_eq!(names("# yarn lockfile v1\n"), Some(BTreeSet::new()));
        for text in ["x\n", "\"a@file:./a\":\n", "a:\n", "<<<<<<< HEAD\n"] {
            assert_eq!(names(text), None, "{text}");
        }
    }
}
