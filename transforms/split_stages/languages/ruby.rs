//! Ruby: gems with extensions in C need compilers and headers once. They are copied, with their
//! directory, to the slim image of the same interpreter. (bundler.io, `bundle config`;
//! docker-library/ruby, the Dockerfile that sets GEM_HOME.)

use crate::context::RequiredPackage;
use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::ruby::{BUILDERS, LIBRARIES, NEEDS_FULL_IMAGE, OPTIONS_TO_ELSEWHERE};
use crate::reasons::{self, Reason};
use crate::runtime::outputs::{Output, StageOutputs, Step, is_common_directory, is_shared_folder};
use crate::runtime::package_role::serves_builds;
use crate::runtime::programs;
use crate::runtime::smaller_base::may_lack_files;
use crate::runtime::view::{StageView, is_full};
use crate::syntax::{Body, Item};
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps};
use crate::transforms::support::new_instruction::NewInstruction;

/// The directory in which the official images install gems: they set GEM_HOME, and PATH contains
/// its programs.
const GEMS: &str = "/usr/local/bundle";

/// Whether a stage on Ruby installs gems and has more than the program needs at run time.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    let calls = || facts.runs_of(stage.index).iter().flat_map(|run| &run.calls);
    let installs = calls().any(|call| {
        matches!(call.manager.name.as_str(), "bundler" | "gem") && call.manager.installs(&call.verb)
    });
    let compiles = calls().flat_map(|call| &call.packages).any(|word| serves_builds(word.text()));
    image.repository == "ruby" && installs && (is_full(image) || compiles)
}

/// The recipe for a Ruby stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, Done::output_of, finish)
}

#[derive(Default)]
struct Done {
    /// Gems that are installed globally by name.
    by_name: Vec<String>,
    /// Bundler's install path, if the file sets it.
    path: Option<String>,
}

