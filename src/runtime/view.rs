//! A stage as seen by the transforms that decide what its image needs at run time: the base image,
//! what the image starts, and the sources.
//!
//! Nothing is decided here: the module only finds the slim variant of the base image and the text
//! of the sources.

use crate::context::BuildContext;
use crate::context::RequiredPackage;
use crate::facts::base_image::{ImageName, Release};
use crate::facts::started::{Started, What};
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::lists::images::{OTHER_VARIANTS, RELEASES_IN_TAGS};
use crate::reasons::{self, Reason};
use crate::runtime::entrypoint::Entrypoint;
use crate::syntax::shell::base_name;
use crate::syntax::{Body, Item, Keyword};

/// The input of a recipe.
pub(crate) struct StageView<'f, 'a> {
    pub facts: &'f Facts<'a>,
    pub stage: &'f Stage,
    pub image: &'f ImageName,
    pub start: Entrypoint,
    /// The working directory in which the program starts.
    pub folder: String,
    pub context: Option<&'f BuildContext>,
}

impl StageView<'_, '_> {
    /// The slim Debian image of the release that the stage is based on, where dynamically linked
    /// programs find the same libraries.
    pub fn debian_slim(&self) -> Result<String, Reason> {
        let release = self.release().filter(|release| release.family == "debian");
        let number = release.and_then(|release| release.version.first().copied());
        let name = match number.or_else(|| self.default_release()) {
            Some(11) => "bullseye",
            Some(12) => "bookworm",
            Some(13) => "trixie",
            _ => {
                return Err(reasons::unknown_debian_release(&self.image.repository));
            }
        };
        Ok(format!("debian:{name}-slim"))
    }

    /// The release of the distribution that the stage is based on, also if its tag does not name it.
    pub fn release(&self) -> Option<Release> {
        let mut release = self.stage.release.clone()?;
        if release.family == "debian" && release.version.is_empty() {
            release.version.extend(self.default_release());
        }
        Some(release)
    }

    /// The number of Debian's release for a tag that does not name one. (docker-library/official-images, the history of
    /// library/golang, library/rust and library/gcc; a tag that is no longer built keeps the
    /// release of its last build.)
    fn default_release(&self) -> Option<u32> {
        let tag = self.image.tag.as_deref().unwrap_or_default();
        let mut numbers = tag.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
        match (self.image.repository.as_str(), numbers.next(), numbers.next()) {
            ("golang", Some(1), Some(17 | 18)) => Some(11),
            ("golang", Some(1), Some(19..=23)) => Some(12),
            ("golang", Some(1), Some(25..)) => Some(13),
            ("rust", Some(1), Some(72..=88)) => Some(12),
            ("gcc", Some(12..=14), _) => Some(12),
            _ => None,
        }
    }

    /// The Alpine image of the stage's version.
    pub fn alpine(&self) -> String {
        let version = self.stage.release.as_ref().map(|release| &release.version[..]).unwrap_or_default();
        let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
        if numbers.is_empty() { "alpine".into() } else { format!("alpine:{}", numbers.join(".")) }
    }
}

/// Whether an image is the full variant of an official language image, with compilers and
/// development packages, for which a slim variant exists.
pub fn is_full(image: &ImageName) -> bool {
    let tag = image.tag.as_deref().unwrap_or_default();
    let others = OTHER_VARIANTS;
    !image.pinned && !others.iter().any(|word| tag.contains(word))
}

