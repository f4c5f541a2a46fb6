//! The check for a step that splits a stage: the build stage is the original stage without settings
//! that only concern the final image, and the final image has the original configuration.
//!
//! Whether the final image has all the files that it needs is beyond this check: real builds verify
//! that.

use std::collections::{BTreeMap, HashMap};

use crate::contract::{Contract, commands};
use crate::facts::Facts;
use crate::knowledge::languages::{BUILD_VARIABLES, IMAGE_VARIABLES};
use crate::reasons::{self, Reason};
use crate::syntax::{Assignment, Body, Instruction, Item, Keyword};

impl Contract {
    /// It splits one stage into a build stage and a runtime stage.
    pub const STAGES: Self = Self {
        chooses_base: true,
        splits: true,
        ..Self::of("stages", |old, after, known| {
            check(old, &Facts::of(after, known))?;
            Ok(None)
        })
    };
}

fn check(old: &Facts<'_>, new: &Facts<'_>) -> Result<(), Reason> {
    let ([others @ .., before], [same @ .., build, runtime]) = (&old.stages[..], &new.stages[..]) else {
        return Err(reasons::stage_count_differs());
    };
    let start =
        |facts: &Facts<'_>, stage: &crate::facts::Stage| facts.file.items[stage.items.start].span().start;
    if others.len() != same.len() || old.file.text[..start(old, before)] != new.file.text[..start(new, build)]
    {
        return Err(reasons::earlier_text_differs());
    }
    // Each step, and whether it creates a layer.
    let steps = |facts: &Facts<'_>, stage: &crate::facts::Stage| -> Vec<(bool, String)> {
        let all = facts.file.instructions().filter(|(item, _)| stage.items.contains(item));
        all.filter(|(_, instruction)| is_step(instruction))
            .map(|(_, instruction)| {
                (makes_layer(instruction), instruction.full.of(facts.file.text).trim_end().to_owned())
            })
            .collect()
    };
    // The build stage may have additional lines, and must have all the original steps in their
    // order. An ARG or SHELL after the last step that creates a layer only concerns the final
    // image, and moves there.
    let mut rest = steps(new, build).into_iter().map(|(_, step)| step);
    let mut before_steps = steps(old, before);
    let built = before_steps.iter().rposition(|(makes_layer, _)| *makes_layer).map_or(0, |at| at + 1);
    let tail = before_steps.split_off(built);
    for (_, step) in before_steps {
        if !rest.any(|other| other == step) {
            return Err(reasons::build_step_missing(&step));
        }
    }
    let mut rest = steps(new, runtime).into_iter().map(|(_, step)| step);
    for (_, step) in tail {
        if !rest.any(|other| other == step) {
            return Err(reasons::final_instruction_missing(&step));
        }
    }
    let (was, is) = (image(old, before), image(new, runtime));
    for (name, value) in &was {
        let may_be_removed = name.strip_prefix("ENV ").is_some_and(|name| BUILD_VARIABLES.contains(&name));
        match is.get(name) {
            Some(other) if other == value => {}
            None if may_be_removed => {}
            _ => return Err(reasons::setting_differs(name)),
        }
    }
    let may_be_added =
        |name: &str| name.strip_prefix("ENV ").is_some_and(|name| IMAGE_VARIABLES.contains(&name));
    if let Some(name) = is.keys().find(|name| !was.contains_key(*name) && !may_be_added(name)) {
        return Err(reasons::setting_new(name));
    }
    if runtime.name != before.name {
        return Err(reasons::stage_name_differs());
    }
    let mut comments: HashMap<&str, usize> = HashMap::new();
    for comment in commands::comments(new.file) {
        *comments.entry(comment).or_default() += 1;
    }
    for comment in commands::comments(old.file) {
        let count = comments.get_mut(comment).filter(|count| **count > 0).ok_or(reasons::comment_lost())?;
        *count -= 1;
    }
    Ok(())
}

/// A path as written, with the instructions that set its variables. A relative path is a part of an
/// earlier one.
fn with_variables(facts: &Facts<'_>, stage: &crate::facts::Stage, item: usize, path: &str) -> String {
    let mut text = path.to_owned();
    for earlier in stage.items.start..item {
        let Item::Instruction(instruction) = &facts.file.items[earlier] else { continue };
        match &instruction.body {
            Body::Arg(all) | Body::Env(all) if all.iter().any(|set| names(path, &set.key)) => {
                text += &format!("\n{} {}", instruction.keyword.name(), instruction.arguments());
            }
            Body::Workdir(_) if !path.starts_with(['/', '$']) => return String::new(),
            _ => {}
        }
    }
    text
}

/// Whether a path contains a variable.
fn names(path: &str, variable: &str) -> bool {
    path.match_indices(variable).any(|(at, _)| {
        let is_end =
            !path[at + variable.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        is_end && path[..at].ends_with(['$', '{'])
    })
}

/// Instructions that create a layer, or that set build arguments or the shell for later ones.
fn is_step(instruction: &Instruction<'_>) -> bool {
    use Keyword::{Add, Arg, Copy, Run, Shell};
    matches!(instruction.keyword, Add | Copy | Run | Shell | Arg)
}

fn makes_layer(instruction: &Instruction<'_>) -> bool {
    matches!(instruction.keyword, Keyword::Add | Keyword::Copy | Keyword::Run)
}

/// The configuration of a stage's image: one entry for each setting that a later instruction can
/// replace.
fn image(facts: &Facts<'_>, stage: &crate::facts::Stage) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for item in stage.items.clone() {
        let Item::Instruction(instruction) = &facts.file.items[item] else { continue };
        let name = instruction.keyword.name();
        let mut each = |all: &[Assignment]| {
            for assignment in all {
                settings.insert(
                    format!("{name} {}", assignment.key),
                    assignment.value.clone().unwrap_or_default(),
                );
            }
        };
        match &instruction.body {
            Body::Env(all) | Body::Label(all) => each(all),
            Body::Expose(all) | Body::Volume(all) => {
                settings.extend(all.iter().map(|value| (format!("{name} {value}"), String::new())));
            }
            Body::Workdir(path) => {
                let unknown = || with_variables(facts, stage, item, path);
                settings.insert(name.to_owned(), facts.directory_after(item).unwrap_or_else(unknown));
            }
            Body::User(_)
            | Body::Cmd(_)
            | Body::Entrypoint(_)
            | Body::Healthcheck(_)
            | Body::Stopsignal
            | Body::Shell(_) => {
                let flags: Vec<&str> =
                    instruction.flags.iter().map(|flag| flag.span.of(facts.file.text)).collect();
                settings.insert(name.to_owned(), format!("{} {}", flags.join(" "), instruction.arguments()));
            }
            _ => {}
        }
    }
    // The user is root unless an instruction changes it.
    settings.retain(|name, value| name != "USER" || !matches!(value.trim(), "root" | "0"));
    settings
}
