//! Whether the last stage works the same on the Alpine variant of its base image, which has another
//! C library, another shell and another package manager. Used only if the user asks for it.
//!
//! Only stages that copy files and install packages of plain JavaScript or Python qualify. Stages
//! that may link against glibc, call bash or install with apt are refused. (docker-library/docs,
//! "<version>-alpine"; PEP 656 on wheels for musl.)

use crate::facts::base_image::ImageName;
use crate::knowledge::Kind;
use crate::knowledge::languages::ALPINE_IMAGES;
use crate::knowledge::lists::files::BUILT_FOR_A_LIBC;
use crate::knowledge::lists::images::{WITHOUT_ALPINE_VARIANT, WORDS_OF_DEBIAN_TAGS};
use crate::knowledge::lists::programs::SAME_ON_ALPINE;
use crate::reasons::{self, Reason};
use crate::runtime::view::StageView;
use crate::runtime::{programs, python_packages};
use crate::syntax::{Body, Item};

/// Whether the image has an Alpine variant and does not use it yet.
pub(crate) fn has_variant(image: &ImageName) -> bool {
    let tag = image.tag.as_deref().unwrap_or_default();
    ALPINE_IMAGES.contains(&image.repository.as_str())
        && !image.pinned
        && !WITHOUT_ALPINE_VARIANT.iter().any(|word| tag.contains(word))
}

/// The name of the variant: the same version, without the Debian release.
pub(crate) fn variant_of(view: &StageView<'_, '_>) -> Option<String> {
    if !has_variant(view.image) {
        return None;
    }
    let written = view.written_image();
    let tag = view.image.tag.as_deref().unwrap_or_default();
    if matches!(tag, "" | "latest") {
        return Some(format!("{}:alpine", written.strip_suffix(":latest").unwrap_or(&written)));
    }
    let releases = WORDS_OF_DEBIAN_TAGS;
    let kept: Vec<&str> = tag.split('-').filter(|part| !releases.contains(part)).collect();
    let name = written.strip_suffix(&format!(":{tag}"))?;
    Some(format!("{name}:{}-alpine", kept.join("-")))
}

/// The reason why the stage would fail on Alpine.
pub(crate) fn why_it_would_fail(view: &StageView<'_, '_>) -> Option<Reason> {
    let Some(context) = view.context else {
        return Some(reasons::context_unreadable_for_glibc());
    };
    let binary = context.sent().find(|entry| {
        let is_library = BUILT_FOR_A_LIBC.iter().any(|ending| entry.path.ends_with(ending));
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        is_library || entry.executable && !name.contains('.') && context.text(&entry.path).is_none()
    });
    if let Some(entry) = binary {
        return Some(reasons::may_link_glibc(&entry.path));
    }
    for item in view.stage.items.clone() {
        let Item::Instruction(instruction) = &view.facts.file.items[item] else { continue };
        match &instruction.body {
            Body::Copy(_) if instruction.flag("from").is_some() => {
                return Some(reasons::copies_may_link_glibc());
            }
            Body::Env(all)
                if all.iter().any(|assignment| {
                    matches!(assignment.key.as_str(), "TZ" | "LD_PRELOAD" | "LD_LIBRARY_PATH")
                }) =>
            {
                return Some(reasons::environment_not_on_alpine());
            }
            Body::Shell(_) => return Some(reasons::shell_not_on_alpine()),
            Body::Onbuild(..) => return Some(reasons::onbuild_elsewhere()),
            _ => {}
        }
    }
    by_commands(view).or_else(|| by_what_runs(view))
}

fn by_commands(view: &StageView<'_, '_>) -> Option<Reason> {
    for run in view.facts.runs.iter().filter(|run| run.stage == view.stage.index) {
        if run.script().is_none() {
            return Some(reasons::run_not_read());
        }
        for (index, invocation) in run.invocations.iter().enumerate() {
            let call = run.call_of(index);
            if call.is_some_and(|call| call.manager.kind == Kind::System) {
                return Some(reasons::packages_named_differently());
            }
            if invocation.program.is_none_or(|program| !SAME_ON_ALPINE.contains(&program))
                && !invocation.words.is_empty()
            {
                let name = invocation.words.first().map_or("", |word| word.raw.as_str());
                return Some(reasons::may_differ_on_alpine(name));
            }
            let installs = call.is_some_and(|call| call.manager.installs(&call.verb));
            let reason = match invocation.program {
                Some("pip" | "pip3" | "python" | "python3") if installs => by_requirements(view),
                Some("npm" | "yarn" | "npx") => by_lock(view),
                _ => None,
            };
            if reason.is_some() {
                return reason;
            }
        }
    }
    None
}

/// Whether one of the packages may be compiled for a C library.
fn by_lock(view: &StageView<'_, '_>) -> Option<Reason> {
    let lock = view.context.and_then(|context| context.text("package-lock.json"));
    let Some(lock) = lock else {
        return Some(reasons::unreadable_package_lock());
    };
    let is_compiled = ["\"hasInstallScript\"", "\"libc\"", "\"os\"", "\"cpu\"", "prebuild", "node-gyp"]
        .iter()
        .any(|word| lock.contains(word));
    is_compiled.then(reasons::compiled_package)
}

fn by_requirements(view: &StageView<'_, '_>) -> Option<Reason> {
    let runs = view.facts.runs.iter().filter(|run| run.stage == view.stage.index);
    let other = python_packages::not_portable(view.context?, runs)?;
    Some(reasons::unknown_musl_wheels(&other))
}

fn by_what_runs(view: &StageView<'_, '_>) -> Option<Reason> {
    let Some(scripts) = view.scripts() else {
        return Some(reasons::unreadable_start_script());
    };
    if view.start.names("bash") || scripts.iter().any(|script| script.contains("bash")) {
        return Some(reasons::needs_bash());
    }
    let mut called = programs::by_scripts(&scripts);
    called.extend(programs::by_start(view));
    called.extend(programs::by_sources(view));
    called.retain(|need| view.image.repository != "python" || need.package != "python3");
    called.first().map(|need| reasons::missing_on_alpine(&need.why, &need.package))
}
