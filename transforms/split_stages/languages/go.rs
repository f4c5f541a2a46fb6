//! Go: `go build` creates one program, which runs without Go. (The Go command, "go help build" and
//! "go help install".)

use crate::context::RequiredPackage;
use crate::facts::base_image::ImageName;
use crate::facts::environment::Variable;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::go::{
    CHECKERS, DIRECTORIES_OF_PROGRAMS, FILES_OF_THE_COMPILER, OPTIONS_WITH_VALUE, VERBS_WITHOUT_PROGRAMS,
};
use crate::reasons::{self, Reason};
use crate::runtime::assets;
use crate::runtime::outputs::{Output, StageOutputs, Step};
use crate::runtime::package_role::{Role, role_of};
use crate::runtime::programs;
use crate::runtime::view::StageView;
use crate::syntax::shell::Word;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps, program_path};

/// Whether Go programs are built in the stage.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, _: &ImageName) -> bool {
    let mut runs = facts.runs_of(stage.index).iter();
    runs.any(|run| {
        run.invocations.iter().any(|invocation| {
            invocation.is("go")
                && invocation
                    .arguments()
                    .first()
                    .is_some_and(|verb| matches!(verb.raw.as_str(), "build" | "install"))
        })
    })
}

/// The recipe for a Go stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, Built::output_of, finish)
}

/// The programs that were built.
#[derive(Default)]
struct Built {
    outputs: Vec<String>,
    /// Whether one of them links the C library.
    is_dynamic: bool,
}

