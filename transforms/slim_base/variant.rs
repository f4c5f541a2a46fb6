//! Whether the last stage works the same on the slim variant of its base image, without other
//! changes to its steps.
//!
//! The full image adds compilers, headers and some programs. Everything that the stage calls or
//! compiles must be in packages that it installs itself; otherwise it keeps its base image.
//! `split_stages` decides whether the stage could be split instead.

use serde_json::Value;

use crate::context::{BuildContext, ContextSource, RequiredPackage};
use crate::facts::base_image::ImageName;
use crate::facts::commands::Invocation;
use crate::facts::{Base, FURTHEST, Facts, Stage};
use crate::knowledge::Kind;
use crate::knowledge::languages::SLIM_IMAGES;
use crate::knowledge::languages::java::TOOLS_OF_THE_JDK;
use crate::knowledge::languages::node;
use crate::knowledge::languages::python::{LIBRARIES, NEEDS_FULL_IMAGE};
use crate::knowledge::lists::directories::EXCLUDED_IN_SLIM_IMAGES;
use crate::knowledge::lists::images::IN_DEVCONTAINERS;
use crate::knowledge::lists::packages::NEEDING_MANUAL_PAGES;
use crate::knowledge::lists::programs::PACKAGES_OF_COMPILERS;
use crate::reasons::{self, Reason};
use crate::runtime::entrypoint::Entrypoint;
use crate::runtime::jdk::needs_jdk;
use crate::runtime::programs;
use crate::runtime::smaller_base::may_lack_files;
use crate::runtime::view::{StageView, is_full};
use crate::span::Span;
use crate::syntax::{Body, Item};
use crate::transforms::slim_base::alpine;
use crate::transforms::support::new_instruction::NewInstruction;
use crate::transforms::support::packages;

/// The requested smaller image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The slim variant of the same distribution; for Java, the runtime.
    Slim,
    /// The variant on Alpine Linux.
    Alpine,
}

/// A smaller base for the last stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlimBase {
    /// The image after FROM.
    pub span: Span,
    /// The current image.
    pub full: String,
    /// The smaller image.
    pub slim: String,
    /// The step that installs missing packages, if any.
    pub install: Option<NewInstruction>,
    /// The packages that the step installs.
    pub needs: Vec<RequiredPackage>,
    /// The position of the step.
    pub end: usize,
}

/// The image for development containers: the official Python image with additions for editors.
const DEVCONTAINER: &str = "mcr.microsoft.com/devcontainers/python";

/// Whether the last stage starts from an image with a slim variant.
pub fn may_have_slim_base(facts: &Facts<'_>) -> bool {
    let Some(Base::Image(image)) = facts.stages.last().map(|stage| &stage.base) else { return false };
    SLIM_IMAGES.contains(&image.repository.as_str()) || alpine::has_variant(image)
}

/// A smaller base for the last stage, or `None` if its image has no such variant, or is that
/// variant.
pub fn slim_base(
    facts: &Facts<'_>,
    context_source: &dyn ContextSource,
    variant: Variant,
) -> Option<Result<SlimBase, Reason>> {
    let stage = facts.stages.last()?;
    let Base::Image(image) = &stage.base else { return None };
    let Item::Instruction(instruction) = &facts.file.items[stage.items.start] else { return None };
    let Body::From(from) = &instruction.body else { return None };
    let (start, context) = (Entrypoint::of(facts, stage), context_source.context().ok());
    let view = StageView { facts, stage, image, start, folder: String::new(), context };
    let slim = match variant {
        Variant::Slim => slim_of(&view, image)?,
        Variant::Alpine => alpine::variant_of(&view)?,
    };
    let at = instruction.text.start + instruction.text.of(facts.file.text).find(&from.image)?;
    let span = Span::new(at, at + from.image.len());
    let needs: Vec<RequiredPackage> = context_source.proven().to_vec();
    let install = match packages::install_on(stage, &needs) {
        Ok(install) => install,
        Err(reason) => return Some(Err(reason.at(instruction.text))),
    };
    let found = SlimBase { span, full: from.image.clone(), slim, install, needs, end: instruction.full.end };
    if facts.is_far_up(stage.items.start) {
        let reason = reasons::too_long_for_base(FURTHEST);
        return Some(Err(reason.at(instruction.text)));
    }
    let missed = match variant {
        Variant::Slim => why_it_would_fail(&view, stage, instruction.text),
        Variant::Alpine => alpine::why_it_would_fail(&view).map(|reason| reason.at(instruction.text)),
    };
    Some(missed.map_or(Ok(found), Err))
}

