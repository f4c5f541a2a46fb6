//! Write CMD and ENTRYPOINT as JSON arrays, so that no shell starts the program.
//!
//! # Why
//! The shell in `CMD node server.js` is process 1 of the container and passes no signals on:
//! `docker stop` waits ten seconds and then kills the program. hadolint (DL3025) and `docker build
//! --check` (`JSONArgsRecommended`) warn about it.
//!
//! # Safety
//! Unsafe, since the program itself becomes process 1:
//!
//! - It gets SIGTERM and other signals. The kernel ignores those for which process 1 has no
//!   handler.
//! - It has to collect child processes that lost their parents (`docker run --init` does it).
//! - The words after the image in `docker run` become arguments of an ENTRYPOINT.
//! - A script without an interpreter in its first line no longer starts.
//!
//! # When it does nothing
//! The command needs a shell: for variables, patterns, redirections, operators, or a builtin; SHELL
//! chooses another one; or the stage has both CMD and ENTRYPOINT, whose combination would change.
//!
//! # Examples
//! ```dockerfile before
//! FROM node:20
//! COPY . /app
//! CMD exec node /app/server.js --name "My server"
//! ```
//! ```dockerfile after
//! FROM node:20
//! COPY . /app
//! CMD ["node", "/app/server.js", "--name", "My server"]
//! ```

mod words;

use crate::edit::Edits;
use crate::facts::near_error;
use crate::reasons::{self, Reason};
use crate::syntax::{Body, Form, Instruction, Keyword};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "command-array",
    applicability: Applicability::Unsafe,
    lowest: Applicability::Unsafe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("command_array.rs"),
    hadolint: &["DL3025", "JSONArgsRecommended"],
    contract: Contract::EXEC_FORM,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    let is_shell = |(_, instruction): &(usize, &Instruction<'_>)| instruction.keyword == Keyword::Shell;
    let shell = ctx.file.instructions().find(is_shell).map(|(item, _)| item);
    for stage in &ctx.facts.stages {
        let in_stage: Vec<(usize, &Instruction<'_>)> = stage
            .items
            .clone()
            .filter_map(|item| Some((item, ctx.facts.instruction_at(item)?)))
            .filter(|(_, instruction)| matches!(instruction.body, Body::Cmd(_) | Body::Entrypoint(_)))
            .collect();
        let has_both = in_stage.windows(2).any(|pair| pair[0].1.keyword != pair[1].1.keyword);
        for (item, instruction) in in_stage {
            let (Body::Cmd(Form::Shell(command)) | Body::Entrypoint(Form::Shell(command))) =
                &instruction.body
            else {
                continue;
            };
            if command.is_empty() || near_error(ctx.file, item) {
                continue;
            }
            let keyword = instruction.keyword.name();
            let array = if has_both {
                Err(reasons::with_other_command())
            } else if shell.is_some_and(|shell| shell < item) {
                Err(reasons::started_by_shell(keyword))
            } else {
                array(instruction, command)
            };
            match array {
                Ok(array) => {
                    let mut edits = Edits::new();
                    edits.replace(instruction.arguments_span(), array);
                    let title = format!("write {keyword} as a JSON array");
                    fixes.propose(Applicability::Unsafe, instruction.text, title, edits);
                }
                Err(reason) => fixes.refuse(instruction.text, reason),
            }
        }
    }
}

/// The JSON array, or why the command needs a shell.
fn array(instruction: &Instruction<'_>, command: &str) -> Result<String, Reason> {
    if !instruction.comments.is_empty() {
        return Err(reasons::comment_between(instruction.keyword.name()));
    }
    let words = words::of(command).ok_or_else(|| reasons::needs_shell(command))?;
    let quoted: Vec<String> =
        words.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
    Ok(format!("[{}]", quoted.join(", ")))
}
