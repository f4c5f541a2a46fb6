//! Python: packages that are compiled from source need compilers and headers once. They are
//! installed into a virtual environment, which runs on the slim image with the same interpreter at
//! the same path. (Python's documentation, `venv`; packaging.python.org.)

use crate::context::RequiredPackage;
use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::Kind;
use crate::knowledge::languages::python::{
    BUILDERS, DOWNLOADING_CALLS, LIBRARIES, NEEDS_FULL_IMAGE, OPTIONS_TO_ELSEWHERE, PACKAGES_OF_THE_SYSTEM,
    VARIABLES_TO_ELSEWHERE,
};
use crate::knowledge::lists::directories::OF_APPLICATIONS;
use crate::knowledge::lists::programs::REPLACING_THE_PATH;
use crate::reasons::{self, Reason};
use crate::runtime::outputs::{Output, StageOutputs, Step, is_shared_folder};
use crate::runtime::package_role::serves_builds;
use crate::runtime::programs;
use crate::runtime::smaller_base::may_lack_files;
use crate::runtime::view::{StageView, is_full};
use crate::syntax::{Body, Item};
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps};

/// The path of the environment.
const ENVIRONMENT: &str = "/opt/venv";

/// Whether a stage on Python installs packages and has more than the program needs at run time: an
/// image with compilers, or installed compilers.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    let runs = || facts.runs_of(stage.index).iter();
    let calls = || runs().flat_map(|run| &run.calls);
    let installs = calls().any(|call| {
        matches!(call.manager.name.as_str(), "pip" | "poetry") && call.manager.installs(&call.verb)
    });
    // Python 2 has no `venv`.
    let is_old = image.tag.as_deref().is_some_and(|tag| tag.starts_with('2'));
    image.repository == "python" && !is_old && installs && (is_full(image) || compiles(facts, stage))
}

/// Whether compilers or headers are installed and not removed.
fn compiles(facts: &Facts<'_>, stage: &Stage) -> bool {
    let calls = || facts.runs_of(stage.index).iter().flat_map(|run| &run.calls);
    let compiles = calls()
        .filter(|call| matches!(call.manager.name.as_str(), "apt-get" | "apt" | "apk"))
        .flat_map(|call| &call.packages)
        .any(|word| serves_builds(word.text()));
    // If the same layer removes the compilers, splitting gains nothing.
    let removes = calls().any(|call| call.manager.kind == Kind::System && call.manager.removes(&call.verb));
    compiles && !removes
}

/// The recipe for a Python stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, Done::output_of, finish)
}

#[derive(Default)]
struct Done {
    /// The installed packages, as lines of requirements.
    requirements: Vec<String>,
    /// Whether some of them could not be read.
    is_unclear: bool,
    /// Whether a step runs code of the project.
    runs_project: bool,
    /// Whether `--no-binary` rules out wheels.
    from_source: bool,
    /// The author's own environment.
    environment: Option<String>,
}