/// The name of the slim variant; for Java, the one without a compiler.
/// (docker-library/official-images: the file of each image.)
fn slim_of(view: &StageView<'_, '_>, image: &ImageName) -> Option<String> {
    if !is_full(image) {
        return None;
    }
    let tag = image.tag.as_deref().unwrap_or_default();
    match image.repository.as_str() {
        "debian" if matches!(tag, "" | "latest") => Some("debian:stable-slim".to_owned()),
        // Versions that are no longer built have the variant too, from 9 on.
        "debian" if !["rc-", "experimental", "backports"].iter().any(|word| tag.contains(word)) => {
            Some(format!("{}-slim", view.written_image()))
        }
        "eclipse-temurin" => {
            let mut parts = tag.split('-');
            let version = parts.next().filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))?;
            let rest: Vec<&str> = parts.filter(|part| *part != "jdk").collect();
            let release = rest.iter().map(|part| format!("-{part}")).collect::<String>();
            let is_plain = rest.iter().all(|part| matches!(*part, "jammy" | "noble" | "focal"));
            (is_plain && version.chars().all(|c| c.is_ascii_digit()))
                .then(|| format!("eclipse-temurin:{version}-jre{release}"))
        }
        "openjdk" => {
            // Without the name of a release, versions from 12 on are based on Oracle Linux, which
            // has no slim variant.
            let mut parts: Vec<&str> = tag.split('-').collect();
            let release = parts.pop_if(|last| matches!(*last, "bullseye" | "buster"));
            let (version, kind) = parts.split_first()?;
            let is_number = !version.is_empty() && version.chars().all(|c| c.is_ascii_digit());
            let is_plain = is_number && (kind.is_empty() || matches!(kind, ["jdk" | "jre"]));
            let is_debian = release.is_some() || matches!(*version, "8" | "11");
            let release = release.map(|name| format!("-{name}")).unwrap_or_default();
            (is_plain && is_debian).then(|| format!("openjdk:{}-slim{release}", parts.join("-")))
        }
        "python" | "node" | "ruby" | "perl" => Some(view.slim()).filter(|slim| *slim != view.written_image()),
        DEVCONTAINER => {
            // `3.11-bookworm`, or with the image's own version before it: `1-3.11-bookworm`.
            let mut parts = image.tag.as_deref()?.rsplit('-');
            let release = parts.next().filter(|name| matches!(*name, "bookworm" | "bullseye"))?;
            let version = parts.next().filter(|version| version.starts_with("3."))?;
            Some(format!("python:{version}-slim-{release}"))
        }
        _ => None,
    }
}

