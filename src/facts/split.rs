//! How a stage that builds and runs can be taken apart: what the image that runs is made from, what it gets of the build, and
//! which instructions are its own.
//!
//! A recipe (one file a language in `split/`) says what its tools leave and which image runs it; everything else is the same for
//! all: what the other commands leave (`work`), what is started (`start`), which system packages run (`libraries`), and how the
//! instructions are divided (`layout`). Only the last stage of a file is looked at, the one that ships.

mod alpine;
mod assets;
mod bare;
mod c;
mod called;
mod dotnet;
mod go;
mod java;
mod jre;
mod layout;
mod libraries;
mod node;
mod php;
mod production;
mod pruning;
mod python;
mod ruby;
mod rust;
mod slim;
mod start;
mod system;
mod work;

use crate::context::{BuildContext, Proven, Surroundings};
use crate::facts::base_image::ImageName;
use crate::facts::{Base, FURTHEST, Facts, Stage};
use crate::span::Span;
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Item};

pub use layout::BUILD_VARIABLES;
pub use libraries::{Fate, fate};
pub use production::Omission;
pub use pruning::Prune;
pub use slim::{SlimBase, Variant};
pub use start::Start;
pub use work::Refused;

/// One stage, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What is built and what runs it, for a person: "Go", "debian:bookworm-slim".
    pub language: &'static str,
    /// The name of the stage that builds.
    pub build: String,
    /// The name that the stage had, which is the final stage's now.
    pub name: Option<String>,
    /// The image that runs, as it is written behind FROM.
    pub base: String,
    /// Lines for the build stage right behind its FROM.
    pub at_start: Vec<Made>,
    /// Lines for the build stage behind all others.
    pub at_end: Vec<Made>,
    /// The last instruction of the build stage; what follows belongs to the stage that runs as it stands.
    pub last: usize,
    /// What the runtime stage starts with.
    pub lines: Vec<Line>,
    /// The system packages that it installs.
    pub needs: Vec<Need>,
    /// The instruction that it is about.
    pub anchor: Span,
}

/// A line that the file does not have yet, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The comment above it.
    pub comment: String,
    /// The instruction.
    pub text: String,
}

/// A system package that what runs needs, and where the need comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The package.
    pub package: String,
    /// Why, for a person.
    pub why: String,
}

impl From<&Proven> for Need {
    fn from(proven: &Proven) -> Self {
        Self::of(&proven.package, proven.why.clone())
    }
}

impl Need {
    fn of(package: &str, why: impl Into<String>) -> Self {
        Self { package: package.to_owned(), why: why.into() }
    }
}

/// One instruction of the runtime stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The same as in the build stage.
    Repeated(usize),
    /// Taken out of the build stage, with the comments above it.
    Taken(usize),
    /// New.
    Made(Made),
}

/// What a recipe says of a stage.
#[derive(Debug, Clone, Default)]
pub(in crate::facts) struct Recipe {
    /// The language, for a person.
    language: &'static str,
    /// The image that runs.
    base: String,
    /// Whether that image has a shell and a package manager like the one that builds.
    has_shell: bool,
    /// System packages that run, beyond those of the file.
    packages: Vec<Need>,
    /// Whether what fetches files and what people look with is installed again.
    keeps_fetching: bool,
    /// What is copied from the build, by one comment.
    copies: Vec<Copy>,
    /// The files of shared libraries that are copied from where Debian puts them, by name.
    libraries: Vec<String>,
    /// Lines for the build stage right behind its FROM.
    at_start: Vec<Made>,
    /// Lines for the runtime stage right behind its FROM.
    runtime: Vec<Made>,
    /// Lines for the build stage behind all others.
    at_end: Vec<Made>,
    /// Lines for the runtime stage behind the copies.
    after: Vec<String>,
    /// What the commands leave.
    work: work::Work,
}

/// Files that go from the build to the image that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::facts) struct Copy {
    /// Absolute paths, the same in both.
    paths: Vec<String>,
    /// Where the only path goes, if not to the same place.
    to: Option<String>,
    /// Why, for a person.
    reason: String,
}

impl From<String> for Made {
    /// An instruction that explains itself.
    fn from(text: String) -> Self {
        Self { comment: String::new(), text }
    }
}

impl Copy {
    fn of(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { paths: vec![path.into()], to: None, reason: reason.into() }
    }
}

/// What recipes look at.
pub(in crate::facts) struct Look<'f, 'a> {
    facts: &'f Facts<'a>,
    stage: &'f Stage,
    image: &'f ImageName,
    start: Start,
    /// The directory that the program starts in.
    folder: String,
    context: Option<&'f BuildContext>,
}

/// What a recipe answers: none where it is not about this stage.
type Answer = Option<Result<Recipe, Refused>>;

