//! The syntax tree, as text.

use super::Page;
use crate::span::Span;
use crate::syntax::shell::{Command, CommandKind, Dialect, End, List, Operator, Pipeline, Script, Word};
use crate::syntax::{Body, Dockerfile, Instruction, Item, Run};

pub(super) fn print(page: &mut Page<'_>, file: &Dockerfile<'_>) {
    page.line(format!("escape {:?}", file.escape));
    for directive in &file.directives {
        page.line(format!("directive {} {:?} {:?}", range(directive.span), directive.name, directive.value));
    }
    for item in &file.items {
        let span = item.span();
        match item {
            Item::Instruction(found) => {
                page.at(span, &format!("{} {}", found.keyword.name(), range(span)), |page| {
                    instruction(page, file, found);
                });
            }
            Item::Blank(_) => page.at(span, &format!("blank {}", range(span)), |_| {}),
            Item::Comment(_) => {
                let text = span.of(file.text).trim_end();
                page.at(span, &format!("comment {} {text:?}", range(span)), |_| {});
            }
            Item::Directive(_) => page.at(span, &format!("directive {}", range(span)), |_| {}),
            Item::Error(_, reason) => page.at(span, &format!("error {} {reason}", range(span)), |_| {}),
        }
    }
}

fn range(span: Span) -> String {
    format!("{}..{}", span.start, span.end)
}

fn instruction(page: &mut Page<'_>, file: &Dockerfile<'_>, instruction: &Instruction<'_>) {
    for flag in &instruction.flags {
        let value = flag.value.as_ref().map(|value| format!(" {value:?}")).unwrap_or_default();
        page.line(format!("--{} {}{value}", flag.name, range(flag.span)));
    }
    for comment in &instruction.comments {
        page.line(format!("comment {} {:?}", range(*comment), comment.of(file.text)));
    }
    match &instruction.body {
        Body::Run(run) => body_of_run(page, run),
        Body::From(from) => {
            page.line(format!("image {} {:?}", range(from.image_span), from.image));
            if let Some(name) = &from.name {
                page.line(format!("name {name:?}"));
            }
        }
        Body::Env(all) | Body::Arg(all) | Body::Label(all) => {
            for assignment in all {
                let value = assignment.value.as_ref().map(|value| format!(" = {value:?}"));
                page.line(format!("{:?}{}", assignment.key, value.unwrap_or_default()));
            }
        }
        Body::Copy(transfer) | Body::Add(transfer) => {
            transfer.sources.iter().for_each(|source| page.line(format!("from {source:?}")));
            page.line(format!("to {:?}", transfer.destination));
        }
        _ => page.line(format!(
            "arguments {} {:?}",
            range(instruction.arguments_span()),
            instruction.arguments()
        )),
    }
    for heredoc in &instruction.heredocs {
        page.line(format!("here-document {:?} {}", heredoc.name, range(heredoc.content)));
    }
}

fn body_of_run(page: &mut Page<'_>, run: &Run) {
    match run {
        Run::Exec(words) => page.line(format!("exec {words:?}")),
        Run::Shell(found) => script(page, "script", found),
        Run::Heredoc(found) => script(page, "script with here-documents", found),
        Run::Opaque(opaque) => page.line(format!("not parsed: {}", opaque.reason())),
    }
}

fn script(page: &mut Page<'_>, what: &str, script: &Script) {
    let dialect = match script.dialect {
        Dialect::Sh => "sh",
        Dialect::Bash => "bash",
    };
    let mut text = format!("{what} {} {}", range(script.span), dialect);
    for (is_so, what) in [
        (script.exits_on_error, ", exits on errors"),
        (script.reads_startup_files, ", reads startup files"),
        (script.ends_in_comment, ", ends in a comment"),
    ] {
        text += if is_so { what } else { "" };
    }
    page.group(&text, |page| list(page, &script.list));
}

fn list(page: &mut Page<'_>, list: &List) {
    for statement in &list.statements {
        let end = match statement.end {
            End::Line => "",
            End::Semicolon(_) => " ;",
            End::Background => " &",
        };
        page.group(&format!("statement {}{end}", range(statement.span)), |page| {
            pipeline(page, "", &statement.first);
            for (operator, next) in &statement.rest {
                let operator = match operator {
                    Operator::And => "&& ",
                    Operator::Or => "|| ",
                };
                pipeline(page, operator, next);
            }
        });
    }
}

fn pipeline(page: &mut Page<'_>, operator: &str, pipeline: &Pipeline) {
    let not = if pipeline.negated { "! " } else { "" };
    for (number, piped) in pipeline.commands.iter().enumerate() {
        let before = if number == 0 { format!("{operator}{not}") } else { "| ".to_owned() };
        command(page, &before, piped);
    }
}

fn command(page: &mut Page<'_>, before: &str, command: &Command) {
    let kind = match &command.kind {
        CommandKind::Simple(_) => "simple",
        CommandKind::Subshell(_) => "subshell",
        CommandKind::Group(_) => "group",
        CommandKind::Branching(_) => "branching",
        CommandKind::Function(..) => "function",
        CommandKind::Test(_) => "test",
        CommandKind::Prefixed(_) => "prefixed",
    };
    let mut text = format!("{before}{kind} {}", range(command.span));
    match &command.kind {
        CommandKind::Simple(simple) => {
            for assignment in &simple.assignments {
                let value = assignment.value.as_ref().map_or_else(|| "(…)".to_owned(), word);
                text += &format!(" {:?} = {value}", assignment.name);
            }
            simple.words.iter().for_each(|found| text += &format!(" {}", word(found)));
        }
        CommandKind::Branching(branching) => {
            text += &branching.variable.as_ref().map(|name| format!(" sets {name:?}")).unwrap_or_default();
            branching.words.iter().for_each(|found| text += &format!(" {}", word(found)));
        }
        CommandKind::Function(name, _) => text += &format!(" {name:?}"),
        _ => {}
    }
    for redirect in &command.redirects {
        text += match &redirect.target {
            None => " << ".to_owned(),
            Some(target) => format!(" {} {}", if redirect.writes { ">" } else { "<" }, word(target)),
        }
        .as_str();
    }
    page.group(&text, |page| {
        for substituted in command.words().flat_map(|word| &word.substitutions) {
            page.group("substitution", |page| list(page, substituted));
        }
        match &command.kind {
            CommandKind::Branching(branching) => {
                if !branching.condition.is_empty() {
                    page.group("condition", |page| list(page, &branching.condition));
                }
                for branch in &branching.branches {
                    page.group("branch", |page| list(page, branch));
                }
            }
            _ => command.lists().for_each(|inner| list(page, inner)),
        }
    });
}

/// A word; `$` before the quotes says that its value depends on an expansion.
fn word(word: &Word) -> String {
    match word.literal() {
        Some(text) => format!("{text:?}"),
        None => format!("${:?}", word.raw),
    }
}