/// The reason why the stage would fail on the slim variant.
fn why_it_would_fail(view: &StageView<'_, '_>, stage: &Stage, from: Span) -> Option<Reason> {
    let facts = view.facts;
    let Some(context) = view.context else {
        return Some(reasons::context_unreadable_for_scripts().at(from));
    };
    if view.image.repository == DEVCONTAINER {
        let end = facts.file.items[stage.items.end - 1].span().end;
        let text = &facts.file.text[from.end..end];
        if let Some(word) = IN_DEVCONTAINERS.iter().find(|word| text.contains(**word)) {
            return Some(reasons::part_of_image(word).at(from));
        }
        if context.below(".devcontainer").next().is_some() {
            return Some(reasons::editor_opens_image().at(from));
        }
    }
    let bodies = || {
        stage.items.clone().filter_map(|item| match &facts.file.items[item] {
            Item::Instruction(instruction) => Some(&instruction.body),
            _ => None,
        })
    };
    let for_others = bodies().any(|body| matches!(body, Body::Onbuild(..)))
        || !bodies().any(|body| matches!(body, Body::Cmd(_) | Body::Entrypoint(_)));
    if for_others {
        return Some(reasons::base_of_others().at(from));
    }
    let reads_documents = |invocation: &&crate::facts::Invocation<'_>| {
        !invocation.actions.known().iter().any(|action| action.act.removes())
            && invocation
                .words
                .iter()
                .any(|word| EXCLUDED_IN_SLIM_IMAGES.iter().any(|path| word.raw.contains(path)))
    };
    if let Some(invocation) =
        facts.runs_of(stage.index).iter().flat_map(|run| &run.invocations).find(reads_documents)
    {
        return Some(reasons::reads_documents(invocation.program.unwrap_or_default()).at(from));
    }
    if let Some(reason) = by_image(view) {
        return Some(reason.at(from));
    }
    if matches!(view.image.repository.as_str(), "debian" | "eclipse-temurin") {
        return None;
    }
    let mut installed: Vec<&str> = Vec::new();
    for run in facts.runs_of(stage.index) {
        let at = run.instruction.text;
        if run.script().is_none() {
            return Some(reasons::unreadable_run_on_slim().at(at));
        }
        for (index, invocation) in run.invocations.iter().enumerate() {
            let call = run.call_of(index);
            if let Some(call) = call.filter(|call| call.manager.installs(&call.verb)) {
                if call.manager.kind == Kind::System {
                    installed.extend(call.packages.iter().map(|word| word.text()));
                    continue;
                }
                let links_what_is_known =
                    matches!(view.image.repository.as_str(), "python" | "node" | DEVCONTAINER);
                if !links_what_is_known || !has_any(&installed, &["build-essential", "g++"]) {
                    let name = &call.manager.name;
                    return Some(reasons::may_compile(name).at(at));
                }
            }
            let Some(program) = invocation.program else { continue };
            let needs: &[&str] = match (
                programs::package_of(program),
                PACKAGES_OF_COMPILERS.iter().find(|(name, _)| *name == program),
            ) {
                (Some(package), _) => &[package],
                (None, Some((_, packages))) => packages,
                (None, None) => continue,
            };
            if !has_any(&installed, needs) {
                return Some(reasons::program_in_full_image(program, needs[0]).at(at));
            }
        }
    }
    by_what_runs(view, context, &installed).map(|reason| reason.at(from))
}

/// The contents of particular images that their slim variants lack, in addition to the contents
/// that all slim variants lack.
fn by_image(view: &StageView<'_, '_>) -> Option<Reason> {
    let text = view.facts.file.text;
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_' && c != '.');
    match view.image.repository.as_str() {
        "debian" => {
            // The scripts of these packages create links to manual pages in a directory that slim
            // images lack.
            let needs_manuals = |word: &str| NEEDING_MANUAL_PAGES.iter().any(|start| word.starts_with(start));
            if ["LANG=", "LANG ", "LC_ALL", "LANGUAGE"].iter().any(|word| text.contains(word)) {
                return Some(reasons::language_configured());
            }
            let word = words().find(|word| needs_manuals(word) || *word == "man")?;
            Some(reasons::needs_manual_pages(word))
        }
        "eclipse-temurin" => {
            let called = words().find(|word| TOOLS_OF_THE_JDK.contains(word));
            let unknown =
                || builds_with_unknown_tools(view).map(|program| reasons::may_call_the_jdk(&program));
            called.map(reasons::tool_in_jdk).or_else(|| needs_jdk(view)).or_else(unknown)
        }
        _ => None,
    }
}

/// A program in a RUN that may call the compiler: a script, or one that runs the project's own
/// commands.
fn builds_with_unknown_tools(view: &StageView<'_, '_>) -> Option<String> {
    let invocations = view.facts.runs_of(view.stage.index).iter().flat_map(|run| &run.invocations);
    let is_unknown = |invocation: &&Invocation<'_>| {
        invocation.is_unreadable(view.facts.known)
            || ["make", "cmake", "ninja", "just"].iter().any(|program| invocation.is(program))
    };
    let found = invocations.into_iter().find(is_unknown)?;
    Some(found.words.first().map_or("a script", |word| word.raw.as_str()).to_owned())
}

