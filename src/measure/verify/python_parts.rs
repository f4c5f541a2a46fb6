//! Parts of the Python packages of an image that running applications seldom need: their sizes, and
//! whether a check has opened one of their files.

use std::collections::BTreeMap;

use jettison_trace::{Operation, Trace};

use super::lookup::MODULES;
use crate::context::{PythonPart, PythonPartName};
use crate::image::{Kind, Tree};

/// Where Debian's own packages of Python modules are, which no virtual environment contains.
/// (Debian's Python policy.)
const OF_DEBIAN: &str = "usr/lib/python3/";

/// The parts of the packages of an image. The size of a part is that in the directory of modules that
/// has most of it, since an environment has one such directory, and its base image may have another.
pub(super) fn of(image: &Tree<'_>, trace: &Trace) -> Vec<PythonPart> {
    let part = |name| {
        let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
        let mut opened = None;
        for (path, place) in &image.places {
            let root = root_of(path, name).filter(|_| place.entry.kind == Kind::File);
            if let Some(root) = root {
                *sizes.entry(root).or_default() += place.entry.size;
                if opened.is_none() && is_opened(trace, path) {
                    opened = Some(format!("/{path}"));
                }
            }
        }
        PythonPart { name, size: sizes.values().copied().max().unwrap_or(0), opened }
    };
    vec![part(PythonPartName::Pip), part(PythonPartName::Tests)]
}

/// The directory of modules, if a file below it belongs to a part.
fn root_of(path: &str, part: PythonPartName) -> Option<&str> {
    let (root, inner) = MODULES.iter().find_map(|name| path.split_once(&format!("/{name}/")))?;
    let (package, rest) = inner.split_once('/')?;
    let is_part = match part {
        PythonPartName::Pip => {
            package == "pip" || package.starts_with("pip-") && package.ends_with(".dist-info")
        }
        PythonPartName::Tests => {
            let (directories, _) = rest.rsplit_once('/').unwrap_or_default();
            let is_test = package == "tests" || directories.split('/').any(|directory| directory == "tests");
            is_test && !path.starts_with(OF_DEBIAN)
        }
    };
    is_part.then_some(root)
}

fn is_opened(trace: &Trace, path: &str) -> bool {
    let record = trace.paths.get(format!("/{path}").as_bytes());
    let opens = [Operation::Read, Operation::Execute];
    record.is_some_and(|record| opens.iter().any(|operation| record.found.contains_key(operation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_pip_or_to_tests() {
        let modules = "opt/venv/lib/python3.12/site-packages";
        let expected = [
            (format!("{modules}/pip/__init__.py"), Some(PythonPartName::Pip)),
            ("usr/lib/python3/dist-packages/pip-23.0.1.dist-info/METADATA".into(), Some(PythonPartName::Pip)),
            (format!("{modules}/numpy/ma/tests/test_x.py"), Some(PythonPartName::Tests)),
            (format!("{modules}/numpy/tests.py"), None),
            (format!("{modules}/pipx/x.py"), None),
            ("usr/lib/python3/dist-packages/yaml/tests/x.py".into(), None),
            ("srv/app/tests/test_app.py".into(), None),
        ];
        for (path, part) in expected {
            for other in [PythonPartName::Pip, PythonPartName::Tests] {
                assert_eq!(root_of(&path, other).is_some(), part == Some(other), "{path}");
            }
        }
        assert_eq!(
            root_of(&format!("{modules}/pip/x.py"), PythonPartName::Pip),
            Some("opt/venv/lib/python3.12")
        );
    }
}