impl Built {
    fn output_of(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Option<Result<Output, Reason>> {
        let invocation = step.invocation;
        if CHECKERS.iter().any(|tool| invocation.is(tool)) {
            return Some(Ok(Output::Nothing));
        }
        if !invocation.is("go") {
            return None;
        }
        let verb = invocation.arguments().first().map(|word| word.raw.as_str()).unwrap_or_default();
        Some(match verb {
            "build" => {
                self.is_dynamic |= !is_static(view, step);
                self.build(view, step)
            }
            "install" => {
                self.is_dynamic |= !is_static(view, step);
                self.install(view, step)
            }
            verb if VERBS_WITHOUT_PROGRAMS.contains(&verb) => Ok(Output::Nothing),
            "generate" => Ok(Output::Folder),
            _ => Err(reasons::unknown_output(&format!("go {verb}"))),
        })
    }

    fn build(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Result<Output, Reason> {
        let arguments = &step.invocation.arguments()[1..];
        let (output, packages) = read(arguments);
        let directory = step.directory.clone().ok_or(reasons::unknown_directory("`go build`"))?;
        let path = match output {
            Some(word) => {
                let path = step.path(view.facts, &word);
                let path = path.ok_or_else(|| reasons::unknown_output_path(&word.raw))?;
                if path == "/dev/null" {
                    return Ok(Output::Nothing);
                }
                match &packages[..] {
                    [package] if word.raw.ends_with('/') && !package.ends_with("...") => {
                        format!("{path}/{}", program_of(view, package, &directory)?)
                    }
                    _ => path,
                }
            }
            None if packages.len() > 1 && !packages.iter().all(|package| package.ends_with(".go"))
                || packages.iter().any(|package| package.ends_with("...")) =>
            {
                // With several packages, Go only checks that they compile.
                return Ok(Output::Nothing);
            }
            None => {
                let package = packages.first().map_or(".", |package| package.as_str());
                format!("{directory}/{}", program_of(view, package, &directory)?)
            }
        };
        self.outputs.push(path.clone());
        Ok(Output::File(path))
    }

    fn install(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Result<Output, Reason> {
        let (_, packages) = read(&step.invocation.arguments()[1..]);
        let directory = step.directory.clone().ok_or(reasons::unknown_directory("`go install`"))?;
        for package in packages.iter().filter(|package| !package.ends_with("...")) {
            let package = package.split('@').next().unwrap_or_default();
            let name = if package.starts_with('.') {
                program_of(view, package, &directory)?
            } else {
                last_element(package)
            };
            self.outputs.push(format!("/go/bin/{name}"));
        }
        if packages.is_empty() {
            self.outputs.push(format!("/go/bin/{}", program_of(view, ".", &directory)?));
        }
        Ok(Output::Nothing)
    }
}

/// The value of `-o`, and the packages.
fn read(arguments: &[Word]) -> (Option<Word>, Vec<String>) {
    let mut output = None;
    let mut packages = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        if let Some(value) = word.raw.strip_prefix("-o=") {
            output = Some(Word::plain(value));
        } else if OPTIONS_WITH_VALUE.contains(&word.raw.as_str()) {
            let value = rest.next();
            if word.raw == "-o" {
                output = value.cloned();
            }
        } else if !word.is_option() {
            packages.push(word.text().to_owned());
        }
    }
    (output, packages)
}

/// The name that `go build` gives a program: the last element of the package's path, or the first
/// file's name.
fn program_of(view: &StageView<'_, '_>, package: &str, directory: &str) -> Result<String, Reason> {
    if let Some(file) = package.strip_suffix(".go") {
        return Ok(last_element(file));
    }
    let path = package.trim_start_matches("./").trim_matches('/');
    if !matches!(path, "" | ".") {
        return Ok(last_element(path));
    }
    let module = view.context.and_then(|context| {
        let texts = context.texts.iter().filter(|(path, _)| path.ends_with("go.mod"));
        let mut modules = texts.filter_map(|(_, text)| {
            text.lines().find_map(|line| {
                line.trim().strip_prefix("module ").map(|name| name.trim().trim_matches('"').to_owned())
            })
        });
        modules.next().filter(|_| modules.next().is_none())
    });
    if let Some(module) = module.filter(|_| directory == view.folder) {
        return Ok(last_element(&module));
    }
    // If the module's name is unknown, the name of the program that starts.
    let started = view.start.program().map(|program| program.trim_start_matches("./"));
    let started =
        started.and_then(|program| program.strip_prefix(&format!("{directory}/")).or(Some(program)));
    let started = started.filter(|program| !program.contains('/') && directory == view.folder);
    started.map(str::to_owned).ok_or_else(reasons::unknown_program_name)
}

fn last_element(path: &str) -> String {
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let last = parts.next().unwrap_or_default();
    let is_version = last
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    match (is_version, parts.next()) {
        (true, Some(before)) => before.to_owned(),
        _ => last.to_owned(),
    }
}

/// Whether the program links no library of the system: cgo is off, or there is no C compiler.
fn is_static(view: &StageView<'_, '_>, step: &Step<'_, '_>) -> bool {
    let assigned =
        step.invocation.simple.assignments.iter().find(|assignment| assignment.name == "CGO_ENABLED");
    let by_env = step
        .invocation
        .simple
        .words
        .iter()
        .find_map(|word| word.raw.strip_prefix("CGO_ENABLED=").map(str::to_owned));
    let value = assigned
        .and_then(|assignment| assignment.value.as_ref())
        .map(|word| word.text().to_owned())
        .or(by_env);
    // The last one before the build counts. One that may not run leaves the value unknown.
    let exported = step.run.invocations[..step.index].iter().rev().find_map(|invocation| {
        if !invocation.is("export") || !invocation.place.own_shell {
            return None;
        }
        let mut values = invocation.arguments().iter().rev();
        let value = values.find_map(|word| word.raw.strip_prefix("CGO_ENABLED="))?;
        Some(if invocation.place.is_certain() { value.to_owned() } else { String::new() })
    });
    let value = value.or(exported).or_else(|| match view.facts.variable(step.run.item, "CGO_ENABLED") {
        Variable::Set(value) => Some(value),
        _ => None,
    });
    match value {
        Some(value) => value.trim_matches(['"', '\'']) == "0",
        None => step
            .invocation
            .arguments()
            .iter()
            .any(|word| word.raw.contains("-extldflags") && word.raw.contains("-static")),
    }
}

fn finish(view: &StageView<'_, '_>, built: &Built, work: StageOutputs) -> Result<Recipe, Reason> {
    let program = view.start.program().ok_or(reasons::unknown_start())?;
    if program == "go" {
        return Err(reasons::compiles_at_start("go run"));
    }
    let all = || built.outputs.iter().chain(work.paths.iter().map(|(path, _)| path));
    let path =
        program_path(view, program, DIRECTORIES_OF_PROGRAMS, |path| all().any(|output| output == path))
            .ok_or_else(|| reasons::unknown_program_path(program))?;
    let is_script = path.ends_with(".sh");
    if !is_script && !all().any(|output| paths::within(&path, output)) {
        return Err(reasons::program_not_built(program));
    }
    let mut copies = copies(view, built, &work, (program, &path))?;
    let is_static = !built.is_dynamic;
    if is_static && !is_script && !needs_shell(view, &work) {
        if work.packages.iter().any(|package| package == "tzdata") {
            copies.push(Copy::of("/usr/share/zoneinfo", "time zone data"));
        }
        return Ok(Recipe {
            language: "Go",
            base: "gcr.io/distroless/static-debian12".into(),
            copies,
            work: StageOutputs { packages: Vec::new(), ..work },
            ..Recipe::default()
        });
    }
    let mut packages = vec![
        RequiredPackage::of("ca-certificates", "programs in Go read the system's certificates"),
        RequiredPackage::of("tzdata", "programs in Go read the system's time zones"),
    ];
    packages.extend(programs::by_sources(view));
    Ok(Recipe {
        language: "Go",
        base: base_with_shell(view, is_static)?,
        has_shell: true,
        packages,
        copies,
        work,
        keeps_fetching: false,
        ..Recipe::default()
    })
}

/// The built programs, of which one is started by this name and has this path, and what they read.
fn copies(
    view: &StageView<'_, '_>,
    built: &Built,
    work: &StageOutputs,
    (program, path): (&str, &str),
) -> Result<Vec<Copy>, Reason> {
    let is_shipped = |output: &&String| !output.starts_with("/tmp/") && !work.is_removed(output);
    let (by_path, outputs): (Vec<&String>, Vec<&String>) = built
        .outputs
        .iter()
        .filter(is_shipped)
        .partition(|output| *output == path && !program.contains('/') && output.starts_with("/go/bin/"));
    // Only Go's own image has Go's directory of programs in its PATH.
    let in_path = by_path.into_iter().map(|output| Copy {
        to: Some(format!("/usr/local/bin/{program}")),
        ..Copy::of(output.clone(), "the program")
    });
    let mut copies: Vec<Copy> = in_path.collect();
    if !outputs.is_empty() {
        copies.push(Copy { paths: outputs.into_iter().cloned().collect(), ..Copy::of("", "the program") });
    }
    match if work.in_folder { None } else { assets::assets(view, &is_source) } {
        Some(assets) if assets.is_empty() => {}
        Some(assets) => copies.push(Copy { paths: assets, ..Copy::of("", "files read at run time") }),
        None => return whole(view, copies),
    }
    Ok(copies)
}

/// Whether the image needs more than the program: a shell, tools, or files that commands make.
fn needs_shell(view: &StageView<'_, '_>, work: &StageOutputs) -> bool {
    let release = view.release();
    let is_needed = |package: &String| {
        let role = role_of(package, release.as_ref(), view.facts.known);
        let is_data = matches!(package.as_str(), "tzdata" | "ca-certificates");
        matches!(role, Role::Runtime(_)) && !is_data || package == "git" || view.start.names(package)
    };
    view.start.needs_shell()
        || programs::may_be_started_by(view, &[".go"])
        || work.packages.iter().any(is_needed)
        || view.start.names("curl")
        || view.start.names("wget")
        || !work.accounts.is_empty()
        || !work.owners.is_empty()
        || !work.links.is_empty()
}

/// The smallest image of the same distribution that has a shell.
fn base_with_shell(view: &StageView<'_, '_>, is_static: bool) -> Result<String, Reason> {
    match view.stage.release.as_ref().map_or("debian", |release| release.family.as_str()) {
        "alpine" => Ok(view.alpine()),
        "debian" => match view.debian_slim() {
            // The program links no library of the release.
            Err(_) if is_static => Ok("debian:bookworm-slim".into()),
            other => other,
        },
        other => Err(reasons::no_runtime_image(other)),
    }
}

/// The application's whole folder, instead of the files in it.
fn whole(view: &StageView<'_, '_>, copies: Vec<Copy>) -> Result<Vec<Copy>, Reason> {
    if crate::runtime::outputs::is_shared_folder(&view.folder) {
        return Err(reasons::unknown_read_files(&view.folder));
    }
    let mut result = vec![Copy::of(view.folder.clone(), "the program and files read at run time")];
    for copy in copies {
        let outside: Vec<String> =
            copy.paths.into_iter().filter(|path| !paths::within(path, &view.folder)).collect();
        if !outside.is_empty() {
            result.push(Copy { paths: outside, ..copy });
        }
    }
    Ok(result)
}

/// Files that only the compiler reads.
fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.ends_with(".go") || FILES_OF_THE_COMPILER.contains(&name) || path.starts_with("vendor/")
}
