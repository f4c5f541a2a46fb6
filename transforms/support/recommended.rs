//! Installs without recommended packages: the common part of the transforms for apt, dnf and
//! zypper.

use crate::context::is_source;
use crate::edit::Edits;
use crate::facts::base_image::ImageName;
use crate::facts::style::Style;
use crate::facts::{Call, Facts, RunFacts};
use crate::knowledge::lists::files::SHELL_SCRIPTS;
use crate::knowledge::lists::images::{WITH_CERTIFICATES, WITH_COMPILERS};
use crate::knowledge::lists::packages::{
    RECOMMENDED_AND_NEEDED, RECOMMENDED_AND_USED, RECOMMENDING_COMPILERS, SIGNS_OF_RECOMMENDED,
};
use crate::reasons::{self, Reason};
use crate::runtime::python_packages;
use crate::runtime::view::is_full;
use crate::syntax::shell::Word;
use crate::transform::{Applicability, Context, Fixes};

/// Proposes the option that leaves out recommended packages, for the calls of the package managers
/// that name this transform in `knowledge/managers/`.
pub(crate) fn omit_recommended(ctx: &Context<'_>, fixes: &mut Fixes, transform: &str) {
    for run in ctx.facts.shipped_and_extensible() {
        for call in &run.calls {
            let without =
                call.manager.without_recommended.as_ref().filter(|without| without.transform == transform);
            let Some(without) = without else { continue };
            let is_set = || {
                without
                    .unless_setting
                    .as_ref()
                    .is_some_and(|setting| ctx.facts.may_be_set(setting, run, ctx.context_source))
            };
            if without.verbs.contains(&call.verb)
                && !call.has_option(&without.unless_option)
                && call.verb_word.literal().is_some()
                && !run.invocations[call.invocation].place.in_word
                // After an escaped blank, an appended package would become part of that word.
                && !call.packages.iter().any(|word| word.raw.contains('\\'))
                && !is_set()
            {
                if let Some(reason) = why_needed(ctx, run, call) {
                    fixes.refuse(run.instruction.text, reason.undone("recommended packages not left out"));
                    continue;
                }
                let mut edits = Edits::new();
                edits.insert(call.verb_word.span.end, format!(" {}", without.option));
                let mut title =
                    format!("install {} packages without recommended packages", call.manager.name);
                let needed = needed(ctx, run, call);
                if !needed.is_empty() {
                    for package in &needed {
                        add(ctx, run, call, package, &mut edits);
                    }
                    title = format!("{title} except {}", needed.join(" and "));
                }
                fixes.propose(Applicability::Unsafe, run.instruction.text, title, edits);
                let is_alike = |other: &&Call<'_>| {
                    other.manager.name == call.manager.name && without.verbs.contains(&other.verb)
                };
                if run.calls.iter().filter(is_alike).nth(1).is_some() {
                    fixes.point_at(run.invocations[call.invocation].command.span.start);
                }
            }
        }
    }
}

/// Adds a package to the list of a call: on a line of its own where the others are, and in order if
/// they are.
fn add<'a>(ctx: &Context<'a>, run: &RunFacts<'a>, call: &Call<'a>, package: &str, edits: &mut Edits) {
    let text = ctx.file.text;
    let Some(last) = call.packages.last() else { return };
    let before =
        |word: &Word| &text[text[..word.span.start].rfind('\n').map_or(0, |at| at + 1)..word.span.start];
    let starts_line = |word: &Word| before(word).trim().is_empty();
    if call.packages.len() < 2 || !call.packages.iter().skip(1).all(|word| starts_line(word)) {
        return edits.insert(last.span.end, format!(" {package}"));
    }
    let is_sorted = call.packages.is_sorted_by_key(|word| word.text());
    let Style { escape, line_break, .. } = Style::of(ctx.facts, run.instruction);
    let escape = if run.instruction.document().is_some() { '\\' } else { escape };
    let joint = format!(" {escape}{line_break}{}", before(last));
    match call.packages.iter().rfind(|word| !is_sorted || word.text() < package) {
        Some(above) => edits.insert(above.span.end, format!("{joint}{package}")),
        None => edits.insert(call.packages[0].span.start, format!("{package}{joint}")),
    }
}

