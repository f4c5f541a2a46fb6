//! .NET: projects, solutions, their references, and the settings files that apply to a directory
//! tree.
//!
//! A restore evaluates each project, so anything that makes the evaluation read other files
//! prevents the rewrite.

use crate::knowledge::languages::dotnet::{
    HARMLESS_KEYS, HARMLESS_SECTIONS, PROJECTS, RESTORE_SWITCHES, SOLUTIONS, STEERING_PROPERTIES,
    TARGETS_OF_A_RESTORE,
};

use crate::reasons::{self, Reason};
use roxmltree::{Document, Node};

use super::{InstallCall, Project, join, resolve};

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    let mut open = named(install)?;
    if open.is_empty() {
        return Err(reasons::no_project_file());
    }
    // The results of `with_names`, again folder by folder.
    project.reads.clear();
    project.makes.clear();
    let mut done: Vec<String> = Vec::new();
    while let Some(path) = open.pop() {
        if done.contains(&path) {
            continue;
        }
        let text = install.context.text(&path).ok_or_else(|| reasons::unreadable_file(&path))?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let others = match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("sln") => listed(text, &path)?,
            Some("slnx") => listed_in_xml(text, &path)?,
            _ => {
                let others = evaluated(text, &path)?;
                project.makes.push(join(folder, "obj"));
                others
            }
        };
        for other in others {
            let other = other.replace('\\', "/");
            if !ends_with(&other, PROJECTS) {
                return Err(reasons::unknown_project_type(&path, &other));
            }
            let other = resolve(folder, &other).ok_or_else(|| reasons::outside_of_context(&other))?;
            open.push(other);
        }
        beside(install, &path, project);
        above(install, folder, project)?;
        project.reads.push(path.clone());
        done.push(path);
    }
    Ok(())
}

fn ends_with(path: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| path.ends_with(ending))
}

/// The projects and solutions that the call names, or else those in its folder.
fn named(install: &InstallCall<'_, '_>) -> Result<Vec<String>, Reason> {
    let is_known = |path: &str| ends_with(path, PROJECTS) || ends_with(path, SOLUTIONS);
    let here = |folder: &str| -> Vec<String> {
        let entries = install.context.below(folder).filter(|entry| {
            let inside = entry.path.rsplit_once('/').map_or("", |(directory, _)| directory) == folder;
            inside && install.context.sends_file(&entry.path)
        });
        // A project of another type in the folder would be used too.
        let any = |path: &str| {
            is_known(path) || path.rsplit('.').next().is_some_and(|ending| ending.ends_with("proj"))
        };
        entries.map(|entry| entry.path.clone()).filter(|path| any(path)).collect()
    };
    let mut found = Vec::new();
    for word in &install.call.packages {
        let name = word.literal().and_then(|name| resolve(install.folder, name));
        let name = name.ok_or(reasons::unknown_project_name())?;
        if is_known(&name) { found.push(name) } else { found.extend(here(&name)) }
    }
    if install.call.packages.is_empty() {
        found = here(install.folder);
    }
    match found.iter().find(|path| !is_known(path)) {
        Some(other) => Err(reasons::project_of_unknown_type(other)),
        None => Ok(found),
    }
}

/// The projects of a solution: `Project("{KIND}") = "name", "path", "{ID}"`. (Microsoft's
/// documentation, "Solution (.sln) file".)
fn listed(text: &str, path: &str) -> Result<Vec<String>, Reason> {
    const FOLDER: &str = "{2150E333-8FDC-42A3-9474-1A3956D46DE8}";
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("Project("));
    let found = lines.map(|line| {
        let parts: Vec<&str> = line.split('"').collect();
        match parts[..] {
            [_, kind, _, _, _, _, _, _, _] if kind.eq_ignore_ascii_case(FOLDER) => Ok(None),
            [_, _, _, _, _, project, _, _, _] => Ok(Some(project.to_owned())),
            _ => Err(reasons::unreadable_line_in_file(path, line)),
        }
    });
    found.filter_map(Result::transpose).collect()
}

fn listed_in_xml(text: &str, path: &str) -> Result<Vec<String>, Reason> {
    let document = parse(text, path)?;
    let projects = document.descendants().filter(|node| node.tag_name().name() == "Project");
    let named = projects.map(|node| node.attribute("Path").map(str::to_owned));
    named.collect::<Option<_>>().ok_or_else(|| reasons::project_without_path(path))
}

fn parse<'t>(text: &'t str, path: &str) -> Result<Document<'t>, Reason> {
    Document::parse(text.trim_start_matches('\u{feff}'))
        .map_err(|error| reasons::not_xml(path, &error.to_string()))
}

