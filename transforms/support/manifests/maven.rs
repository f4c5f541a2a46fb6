//! Maven: pom.xml without modules, local jars or a parent in another directory. Plugins run as
//! configured; by convention, none of these goals reads sources.

use roxmltree::Document;

use super::{InstallCall, Project, join};
use crate::knowledge::Confidence;
use crate::reasons::{self, Reason};

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    let text = install.text("pom.xml")?;
    let document = Document::parse(text.trim_start_matches('\u{feff}'))
        .map_err(|error| reasons::pom_not_xml(&error.to_string()))?;
    let has = |name: &str| {
        document.descendants().any(|node| node.has_tag_name(name) || node.tag_name().name() == name)
    };
    if let Some(name) = ["modules", "subprojects", "systemPath"].iter().find(|name| has(name)) {
        return Err(reasons::pom_names_files(name));
    }
    let root = document.root_element();
    let child = |node: roxmltree::Node<'_, '_>, name: &str| -> Option<String> {
        let found = node.children().find(|child| child.tag_name().name() == name)?;
        Some(found.text().unwrap_or_default().trim().to_owned())
    };
    let parent = root.children().find(|node| node.tag_name().name() == "parent");
    if let Some(parent) = parent {
        // An empty `<relativePath/>` means the repository.
        let beside = match child(parent, "relativePath") {
            Some(path) if path.is_empty() => None,
            Some(path) => Some(path),
            None => Some("../pom.xml".to_owned()),
        };
        let above = install.folder.rsplit_once('/').map_or("", |(above, _)| above);
        let is_outside = install.folder.is_empty() && beside.as_deref() == Some("../pom.xml");
        let is_there = install.context.sends_file(&join(above, "pom.xml"));
        if beside.is_some_and(|path| path != "../pom.xml" || is_there) && !is_outside {
            return Err(reasons::pom_parent());
        }
    }
    if let Some(extensions) = install.context.text(&install.path(".mvn/extensions.xml")) {
        let extensions = Document::parse(extensions.trim_start_matches('\u{feff}'));
        let has_any = extensions
            .as_ref()
            .map_or(true, |all| all.descendants().any(|node| node.tag_name().name() == "extension"));
        if has_any {
            return Err(reasons::maven_extensions());
        }
    }
    project.confidence = Confidence::Unsafe;
    Ok(())
}
