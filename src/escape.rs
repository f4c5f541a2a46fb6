//! Makes foreign text safe to print: characters that move the cursor, change the text direction or
//! are invisible are shown as `\u{1b}`, and commands of CI services are broken up. This module does
//! not escape Markdown.

use std::borrow::Cow;

/// A text for a single line: line breaks are escaped as well.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, false)
}

/// A text of several lines.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, true)
}

fn escaped(text: &str, keeps_breaks: bool) -> Cow<'_, str> {
    let is_plain = |c: char| !is_hidden(c) || c == '\n' && keeps_breaks;
    if text.chars().all(is_plain) && !text.contains("##[") && !has_command(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            shown.push_str(if keeps_breaks { "\n" } else { "\\u{a}" });
        }
        // Windows line endings also end a line.
        let line = if keeps_breaks { line.strip_suffix('\r').unwrap_or(line) } else { line };
        let mut rest = line;
        // GitHub's runner interprets a line that starts with `::`, and `##[` anywhere in a line.
        // (actions/runner, `ActionCommand.cs`.)
        if (number == 0 || keeps_breaks) && line.trim_start().starts_with("::") {
            let start = line.len() - line.trim_start().len();
            line[..start].chars().for_each(|c| push(&mut shown, c));
            shown.push_str("\\u{3a}");
            rest = &line[start + 1..];
        }
        let mut parts = rest.split("##[");
        parts.next().into_iter().flat_map(str::chars).for_each(|c| push(&mut shown, c));
        for part in parts {
            shown.push_str("##\\u{5b}");
            part.chars().for_each(|c| push(&mut shown, c));
        }
    }
    Cow::Owned(shown)
}

fn has_command(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("::"))
}

fn push(shown: &mut String, c: char) {
    if is_hidden(c) {
        shown.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
    } else {
        shown.push(c);
    }
}

/// Whether a character is invisible or has a hidden effect: controls except the tab, bidirectional
/// marks and embeddings, line separators, zero-width characters, and tags. (Unicode, "Bidirectional
/// Algorithm" and the property `Default_Ignorable_Code_Point`.)
pub fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\t'
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_shown() {
        assert_eq!(line("RUN a\t« é »"), "RUN a\t« é »");
        assert_eq!(line("a\u{1b}[2Jb\r\u{202e}c\u{200b}"), "a\\u{1b}[2Jb\\u{d}\\u{202e}c\\u{200b}");
        assert_eq!(line("a\nb"), "a\\u{a}b");
        assert_eq!(lines("a\r\nb\u{9b}\n"), "a\nb\\u{9b}\n");
    }

    #[test]
    fn commands_of_a_runner_are_text() {
        assert_eq!(lines("a\n  ::add-mask::x\nb::c"), "a\n  \\u{3a}:add-mask::x\nb::c");
        assert_eq!(line("::error::x"), "\\u{3a}:error::x");
        assert_eq!(line("x ##[group]y"), "x ##\\u{5b}group]y");
    }
}
