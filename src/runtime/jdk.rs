//! Whether a Java program needs more than a runtime: its sources name the compiler or a debugger, or it
//! starts a program of the JDK.

use crate::knowledge::languages::java::{
    CLASSES_OF_THE_JDK, LIBRARIES_OF_THE_JDK, READ_SOURCES, TOOLS_OF_THE_JDK,
};
use crate::reasons::{self, Reason};
use crate::runtime::programs;
use crate::runtime::view::StageView;
use crate::syntax::shell::base_name;

/// The reason why the program needs the JDK.
pub(crate) fn needs_jdk(view: &StageView<'_, '_>) -> Option<Reason> {
    let called = programs::called(view);
    if let Some(tool) = TOOLS_OF_THE_JDK.iter().find(|tool| called(tool)) {
        return Some(reasons::tool_in_jdk(tool));
    }
    let context = view.context?;
    let is_test = |path: &str| path.split('/').any(|part| matches!(part, "test" | "tests"));
    let texts = context.texts.iter().filter(|(path, _)| context.sends_file(path) && !is_test(path));
    texts.into_iter().find_map(|(path, text)| {
        let is_source = READ_SOURCES.iter().any(|ending| path.ends_with(ending));
        let is_build =
            matches!(base_name(path), "pom.xml" | "build.gradle" | "build.gradle.kts" | "build.sbt");
        let names: &[&str] = match (is_source, is_build) {
            (true, _) => CLASSES_OF_THE_JDK,
            (_, true) => LIBRARIES_OF_THE_JDK,
            _ => return None,
        };
        let name = names.iter().find(|name| text.contains(**name))?;
        Some(reasons::needs_jdk(path, name))
    })
}
