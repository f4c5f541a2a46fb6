//! Parts of the Python packages of an image that running applications seldom need: their sizes, and
//! whether a check has opened one of their files.

use jettison_trace::{Operation, Trace};

use super::lookup::MODULES;
use crate::context::{PythonPart, PythonPartName};
use crate::image::{Kind, Tree};

/// Where Debian's own packages of Python modules are, which no virtual environment contains.
/// (Debian's Python policy.)
const OF_DEBIAN: &str = "usr/lib/python3/";

/// The parts of the packages of an image.
pub(super) fn of(image: &Tree<'_>, trace: &Trace) -> Vec<PythonPart> {
    let mut parts =
        [PythonPartName::Pip, PythonPartName::Tests].map(|name| PythonPart { name, size: 0, opened: None });
    for (path, place) in &image.places {
        let names = names(path).filter(|_| place.entry.kind == Kind::File);
        for part in parts.iter_mut().filter(|part| names.is_some_and(|name| name == part.name)) {
            part.size += place.entry.size;
            if part.opened.is_none() && is_opened(trace, path) {
                part.opened = Some(format!("/{path}"));
            }
        }
    }
    parts.into()
}

/// The part to which a file belongs.
fn names(path: &str) -> Option<PythonPartName> {
    let inner = MODULES.iter().find_map(|name| path.split_once(&format!("/{name}/")))?.1;
    let (package, rest) = inner.split_once('/')?;
    if package == "pip" || package.starts_with("pip-") && package.ends_with(".dist-info") {
        return Some(PythonPartName::Pip);
    }
    let (directories, _) = rest.rsplit_once('/').unwrap_or_default();
    let is_test = package == "tests" || directories.split('/').any(|directory| directory == "tests");
    (is_test && !path.starts_with(OF_DEBIAN)).then_some(PythonPartName::Tests)
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
        let expected = [
            ("opt/venv/lib/python3.12/site-packages/pip/__init__.py", Some(PythonPartName::Pip)),
            ("usr/lib/python3/dist-packages/pip-23.0.1.dist-info/METADATA", Some(PythonPartName::Pip)),
            ("opt/venv/lib/python3.12/site-packages/numpy/ma/tests/test_x.py", Some(PythonPartName::Tests)),
            ("opt/venv/lib/python3.12/site-packages/numpy/tests.py", None),
            ("opt/venv/lib/python3.12/site-packages/pipx/x.py", None),
            ("usr/lib/python3/dist-packages/yaml/tests/x.py", None),
            ("srv/app/tests/test_app.py", None),
        ];
        for (path, name) in expected {
            assert_eq!(names(path), name, "{path}");
        }
    }
}
