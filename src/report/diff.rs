//! A unified diff for `git apply` and `patch -p1`.

use std::io::{self, Write};

use similar::{ChangeTag, TextDiff};

use crate::escape;
use crate::report::{FileReport, Format, Output};

/// `--format diff`
pub const FORMAT: Format = Format { name: "diff", alias: None, about: "A unified diff", write };

/// Writes the diffs of all changed files. A program gets the exact bytes.
fn write(out: &mut dyn Write, reports: &[FileReport], output: Output) -> io::Result<()> {
    if output.is_terminal || output.drawing.coloured {
        show(out, reports, output.drawing.coloured)
    } else {
        out.write_all(text(reports).as_bytes())
    }
}

/// Writes the diffs of all changed files for a person: invisible characters are made visible, and
/// the colours are git's if `coloured`.
fn show(out: &mut dyn Write, reports: &[FileReport], coloured: bool) -> io::Result<()> {
    for report in reports {
        for line in of_report(report).split_inclusive('\n') {
            let (text, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
            if !coloured {
                write!(out, "{}{end}", escape::line(text))?;
                continue;
            }
            write!(out, "{}{}\u{1b}[0m{end}", colour(text), escape::line(text))?;
        }
    }
    Ok(())
}

/// The diffs of all changed files for a program: the exact bytes.
pub fn text(reports: &[FileReport]) -> String {
    reports.iter().map(of_report).collect()
}

/// The diff of a Dockerfile and of the ignore file that changes with it.
fn of_report(report: &FileReport) -> String {
    let dockerfile = report.path.as_ref().zip(report.outcome.text()).map(|(path, new)| {
        header(report.top_path.as_deref(), false)
            + &of(report.top_path.as_ref().unwrap_or(path), &report.text, new)
    });
    let ignore = report.ignore_file.as_ref().map(|file| {
        let path = file.top_path.as_ref().unwrap_or(&file.path);
        header(file.top_path.as_deref(), file.old.is_none())
            + &match &file.old {
                Some(old) => of(path, old, &file.new),
                None => of_new(path, &file.new),
            }
    });
    dockerfile.into_iter().chain(ignore).collect()
}

/// The line that tells git that a path starts at the top of the repository, wherever the diff is
/// applied. (git's manual, "Generating patch text with -p".)
fn header(top_path: Option<&str>, is_new: bool) -> String {
    let Some(path) = top_path else { return String::new() };
    let side = |side: &str| in_diff(side, path).trim_end_matches('\t').to_owned();
    let mode = if is_new { "new file mode 100644\n" } else { "" };
    format!("diff --git {} {}\n{mode}", side("a"), side("b"))
}

/// The escape sequence that starts a line of a diff.
fn colour(line: &str) -> &'static str {
    match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "\u{1b}[1m",
        [b'd', b'i', b'f', b'f', ..] | [b'n', b'e', b'w', ..] => "\u{1b}[1m",
        [b'@', ..] => "\u{1b}[36m",
        [b'-', ..] => "\u{1b}[31m",
        [b'+', ..] => "\u{1b}[32m",
        _ => "",
    }
}

/// The diff of one file.
pub fn of(path: &str, old: &str, new: &str) -> String {
    unified(&in_diff("a", path), &in_diff("b", path), old, new)
}

/// The diff of a new file.
pub fn of_new(path: &str, new: &str) -> String {
    unified("/dev/null", &in_diff("b", path), "", new)
}

/// The changed lines with some context, with the changed words highlighted.
pub fn with_words(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut shown = String::new();
    for hunk in diff.unified_diff().iter_hunks() {
        shown += &format!("\u{1b}[36m{}\u{1b}[0m\n", hunk.header());
        for change in hunk.ops().iter().flat_map(|op| diff.iter_inline_changes(op)) {
            let (sign, colour, strong) = match change.tag() {
                ChangeTag::Delete => ('-', "\u{1b}[31m", "\u{1b}[1;7m"),
                ChangeTag::Insert => ('+', "\u{1b}[32m", "\u{1b}[1;7m"),
                ChangeTag::Equal => (' ', "", ""),
            };
            shown += &format!("{colour}{sign}");
            for (is_changed, text) in change.iter_strings_lossy() {
                let text = escape::line(text.trim_end_matches(['\r', '\n']));
                if is_changed && !text.is_empty() {
                    shown += &format!("{strong}{text}\u{1b}[0m{colour}");
                } else {
                    shown += &text;
                }
            }
            shown += if colour.is_empty() { "\n" } else { "\u{1b}[0m\n" };
        }
    }
    shown
}

/// The path of one side of a diff. Like git, it quotes a name with quotes, backslashes or invisible
/// characters, and adds a tab after a name with a blank, so that `patch` knows where it ends.
/// (git's manual, `core.quotePath`; quote.c.)
fn in_diff(side: &str, path: &str) -> String {
    let path = format!("{side}/{}", path.trim_start_matches('/'));
    let is_special = |c: char| matches!(c, '"' | '\\' | '\t') || escape::is_hidden(c);
    if !path.contains(is_special) {
        return if path.contains(' ') { path + "\t" } else { path };
    }
    let mut quoted = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\t' => quoted += "\\t",
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            c if is_special(c) => {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| quoted += &format!("\\{byte:03o}"));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn unified(old_name: &str, new_name: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().header(old_name, new_name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_as_git_quotes_them() {
        assert_eq!(in_diff("a", "x/Dockerfile"), "a/x/Dockerfile");
        assert_eq!(in_diff("a", "x y"), "a/x y\t");
        assert_eq!(in_diff("b", "x\n--- é\"\\\u{1b}"), "\"b/x\\n--- é\\\"\\\\\\033\"");
        assert_eq!(in_diff("b", "a\u{202e}"), "\"b/a\\342\\200\\256\"");
    }
}
