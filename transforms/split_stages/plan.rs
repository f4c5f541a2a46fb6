//! How a stage that builds and runs can be split: the base of the final image, the files that it
//! copies from the build, and the instructions that it keeps.
//!
//! A recipe (one module per language) finds the outputs of its tools and chooses the final image.
//! Everything else is shared: the outputs of other commands and the program that starts
//! (`runtime`), the system packages needed at run time (`packages`), and the division of the
//! instructions (`assemble`). Only the last stage of a file is examined, the one that ships.

use crate::context::Surroundings;
use crate::facts::base_image::ImageName;
use crate::facts::{Base, FURTHEST, Facts, Stage};
use crate::runtime::entrypoint::Entrypoint;
use crate::runtime::outputs::Refused;
use crate::runtime::view::StageView;
use crate::syntax::{Body, Item};
use crate::transforms::split_stages::recipe::{Answer, Split};
use crate::transforms::split_stages::{assemble, c, dotnet, go, java, node, php, python, ruby, rust};

/// Whether a recipe applies to a stage.
type IsIt = fn(&Facts<'_>, &Stage, &ImageName) -> bool;

/// A recipe's result for a stage.
type Write = fn(&StageView<'_, '_>) -> Answer;

/// All recipes; the first that applies is used.
const RECIPES: &[(IsIt, Write)] = &[
    (go::detects, go::recipe),
    (rust::detects, rust::recipe),
    (java::detects, java::recipe),
    (dotnet::detects, dotnet::recipe),
    (node::detects, node::recipe),
    (python::detects, python::recipe),
    (ruby::detects, ruby::recipe),
    (php::detects, php::recipe),
    (c::detects, c::recipe),
];

impl Facts<'_> {
    /// Whether a recipe applies to the file's last stage.
    pub fn may_be_split(&self) -> bool {
        let Some(stage) = self.stages.last() else { return false };
        let Base::Image(image) = &stage.base else { return false };
        RECIPES.iter().any(|(detects, _)| detects(self, stage, image))
    }

    /// How the file's last stage can be split; none if no instruction builds anything in it, or if
    /// it is split already.
    pub fn split(&self, around: &dyn Surroundings) -> Option<Result<Split, Refused>> {
        let stage = self.stages.last()?;
        let Base::Image(image) = &stage.base else { return None };
        self.may_be_split().then(|| self.split_stage(stage, image, around))
    }

    fn split_stage(
        &self,
        stage: &Stage,
        image: &ImageName,
        around: &dyn Surroundings,
    ) -> Result<Split, Refused> {
        self.may_split(stage)?;
        let from = self.start_of(stage);
        let start = Entrypoint::of(self, stage);
        let folder =
            self.directory_after(stage.items.end - 1).or_else(|| self.first_directory(stage)).ok_or_else(
                || (from, "the program's working directory is not in the file; add a WORKDIR".to_owned()),
            )?;
        let look = StageView { facts: self, stage, image, start, folder, context: around.context().ok() };
        let recipe = RECIPES.iter().find_map(|(_, recipe)| recipe(&look));
        let mut recipe = recipe
            .unwrap_or_else(|| Err((from, "the files that the build creates are unknown".to_owned())))?;
        recipe.packages.extend(around.proven().iter().cloned());
        assemble::lay_out(&look, recipe)
    }

    /// Refuses stages that can't be split with any recipe.
    fn may_split(&self, stage: &Stage) -> Result<(), Refused> {
        if self.is_far_up(stage.items.start) {
            return Err((self.start_of(stage), format!("the stage has more than {FURTHEST} instructions")));
        }
        let mut is_root = true;
        let mut has_command = false;
        for item in stage.items.clone() {
            let one = match &self.file.items[item] {
                Item::Instruction(one) => one,
                Item::Error(span, _) => return Err((*span, "this line can't be read".into())),
                _ => continue,
            };
            let refused = |reason: &str| Err((one.text, reason.to_owned()));
            match &one.body {
                Body::Onbuild(..) => {
                    return refused("an ONBUILD trigger is meant for an image that can build");
                }
                Body::User(user) => is_root = matches!(user.as_str(), "root" | "0" | "root:root" | "0:0"),
                Body::Run(_) if !is_root => {
                    return refused(
                        "this RUN runs as a user who may not exist in the final image; build as root, and set USER after it",
                    );
                }
                Body::Cmd(_) | Body::Entrypoint(_) => has_command = true,
                Body::From(_)
                    if one
                        .flags
                        .iter()
                        .any(|flag| flag.value.as_deref().is_some_and(|value| value.contains('$'))) =>
                {
                    return refused("the platform of the final image is unknown");
                }
                Body::Copy(_)
                    if one.flags.iter().any(|flag| flag.name == "parents" || flag.name == "exclude") =>
                {
                    return refused("the files that this copies are unknown");
                }
                _ => {}
            }
        }
        if !has_command {
            return Err((self.start_of(stage), "neither CMD nor ENTRYPOINT says what runs".into()));
        }
        Ok(())
    }
}
