//! PHP: extensions are compiled once, with headers that only the compilation needs. They are
//! copied, with their configuration, into the same image. (docker-library/docs, php, "How to
//! install more PHP extensions"; docker-library/php, `docker-php-ext-install`.)

use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::php::{
    BUILDERS, DIRECTORIES_OF_EXTENSIONS, INSTALLERS_OF_EXTENSIONS, SETTINGS_OF_APACHE,
};
use crate::reasons::{self, Reason};
use crate::runtime::outputs::{Output, StageOutputs, Step};
use crate::runtime::package_role::{Role, role_of, serves_builds};
use crate::runtime::view::StageView;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps};

/// Whether a stage on PHP compiles extensions with packages that are installed only for that and
/// not removed.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    let runs = || facts.runs_of(stage.index).iter();
    let compiles = runs()
        .flat_map(|run| &run.invocations)
        .any(|invocation| ["docker-php-ext-install", "pecl"].iter().any(|tool| invocation.is(tool)));
    let calls = || runs().flat_map(|run| &run.calls);
    let headers = calls().flat_map(|call| &call.packages).any(|word| serves_builds(word.text()));
    let removes = calls().any(|call| call.manager.removes(&call.verb));
    image.repository == "php" && compiles && headers && !removes
}

/// The recipe for a PHP stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, output_of, |view, settings: &Vec<String>, work| finish(view, settings, work))
}

/// Handles a command. Commands that enable modules of Apache are collected as `settings`.
fn output_of(
    settings: &mut Vec<String>,
    view: &StageView<'_, '_>,
    step: &Step<'_, '_>,
) -> Option<Result<Output, Reason>> {
    let invocation = step.invocation;
    match invocation.program? {
        program if INSTALLERS_OF_EXTENSIONS.contains(&program) => Some(Ok(Output::Nothing)),
        "pecl" => Some(Ok(Output::Nothing)),
        // The enabled modules of Apache are symlinks in /etc, which the final stage creates again.
        program if SETTINGS_OF_APACHE.contains(&program) && invocation.place.is_certain() => {
            settings.push(format!("RUN {}", invocation.command.span.of(view.facts.file.text)));
            Some(Ok(Output::Nothing))
        }
        program if BUILDERS.contains(&program) => {
            let is_global = invocation
                .arguments()
                .iter()
                .any(|word| matches!(word.raw.as_str(), "global" | "-g" | "--global"));
            Some(match &step.directory {
                _ if is_global => Err(reasons::global_packages()),
                Some(directory) if paths::within(directory, &view.folder) => Ok(Output::Folder),
                Some(directory) => Ok(Output::Path(directory.clone())),
                None => Err(reasons::unknown_directory("a step")),
            })
        }
        _ => None,
    }
}

fn finish(view: &StageView<'_, '_>, settings: &[String], work: StageOutputs) -> Result<Recipe, Reason> {
    if view.folder == "/" || paths::within("/usr/local/lib/php", &view.folder) {
        return Err(reasons::directory_has_other_files());
    }
    let is_alpine = view.image.tag.as_deref().is_some_and(|tag| tag.contains("alpine"));
    if is_alpine {
        return Err(reasons::alpine_extensions());
    }
    let release = view.stage.release.as_ref();
    let unknown = work.packages.iter().find(|name| {
        let kept = Role::Runtime(vec![(*name).clone()]);
        name.ends_with("-dev") && role_of(name, release, view.facts.known) == kept
    });
    if let Some(name) = unknown {
        return Err(reasons::unknown_extension_library(name));
    }
    let mut copies: Vec<Copy> = vec![Copy {
        paths: DIRECTORIES_OF_EXTENSIONS.iter().map(|path| (*path).to_owned()).collect(),
        ..Copy::of("", "the extensions and their configuration")
    }];
    copies.push(Copy::of(view.folder.clone(), "the application"));
    Ok(Recipe {
        language: "PHP",
        base: view.written_image(),
        has_shell: true,
        keeps_fetching: false,
        after: settings.to_vec(),
        copies,
        work,
        ..Recipe::default()
    })
}
