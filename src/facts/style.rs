//! How the author breaks long commands: the position of the operator and the indentation of the
//! next line.

use crate::facts::Facts;
use crate::syntax::{Dockerfile, Instruction};

/// How commands are joined across lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Whether `&&` starts the next line. If not, it ends the previous line, before the escape
    /// character.
    pub leading: bool,
    /// The start of the next line.
    pub indent: String,
    /// The escape character.
    pub escape: char,
    /// The line break.
    pub line_break: &'static str,
}

impl Style {
    /// The style of an instruction: that of its own lines, or else of the file.
    pub fn of(facts: &Facts<'_>, instruction: &Instruction<'_>) -> Self {
        let file = facts.file;
        let own = lines(instruction.text.of(file.text));
        let leading = own.leading.or(facts.leading).unwrap_or(true);
        let indent = own.indent.unwrap_or_else(|| "    ".to_owned());
        Self { leading, indent, escape: file.escape, line_break: file.line_break() }
    }

    /// The text that joins another command with `operator` (`&&` or `;`), on a new line.
    pub fn joint(&self, operator: &str) -> String {
        let Self { leading, indent, escape, line_break } = self;
        match (operator, leading) {
            (";", _) => format!("; {escape}{line_break}{indent}"),
            (_, true) => format!(" {escape}{line_break}{indent}{operator} "),
            (_, false) => format!(" {operator} {escape}{line_break}{indent}"),
        }
    }
}

/// Whether the operator starts the lines of the first instruction with a list across lines.
pub(super) fn leading(file: &Dockerfile<'_>) -> Option<bool> {
    let mut long = file
        .instructions()
        .map(|(_, instruction)| instruction.text.of(file.text))
        .filter(|text| text.contains('\n'));
    long.find_map(|text| lines(text).leading)
}

struct Lines {
    leading: Option<bool>,
    indent: Option<String>,
}

fn lines(text: &str) -> Lines {
    let mut result = Lines { leading: None, indent: None };
    let mut previous_ends = false;
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let starts = code.starts_with("&&");
        if index > 0 && !code.is_empty() && !code.starts_with('#') {
            // The indentation of a line that continues the list, not of one that continues a
            // package list.
            if starts || previous_ends || result.indent.is_none() && result.leading.is_none() {
                let before = &line[..line.len() - code.len()];
                // Other white space, such as a lone carriage return, is part of a word to the
                // shell.
                result.indent = before.chars().all(|c| c == ' ' || c == '\t').then(|| before.to_owned());
            }
            if starts {
                result.leading = Some(true);
            } else if previous_ends && result.leading.is_none() {
                result.leading = Some(false);
            }
        }
        if !code.starts_with('#') {
            let end = line.trim_end().trim_end_matches(['\\', '`']).trim_end();
            previous_ends = end.ends_with("&&") || end.ends_with(';');
        }
    }
    // An unindented continuation is a long package list, or a habit that should not be repeated.
    result.indent = result.indent.filter(|indent| !indent.is_empty());
    result
}
