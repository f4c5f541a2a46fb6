//! Appends commands to the script of a RUN.

use crate::edit::Edits;
use crate::facts::style::Style;
use crate::facts::{RunFacts, append, excise};
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::transform::Context;

/// Appends commands to a RUN's script so that they run if and only if it succeeds. The error says
/// why that is not possible.
pub fn append_to(
    ctx: &Context<'_>,
    run: &RunFacts<'_>,
    commands: &[String],
    edits: &mut Edits,
) -> Result<(), Reason> {
    let script = run.editable().ok_or(reasons::uneditable_script())?;
    let place = append::to(run, script).map_err(cannot_append)?;
    let joint = match (place.before_comment, place.operator) {
        (true, ";") => "; ".to_owned(),
        (true, operator) => format!(" {operator} "),
        (false, operator) => Style::of(ctx.facts, run.instruction).joint(operator),
    };
    let text: String = commands.iter().map(|command| format!("{joint}{command}")).collect();
    match place.semicolon {
        // An empty line would continue with the next instruction.
        Some(semicolon) if Span::new(place.at, semicolon.start).of(ctx.file.text).contains('\n') => {
            let tail = excise::clear(run, Span::new(place.at, semicolon.end));
            edits.replace(tail.ok_or(cannot_append(reasons::comment_before_semicolon()))?, text);
        }
        Some(semicolon) => {
            edits.delete(semicolon);
            edits.insert(place.at, text);
        }
        None => edits.insert(place.at, text),
    }
    Ok(())
}

fn cannot_append(reason: Reason) -> Reason {
    reason.after("nothing can be appended, because")
}
