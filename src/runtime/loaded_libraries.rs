//! Sources that load a system library by its name: a smaller base image may lack it, and no package
//! of the application says so.

use crate::knowledge::lists::files::{SCRIPTS_OF_LANGUAGES, WORDS_OF_PATHS};
use crate::knowledge::lists::programs::{CALLS_THAT_LOAD_LIBRARIES, LIBRARIES_OF_EVERY_IMAGE};
use crate::reasons::{self, Reason};
use crate::runtime::view::StageView;

/// The reason why a base image without additional libraries may not be enough. A library counts as
/// installed if a system package is named after it.
pub(crate) fn loads_other_libraries(view: &StageView<'_, '_>, installed: &[&str]) -> Option<Reason> {
    let context = view.context?;
    let is_source = |path: &str, text: &str| {
        SCRIPTS_OF_LANGUAGES.iter().any(|ending| path.ends_with(ending)) || text.starts_with("#!")
    };
    let sources = context.texts.iter().filter(|(path, text)| is_source(path, text));
    let mut sources = sources.filter(|(path, _)| context.sends_file(path));
    sources.find_map(|(path, text)| {
        CALLS_THAT_LOAD_LIBRARIES.iter().find_map(|call| {
            let mut arguments = text.match_indices(call).map(|(at, _)| &text[at + call.len()..]);
            let is_missing = |argument: &str| may_be_missing(argument, installed);
            arguments.any(is_missing).then(|| reasons::loads_library(path, call.trim_end_matches('(')))
        })
    })
}

/// Whether the library that the argument of a call names may be missing in a smaller image.
fn may_be_missing(argument: &str, installed: &[&str]) -> bool {
    let argument = argument.trim_start();
    let quoted = ['"', '\''].iter().find_map(|quote| argument.strip_prefix(*quote)?.split_once(*quote));
    let Some((name, rest)) = quoted else {
        let end = argument.find([',', '\n']).unwrap_or(argument.len());
        let expression = argument[..end].to_ascii_lowercase();
        // Without a name, it is the program itself. A nested call is looked at itself.
        let is_other = expression.starts_with("none")
            || expression.contains("find_library(")
            || WORDS_OF_PATHS.iter().any(|word| expression.contains(word));
        return !is_other;
    };
    let is_file = name.contains('/') && !name.starts_with("/usr/") && !name.starts_with("/lib");
    let stem = name.split(".so").next().unwrap_or(name);
    let stem = stem.strip_prefix("lib").unwrap_or(stem);
    let is_installed = installed
        .iter()
        .any(|package| package.strip_prefix("lib").unwrap_or(package).starts_with(stem) && !stem.is_empty());
    let is_whole = rest.trim_start().starts_with([')', ',', ']']);
    !is_whole || !is_file && !is_installed && !LIBRARIES_OF_EVERY_IMAGE.contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_by_name() {
        for argument in ["\"pq\")", "'libpq.so.5')", "name)", "\"p\" + \"q\")", "\"/usr/lib/libx.so\")"] {
            assert!(may_be_missing(argument, &["curl"]), "{argument}");
        }
        for argument in [
            "None)",
            "'libc.so.6', use_errno=True)",
            "\"m\")",
            "\"./native.so\")",
            "os.path.join(here, \"x.so\"))",
            "find_library(\"pq\"))",
        ] {
            assert!(!may_be_missing(argument, &[]), "{argument}");
        }
        assert!(!may_be_missing("\"libpq.so.5\")", &["libpq5"]));
    }
}
