//! Which scripts have pipelines, and what keeps them from running in bash with `-o pipefail`.

use crate::facts::{Invocation, RunFacts};
use crate::knowledge::lists::programs::READING_ONLY_A_PART;
use crate::reasons::{self, Reason};
use crate::syntax::shell::{Command, List, Statement};
use crate::syntax::{Body, Instruction, Run};
use crate::transform::Context;

/// Whether a command of the script gets the output of another one.
pub(super) fn has_pipeline(run: &RunFacts<'_>) -> bool {
    let Some(script) = run.script() else { return false };
    let is_piped = |list: &List| {
        list.statements.iter().flat_map(Statement::pipelines).any(|pipeline| pipeline.commands.len() > 1)
    };
    let mut found = is_piped(&script.list);
    script.list.walk(&mut |command: &Command| found |= command.lists().any(is_piped));
    found
}

/// Whether an instruction is a SHELL with the option.
pub(super) fn sets_pipefail(instruction: &Instruction<'_>) -> bool {
    matches!(&instruction.body, Body::Shell(words) if words.iter().any(|word| word == "pipefail"))
}

/// Why a script may do something else in the other shell.
pub(super) fn objection(ctx: &Context<'_>, run: &RunFacts<'_>) -> Option<Reason> {
    // An array is not for a shell.
    if matches!(&run.instruction.body, Body::Run(Run::Exec(_))) {
        return None;
    }
    if ctx.facts.extensible(run).is_none() {
        return Some(reasons::unreadable_for_other_shell());
    }
    // A substitution may have a pipeline, too.
    let has_pipe = run.instruction.logical.text.contains('|');
    if let Some(part) = run.invocations.iter().find(|part| has_pipe && ends_early(part)) {
        return Some(reasons::ends_pipeline_early(part.program.unwrap_or("a program")));
    }
    let is_other_echo = |echo: &&Invocation<'_>| {
        echo.is("echo")
            && echo.arguments().iter().any(|word| word.raw.contains('\\') || word.raw.starts_with('-'))
    };
    run.invocations.iter().find(is_other_echo).map(|_| reasons::echo_of_other_shell())
}

/// Whether a command may end before it has read all of its input, or is ended by its reader.
fn ends_early(part: &Invocation<'_>) -> bool {
    let Some(program) = part.program else { return true };
    let has = |part_of_script: &[&str]| {
        part.arguments().iter().any(|word| part_of_script.iter().any(|text| word.raw.contains(text)))
    };
    match program {
        "sed" => has(&["q", "Q"]),
        "awk" | "gawk" | "mawk" => has(&["exit"]),
        program => READING_ONLY_A_PART.contains(&program),
    }
}
