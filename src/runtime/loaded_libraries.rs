//! Sources that load a system library by its name: a smaller base image may lack it, and no package
//! of the application says so.

use crate::context::BuildContext;
use crate::knowledge::lists::programs::{CALLS_THAT_LOAD_LIBRARIES, LIBRARIES_OF_EVERY_IMAGE};
use crate::reasons::{self, Reason};
use crate::runtime::first_argument::{Argument, is_of_path};
use crate::runtime::smaller_base::scripts;

/// The reason why a base image without additional libraries may not be enough. A library counts as
/// installed if a system package is named after it.
pub(super) fn loads_other_libraries(context: &BuildContext, installed: &[&str]) -> Option<Reason> {
    scripts(context).find_map(|(path, text)| {
        CALLS_THAT_LOAD_LIBRARIES.iter().find_map(|call| {
            let mut calls = Argument::of_calls(text, call);
            calls
                .any(|(_, argument)| may_be_missing(argument, installed))
                .then(|| reasons::loads_library(path, call.trim_end_matches('(')))
        })
    })
}

/// Whether the library that the argument of a call names may be missing in a smaller image.
fn may_be_missing(argument: Argument<'_>, installed: &[&str]) -> bool {
    let (name, is_whole) = match argument {
        Argument::Text { text, fixed, is_whole } if fixed == text => (text, is_whole),
        Argument::Text { text: expression, .. } | Argument::Expression(expression) => {
            // Without a name, it is the program itself. A nested call is looked at itself.
            let is_other = expression.starts_with("None") || expression.contains("find_library(");
            return !is_other && !is_of_path(expression);
        }
    };
    let is_file = name.contains('/') && !name.starts_with("/usr/") && !name.starts_with("/lib");
    let stem = name.split(".so").next().unwrap_or(name);
    let stem = stem.strip_prefix("lib").unwrap_or(stem);
    let is_installed = installed
        .iter()
        .any(|package| package.strip_prefix("lib").unwrap_or(package).starts_with(stem) && !stem.is_empty());
    !is_whole || !is_file && !is_installed && !LIBRARIES_OF_EVERY_IMAGE.contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_missing(argument: &str, installed: &[&str]) -> bool {
        let text = format!("CDLL({argument}");
        Argument::of_calls(&text, "CDLL(").any(|(_, argument)| may_be_missing(argument, installed))
    }

    #[test]
    fn libraries_by_name() {
        for argument in ["\"pq\")", "'libpq.so.5')", "name)", "\"p\" + \"q\")", "\"/usr/lib/libx.so\")"] {
            assert!(is_missing(argument, &["curl"]), "{argument}");
        }
        for argument in [
            "None)",
            "'libc.so.6', use_errno=True)",
            "\"m\")",
            "\"./native.so\")",
            "os.path.join(here, \"x.so\"))",
            "find_library(\"pq\"))",
        ] {
            assert!(!is_missing(argument, &[]), "{argument}");
        }
        assert!(!is_missing("\"libpq.so.5\")", &["libpq5"]));
    }
}
