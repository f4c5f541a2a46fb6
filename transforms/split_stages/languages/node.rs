//! Node: the programs that compile and test the sources are dev dependencies, which the running
//! program does not need.
//!
//! The application's folder is copied as a whole, with only production dependencies if the program
//! is known to need no others. (npm, yarn 1 and pnpm documentation: `npm prune`, `yarn install
//! --production`, `pnpm prune`.)

use std::collections::BTreeSet;

use serde_json::Value;

use crate::context::RequiredPackage;
use crate::facts::base_image::ImageName;
use crate::facts::commands::Invocation;
use crate::facts::repeated::{depends_on_script, sets_for_script, with_options_of};
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::node::{
    BUILDERS, COMPILER_PACKAGES, COMPILERS, GLOBAL_BUILD_TOOLS, LIBRARIES, LINKED, MANAGERS, PYTHON_PACKAGES,
    VERBS_WITHOUT_OUTPUT, WITH_BROWSERS,
};
use crate::reasons::{self, Reason};
use crate::runtime::node_imports::names_no_dev_dependency;
use crate::runtime::node_modules::writes_nothing_into_modules;
use crate::runtime::node_start::{Started, has};
use crate::runtime::outputs::{Output, StageOutputs, Step, is_common_directory, is_shared_folder};
use crate::runtime::programs;
use crate::runtime::smaller_base::may_lack_files;
use crate::runtime::view::{StageView, is_full};
use crate::syntax::Body;
use crate::syntax::shell::Word;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps};
use crate::transforms::support::new_instruction::NewInstruction;

/// Whether a stage on Node installs packages and has more than the program needs at run time: an
/// image with compilers, installed compilers, or compiled sources.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    image.repository == "node" && installs(facts, stage) && (is_full(image) || builds(facts, stage))
}

fn installs(facts: &Facts<'_>, stage: &Stage) -> bool {
    let mut all = facts.runs_of(stage.index).iter().flat_map(|run| &run.invocations);
    all.any(|call| {
        let verbs = verbs(call);
        let verb = verbs.first().copied();
        let global = call.arguments().iter().any(|word| matches!(word.raw.as_str(), "-g" | "--global"));
        !global
            && (call.is("npm") || call.is("pnpm"))
            && matches!(verb, Some("ci" | "install" | "i" | "clean-install"))
            || call.is("yarn") && matches!(verb, None | Some("install"))
    })
}

/// The first two words that are not options.
fn verbs<'w>(invocation: &'w Invocation<'_>) -> Vec<&'w str> {
    invocation.arguments().iter().filter(|word| !word.is_option()).map(Word::text).take(2).collect()
}

/// Whether sources are compiled, or native modules with compilers that the stage installs.
fn builds(facts: &Facts<'_>, stage: &Stage) -> bool {
    let runs = || facts.runs_of(stage.index).iter();
    let builds = runs().flat_map(|run| &run.invocations).any(|invocation| {
        let verbs = verbs(invocation);
        let is_build = |verb: &&str| {
            verb.contains("build") || verb.contains("compile") || matches!(*verb, "tsc" | "bundle")
        };
        (invocation.is("npm") || invocation.is("pnpm") || invocation.is("yarn") || invocation.is("npx"))
            && verbs.iter().any(is_build)
            || COMPILERS.iter().any(|tool| invocation.is(tool))
    });
    let compiles = runs().flat_map(|run| &run.calls).flat_map(|call| &call.packages);
    let compiles = compiles.into_iter().any(|word| COMPILER_PACKAGES.contains(&word.text()));
    builds || compiles
}

/// The recipe for a Node stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, Done::output_of, finish)
}

/// A directory with installed dependencies.
struct Installed {
    directory: String,
    /// The command that removes dev dependencies from it, if there is one.
    prune: Option<String>,
}

#[derive(Default)]
struct Done {
    installed: Vec<Installed>,
    /// Their managers.
    managers: BTreeSet<&'static str>,
    /// Calls that install programs globally: their text and the packages.
    global: Vec<(String, Vec<String>)>,
}