/// Whether a stage is one of a recipe's.
type IsIt = fn(&Facts<'_>, &Stage, &ImageName) -> bool;

/// What a recipe says of a stage.
type Write = fn(&Look<'_, '_>) -> Answer;

/// All recipes, the first that answers counts.
const RECIPES: &[(IsIt, Write)] = &[
    (go::is_it, go::recipe),
    (rust::is_it, rust::recipe),
    (java::is_it, java::recipe),
    (dotnet::is_it, dotnet::recipe),
    (node::is_it, node::recipe),
    (python::is_it, python::recipe),
    (ruby::is_it, ruby::recipe),
    (php::is_it, php::recipe),
    (c::is_it, c::recipe),
];

impl Facts<'_> {
    /// Whether something is built in the file's last stage that is known here.
    pub fn may_be_split(&self) -> bool {
        let Some(stage) = self.stages.last() else { return false };
        let Base::Image(image) = &stage.base else { return false };
        RECIPES.iter().any(|(is_it, _)| is_it(self, stage, image))
    }

    /// How the file's last stage can be taken apart; none where nothing is built in it, or where that is done already.
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
        let start = Start::of(self, stage);
        let folder = self
            .directory_after(stage.items.end - 1)
            .or_else(|| self.first_directory(stage))
            .ok_or_else(|| {
                (
                    from,
                    "the directory that the program starts in is not in the file; add a WORKDIR".to_owned(),
                )
            })?;
        let look = Look { facts: self, stage, image, start, folder, context: around.context().ok() };
        let recipe = RECIPES.iter().find_map(|(_, recipe)| recipe(&look));
        let mut recipe =
            recipe.unwrap_or_else(|| Err((from, "it is not clear what the build leaves".to_owned())))?;
        recipe.packages.extend(around.proven().iter().map(Need::from));
        layout::lay_out(&look, recipe)
    }

    /// The directory of an image that sets none, where no WORKDIR stands in the file. (The Dockerfiles of the official images.)
    fn first_directory(&self, stage: &Stage) -> Option<String> {
        let Base::Image(image) = &stage.base else { return None };
        let is_set = self
            .file
            .instructions()
            .any(|(item, one)| stage.items.contains(&item) && matches!(one.body, Body::Workdir(_)));
        let tag = image.tag.as_deref().unwrap_or_default();
        if !is_set && image.repository == "php" && (tag.contains("apache") || tag.contains("fpm")) {
            return Some("/var/www/html".to_owned());
        }
        let official = [
            "debian",
            "ubuntu",
            "alpine",
            "buildpack-deps",
            "gcc",
            "node",
            "python",
            "ruby",
            "rust",
            "maven",
            "eclipse-temurin",
            "openjdk",
        ];
        (!is_set && official.contains(&image.repository.as_str())).then(|| "/".to_owned())
    }

    fn start_of(&self, stage: &Stage) -> Span {
        self.file.items[stage.items.start].span()
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
                        "this RUN is run by a user who may not exist in the image that runs; build as root, and set USER behind it",
                    );
                }
                Body::Cmd(_) | Body::Entrypoint(_) => has_command = true,
                Body::From(_)
                    if one
                        .flags
                        .iter()
                        .any(|flag| flag.value.as_deref().is_some_and(|value| value.contains('$'))) =>
                {
                    return refused("the platform of the image that runs can't be told");
                }
                Body::Copy(_)
                    if one.flags.iter().any(|flag| flag.name == "parents" || flag.name == "exclude") =>
                {
                    return refused("what this copies can't be told");
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

impl Look<'_, '_> {
    /// The slim Debian image of the release that the stage is built on: what is linked there finds the same libraries.
    fn debian_slim(&self) -> Result<String, String> {
        let release = self.stage.release.as_ref().filter(|release| release.family == "debian");
        let number = release.and_then(|release| release.version.first()).or_else(|| self.default_release());
        let name = match number {
            Some(11) => "bullseye",
            Some(12) => "bookworm",
            Some(13) => "trixie",
            _ => {
                return Err(format!(
                    "which release of Debian {} is built on can't be told; name it in the tag (-bookworm)",
                    self.image.repository
                ));
            }
        };
        Ok(format!("debian:{name}-slim"))
    }

    /// The release under a tag that names none. (docker-library/official-images, the history of library/golang, library/rust and
    /// library/gcc; a tag that is built no more stays on the release of its last day.)
    fn default_release(&self) -> Option<&'static u32> {
        let tag = self.image.tag.as_deref().unwrap_or_default();
        let mut numbers = tag.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
        match (self.image.repository.as_str(), numbers.next(), numbers.next()) {
            ("golang", Some(1), Some(17 | 18)) => Some(&11),
            ("golang", Some(1), Some(19..=23)) => Some(&12),
            ("golang", Some(1), Some(25..)) => Some(&13),
            ("rust", Some(1), Some(72..=88)) => Some(&12),
            ("gcc", Some(12..=14), _) => Some(&12),
            _ => None,
        }
    }

    /// Alpine as the stage has it.
    fn alpine(&self) -> String {
        let version = self.stage.release.as_ref().map(|release| &release.version[..]).unwrap_or_default();
        let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
        if numbers.is_empty() { "alpine".into() } else { format!("alpine:{}", numbers.join(".")) }
    }
}