/// The recommended packages without which the packages of a call lose their usual purpose, or that
/// the application seems to use, as far as neither the base image has them nor the file installs them.
fn needed<'a>(ctx: &Context<'a>, run: &RunFacts<'a>, call: &Call<'a>) -> Vec<&'static str> {
    if !call.manager.name.starts_with("apt") {
        return Vec::new();
    }
    let image = ctx.facts.root_name(run.stage);
    let installed =
        |pairs: &'static [(&str, &str)]| pairs.iter().filter(|(package, _)| installs(call, package));
    // Signs of use are searched in all texts, so only for what is installed.
    let used = installed(RECOMMENDED_AND_USED).filter(|(_, recommended)| is_used(ctx, recommended));
    let mut found: Vec<&str> = Vec::new();
    for (_, recommended) in installed(RECOMMENDED_AND_NEEDED).chain(used) {
        if !found.contains(recommended)
            && !image.is_some_and(|image| has(image, recommended))
            && !is_installed(ctx.facts, run, recommended)
        {
            found.push(recommended);
        }
    }
    found
}

fn installs(call: &Call<'_>, package: &str) -> bool {
    call.packages.iter().any(|word| word.text() == package)
}

/// Whether the file installs a package, up to a RUN.
fn is_installed<'a>(facts: &Facts<'a>, run: &RunFacts<'a>, package: &str) -> bool {
    facts.runs_up_to(run).flat_map(|other| &other.calls).chain(&run.calls).any(|call| installs(call, package))
}

/// Whether the Dockerfile, a source or a script of the build context has a sign that a recommended
/// package is used.
fn is_used(ctx: &Context<'_>, package: &str) -> bool {
    let texts = || {
        let context = ctx.context_source.context().ok();
        let sent = context.into_iter().flat_map(|context| {
            context.texts.iter().filter(|(path, _)| {
                let is_script = SHELL_SCRIPTS.iter().any(|ending| path.ends_with(ending));
                (is_script || is_source(path)) && context.sends_file(path)
            })
        });
        sent.map(|(_, text)| text.as_str()).chain([ctx.facts.file.text])
    };
    let signs = SIGNS_OF_RECOMMENDED.iter().filter(|(name, _)| *name == package).map(|(_, sign)| *sign);
    signs.into_iter().any(|sign| texts().any(|text| text.contains(sign)))
}

/// Why the recommended packages stay: pip compiles packages without wheels, with compilers that it
/// recommends. All installs of the file are alike in this, since another transform may combine them.
fn why_needed<'a>(ctx: &Context<'a>, run: &RunFacts<'a>, call: &Call<'a>) -> Option<Reason> {
    let calls = || ctx.facts.runs.iter().flat_map(|run| &run.calls);
    let is_anywhere = |package: &&&str| calls().any(|call| installs(call, package));
    let is_apt = call.manager.name.starts_with("apt");
    let package = RECOMMENDING_COMPILERS.iter().filter(|_| is_apt).find(is_anywhere)?;
    let has_compiler = ["build-essential", "g++"].iter().any(|name| is_anywhere(&name));
    let uses_pip = ctx.facts.runs.iter().any(|run| {
        let installs = |call: &Call<'_>| call.manager.name == "pip" && call.manager.installs(&call.verb);
        run.script().is_none() || run.calls.iter().any(installs)
    });
    if has_compiler || !uses_pip || ctx.facts.root_name(run.stage).is_some_and(|image| has(image, "gcc")) {
        return None;
    }
    match ctx.context_source.context() {
        Ok(context) => python_packages::not_portable(context, ctx.facts.runs.iter())
            .map(|other| reasons::recommended_compilers(package, &other)),
        Err(_) => Some(reasons::recommended_compilers(package, "a package")),
    }
}

/// Whether a base image is known to have a package.
fn has(image: &ImageName, package: &str) -> bool {
    let name = image.repository.as_str();
    WITH_COMPILERS.contains(&name) && is_full(image)
        || package == "ca-certificates" && WITH_CERTIFICATES.contains(&name)
}
