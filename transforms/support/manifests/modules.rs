//! Names of modules that `python -m pip` may import, and would load from its working directory if
//! they existed there.

use super::join;
use crate::context::BuildContext;
use crate::knowledge::languages::python::MODULES;

/// A file or folder of the context, directly in this folder, with such a name.
pub(super) fn shadowing<'c>(folder: &str, context: &'c BuildContext) -> Option<&'c str> {
    let start = join(folder, "");
    let entries = context.below(folder).filter(|entry| !context.ignore.excludes(&entry.path));
    entries.map(|entry| entry.path.as_str()).find(|path| {
        let inner = path.strip_prefix(start.as_str()).unwrap_or(path);
        let (first, is_folder) = inner.split_once('/').map_or((inner, false), |(first, _)| (first, true));
        let name = if is_folder { first } else { first.split('.').next().unwrap_or_default() };
        let is_module = is_folder || [".py", ".so", ".pyc"].iter().any(|ending| first.ends_with(ending));
        is_module && MODULES.contains(&name)
    })
}
