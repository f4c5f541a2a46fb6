//! Text of Dockerfiles, paths and images within Markdown and commit messages: it is escaped so that
//! no link, image, mention, issue reference or command in it takes effect. (GitHub Flavored
//! Markdown; GitHub's manual, "Linking a pull request to an issue" and "Skipping workflow runs";
//! GitLab's, "Quick actions".)

use std::borrow::Cow;

use crate::escape;

/// The longest text of a table cell or list item, in characters.
const MOST: usize = 400;

/// An invisible character that separates two characters with a special meaning.
const APART: char = '\u{200b}';

/// A title or a reason: text between backticks becomes code, the rest is plain text. Safe in a
/// table cell.
pub fn prose(text: &str) -> String {
    let text = shortened(text);
    let parts: Vec<&str> = text.split('`').collect();
    // A last, unpaired backtick starts no code.
    let has_pairs = parts.len() % 2 == 1;
    let mut shown = String::new();
    for (number, part) in parts.iter().enumerate() {
        let is_last = number + 1 == parts.len();
        if number % 2 == 1 && (has_pairs || !is_last) && !part.trim().is_empty() {
            shown += &code(part);
        } else if number % 2 == 1 && !part.is_empty() {
            shown += "\\`";
            shown += &plain(part);
            shown += if is_last { "" } else { "\\`" };
        } else {
            shown += &plain(part);
        }
    }
    shown
}

/// A code span with a sufficiently long fence. Safe in a table cell.
pub fn code(text: &str) -> String {
    let text = escape::line(text);
    if text.contains('|') {
        // A bar ends a cell even in a code span, and a backslash before it may be shown as text.
        let escaped = text.chars().map(|c| match c {
            ' ' => c.to_string(),
            c if c.is_ascii_punctuation() => format!("&#{};", u32::from(c)),
            c => c.to_string(),
        });
        return format!("<code>{}</code>", escaped.collect::<String>());
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank next to the fence is part of the fence if there is one on both sides.
    let needs_blank = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty();
    let blank = if needs_blank { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Plain text, with all Markdown escaped.
pub fn plain(text: &str) -> String {
    let text = escape::line(text);
    let mut shown = String::new();
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => shown.extend(['\\', c]),
            '<' => shown += "&lt;",
            '>' => shown += "&gt;",
            '&' => shown += "&amp;",
            // References to issues, merge requests, snippets and milestones; images.
            '#' | '!' | '$' | '%' if next.is_alphanumeric() || next == '[' || next == '"' => {
                shown.extend([c, APART]);
            }
            '@' if !before.is_alphanumeric() => shown.extend([c, APART]),
            // `https://example.org`, `www.example.org` and `GH-1` become links automatically.
            ':' if next == '/' => shown.extend([c, APART]),
            '.' if before.eq_ignore_ascii_case(&'w') => shown.extend([APART, c]),
            '-' if before.eq_ignore_ascii_case(&'h') && next.is_ascii_digit() => shown.extend([APART, c]),
            _ => shown.push(c),
        }
        before = c;
    }
    shown
}

/// Text in a commit message that closes no issue, mentions no user and skips no check.
#[cfg(any(feature = "pr", test))]
pub fn message(text: &str) -> String {
    let text = shortened(text);
    let mut shown = String::new();
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let starts_word = !before.is_alphanumeric();
        shown.push(c);
        let is_live = match c {
            // `closes #12`, `owner/name#12`, `closes !12`, `KEY-1 #done`.
            '#' => next.is_alphanumeric(),
            '!' => next.is_ascii_digit(),
            '@' => starts_word && next.is_alphanumeric(),
            // `[skip ci]`, `***NO_CI***`
            '[' => next.is_alphabetic(),
            '*' => next == '*',
            // `closes https://…/issues/12`, `skip-checks: true`
            ':' => next == '/' || shown.to_ascii_lowercase().ends_with("skip-checks:"),
            // `BREAKING CHANGE: …`, which release tools interpret.
            'g' | 'G' => matches!(next, ' ' | '-') && shown.to_ascii_lowercase().ends_with("breaking"),
            // `GH-12`
            '-' => next.is_ascii_digit() && matches!(before, 'h' | 'H'),
            _ => false,
        };
        if is_live {
            shown.push(APART);
        }
        before = c;
    }
    shown
}

/// A text shortened to fit on a line.
fn shortened(text: &str) -> Cow<'_, str> {
    let text = escape::line(text);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_code() {
        assert_eq!(code("a b"), "`a b`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\n\u{1b}"), "`a\\u{a}\\u{1b}`");
        assert_eq!(code("a\\| `b"), "<code>a&#92;&#124; &#96;b</code>");
    }

    #[test]
    fn titles_have_code_and_text() {
        assert_eq!(prose("install `curl` in one layer"), "install `curl` in one layer");
        assert_eq!(prose("a `b"), "a \\`b");
        let hostile = "`RUN x '` closes #12 [click](http://evil.example) ![i](x) @all <b> | `'`";
        assert_eq!(
            prose(hostile),
            "`RUN x '` closes #\u{200b}12 \\[click\\](http:\u{200b}//evil.example) !\u{200b}\\[i\\](x) @\u{200b}all &lt;b&gt; \\| `'`"
        );
        assert_eq!(prose("see www.a.b and GH-1"), "see www\u{200b}.a.b and GH\u{200b}-1");
    }

    #[test]
    fn messages_start_nothing() {
        let apart = |text: &str| message(text).replace('\u{200b}', "|");
        assert_eq!(apart("closes #12, o/r#3, GH-4, !5"), "closes #|12, o/r#|3, GH-|4, !|5");
        assert_eq!(apart("@all debian@sha256:1 [skip ci] x://y"), "@|all debian@sha256:1 [|skip ci] x:|//y");
        assert_eq!(apart("a[\"b\"] # c, skip-checks: true"), "a[\"b\"] # c, skip-checks:| true");
        assert_eq!(apart("BREAKING CHANGE: x, K-1 #done"), "BREAKING| CHANGE: x, K-1 #|done");
        assert_eq!(message("a\nb"), "a\\u{a}b");
    }
}
