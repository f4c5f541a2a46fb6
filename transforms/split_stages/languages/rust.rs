//! Rust: `cargo build` creates one program, which links the C library and the libraries of `-sys`
//! crates. (The Cargo book.)

use crate::context::RequiredPackage;
use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::rust::{
    BUNDLED_LIBRARIES, DIRECTORIES_OF_THE_COMPILER, FILES_OF_THE_COMPILER, LIBRARIES, VERBS_WITHOUT_PROGRAMS,
};
use crate::reasons::{self, Reason};
use crate::runtime::assets;
use crate::runtime::outputs::{Output, StageOutputs, Step, is_shared_folder};
use crate::runtime::programs;
use crate::runtime::view::StageView;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps, program_path};

/// Whether Rust programs are built in a stage on Rust.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    let mut runs = facts.runs_of(stage.index).iter();
    let builds = runs.any(|run| {
        run.invocations.iter().any(|invocation| {
            invocation.is("cargo")
                && invocation.arguments().iter().any(|word| matches!(word.raw.as_str(), "build" | "install"))
        })
    });
    builds && image.repository == "rust"
}

/// The recipe for a Rust stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, |done: &mut Done, _, step| done.output_of(step), finish)
}

#[derive(Default)]
struct Done {
    /// Output directories of `cargo build`.
    targets: Vec<String>,
    installs: bool,
}

impl Done {
    fn output_of(&mut self, step: &Step<'_, '_>) -> Option<Result<Output, Reason>> {
        let invocation = step.invocation;
        if invocation.is("rustup") || invocation.is("rustc") || invocation.is("rustfmt") {
            return Some(Ok(Output::Nothing));
        }
        if !invocation.is("cargo") {
            return None;
        }
        let words: Vec<&str> = invocation
            .arguments()
            .iter()
            .map(crate::syntax::shell::Word::text)
            .filter(|word| !word.starts_with('+'))
            .collect();
        Some(match words.first().copied().unwrap_or_default() {
            "build" | "b" | "rustc" => match &step.directory {
                Some(directory) => {
                    self.targets.push(format!("{directory}/target"));
                    Ok(Output::Nothing)
                }
                None => Err(reasons::unknown_directory("`cargo build`")),
            },
            "install" => {
                self.installs |= !words.iter().any(|word| word.starts_with("--root"));
                if self.installs { Ok(Output::Nothing) } else { Err(reasons::unknown_cargo_root()) }
            }
            other if VERBS_WITHOUT_PROGRAMS.contains(&other) => Ok(Output::Nothing),
            other => Err(reasons::unknown_output(&format!("cargo {other}"))),
        })
    }
}

fn finish(view: &StageView<'_, '_>, done: &Done, work: StageOutputs) -> Result<Recipe, Reason> {
    let program = view.start.program().ok_or(reasons::unknown_start())?;
    if program == "cargo" {
        return Err(reasons::compiles_at_start("cargo run"));
    }
    let folder = view.folder.trim_end_matches('/');
    let cargo_bin = "/usr/local/cargo/bin";
    let mut copies = Vec::new();
    let path = if done.installs && !program.contains('/') {
        format!("{cargo_bin}/{program}")
    } else {
        let is_copied = |path: &str| work.paths.iter().any(|(other, _)| other == path);
        program_path(view, program, &["/usr/local/bin", "/usr/bin"], is_copied)
            .ok_or_else(|| reasons::unknown_program_path(program))?
    };
    let is_made = done.targets.iter().any(|target| paths::within(&path, target))
        || paths::within(&path, cargo_bin)
        || work.paths.iter().any(|(made, _)| *made == path);
    if !is_made {
        return Err(reasons::program_not_built(program));
    }
    let is_bare = paths::within(&path, cargo_bin) && !program.contains('/');
    copies.push(Copy {
        to: is_bare.then(|| format!("/usr/local/bin/{program}")),
        ..Copy::of(path, "the program")
    });
    match assets::assets(view, &is_source) {
        Some(found) if found.is_empty() => {}
        Some(found) => copies.push(Copy { paths: found, ..Copy::of("", "files read at run time") }),
        None if is_shared_folder(&view.folder) => {
            return Err(reasons::unknown_read_files(&view.folder));
        }
        // Without the context, the sources can't be distinguished from files that the program
        // reads.
        None => return Err(reasons::no_context()),
    }
    let lock = view.context.and_then(|context| view.text_at(context, &format!("{folder}/Cargo.lock")));
    let mut packages =
        vec![RequiredPackage::of("ca-certificates", "programs in Rust read the system's certificates")];
    match lock {
        Some(lock) => {
            let has = |name: &str| lock.contains(&format!("name = \"{name}\""));
            let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
            let is_known = |name: &str| {
                BUNDLED_LIBRARIES.contains(&name) || LIBRARIES.iter().any(|(library, _)| *library == name)
            };
            let mut unknown = names.filter(|name| name.ends_with("-sys") || name.ends_with("_sys"));
            if let Some(name) = unknown.find(|name| !is_known(name)) {
                return Err(reasons::links_full_image(name));
            }
            let linked = LIBRARIES.iter().filter(|(name, _)| has(name));
            packages.extend(
                linked.map(|(name, package)| RequiredPackage::of(package, format!("{name} links it"))),
            );
        }
        None => packages.push(RequiredPackage::of("libssl3", "without Cargo.lock, it may be linked")),
    }
    packages.extend(programs::by_sources(view));
    let is_alpine = view.stage.release.as_ref().is_some_and(|release| release.family == "alpine");
    let base = if is_alpine { view.alpine() } else { view.debian_slim()? };
    if is_alpine {
        packages.retain(|need| !LIBRARIES.iter().any(|(_, package)| *package == need.package));
    } else if base.contains("bullseye") {
        for need in packages.iter_mut().filter(|need| need.package == "libssl3") {
            need.package = "libssl1.1".into();
        }
    }
    Ok(Recipe { language: "Rust", base, has_shell: true, packages, copies, work, ..Recipe::default() })
}

/// Files that only the compiler reads.
fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let first = path.split('/').next().unwrap_or_default();
    path.ends_with(".rs")
        || FILES_OF_THE_COMPILER.contains(&name)
        || DIRECTORIES_OF_THE_COMPILER.contains(&first)
}