/// The projects that a project or settings file refers to. An error if its evaluation may read
/// other files.
fn evaluated(text: &str, path: &str) -> Result<Vec<String>, Reason> {
    let document = parse(text, path)?;
    let mut references = Vec::new();
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let against = match name {
            "Import" | "ImportGroup" => Some("imports other files".to_owned()),
            "UsingTask" => Some("defines tasks".to_owned()),
            "Target" if hooks_into_restore(node) => Some("has a target that runs at the restore".to_owned()),
            "Project" if node.attribute("InitialTargets").is_some() => {
                Some("has a target that runs first".to_owned())
            }
            _ if is_property(node) && changes_restore(name) => Some(format!("sets `{name}`")),
            _ => None,
        };
        if let Some(against) = against {
            return Err(reasons::project_needs_more(path, &against));
        }
        let own_text = node.text().unwrap_or_default();
        let values = node.attributes().map(|attribute| attribute.value()).chain([own_text]);
        let in_target = node.ancestors().any(|above| above.tag_name().name() == "Target");
        if let Some(value) = values.into_iter().find(|value| !in_target && looks_at_files(value)) {
            return Err(reasons::reads_other_files(path, value.trim()));
        }
        if name == "ProjectReference" && !in_target {
            for other in node.attribute("Include").unwrap_or_default().split(';').map(str::trim) {
                if other.contains(['$', '*', '@', '%', '?']) {
                    return Err(reasons::computed_reference(path, other));
                }
                if !other.is_empty() {
                    references.push(other.to_owned());
                }
            }
        }
    }
    Ok(references)
}

fn is_property(node: Node<'_, '_>) -> bool {
    node.parent().is_some_and(|parent| parent.tag_name().name() == "PropertyGroup")
}

fn changes_restore(name: &str) -> bool {
    STEERING_PROPERTIES.iter().any(|start| name.starts_with(start)) && !RESTORE_SWITCHES.contains(&name)
}

/// Whether a target runs before, at or after a target of a restore, or has a computed name there.
fn hooks_into_restore(node: Node<'_, '_>) -> bool {
    let hooks = ["BeforeTargets", "AfterTargets"].iter().filter_map(|name| node.attribute(*name));
    let name = node.attribute("Name").unwrap_or_default();
    hooks.chain([name]).any(|hook| TARGETS_OF_A_RESTORE.iter().any(|part| hook.contains(part)))
}

/// Functions that read files or have unknown effects. (Microsoft's documentation, "Property
/// functions" and "MSBuild conditions".)
fn looks_at_files(value: &str) -> bool {
    let is_known = |call: &str| {
        [
            "MSBuild]::IsOSPlatform(",
            "MSBuild]::IsTargetFrameworkCompatible(",
            "MSBuild]::GetTargetFrameworkIdentifier(",
            "MSBuild]::GetTargetFrameworkVersion(",
            "MSBuild]::GetTargetPlatformIdentifier(",
            "MSBuild]::GetTargetPlatformVersion(",
            "MSBuild]::VersionGreaterThan",
            "MSBuild]::VersionLessThan",
            "MSBuild]::VersionEquals(",
            "System.String]::",
            "System.DateTime]::",
            "System.Version]::",
        ]
        .iter()
        .any(|known| call.starts_with(known))
    };
    value.contains("Exists(") || value.split("$([").skip(1).any(|call| !is_known(call))
}

/// Files that belong to one project or solution by its name. (Microsoft's documentation, "Customize
/// your build by folder"; NuGet's, "Lock files".)
fn beside(install: &InstallCall<'_, '_>, path: &str, project: &mut Project) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let names = [
        format!("{name}.user"),
        format!("before.{name}.targets"),
        format!("after.{name}.targets"),
        format!("packages.{}.lock.json", stem.replace(' ', "_")),
    ];
    let paths = names.iter().map(|name| join(folder, name));
    project.reads.extend(paths.filter(|path| install.context.sends_file(path)).collect::<Vec<_>>());
}

/// Settings files in a folder and its parents.
fn above(install: &InstallCall<'_, '_>, folder: &str, project: &mut Project) -> Result<(), Reason> {
    let known =
        install.call.manager.project.as_ref().map(|known| known.companions.as_slice()).unwrap_or_default();
    let mut folder = folder;
    loop {
        for name in known {
            let path = join(folder, name);
            if !install.context.sends_file(&path) || project.reads.contains(&path) {
                continue;
            }
            let text = || install.context.text(&path).ok_or_else(|| reasons::unreadable_file(&path));
            match name.to_ascii_lowercase().as_str() {
                "nuget.config" => nuget(text()?, &path)?,
                lower if lower.ends_with(".rsp") => {
                    return Err(reasons::dotnet_options(&path));
                }
                lower if lower.ends_with(".props") || lower.ends_with(".targets") => {
                    let references = evaluated(text()?, &path)?;
                    if !references.is_empty() {
                        return Err(reasons::adds_projects(&path));
                    }
                }
                _ => {}
            }
            project.reads.push(path);
        }
        match folder.rsplit_once('/') {
            Some((higher, _)) => folder = higher,
            None if folder.is_empty() => return Ok(()),
            None => folder = "",
        }
    }
}

