//! How a stage that builds and runs can be taken apart: what the image that runs is made from, what it gets of the build, and
//! which instructions are its own.
//!
//! A recipe (one file a language in `split/`) says what its tools leave and which image runs it; everything else is the same for
//! all: what the other commands leave (`work`), what is started (`start`), which system packages run (`libraries`), and how the
//! instructions are divided (`layout`). Only the last stage of a file is looked at, the one that ships.

use crate::context::Surroundings;
use crate::facts::base_image::ImageName;
use crate::facts::{Base, FURTHEST, Facts, Stage};
use crate::runtime::entrypoint::Entrypoint;
use crate::runtime::outputs::Refused;
use crate::runtime::view::StageView;
use crate::syntax::{Body, Item};
use crate::transforms::split_stages::recipe::{Answer, Split};
use crate::transforms::split_stages::{assemble, c, dotnet, go, java, node, php, python, ruby, rust};

/// Whether a stage is one of a recipe's.
type IsIt = fn(&Facts<'_>, &Stage, &ImageName) -> bool;

/// What a recipe says of a stage.
type Write = fn(&StageView<'_, '_>) -> Answer;

/// All recipes, the first that answers counts.
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
    /// Whether something is built in the file's last stage that is known here.
    pub fn may_be_split(&self) -> bool {
        let Some(stage) = self.stages.last() else { return false };
        let Base::Image(image) = &stage.base else { return false };
        RECIPES.iter().any(|(detects, _)| detects(self, stage, image))
    }

    /// How the file's last stage can be taken apart; none where no instruction builds anything in it, or where that is done already.
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

    /// What stands against splitting whatever the recipe.
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