/// The reason why scripts, sources, the start command or installed packages would fail.
fn by_what_runs(view: &StageView<'_, '_>, context: &BuildContext, installed: &[&str]) -> Option<Reason> {
    let Some(mut scripts) = view.scripts() else {
        return Some(reasons::start_script_unknown());
    };
    let sent = context.texts.iter().filter(|(path, _)| context.sends_file(path));
    scripts.extend(sent.clone().filter(|(path, _)| path.ends_with(".sh")).map(|(_, text)| text.as_str()));
    // Python's images contain their own Python.
    let is_missing = |need: &&RequiredPackage| {
        (view.image.repository == "node" || need.package != "python3")
            && !has_any(installed, &[&need.package])
    };
    let mut called = programs::by_scripts(&scripts);
    called.extend(programs::by_sources(view));
    if let Some(need) = called.iter().find(is_missing) {
        return Some(reasons::file_calls_program(&need.package));
    }
    if let Some(need) = programs::by_start(view).iter().find(is_missing) {
        return Some(reasons::start_calls_program(&need.package));
    }
    if let Some(reason) = may_lack_files(view, installed) {
        return Some(reason);
    }
    let speaks = has_any(installed, &["curl", "wget", "git"]);
    if view.image.repository == "node" && speaks && !has_any(installed, &["ca-certificates"]) {
        return Some(reasons::certificates_in_full_image());
    }
    if view.image.repository == "node"
        && let Some(name) = linked_by_node(context, installed)
    {
        return Some(reasons::links_full_image(name));
    }
    let requirements: Vec<String> = sent
        .filter(|(path, _)| path.ends_with(".txt"))
        .flat_map(|(_, text)| text.lines().map(name_of))
        .collect();
    let in_runs = view.facts.runs.iter().flat_map(|run| &run.calls).flat_map(|call| &call.packages);
    let names: Vec<String> =
        requirements.into_iter().chain(in_runs.map(|word| name_of(word.text()))).collect();
    let reason = LIBRARIES
        .iter()
        // PyYAML's wheels contain the library.
        .filter(|(name, libraries)| {
            *name != "pyyaml" && !libraries.iter().all(|library| has_any(installed, &[library]))
        })
        .map(|(name, _)| name)
        .chain(NEEDS_FULL_IMAGE);
    reason
        .into_iter()
        .find(|package| names.iter().any(|name| name == *package))
        .map(|package| reasons::needs_full_image(package))
}

/// A package of a manifest that links a library of the full image, or calls one of its programs.
fn linked_by_node(context: &BuildContext, installed: &[&str]) -> Option<&'static str> {
    let is_manifest = |path: &str| path.rsplit('/').next() == Some("package.json");
    let texts = context.texts.iter().filter(|(path, _)| is_manifest(path) && context.sends_file(path));
    let manifests: Vec<Value> = texts.filter_map(|(_, text)| serde_json::from_str(text).ok()).collect();
    let lists = |name: &str| manifests.iter().any(|manifest| manifest["dependencies"].get(name).is_some());
    let by_library = node::LIBRARIES.iter().filter(|(_, package)| !has_any(installed, &[package]));
    let names = node::LINKED.iter().copied().chain(by_library.map(|(name, _)| *name));
    names.into_iter().find(|name| lists(name))
}

fn has_any(installed: &[&str], packages: &[&str]) -> bool {
    installed.iter().any(|package| packages.contains(&package.split('=').next().unwrap_or(package)))
}

/// The name in a line of requirements, in the form that the package index uses.
/// (packaging.python.org, name normalization.)
fn name_of(line: &str) -> String {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    line.trim().chars().take_while(is_name).collect::<String>().to_ascii_lowercase().replace(['_', '.'], "-")
}
