//! Whether the sources need files that a smaller base image may lack: libraries that they load by name,
//! or files of the system.

use crate::context::BuildContext;
use crate::knowledge::lists::files::SCRIPTS_OF_LANGUAGES;
use crate::reasons::Reason;
use crate::runtime::loaded_libraries::loads_other_libraries;
use crate::runtime::system_files::reads_system_files;
use crate::runtime::view::StageView;

/// The reason why a base image with fewer libraries and files may not be enough, in addition to these
/// installed packages.
pub(crate) fn may_lack_files(view: &StageView<'_, '_>, installed: &[&str]) -> Option<Reason> {
    let context = view.context?;
    loads_other_libraries(context, installed).or_else(|| reads_system_files(context, installed))
}

/// The scripts in the build context, each with its path and text.
pub(super) fn scripts(context: &BuildContext) -> impl Iterator<Item = (&str, &str)> {
    let texts = context.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    texts.filter(|(path, text)| is_script(path, text)).filter(|(path, _)| context.sends_file(path))
}

/// Whether a file is a script, by its ending or its first line.
pub(super) fn is_script(path: &str, text: &str) -> bool {
    SCRIPTS_OF_LANGUAGES.iter().any(|ending| path.ends_with(ending)) || text.starts_with("#!")
}