impl Done {
    fn output_of(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Option<Result<Output, Reason>> {
        let invocation = step.invocation;
        let program = invocation.program?;
        if let Some(call) = step.run.call_of(step.index) {
            return match call.manager.name.as_str() {
                "pip" => Some(self.pip(view, step)),
                "poetry" => Some(poetry(view, step, &call.verb)),
                "apt-get" | "apt" | "apk" | "aptitude" => None,
                other => Some(Err(reasons::packages_of_other_manager(other))),
            };
        }
        if BUILDERS.contains(&program) {
            return Some(Ok(Output::Folder));
        }
        if invocation.is("virtualenv")
            || invocation.is("python") && invocation.arguments().iter().any(|word| word.raw == "venv")
        {
            let path = step.operands().last().and_then(|word| step.path(view.facts, word));
            return Some(match path {
                Some(path) => {
                    self.environment = Some(path.clone());
                    Ok(Output::Path(path))
                }
                None => Err(reasons::unknown_virtual_environment()),
            });
        }
        if invocation.is("python") {
            let text = invocation.command.span.of(view.facts.file.text);
            self.runs_project = true;
            let fetches = DOWNLOADING_CALLS.iter().any(|word| text.contains(word)) || calls_something(step);
            return Some(if fetches { Err(reasons::unknown_download()) } else { Ok(Output::Folder) });
        }
        if matches!(program, "." | "source") {
            return Some(Ok(Output::Nothing));
        }
        None
    }

    fn pip(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Result<Output, Reason> {
        let invocation = step.invocation;
        if invocation.words[0].raw.starts_with('/') && !invocation.words[0].raw.contains("venv") {
            return Err(reasons::pip_by_path(&invocation.words[0].raw));
        }
        let arguments = invocation.arguments();
        if let Some(name) = VARIABLES_TO_ELSEWHERE.iter().find(|name| view.facts.is_named(name)) {
            return Err(reasons::pip_elsewhere(name));
        }
        let refused = OPTIONS_TO_ELSEWHERE.iter().find(|option| {
            arguments.iter().any(|word| word.raw == **option || word.raw.starts_with(&format!("{option}=")))
        });
        if let Some(option) = refused {
            return Err(reasons::pip_elsewhere(option));
        }
        self.from_source |= arguments.iter().any(|word| word.raw.starts_with("--no-binary"));
        let mut words = arguments.iter().skip_while(|word| word.raw != "install").skip(1);
        while let Some(word) = words.next() {
            let file = match word.raw.as_str() {
                "-r" | "--requirement" => words.next().cloned(),
                raw => raw
                    .strip_prefix("--requirement=")
                    .or(raw.strip_prefix("-r").filter(|rest| !rest.is_empty()))
                    .map(crate::syntax::shell::Word::plain),
            };
            match file {
                Some(file) => self.read(view, step.path(view.facts, &file)),
                None if word.raw == "-e"
                    || word.raw == "--editable"
                    || word.text() == "."
                    || word.text().starts_with("./") =>
                {
                    for name in ["pyproject.toml", "setup.py", "setup.cfg"] {
                        let text = view
                            .context
                            .and_then(|context| view.text_at(context, &format!("{}/{name}", view.folder)));
                        self.requirements.extend(
                            text.into_iter()
                                .flat_map(|text| text.split(['"', '\'', '\n']))
                                .map(str::to_owned),
                        );
                    }
                }
                None if word.is_option() => {}
                None => self.requirements.push(word.text().to_owned()),
            }
        }
        Ok(Output::Nothing)
    }

    fn read(&mut self, view: &StageView<'_, '_>, path: Option<String>) {
        let text =
            path.as_ref().and_then(|path| view.context.and_then(|context| view.text_at(context, path)));
        let (Some(text), Some(path)) = (text, path) else {
            self.is_unclear = true;
            return;
        };
        for line in text.lines().map(str::trim) {
            if let Some(other) = line.strip_prefix("-r ").or_else(|| line.strip_prefix("--requirement ")) {
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                if self.requirements.len() < 10_000 {
                    self.read(
                        view,
                        Some(format!("{directory}/{}", other.trim())).filter(|other| *other != path),
                    );
                }
            } else if line.starts_with("--no-binary") {
                self.from_source = true;
            } else {
                self.requirements.push(line.to_owned());
            }
        }
    }

    fn has(&self, package: &str) -> bool {
        self.requirements.iter().any(|line| {
            let name: String = line
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                .collect();
            name.to_ascii_lowercase().replace(['_', '.'], "-") == package
        })
    }
}

/// Whether the code after `-c` calls anything but `print`: such calls may load models into a cache.
fn calls_something(step: &Step<'_, '_>) -> bool {
    let mut words = step.invocation.arguments().iter().skip_while(|word| word.raw != "-c");
    let code = words.nth(1).map(|word| word.text().replace("print(", " "));
    code.is_some_and(|code| code.contains('('))
}

fn poetry(view: &StageView<'_, '_>, step: &Step<'_, '_>, verb: &str) -> Result<Output, Reason> {
    if verb != "install" && verb != "update" && verb != "sync" {
        return Ok(Output::Nothing);
    }
    let text = view.facts.file.text;
    let in_place = text.contains("virtualenvs.create false")
        || text.contains("VIRTUALENVS_CREATE=false")
        || text.contains("VIRTUALENVS_CREATE=0");
    let in_project = text.contains("virtualenvs.in-project true")
        || text.contains("VIRTUALENVS_IN_PROJECT=true")
        || text.contains("VIRTUALENVS_IN_PROJECT=1");
    let _ = step;
    match (in_place, in_project) {
        (true, _) => Ok(Output::Nothing),
        (_, true) => Ok(Output::Folder),
        _ => Err(reasons::poetry_in_cache()),
    }
}

fn finish(view: &StageView<'_, '_>, done: &Done, mut work: StageOutputs) -> Result<Recipe, Reason> {
    check_start(view)?;
    check_settings(view)?;
    check_paths(view, done, &work)?;
    let (base, packages) = base(view, done, &work)?;
    // Packages for Debian's Python do not work with the image's Python.
    work.packages.retain(|name| !PACKAGES_OF_THE_SYSTEM.contains(&name.as_str()));
    let mut copies = vec![Copy::of(view.folder.clone(), "the application")];
    let mut recipe = Recipe {
        language: "Python",
        base,
        has_shell: true,
        packages,
        keeps_fetching: true,
        ..Recipe::default()
    };
    match &done.environment {
        Some(path) if paths::within(path, &view.folder) => {}
        Some(path) => copies.insert(0, Copy::of(path.clone(), "the installed packages")),
        None => {
            copies.insert(0, Copy::of(ENVIRONMENT, "the installed packages"));
            let path = format!("ENV PATH={ENVIRONMENT}/bin:$PATH");
            recipe.at_start = vec![format!("RUN python -m venv {ENVIRONMENT}").into(), path.clone().into()];
            recipe.runtime = vec![path.into()];
        }
    }
    Ok(Recipe { copies, work, ..recipe })
}

/// Checks that the image starts an application in a folder of its own by the name of a program.
fn check_start(view: &StageView<'_, '_>) -> Result<(), Reason> {
    if is_shared_folder(&view.folder) {
        return Err(reasons::shared_directory(&view.folder));
    }
    let program = view.start.words().first().copied().unwrap_or_default();
    if program.starts_with("/usr/") || program.ends_with(".py") {
        return Err(reasons::started_by_path(program));
    }
    Ok(())
}

/// Checks that no instruction depends on where the image's own Python has its packages.
fn check_settings(view: &StageView<'_, '_>) -> Result<(), Reason> {
    for item in view.stage.items.clone() {
        let Item::Instruction(instruction) = &view.facts.file.items[item] else { continue };
        if ["site-packages", "dist-packages"].iter().any(|name| instruction.arguments().contains(name)) {
            return Err(reasons::names_site_packages());
        }
        let Body::Env(all) = &instruction.body else { continue };
        let drops_path = all.iter().any(|assignment| {
            assignment.key == "PATH" && !assignment.value.as_deref().unwrap_or_default().contains("PATH")
        });
        if drops_path {
            return Err(reasons::path_dropped());
        }
    }
    Ok(())
}

/// Checks that the packages are found by the same names as before, and that the build writes nothing
/// elsewhere.
fn check_paths(view: &StageView<'_, '_>, done: &Done, work: &StageOutputs) -> Result<(), Reason> {
    if done.runs_project
        && let Some((path, file)) = named_elsewhere(view, work)
    {
        return Err(reasons::may_write_elsewhere(&file, &path));
    }
    match &done.environment {
        None => {
            let replaced = replaced_path(view).map(|(how, who)| reasons::replaces_path(&who, how));
            let named = || named_by_path(view, done).map(|(path, file)| reasons::named_by_path(&file, &path));
            replaced.or_else(named).map_or(Ok(()), Err)
        }
        Some(path) if !view.facts.file.text.contains(&format!("{path}/bin")) => {
            Err(reasons::packages_outside(path))
        }
        Some(_) => Ok(()),
    }
}

/// The image of the runtime stage, and the system packages that the application needs there.
fn base(
    view: &StageView<'_, '_>,
    done: &Done,
    work: &StageOutputs,
) -> Result<(String, Vec<RequiredPackage>), Reason> {
    let (full, slim) = (view.written_image(), view.slim());
    let scripts = view.scripts();
    let installed: Vec<&str> = work.packages.iter().map(String::as_str).collect();
    let lacks = may_lack_files(view, &installed);
    let full_for = NEEDS_FULL_IMAGE.iter().find(|package| done.has(package));
    let fits_slim = slim != full && !done.is_unclear && lacks.is_none() && full_for.is_none();
    match &scripts {
        Some(scripts) if fits_slim => Ok((slim, packages_on_slim(view, done, scripts))),
        _ if is_full(view.image) && !compiles(view.facts, view.stage) => Err(match (full_for, lacks) {
            (Some(package), _) => reasons::needs_full_image(package),
            (None, Some(reason)) => reason,
            (None, None) if done.is_unclear => reasons::unreadable_requirements(),
            (None, None) => reasons::start_script_unknown(),
        }),
        _ => Ok((full, packages_on_full(view, work, scripts.as_deref()))),
    }
}

/// What the slim image lacks: the libraries of installed packages, time zones, and the programs that
/// scripts and sources call.
fn packages_on_slim(view: &StageView<'_, '_>, done: &Done, scripts: &[&str]) -> Vec<RequiredPackage> {
    let mut packages = Vec::new();
    for (package, libraries) in LIBRARIES.iter().filter(|(package, _)| done.has(package)) {
        let why = || format!("{package} links or calls it");
        packages.extend(libraries.iter().map(|library| RequiredPackage::of(library, why())));
    }
    if done.from_source && done.has("lxml") {
        let libraries = ["libxml2", "libxslt1.1"];
        packages.extend(libraries.map(|name| RequiredPackage::of(name, "lxml is compiled from source")));
    }
    packages.extend(view.time_zones());
    packages.extend(programs::by_scripts(scripts));
    packages.extend(programs::by_start(view));
    packages.extend(programs::by_sources(view));
    packages.retain(|need| need.package != "python3");
    packages
}

/// What an image with compilers needs: the program that compiles catalogs of translations, if the
/// file installs it and it may be called at run time.
fn packages_on_full(
    view: &StageView<'_, '_>,
    work: &StageOutputs,
    scripts: Option<&[&str]>,
) -> Vec<RequiredPackage> {
    let needs = programs::by_start(view).into_iter().chain(programs::by_sources(view));
    let mut needs = needs.chain(programs::by_scripts(scripts.unwrap_or_default()));
    let may_translate = scripts.is_none() || needs.any(|need| need.package == "gettext");
    let kept = work.packages.iter().filter(|name| may_translate && *name == "gettext");
    kept.map(|name| RequiredPackage::of(name, "translation catalogs may be compiled at run time")).collect()
}

/// How, and in which file, programs are searched on another path than that of the image, which has the
/// environment's programs.
fn replaced_path(view: &StageView<'_, '_>) -> Option<(&'static str, String)> {
    let is_login = |word: &&str| matches!(*word, "-l" | "-lc" | "-cl" | "--login");
    if ["bash", "sh", "su"].iter().any(|shell| view.start.names(shell))
        && view.start.words().iter().any(is_login)
    {
        return Some(("a login shell", "the start command".to_owned()));
    }
    let context = view.context?;
    let is_read_by_people =
        |path: &str| [".md", ".rst", ".adoc", ".html"].iter().any(|end| path.ends_with(end));
    let is_asked = |path: &str| {
        let is_dockerfile = path.to_ascii_lowercase().contains("dockerfile");
        context.sends_file(path) && !is_dockerfile && !is_read_by_people(path)
    };
    let replaces = |line: &str| {
        let keeps = line.contains("$PATH") || line.contains("${PATH");
        REPLACING_THE_PATH.iter().find(|call| !keeps && line.contains(**call)).copied()
    };
    context.texts.iter().filter(|(path, _)| is_asked(path)).find_map(|(file, text)| {
        // Most texts have none of them in any line.
        REPLACING_THE_PATH.iter().find(|call| text.contains(**call))?;
        Some((text.lines().find_map(replaces)?, file.clone()))
    })
}

/// A file that calls the image's own Python, or a program of an installed package, by its path: with
/// an environment, the packages are elsewhere.
fn named_by_path(view: &StageView<'_, '_>, done: &Done) -> Option<(String, String)> {
    const PROGRAMS: &str = "/usr/local/bin/";
    let context = view.context?;
    let is_other = |path: &str| path.to_ascii_lowercase().contains("dockerfile");
    let texts = context.texts.iter().filter(|(path, _)| !is_other(path) && context.sends_file(path));
    for (file, text) in texts {
        for (at, _) in text.match_indices(PROGRAMS) {
            let rest = &text[at + PROGRAMS.len()..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
            let name = &rest[..end.unwrap_or(rest.len())];
            if name.starts_with("python") || done.has(name) {
                return Some((format!("{PROGRAMS}{name}"), file.clone()));
            }
        }
    }
    None
}

/// A path outside the application's folder that a source names and no copy brings: code of the
/// project that runs in the build may write there.
fn named_elsewhere(view: &StageView<'_, '_>, work: &StageOutputs) -> Option<(String, String)> {
    let context = view.context?;
    let texts = context.texts.iter().filter(|(path, _)| path.ends_with(".py") && context.sends_file(path));
    for (file, text) in texts {
        for quoted in text.split(['"', '\'']).filter(|quoted| quoted.starts_with('/')) {
            let is_elsewhere = OF_APPLICATIONS.iter().any(|start| paths::within(quoted, start));
            let is_brought = paths::within(quoted, &view.folder)
                || work.paths.iter().any(|(path, _)| paths::within(quoted, path));
            if is_elsewhere && !is_brought && !quoted.contains(char::is_whitespace) {
                return Some((quoted.to_owned(), file.clone()));
            }
        }
    }
    None
}