impl Done {
    fn output_of(&mut self, view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Option<Result<Output, Reason>> {
        let invocation = step.invocation;
        let program = invocation.program?;
        let words: Vec<&str> = step.operands().map(crate::syntax::shell::Word::text).collect();
        let has =
            |options: &[&str]| invocation.arguments().iter().any(|word| options.contains(&word.raw.as_str()));
        match program {
            "gem" if has(OPTIONS_TO_ELSEWHERE) => Some(Err(reasons::gem_elsewhere())),
            "gem" => {
                let names =
                    words.iter().skip(1).filter(|name| !name.starts_with(|c: char| c.is_ascii_digit()));
                if words.first() == Some(&"install") {
                    self.by_name.extend(names.map(|name| (*name).to_owned()));
                }
                Some(Ok(Output::Nothing))
            }
            "bundle" | "bundler" => Some(self.bundle(view, step, &words)),
            // A gem's program may be the application's own file in `bin/`.
            _ if BUILDERS.contains(&program) => Some(in_directory(view, step)),
            _ => None,
        }
    }

    fn bundle(
        &mut self,
        view: &StageView<'_, '_>,
        step: &Step<'_, '_>,
        words: &[&str],
    ) -> Result<Output, Reason> {
        let arguments = step.invocation.arguments();
        if arguments.iter().any(|word| word.raw.contains("use-system-libraries")) {
            return Err(reasons::gem_with_unknown_libraries());
        }
        let mut path = arguments.windows(2).find(|pair| pair[0].raw == "--path").map(|pair| pair[1].clone());
        if words.first() == Some(&"config") {
            let at = words.iter().position(|word| *word == "path");
            path = at.and_then(|at| step.operands().nth(at + 1)).cloned();
        }
        if let Some(word) = path {
            let path = step.path(view.facts, &word);
            self.path = Some(path.ok_or(reasons::unknown_bundle_path())?);
        }
        in_directory(view, step)
    }
}

fn in_directory(view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Result<Output, Reason> {
    let directory = step.directory.clone().ok_or(reasons::unknown_directory("a step"))?;
    let leaves_nothing = is_common_directory(&directory) || directory.starts_with("/tmp");
    Ok(match paths::within(&directory, &view.folder) {
        true => Output::Folder,
        false if leaves_nothing => Output::Nothing,
        false => Output::Path(directory),
    })
}

fn finish(view: &StageView<'_, '_>, done: &Done, work: StageOutputs) -> Result<Recipe, Reason> {
    if is_shared_folder(&view.folder) {
        return Err(reasons::shared_directory(&view.folder));
    }
    let folder = view.folder.trim_end_matches('/');
    let text =
        |name: &str| view.context.and_then(|context| view.text_at(context, &format!("{folder}/{name}")));
    let (gemfile, lock) = (text("Gemfile"), text("Gemfile.lock"));
    let names = names(gemfile.unwrap_or_default(), lock.unwrap_or_default());
    let has = |gem: &str| names.iter().chain(&done.by_name).any(|name| name == gem);
    let (full, slim) = (view.written_image(), view.slim());
    let scripts = view.scripts();
    let mut packages = Vec::new();
    if slim != full {
        if lock.is_none() && (gemfile.is_some() || done.by_name.is_empty()) {
            return Err(reasons::unreadable_gemfile_lock());
        }
        if let Some(gem) = NEEDS_FULL_IMAGE.iter().find(|gem| has(gem)) {
            return Err(reasons::needs_full_image(gem));
        }
        if let Some(reason) = may_lack_files(view, &[]) {
            return Err(reason);
        }
        let scripts = scripts.as_deref().ok_or(reasons::start_script_unknown())?;
        let needed = LIBRARIES.iter().filter(|(gem, _)| has(gem));
        let needed =
            needed.map(|(gem, package)| RequiredPackage::of(package, format!("{gem} links or calls it")));
        packages.extend(needed);
        // The description of a gem from a repository lists its files with git.
        if lock.is_some_and(|lock| lock.lines().any(|line| line == "GIT" || line == "PATH")) {
            packages.push(RequiredPackage::of("git", "a gem is installed from a Git repository"));
        }
        packages.extend(view.time_zones());
        packages.extend(programs::by_scripts(scripts));
        packages.extend(programs::by_start(view));
        packages.extend(programs::by_sources(view));
    }
    let mut recipe = Recipe {
        language: "Ruby",
        base: slim,
        has_shell: true,
        packages,
        keeps_fetching: true,
        ..Recipe::default()
    };
    let mut copies = Vec::new();
    let set = set(view, "BUNDLE_PATH").or_else(|| set(view, "GEM_HOME"));
    match set.or_else(|| done.path.clone()) {
        Some(path) if path.contains('$') => return Err(reasons::unknown_bundle_path()),
        Some(path) if paths::within(&path, &view.folder) || !path.starts_with('/') => {}
        Some(path) => copies.push(Copy::of(path, "the installed gems")),
        None => {
            copies.push(Copy::of(GEMS, "the installed gems"));
            recipe.at_end.extend(without_development(view, done, gemfile));
            recipe.at_end.push(NewInstruction {
                comment: "remove downloaded gem archives".into(),
                text: format!("RUN rm -rf {GEMS}/cache"),
            });
        }
    }
    copies.push(Copy::of(view.folder.clone(), "the application"));
    Ok(Recipe { copies, work, ..recipe })
}

/// Removes gems for development and tests, if the file selects production.
fn without_development(
    view: &StageView<'_, '_>,
    done: &Done,
    gemfile: Option<&str>,
) -> Option<NewInstruction> {
    let is_production =
        ["RAILS_ENV", "RACK_ENV"].iter().any(|name| set(view, name).as_deref() == Some("production"));
    let has_groups = gemfile.is_some_and(|text| text.contains(":development") || text.contains(":test"));
    let starts_by_bundle = view.start.words().first() == Some(&"bundle");
    let is_told = view.facts.file.text.contains("without") || view.facts.file.text.contains("BUNDLE_WITHOUT");
    let is_there = view.end_of_build() == view.folder;
    (is_production
        && is_there
        && has_groups
        && starts_by_bundle
        && !is_told
        && done.by_name.iter().all(|name| name == "bundler"))
    .then(|| NewInstruction {
        comment: "remove gems for development and tests".into(),
        text: "RUN bundle config set --local without 'development test' && bundle clean --force".into(),
    })
}

/// The last value that ENV gives a variable in the stage.
fn set(view: &StageView<'_, '_>, name: &str) -> Option<String> {
    let items = view.stage.items.clone().rev();
    let bodies = items.filter_map(|item| match &view.facts.file.items[item] {
        Item::Instruction(instruction) => Some(&instruction.body),
        _ => None,
    });
    let mut values = bodies.filter_map(|body| match body {
        Body::Env(all) => all
            .iter()
            .rev()
            .find(|assignment| assignment.key == name)
            .and_then(|assignment| assignment.value.clone()),
        _ => None,
    });
    values.next()
}

/// The gems that a Gemfile and its lockfile name.
fn names(gemfile: &str, lock: &str) -> Vec<String> {
    // `    pg (1.5.4)`: four spaces mean a gem, more spaces its dependencies.
    let locked =
        lock.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with(' '));
    let locked = locked.filter_map(|line| line.split_whitespace().next());
    let named = gemfile.lines().filter_map(|line| line.trim().strip_prefix("gem "));
    let named = named.filter_map(|rest| rest.trim().split(['"', '\'']).nth(1));
    locked.chain(named).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_are_read_from_both_files() {
        let lock = "GEM\n  remote: https://rubygems.org/\n  specs:\n    pg (1.5.4)\n    rack (3.0)\n      base64\n\nDEPENDENCIES\n  pg\n";
        assert_eq!(names("gem \"sinatra\", \"4\"\n  gem 'puma'\n", lock), ["pg", "rack", "sinatra", "puma"]);
    }
}
