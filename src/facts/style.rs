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
        let own = Lines::of(instruction.text.of(file.text));
        let leading = own.leading.or(facts.lines.leading).unwrap_or(true);
        // The lines of a package list may have another indentation than those of commands elsewhere.
        let indent = own.of_list.or(own.of_others).or_else(|| facts.lines.of_list.clone());
        let indent = indent.unwrap_or_else(|| "    ".to_owned());
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

/// How the lines of an instruction begin.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    /// Whether the operator starts the lines of a list of commands.
    leading: Option<bool>,
    /// The indentation of the last line that starts a command of the list.
    of_list: Option<String>,
    /// That of the first other line, such as one of a package list.
    of_others: Option<String>,
}

impl Lines {
    /// Of the first instruction of a file with a list across lines.
    pub(super) fn of_file(file: &Dockerfile<'_>) -> Self {
        let texts = file.instructions().map(|(_, instruction)| instruction.text.of(file.text));
        let mut long = texts.filter(|text| text.contains('\n')).map(Self::of);
        long.find(|lines| lines.leading.is_some()).unwrap_or_default()
    }

    fn of(text: &str) -> Self {
        let mut result = Self::default();
        let mut previous_ends = false;
        for (index, line) in text.lines().enumerate() {
            let code = line.trim_start();
            let starts = code.starts_with("&&");
            if index > 0 && !code.is_empty() && !code.starts_with('#') {
                let before = &line[..line.len() - code.len()];
                // Other white space, such as a lone carriage return, is part of a word to the shell.
                let indent = before.chars().all(|c| c == ' ' || c == '\t').then(|| before.to_owned());
                if starts || previous_ends {
                    result.of_list = indent;
                } else if result.of_others.is_none() {
                    // An unindented line of a package list is no example for commands.
                    result.of_others = indent.filter(|indent| !indent.is_empty());
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
        result
    }
}