impl Done {
    fn output_of(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Option<Result<Output, Reason>> {
        let invocation = step.invocation;
        let program = invocation.program?;
        if BUILDERS.contains(&program) {
            return Some(Self::in_directory(view, step));
        }
        if !MANAGERS.contains(&program) {
            return None;
        }
        let words: Vec<&str> = step.operands().map(crate::syntax::shell::Word::text).collect();
        let verb = words.first().copied().unwrap_or("install");
        let is_global = invocation
            .arguments()
            .iter()
            .any(|word| matches!(word.raw.as_str(), "-g" | "--global" | "--location=global"))
            || verb == "global";
        let text = invocation.command.span.of(view.facts.file.text).to_owned();
        Some(match (program, verb) {
            ("corepack", _) => {
                self.global.push((text, vec!["yarn".into(), "pnpm".into()]));
                Ok(Output::Nothing)
            }
            ("npm" | "yarn" | "pnpm", verb) if VERBS_WITHOUT_OUTPUT.contains(&verb) => Ok(Output::Nothing),
            (_, _) if is_global => {
                let packages =
                    words.iter().skip(1).filter(|word| **word != "add").map(|word| bare(word).to_owned());
                self.global.push((text, packages.collect()));
                Ok(Output::Nothing)
            }
            ("npm" | "pnpm", "ci" | "install" | "i" | "clean-install" | "add")
            | ("yarn" | "yarnpkg", "install" | "add") => {
                let manager = match program {
                    "npm" => "npm",
                    "pnpm" => "pnpm",
                    _ => "yarn",
                };
                self.managers.insert(manager);
                let prune = prune_command(view, step, manager);
                self.installed.extend(step.directory.clone().map(|directory| Installed { directory, prune }));
                Self::in_directory(view, step)
            }
            _ => Self::in_directory(view, step),
        })
    }

    fn in_directory(view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Result<Output, Reason> {
        let directory = step.directory.clone().ok_or(reasons::unknown_directory("a step"))?;
        if paths::within(&directory, &view.folder) {
            Ok(Output::Folder)
        } else if is_common_directory(&directory) {
            Err(reasons::unknown_output_of_command(&step.invocation.words[0].raw, &directory))
        } else {
            Ok(Output::Path(directory))
        }
    }
}

/// A package's name without its version.
fn bare(package: &str) -> &str {
    package.rfind('@').filter(|&at| at > 0).map_or(package, |at| &package[..at])
}

fn finish(view: &StageView<'_, '_>, done: &Done, mut work: StageOutputs) -> Result<Recipe, Reason> {
    if is_shared_folder(&view.folder) {
        return Err(reasons::shared_directory(&view.folder));
    }
    let manifest = manifest_in(view, &view.folder);
    let started = Started::of(view, manifest.as_ref());
    if let Some(name) = WITH_BROWSERS.iter().find(|name| has(manifest.as_ref(), "dependencies", name)) {
        return Err(reasons::installs_browser(name));
    }
    if is_full(view.image)
        && let Some(name) = LINKED.iter().find(|name| has(manifest.as_ref(), "dependencies", name))
    {
        return Err(reasons::links_full_image(name));
    }
    let full = view.written_image();
    let slim = view.slim();
    let scripts = view.scripts();
    // Only code that can't be read could need the additional files of the full image.
    let needs_slim = is_full(view.image) && !builds(view.facts, view.stage);
    let (base, base_is_other) = match (&manifest, &scripts) {
        (Some(_), Some(_)) => (slim.clone(), slim != full),
        (None, _) if needs_slim => {
            return Err(reasons::unreadable_package_json(view.folder.trim_end_matches('/')));
        }
        (_, None) if needs_slim => {
            return Err(reasons::start_script_unknown());
        }
        _ => (full, false),
    };
    let mut packages = Vec::new();
    if base_is_other {
        if let Some(reason) = may_lack_files(view, &[]) {
            return Err(reason);
        }
        for (dependency, package) in LIBRARIES {
            if has(manifest.as_ref(), "dependencies", dependency) {
                packages.push(RequiredPackage::of(package, format!("{dependency} links or calls it")));
            }
        }
        packages.extend(view.time_zones());
        packages.extend(programs::by_scripts(scripts.as_deref().unwrap_or_default()));
        packages.extend(programs::by_sources(view));
    }
    let compiles = work.packages.iter().any(|name| COMPILER_PACKAGES.contains(&name.as_str()));
    work.packages
        .retain(|name| !compiles || !PYTHON_PACKAGES.contains(&name.as_str()) || view.start.names(name));
    let runtime = global(view, done, &started)?;
    let fetched = fetched_manager(view, done, &started)?;
    let site = site(view, done, &work);
    let at_end = if site.is_some() { Vec::new() } else { prune(view, done) };
    let needed = needs_no_dev_dependency(view, done, &started, manifest.as_ref());
    let (at_end, kept) = match needed {
        Err(reason) if !at_end.is_empty() => (Vec::new(), Some(reason)),
        _ => (at_end, None),
    };
    let reason = "the built application";
    let installed = work.paths.iter().map(|(path, _)| path).filter(|path| {
        done.installed.iter().any(|installed| installed.directory == **path)
            && !paths::within(path, &view.folder)
    });
    // The directory of a workspace contains that of the application.
    let (enclosing, other): (Vec<&String>, Vec<&String>) =
        installed.partition(|path| site.is_none() && paths::within(&view.folder, path));
    let mut copies = match (site, &enclosing[..]) {
        (Some(site), _) => vec![Copy::of(site, "the built site")],
        (None, []) => vec![Copy::of(view.folder.clone(), reason)],
        (None, enclosing) => enclosing.iter().map(|path| Copy::of((*path).clone(), reason)).collect(),
    };
    copies.extend(other.into_iter().map(|path| Copy::of(path.clone(), "other build output")));
    copies.extend(fetched);
    Ok(Recipe {
        language: "Node",
        base,
        has_shell: true,
        packages,
        keeps_fetching: true,
        copies,
        runtime,
        at_end,
        kept,
        work,
        ..Recipe::default()
    })
}

/// Checks that the dev dependencies can be removed after the build. The error says why not.
fn needs_no_dev_dependency(
    view: &StageView<'_, '_>,
    done: &Done,
    started: &Started,
    manifest: Option<&Value>,
) -> Result<(), Reason> {
    if !started.needs_production_only(manifest) {
        return Err(reasons::start_may_be_dev_dependency());
    }
    manifest.map_or(Ok(()), |manifest| names_no_dev_dependency(view, manifest))?;
    let Some(context) = view.context else { return Ok(()) };
    let runs = view.facts.runs_of(view.stage.index);
    done.managers.iter().try_for_each(|manager| writes_nothing_into_modules(context, runs, manager))
}

/// The package.json in a directory of the image, if it comes from the build context.
fn manifest_in(view: &StageView<'_, '_>, directory: &str) -> Option<Value> {
    let text = view.text_at(view.context?, &format!("{directory}/package.json"))?;
    serde_json::from_str(text).ok()
}

/// Whether an install brings dev dependencies, those of workspaces included.
fn may_have_dev_dependencies(manifest: &Value) -> bool {
    let own = manifest.get("devDependencies").and_then(Value::as_object);
    manifest.get("workspaces").is_some() || own.is_some_and(|own| !own.is_empty())
}

/// The global installs to repeat: all but those for the build only, and first the manager that one
/// of them calls.
fn global(view: &StageView<'_, '_>, done: &Done, started: &Started) -> Result<Vec<NewInstruction>, Reason> {
    let runs = |packages: &[String]| {
        packages.is_empty()
            || packages
                .iter()
                .any(|package| started.calls(package) || !GLOBAL_BUILD_TOOLS.contains(&package.as_str()))
    };
    let kept: Vec<&(String, Vec<String>)> =
        done.global.iter().filter(|(_, packages)| runs(packages)).collect();
    let calls = |manager: &str| kept.iter().any(|(text, _)| text.starts_with(manager));
    let brings = |packages: &[String]| {
        ["pnpm", "yarn"].iter().any(|name| calls(name) && packages.iter().any(|package| package == name))
    };
    let all: Vec<NewInstruction> = done
        .global
        .iter()
        .filter(|(_, packages)| runs(packages) || brings(packages))
        .map(|(text, _)| format!("RUN {text}").into())
        .collect();
    let installs = done.global.iter().any(|(text, packages)| runs(packages) && !text.starts_with("corepack"));
    let is_private = [".npmrc", "NPM_TOKEN", "NPM_CONFIG_", "npm_config_", "npm config set"];
    match is_private.into_iter().find(|word| view.facts.file.text.contains(word)) {
        Some(word) if installs => Err(reasons::registry_configured(word)),
        _ => Ok(all),
    }
}

/// The copy of the package manager that corepack fetched in the build, if the image starts with it.
/// (nodejs/corepack, README.md, COREPACK_HOME.)
fn fetched_manager(view: &StageView<'_, '_>, done: &Done, started: &Started) -> Result<Option<Copy>, Reason> {
    let by_corepack = done.global.iter().any(|(text, _)| text.starts_with("corepack"));
    let Some(manager) = ["yarn", "pnpm"].into_iter().find(|name| by_corepack && started.calls(name)) else {
        return Ok(None);
    };
    let mut steps = view.facts.file.instructions().filter(|(item, _)| view.stage.items.contains(item));
    let has_user = steps.any(|(_, instruction)| matches!(instruction.body, Body::User(_)));
    if has_user || view.facts.is_named("COREPACK_HOME") {
        return Err(reasons::fetched_by_corepack(manager));
    }
    Ok(Some(Copy::of("/root/.cache/node/corepack", "the package manager")))
}

/// The directory of a static site, if a globally installed server serves it and nothing else
/// starts.
fn site(view: &StageView<'_, '_>, done: &Done, work: &StageOutputs) -> Option<String> {
    let [server, words @ ..] = &view.start.words()[..] else { return None };
    let is_global = done.global.iter().any(|(_, packages)| packages.iter().any(|package| package == server));
    let serves = matches!(*server, "serve" | "http-server") && is_global && view.start.all.len() == 1;
    let is_configured = view.context?.below("").any(|entry| entry.path.ends_with("serve.json"));
    let is_directory = |word: &&&str| {
        let name = word.trim_start_matches("./").trim_end_matches('/');
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'))
            && !name.starts_with('-')
            && name.parse::<u32>().is_err()
            && !name.starts_with('/')
    };
    let mut directories = words.iter().filter(is_directory);
    let (first, None) = (directories.next()?, directories.next()) else { return None };
    let path = format!(
        "{}/{}",
        view.folder.trim_end_matches('/'),
        first.trim_start_matches("./").trim_end_matches('/')
    );
    // A site may also be copied and not built; then it is in the context.
    (serves && !is_configured && work.owners.is_empty()).then_some(path)
}

/// The command that removes the dev dependencies that a step installs, with the options of that
/// install.
fn prune_command(view: &StageView<'_, '_>, step: &Step<'_, '_>, manager: &str) -> Option<String> {
    let sends = |path: &str| view.context.is_some_and(|context| context.sends_file(path));
    let modern_yarn = || {
        let manifest = view.context.and_then(|context| context.texts.get("package.json"));
        sends(".yarnrc.yml")
            || manifest.is_some_and(|text| text.contains("\"yarn@") && !text.contains("\"yarn@1"))
    };
    let command = match manager {
        "npm" => "npm prune --omit=dev",
        "pnpm" if !sends("pnpm-workspace.yaml") => "CI=true pnpm prune --prod",
        "yarn" if !modern_yarn() => "yarn install --production --ignore-scripts --prefer-offline",
        _ => return None,
    };
    let manager = view.facts.known.manager(manager)?;
    let is_set = step.run.invocations[..step.index].iter().any(|before| sets_for_script(before, manager));
    let is_other = is_set || depends_on_script(step.invocation, manager);
    (!is_other).then(|| with_options_of(step.invocation, manager, command))
}

/// The steps that remove dev dependencies again.
fn prune(view: &StageView<'_, '_>, done: &Done) -> Vec<NewInstruction> {
    let mut steps: Vec<NewInstruction> = Vec::new();
    for Installed { directory, prune } in &done.installed {
        let Some(command) = prune.as_ref().filter(|_| paths::within(directory, &view.folder)) else {
            continue;
        };
        if manifest_in(view, directory).is_some_and(|manifest| !may_have_dev_dependencies(&manifest)) {
            continue;
        }
        let text = if *directory == view.end_of_build() {
            format!("RUN {command}")
        } else {
            format!("RUN cd {directory} && {command}")
        };
        if !steps.iter().any(|step| step.text == text) {
            let comment = if steps.is_empty() { "remove dev dependencies" } else { "" };
            steps.push(NewInstruction { comment: comment.into(), text });
        }
    }
    steps
}
