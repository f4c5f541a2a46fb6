//! How a stage that builds and runs can be split: the base of the final image, the files that it
//! copies from the build, and the instructions that it keeps.
//!
//! A recipe (one module per language) finds the outputs of the language's tools and chooses the
//! final image. Everything else is shared: the outputs of other commands and the program that
//! starts (`runtime`), the system packages needed at run time (`packages`), and the division of the
//! instructions (`assemble`). Only the last stage of a file is examined, the one that ships.

use crate::context::ContextSource;
use crate::facts::base_image::{ImageName, Release};
use crate::facts::{Base, FURTHEST, Facts, Stage};
use crate::knowledge::Knowledge;
use crate::reasons::{self, Reason};
use crate::runtime::entrypoint::Entrypoint;
use crate::runtime::view::StageView;
use crate::syntax::Body;
use crate::transforms::split_stages::languages::LANGUAGES;
use crate::transforms::split_stages::recipe::{Copy, Language, Split};
use crate::transforms::split_stages::{assemble, variable_workdir};

/// The last stage of a file, if it builds programs of a known language.
pub(super) struct Candidate<'f> {
    pub(super) stage: &'f Stage,
    image: &'f ImageName,
    language: &'static Language,
}

impl<'f> Candidate<'f> {
    pub(super) fn of(facts: &'f Facts<'_>) -> Option<Self> {
        let stage = facts.stages.last()?;
        let Base::Image(image) = &stage.base else { return None };
        let language = LANGUAGES.iter().find(|language| (language.detects)(facts, stage, image))?;
        Some(Self { stage, image, language })
    }

    /// A remark if only a build has shown the release of the base image, so that it may change.
    pub(super) fn floating_release(&self, context_source: &dyn ContextSource) -> Option<String> {
        let observed = context_source.observed_release()?;
        let is_observed =
            self.stage.release.as_ref().is_some_and(|release| *release == Release::named(observed));
        let known = Release::of(self.image, Knowledge::embedded());
        (is_observed && known.is_none_or(|release| release.version.is_empty())).then(|| {
            format!("the base image has {observed} now; name the release in its tag, so that both stages change together")
        })
    }
}

/// How a stage can be split.
pub(super) fn split(
    facts: &Facts<'_>,
    candidate: &Candidate<'_>,
    context_source: &dyn ContextSource,
) -> Result<Split, Reason> {
    let Candidate { stage, image, language } = candidate;
    may_split(facts, stage)?;
    let from = facts.start_of(stage);
    let start = Entrypoint::of(facts, stage);
    let folder = facts.directory_after(stage.items.end - 1).or_else(|| facts.first_directory(stage));
    let Some(folder) = folder else {
        let split = variable_workdir::split(facts, stage, context_source);
        return split.unwrap_or_else(|| Err(no_folder(facts, stage).at(from)));
    };
    let view = StageView { facts, stage, image, start, folder, context: context_source.context().ok() };
    let mut recipe = (language.recipe)(&view)?;
    recipe.packages.extend(context_source.proven().iter().cloned());
    let files = context_source.needed_files();
    if !files.is_empty() {
        let reason = "files that the checks of the original image used".to_owned();
        recipe.copies.push(Copy { paths: files.to_vec(), to: None, reason });
    }
    assemble::assemble(&view, recipe)
}

/// Why the directory in which the program starts is unknown.
fn no_folder(facts: &Facts<'_>, stage: &Stage) -> Reason {
    let mut instructions = facts.file.instructions();
    let is_set = instructions.any(|(item, instruction)| {
        stage.items.contains(&item) && matches!(instruction.body, Body::Workdir(_))
    });
    if is_set { reasons::unknown_workdir() } else { reasons::no_workdir() }
}

/// Refuses stages that no recipe can split.
fn may_split(facts: &Facts<'_>, stage: &Stage) -> Result<(), Reason> {
    if facts.is_far_up(stage.items.start) {
        return Err(reasons::too_many_instructions(FURTHEST).at(facts.start_of(stage)));
    }
    let mut is_root = true;
    let mut has_command = false;
    for found in facts.readable(stage.items.clone()) {
        let (_, instruction) = found?;
        let refused = |reason: Reason| Err(reason.at(instruction.text));
        match &instruction.body {
            Body::Onbuild(..) => {
                return refused(reasons::onbuild_needs_builder());
            }
            Body::User(user) => is_root = matches!(user.as_str(), "root" | "0" | "root:root" | "0:0"),
            Body::Run(_) if !is_root => {
                return refused(reasons::unknown_build_user());
            }
            Body::Cmd(_) | Body::Entrypoint(_) => has_command = true,
            Body::From(_)
                if instruction
                    .flags
                    .iter()
                    .any(|flag| flag.value.as_deref().is_some_and(|value| value.contains('$'))) =>
            {
                return refused(reasons::unknown_platform());
            }
            Body::Copy(_)
                if instruction.flags.iter().any(|flag| flag.name == "parents" || flag.name == "exclude") =>
            {
                return refused(reasons::unknown_copied_files());
            }
            _ => {}
        }
    }
    if !has_command {
        return Err(reasons::nothing_started().at(facts.start_of(stage)));
    }
    Ok(())
}
