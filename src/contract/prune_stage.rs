//! The check for a step that moves the removal of dev dependencies into a stage of its own: the
//! build stage becomes three stages with the same steps, and the final stage has one more copy.

use crate::contract::{Contract, Effect, commands};
use crate::facts::Facts;
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Dockerfile, Keyword};

impl Contract {
    /// The step that removes dev dependencies, in a stage between the install and the build.
    pub const PRUNE_STAGE: Self = Self {
        effect: Effect::FasterBuild,
        ..Self::of("prune stage", |old, after, _| {
            check(old, after)?;
            Ok(None)
        })
    };
}

/// The step that the build stage has instead.
const REMOVAL: &str = "rm -rf node_modules";

fn check(old: &Facts<'_>, after: &Dockerfile<'_>) -> Result<(), Reason> {
    let (before, new) = (stages(old.file), stages(after));
    let ([others @ .., build, last], [same @ .., base, pruned, rest, runtime]) = (&before[..], &new[..])
    else {
        return Err(reasons::stages_differ());
    };
    if others != same || base.image != build.image || rest.name != build.name || runtime.name != last.name {
        return Err(reasons::stages_differ());
    }
    if [&pruned.image, &rest.image].into_iter().any(|image| base.name.as_ref() != Some(image)) {
        return Err(reasons::stages_differ());
    }
    let mut steps: Vec<&Step> = base.steps.iter().chain(&rest.steps).collect();
    let at = steps.iter().rposition(|step| step.is_run(REMOVAL)).ok_or(reasons::instruction_new())?;
    let [prune] = &pruned.steps[..] else { return Err(reasons::instruction_new()) };
    steps[at] = prune;
    if !steps.into_iter().eq(&build.steps) {
        return Err(reasons::instruction_moved());
    }
    let from = format!("--from={}", pruned.name.as_deref().unwrap_or_default());
    let is_new = |step: &&Step| {
        step.keyword == Keyword::Copy
            && step.text.contains(&from)
            && step.text.trim_end().ends_with("/node_modules")
    };
    let mut kept = runtime.steps.iter().collect::<Vec<_>>();
    let at = kept.iter().position(is_new).ok_or(reasons::instruction_missing(&from))?;
    kept.remove(at);
    if !kept.into_iter().eq(&last.steps) {
        return Err(reasons::instruction_moved());
    }
    let mut kept = commands::comments(after);
    let mut is_kept = |comment: &&str| {
        let at = kept.iter().position(|other| other == comment);
        at.map(|at| kept.swap_remove(at)).is_some()
    };
    if commands::comments(old.file).iter().all(&mut is_kept) { Ok(()) } else { Err(reasons::comment_lost()) }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Stage {
    image: String,
    name: Option<String>,
    steps: Vec<Step>,
}

#[derive(Debug, PartialEq, Eq)]
struct Step {
    keyword: Keyword,
    text: String,
}

impl Step {
    fn is_run(&self, script: &str) -> bool {
        self.keyword == Keyword::Run
            && self.text.split_once(' ').is_some_and(|(_, text)| text.trim() == script)
    }
}

fn stages(file: &Dockerfile<'_>) -> Vec<Stage> {
    let mut stages = vec![Stage::default()];
    for (_, instruction) in file.instructions() {
        if let Body::From(from) = &instruction.body {
            stages.push(Stage { image: from.image.clone(), name: from.name.clone(), steps: Vec::new() });
            continue;
        }
        let step =
            Step { keyword: instruction.keyword, text: instruction.full.of(file.text).trim_end().to_owned() };
        stages.last_mut().expect("never empty").steps.push(step);
    }
    stages
}