impl StageView<'_, '_> {
    /// The base image, as written.
    pub fn written_image(&self) -> String {
        match &self.facts.file.items[self.stage.items.start] {
            Item::Instruction(instruction) => match &instruction.body {
                Body::From(from) => from.image.clone(),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    /// The slim variant of the stage's image, on the same release. (docker-library/official-images,
    /// library/node and library/python: every tag that does not name a variant has one.)
    pub fn slim(&self) -> String {
        let written = self.written_image();
        let tag = self.image.tag.as_deref().unwrap_or_default();
        if !is_full(self.image) || written.contains('@') {
            written
        } else if matches!(tag, "" | "latest") {
            format!("{}:slim", written.strip_suffix(":latest").unwrap_or(&written))
        } else {
            // Python's tags end with the release, Node's with the variant.
            let release = RELEASES_IN_TAGS
                .iter()
                .copied()
                .find(|release| self.image.repository != "node" && written.ends_with(release));
            let version = release.and_then(|release| written.strip_suffix(release)).unwrap_or(&written);
            format!("{version}-slim{}", release.unwrap_or_default())
        }
    }

    /// The text of a file in the build context, by its path in the image.
    pub fn text_at<'c>(&self, context: &'c BuildContext, image_path: &str) -> Option<&'c str> {
        let copies = self.stage.items.clone().filter_map(|item| self.facts.copied(item, context));
        let copies: Vec<_> = copies.collect();
        let becomes_path =
            |path: &str| copies.iter().any(|copied| copied.image_path(path).as_deref() == Some(image_path));
        // A file keeps its name, unless COPY names a single file and a new name.
        let is_renamed = copies.iter().any(|copied| copied.destination.trim_end_matches('/') == image_path);
        let path = if is_renamed {
            context.texts.keys().map(String::as_str).find(|path| becomes_path(path))
        } else {
            let named = context.by_name(base_name(image_path)).map(|entry| entry.path.as_str());
            named.filter(|path| context.texts.contains_key(*path)).find(|path| becomes_path(path))
        };
        context.text(path?)
    }

    /// The texts of all sources with one of these endings that are in the build context, without
    /// tests; `None` if one of them was not read.
    pub fn sources(&self, endings: &[&str]) -> Option<Vec<&str>> {
        let context = self.context?;
        let is_test = |path: &str| path.split('/').any(|part| matches!(part, "test" | "tests"));
        let sources = context.sent().filter(|entry| {
            endings.iter().any(|ending| entry.path.ends_with(ending)) && !is_test(&entry.path)
        });
        sources.map(|entry| context.text(&entry.path)).collect()
    }

    /// The command lines that the image starts, those of scripts that can be read included.
    pub fn started_lines(&self) -> Vec<String> {
        let health = self.start.all.iter().filter(|command| command.keyword == Keyword::Healthcheck);
        let mut lines = vec![self.start.words().join(" ")];
        lines.extend(health.map(|command| command.words.join(" ")));
        lines.extend(self.start.elsewhere.iter().map(|command| command.words.join(" ")));
        let scripts = self.scripts().into_iter().flatten().flat_map(str::lines);
        lines.extend(scripts.filter(|line| !line.starts_with('#')).map(str::to_owned));
        lines
    }

    /// The texts of the scripts that the image starts, also by cron and supervisors; `None` if one
    /// can't be read.
    pub fn scripts(&self) -> Option<Vec<&str>> {
        let mut scripts = self.scripts_of_start()?;
        let started = self.facts.started().iter();
        let started = started.filter(|script| script.stage == self.stage.index && !script.is_inline);
        if started.clone().any(|script| matches!(script.what, What::Unknown(_))) {
            return None;
        }
        scripts.extend(started.filter_map(Started::shell_text));
        Some(scripts)
    }

    fn scripts_of_start(&self) -> Option<Vec<&str>> {
        let words = self.start.words();
        let scripts =
            words.iter().filter(|word| word.ends_with(".sh") && !word.contains(char::is_whitespace));
        let find = |word: &&str| {
            let name = word.rsplit('/').next().unwrap_or(word);
            // This script is part of the official images.
            if name == "docker-entrypoint.sh" && !word.contains('/') {
                return Some("");
            }
            let context = self.context?;
            let mut texts = context.texts.iter().filter(|(path, _)| path.rsplit('/').next() == Some(name));
            texts.next().map(|(_, text)| text.as_str()).filter(|_| texts.next().is_none())
        };
        scripts.map(find).collect()
    }

    /// The absolute path for a relative one, if the file has no WORKDIR and the image starts in the
    /// root directory.
    pub fn below_root(&self, item: usize, path: &str) -> Option<String> {
        self.facts.first_directory(self.stage)?;
        crate::facts::execution::normalized(&format!("/{}", self.facts.expanded(item, path)?))
    }

    /// The time zone package, if TZ is set.
    pub fn time_zones(&self) -> Option<RequiredPackage> {
        let set = self.facts.variable(self.stage.items.end - 1, "TZ");
        matches!(set, crate::facts::environment::Variable::Set(_))
            .then(|| RequiredPackage::of("tzdata", "TZ names a time zone"))
    }

    /// Whether the directory in which the program starts may exist after the last step of the build: a
    /// later WORKDIR creates it in the final image only.
    pub fn may_build_folder(&self) -> bool {
        let name = base_name(self.folder.trim_end_matches('/'));
        let instruction = |item| self.facts.instruction_at(item);
        let is_step = |item: &usize| {
            instruction(*item)
                .is_some_and(|step| matches!(step.body, Body::Run(_) | Body::Copy(_) | Body::Add(_)))
        };
        let items = || self.stage.items.clone();
        let last = items().rev().find(is_step).unwrap_or_default();
        let is_set = |item: usize| {
            instruction(item).is_some_and(|other| matches!(other.body, Body::Workdir(_)))
                && self.facts.directory_after(item).is_none_or(|made| paths::within(&made, &self.folder))
        };
        self.facts.first_directory(self.stage).is_some()
            || items().take_while(|item| *item < last).any(is_set)
            || items().filter(is_step).filter_map(instruction).any(|step| step.logical.text.contains(name))
    }

    /// The working directory after the last step of the build.
    pub fn end_of_build(&self) -> String {
        let steps = self.stage.items.clone().rev();
        let mut steps = steps.filter(|&item| matches!(&self.facts.file.items[item], Item::Instruction(instruction) if matches!(instruction.body, Body::Run(_) | Body::Copy(_) | Body::Add(_))));
        steps.next().and_then(|item| self.facts.directory_after(item)).unwrap_or_default()
    }
}
