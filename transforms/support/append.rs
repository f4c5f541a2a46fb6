//! Appends commands to the script of a RUN.

use crate::edit::Edits;
use crate::facts::style::Style;
use crate::facts::{RunFacts, append, excise};
use crate::reasons::{self, Reason};
use crate::span::Span;
use crate::syntax::shell::Script;
use crate::transform::Context;

/// Appends commands to a RUN's script so that they run if and only if it succeeds. The error says
/// why that is not possible.
pub fn append_to(
    ctx: &Context<'_>,
    run: &RunFacts<'_>,
    commands: &[String],
    edits: &mut Edits,
) -> Result<(), Reason> {
    let script = ctx.facts.extensible(run).ok_or(reasons::uneditable_script())?;
    let place = append::to(run, script).map_err(cannot_append)?;
    if let Some(document) = run.instruction.document() {
        return append_to_document(ctx, (script, document.content), &place, commands, edits);
    }
    let joint = match (place.before_comment, place.operator) {
        (true, ";") => "; ".to_owned(),
        (true, operator) => format!(" {operator} "),
        (false, operator) => Style::of(ctx.facts, run.instruction).joint(operator),
    };
    let text: String = commands.iter().map(|command| format!("{joint}{command}")).collect();
    // `;#` and `)#` start a comment, and `x#` does not.
    let end = place.semicolon.map_or(place.at, |semicolon| semicolon.end);
    let rest = &ctx.file.text[end..];
    let gap = if rest.starts_with('#') { " " } else { "" };
    // Blanks at the end of the line would follow the new command.
    let code = rest.trim_start_matches([' ', '\t']);
    let is_last = code.is_empty() || code.starts_with(['\r', '\n']);
    let blanks = Span::new(end, if is_last { end + rest.len() - code.len() } else { end });
    match place.semicolon {
        // An empty line would continue with the next instruction.
        Some(semicolon) if Span::new(place.at, semicolon.start).of(ctx.file.text).contains('\n') => {
            let tail = excise::clear(run, Span::new(place.at, semicolon.end));
            edits.replace(tail.ok_or(cannot_append(reasons::comment_before_semicolon()))?, text + gap);
        }
        Some(semicolon) => {
            edits.replace(Span::new(semicolon.start, blanks.end), gap.to_owned());
            edits.insert(place.at, text);
        }
        None => edits.replace(blanks, text + gap),
    }
    Ok(())
}

/// Appends commands to the script of a here-document: on lines of their own if a failing command
/// ends the script, else to its last command.
fn append_to_document(
    ctx: &Context<'_>,
    (script, content): (&Script, Span),
    place: &append::Append,
    commands: &[String],
    edits: &mut Edits,
) -> Result<(), Reason> {
    let text = content.of(ctx.file.text);
    let (at, first) = (place.at - content.start, script.list.statements.last().map(|last| last.span.start));
    // A line that starts with `#` looks like a comment, and is none if the line above continues.
    let last_line = text[..at].rsplit('\n').next().unwrap_or_default().trim_start();
    if text[..at].ends_with(['\n', '\\']) || last_line.starts_with('#') || text[at..].contains('\\') {
        return Err(cannot_append(reasons::uneditable_script()));
    }
    let line_of = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let code = text[start..].trim_start_matches([' ', '\t']);
        (&text[start..text.len() - code.len()], code)
    };
    let (indent, _) = line_of(first.map_or(at, |first| first - content.start));
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    if place.operator == ";" {
        let added: String = commands.iter().map(|command| format!("\n{indent}{command}")).collect();
        edits.insert(content.start + end, added);
        return Ok(());
    }
    let rest = text[at..end].trim_start();
    if !matches!(rest, "" | ";") {
        return Err(cannot_append(reasons::comment_after_last_command()));
    }
    let joint = match line_of(at) {
        (indent, code) if code.starts_with("&& ") => format!(" \\\n{indent}&& "),
        // A new line would end the command, and a script seldom continues one.
        _ => " && ".to_owned(),
    };
    if let Some(semicolon) = place.semicolon {
        edits.delete(semicolon);
    }
    let added: String = commands.iter().map(|command| format!("{joint}{command}")).collect();
    edits.insert(place.at, added);
    Ok(())
}

fn cannot_append(reason: Reason) -> Reason {
    reason.after("nothing can be appended, because")
}