/// A settings file of NuGet: feeds at URLs, and sections that name no file. (Microsoft's
/// documentation, "nuget.config reference".)
fn nuget(text: &str, path: &str) -> Result<(), Reason> {
    let document = parse(text, path)?;
    for section in document.root_element().children().filter(Node::is_element) {
        let name = section.tag_name().name();
        match name {
            "packageSources" | "auditSources" => {
                let adds = section.children().filter(|node| node.tag_name().name() == "add");
                let is_local = |node: &Node<'_, '_>| {
                    node.attribute("value")
                        .is_none_or(|value| !value.trim().to_ascii_lowercase().starts_with("http"))
                };
                if adds.into_iter().any(|node| is_local(&node)) {
                    return Err(reasons::local_feed(path));
                }
            }
            section if HARMLESS_SECTIONS.contains(&section) => {}
            "config" => {
                let harmless = HARMLESS_KEYS;
                let keys = section.children().filter_map(|node| node.attribute("key"));
                if let Some(key) = keys.into_iter().find(|key| !harmless.contains(key)) {
                    return Err(reasons::nuget_setting(path, key));
                }
            }
            _ => return Err(reasons::nuget_section(path, name)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_list_projects() {
        let text = "Microsoft Visual Studio Solution File\nProject(\"{2150E333-8FDC-42A3-9474-1A3956D46DE8}\") = \"src\", \"src\", \"{1}\"\nEndProject\nProject(\"{9A19103F-16F7-4668-BE54-9A1E7A4F7556}\") = \"App\", \"src\\App\\App.csproj\", \"{2}\"\nEndProject\n";
        assert_eq!(listed(text, "a.sln"), Ok(vec!["src\\App\\App.csproj".to_owned()]));
        assert!(listed("Project(broken\n", "a.sln").is_err());
        let text = "<Solution><Folder Name=\"/src/\"><Project Path=\"src/App.csproj\" /></Folder></Solution>";
        assert_eq!(listed_in_xml(text, "a.slnx"), Ok(vec!["src/App.csproj".to_owned()]));
    }

    #[test]
    fn evaluation_looks_at_the_project_alone() {
        for text in [
            "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup></Project>",
            "<Project><PropertyGroup Condition=\"$([MSBuild]::IsOSPlatform('Linux'))\"><A>1</A></PropertyGroup></Project>",
            "<Project><Target Name=\"X\" AfterTargets=\"Build\"><Exec Command=\"a\" Condition=\"Exists('b')\" /></Target></Project>",
            "<Project><!-- <Import Project=\"x\"/> --></Project>",
        ] {
            assert_eq!(evaluated(text, "a.csproj"), Ok(Vec::new()), "{text}");
        }
        for text in [
            "<Project><Import Project='x.props' /></Project>",
            "<Project><PropertyGroup><V>$([System.IO.File]::ReadAllText('VERSION'))</V></PropertyGroup></Project>",
            "<Project><ItemGroup Condition=\"Exists('x')\" /></Project>",
            "<Project><ItemGroup><ProjectReference Include='$(A)\\b.csproj' /></ItemGroup></Project>",
            "<Project><PropertyGroup><RestoreSources>./feed</RestoreSources></PropertyGroup></Project>",
            "<Project><PropertyGroup><BaseIntermediateOutputPath>x</BaseIntermediateOutputPath></PropertyGroup></Project>",
            "<Project><Target Name=\"X\" BeforeTargets=\"Restore;Build\" /></Project>",
            "<Project InitialTargets=\"X\" />",
            "<Project><Import",
        ] {
            assert!(evaluated(text, "a.csproj").is_err(), "{text}");
        }
    }

    #[test]
    fn feeds_are_addresses() {
        let text = |inner: &str| format!("<configuration>{inner}</configuration>");
        assert_eq!(
            nuget(
                &text("<packageSources><clear/><add key=\"a\" value=\"https://x\"/></packageSources>"),
                "n"
            ),
            Ok(())
        );
        for inner in [
            "<packageSources><add key='a' value='./feed'/></packageSources>",
            "<packageSources><add\n  value=\"feed\"\n  key=\"a\" /></packageSources>",
            "<config><add key=\"globalPackagesFolder\" value=\"x\"/></config>",
            "<fallbackPackageFolders><add key=\"a\" value=\"x\"/></fallbackPackageFolders>",
        ] {
            assert!(nuget(&text(inner), "n").is_err(), "{inner}");
        }
    }
}
