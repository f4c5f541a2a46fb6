//! Whether people or CI services work in the image: they call compilers and other tools that no file
//! names.

use crate::context::compose::Service;
use crate::context::purpose::Purpose;
use crate::facts::{Base, Facts, Stage};
use crate::knowledge::lists::images::{FOR_DEVELOPMENT, STARTING_A_SHELL};
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Item};

/// Why the tools in the image may be called by hand or by a CI service; `None` if the image is only
/// run.
pub(crate) fn why_tools_stay(facts: &Facts<'_>) -> Option<Reason> {
    let source = facts.context_source;
    let is_for_work = |path: &&str| matches!(Purpose::of(path), Some(Purpose::Development | Purpose::Ci));
    if let Some(path) = source.dockerfile().filter(is_for_work) {
        return Some(reasons::named_for_development(path));
    }
    let describes = |path: &str| source.context().is_ok_and(|context| context.file(path).is_some());
    if ["devcontainer.json", ".devcontainer.json"].into_iter().any(describes) {
        return Some(reasons::editor_opens_image());
    }
    let stage = facts.stages.last()?;
    let image = facts.root_name(stage.index)?;
    if FOR_DEVELOPMENT.iter().any(|start| image.repository.starts_with(start)) {
        return Some(reasons::based_on_development(&image.repository));
    }
    let starts_shell = STARTING_A_SHELL.contains(&image.repository.as_str());
    let replaces = |service: &Service| {
        service.command.is_some() || service.entrypoint.is_some() || service.unparsed.is_some()
    };
    let is_started = || source.services().iter().any(replaces) || !source.runs().is_empty();
    (starts_shell && !has_command(facts, stage) && !is_started()).then(reasons::only_a_shell)
}

/// Whether a stage or one that it is built from has a command of its own.
fn has_command(facts: &Facts<'_>, stage: &Stage) -> bool {
    let is_command = |item: &Item<'_>| {
        matches!(item, Item::Instruction(instruction)
            if matches!(instruction.body, Body::Cmd(_) | Body::Entrypoint(_)))
    };
    let base = |stage: &&Stage| match stage.base {
        Base::Stage(index) => Some(&facts.stages[index]),
        _ => None,
    };
    let mut stages = std::iter::successors(Some(stage), base);
    stages.any(|stage| facts.file.items[stage.items.clone()].iter().any(is_command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{BuildContext, ContextSource};
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    /// A Dockerfile at this path of its build context, which can't be read.
    struct Named(&'static str);

    impl ContextSource for Named {
        fn context(&self) -> Result<&BuildContext, &str> {
            Err("this is a test")
        }

        fn dockerfile(&self) -> Option<&str> {
            Some(self.0)
        }
    }

    fn code_of(path: &'static str, text: &str) -> Option<&'static str> {
        let file = Dockerfile::parse(text);
        let source = Named(path);
        let facts = Facts::of(&file, Knowledge::embedded()).within(&source);
        why_tools_stay(&facts).map(|reason| reason.code())
    }

    #[test]
    fn tools_stay_where_people_work() {
        let served = "FROM python:3.12\nCMD [\"python\", \"-m\", \"app\"]\n";
        for path in ["Dockerfile.dev", "dev.Dockerfile", ".devcontainer/Dockerfile", "docker/ci/Dockerfile"] {
            assert_eq!(code_of(path, served), Some("named-for-development"), "{path}");
        }
        for path in ["Dockerfile", "Dockerfile.prod", "device/Dockerfile", "tests/Dockerfile"] {
            assert_eq!(code_of(path, served), None, "{path}");
        }
        let codespace = "FROM mcr.microsoft.com/devcontainers/base:bookworm\nCMD [\"app\"]\n";
        assert_eq!(code_of("Dockerfile", codespace), Some("based-on-development"));
    }

    #[test]
    fn a_shell_alone_is_a_place_to_work() {
        assert_eq!(code_of("Dockerfile", "FROM debian:12\nRUN true\n"), Some("only-a-shell"));
        assert_eq!(code_of("Dockerfile", "FROM debian:12 AS a\nFROM a\n"), Some("only-a-shell"));
        assert_eq!(code_of("Dockerfile", "FROM debian:12 AS a\nCMD [\"x\"]\nFROM a\n"), None);
        assert_eq!(code_of("Dockerfile", "FROM php:8-apache\nRUN true\n"), None);
    }
}