/// Whether an official image of a language is the one with compilers and development packages, beside which there is a slim one.
fn is_full(image: &ImageName) -> bool {
    let tag = image.tag.as_deref().unwrap_or_default();
    let others = ["slim", "alpine", "onbuild", "windows", "stretch", "jessie", "wheezy"];
    !image.pinned && !others.iter().any(|word| tag.contains(word))
}

impl Look<'_, '_> {
    /// The image behind FROM, as it is written.
    fn written_image(&self) -> String {
        match &self.facts.file.items[self.stage.items.start] {
            Item::Instruction(one) => match &one.body {
                Body::From(from) => from.image.clone(),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    /// The slim variant of the stage's image, on the same release. (docker-library/official-images, library/node and library/python: every
    /// tag that names no other variant has one.)
    fn slim(&self) -> String {
        let written = self.written_image();
        let tag = self.image.tag.as_deref().unwrap_or_default();
        if !is_full(self.image) || written.contains('@') {
            written
        } else if matches!(tag, "" | "latest") {
            format!("{}:slim", written.strip_suffix(":latest").unwrap_or(&written))
        } else {
            // Python's tags have the release last, Node's the variant.
            let release = ["-trixie", "-bookworm", "-bullseye", "-buster"]
                .into_iter()
                .find(|release| self.image.repository != "node" && written.ends_with(release));
            let version = release.and_then(|release| written.strip_suffix(release)).unwrap_or(&written);
            format!("{version}-slim{}", release.unwrap_or_default())
        }
    }

    /// The text of a file of the context, by its path in the image.
    fn text_at<'c>(&self, context: &'c BuildContext, image_path: &str) -> Option<&'c str> {
        let copies = self.stage.items.clone().filter_map(|item| self.facts.copied(item, context));
        let copies: Vec<_> = copies.collect();
        let is_it =
            |path: &str| copies.iter().any(|copied| copied.image_path(path).as_deref() == Some(image_path));
        // A file keeps its name, unless it is copied alone and gets another.
        let is_renamed = copies.iter().any(|copied| copied.destination.trim_end_matches('/') == image_path);
        let path = if is_renamed {
            context.texts.keys().map(String::as_str).find(|path| is_it(path))
        } else {
            let named = context.by_name(base_name(image_path)).map(|entry| entry.path.as_str());
            named.filter(|path| context.texts.contains_key(*path)).find(|path| is_it(path))
        };
        context.text(path?)
    }

    /// The texts of all sources with one of these endings that are sent, without tests; none where one of them was not read.
    fn sources(&self, endings: &[&str]) -> Option<Vec<&str>> {
        let context = self.context?;
        let is_test = |path: &str| path.split('/').any(|part| matches!(part, "test" | "tests"));
        let sources = context.sent().filter(|entry| {
            endings.iter().any(|ending| entry.path.ends_with(ending)) && !is_test(&entry.path)
        });
        sources.map(|entry| context.text(&entry.path)).collect()
    }

    /// The texts of the scripts that the image starts; none where one can't be read.
    fn scripts(&self) -> Option<Vec<&str>> {
        let words = self.start.words();
        let scripts =
            words.iter().filter(|word| word.ends_with(".sh") && !word.contains(char::is_whitespace));
        let find = |word: &&str| {
            let name = word.rsplit('/').next().unwrap_or(word);
            // The official images' own.
            if name == "docker-entrypoint.sh" && !word.contains('/') {
                return Some("");
            }
            let context = self.context?;
            let mut texts = context.texts.iter().filter(|(path, _)| path.rsplit('/').next() == Some(name));
            texts.next().map(|(_, text)| text.as_str()).filter(|_| texts.next().is_none())
        };
        scripts.map(find).collect()
    }

    /// The absolute path of a relative one, where no WORKDIR stands in the file and the image starts at the root.
    fn below_root(&self, item: usize, path: &str) -> Option<String> {
        self.facts.first_directory(self.stage)?;
        crate::facts::execution::normalized(&format!("/{}", self.facts.expanded(item, path)?))
    }

    /// The package of time zones, where a variable names one.
    fn time_zones(&self) -> Option<Need> {
        let set = self.facts.variable(self.stage.items.end - 1, "TZ");
        matches!(set, crate::facts::environment::Variable::Set(_))
            .then(|| Need::of("tzdata", "TZ names a time zone"))
    }

    /// The directory in force behind the build's last step.
    fn end_of_build(&self) -> String {
        let steps = self.stage.items.clone().rev();
        let mut steps = steps.filter(|&item| matches!(&self.facts.file.items[item], Item::Instruction(one) if matches!(one.body, Body::Run(_) | Body::Copy(_) | Body::Add(_))));
        steps.next().and_then(|item| self.facts.directory_after(item)).unwrap_or_default()
    }
}
