//! Finds the lines of `dockerfile_inline` in a Compose file.
//!
//! A YAML parser returns values without their lines, so this scanner follows the indentation of
//! block mappings. It does not understand all of YAML: the caller compares each text that it finds
//! with the parsed value.

/// The key and the keys around it.
const PATH: [&str; 2] = ["build", "dockerfile_inline"];

/// What the scanner found in a Compose file.
#[derive(Debug, Default)]
pub(super) struct Scan<'h> {
    /// The services, each with the line and column of its name, from 1.
    pub services: Vec<(String, usize, usize)>,
    /// The values of `dockerfile_inline`, in order.
    pub values: Vec<Value<'h>>,
}

/// A value of `dockerfile_inline`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value<'h> {
    /// The service.
    pub service: String,
    /// The line and column of the key, from 1.
    pub place: (usize, usize),
    /// The anchors on it and on the mappings around it.
    pub anchors: Vec<&'h str>,
    /// Its lines, if it is a literal block scalar.
    pub block: Option<Block>,
}

/// The lines of a literal block scalar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The text.
    pub text: String,
    /// The number of lines of the file before its first line.
    pub lines_before: usize,
    /// The byte at which its first line starts.
    pub start: usize,
    /// The number of blanks before its text.
    pub indentation: usize,
    /// Whether its header ends in CRLF.
    pub is_crlf: bool,
}

/// An open key of a block mapping.
struct Key<'h> {
    indentation: usize,
    name: String,
    anchor: Option<&'h str>,
}

/// The header of a block scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    is_literal: bool,
    /// The indentation indicator.
    indicator: Option<usize>,
    /// `-` or `+`.
    chomping: Option<char>,
}

/// A line with its line break.
struct Line<'h> {
    text: &'h str,
    start: usize,
}

impl<'h> Line<'h> {
    fn content(&self) -> &'h str {
        self.text.trim_end_matches(['\r', '\n'])
    }

    /// The number of blanks before its text; `None` if there is no text.
    fn indentation(&self) -> Option<usize> {
        let content = self.content();
        let indentation = content.len() - content.trim_start_matches(' ').len();
        (indentation < content.len()).then_some(indentation)
    }
}

/// Scans a Compose file.
pub(super) fn scan(host: &str) -> Scan<'_> {
    let mut start = 0;
    let lines = host.split_inclusive('\n').map(|text| {
        let line = Line { text, start };
        start += text.len();
        line
    });
    let lines: Vec<Line<'_>> = lines.collect();
    let mut scan = Scan::default();
    let mut open: Vec<Key<'_>> = Vec::new();
    let mut number = 0;
    while let Some(line) = lines.get(number) {
        number += 1;
        let Some(indentation) = line.indentation() else { continue };
        let code = &line.content()[indentation..];
        // The first line may start with a byte-order mark.
        let code = code.trim_start_matches('\u{feff}');
        if code.starts_with('#') {
            continue;
        }
        open.retain(|key| key.indentation < indentation);
        let (of_items, code) = without_dashes(code);
        let key = key(code);
        let value = key.as_ref().map_or(code, |(_, value)| value);
        let (anchor, value) = without_properties(value);
        // An item of a sequence without a key belongs to the sequence.
        let parent = match key {
            Some(_) => indentation + of_items,
            None => indentation + of_items.saturating_sub(1),
        };
        let header = header(value);
        let block = header.map(|header| block(&lines, number, header, parent));
        if let Some((name, _)) = key
            && of_items == 0
        {
            open.push(Key { indentation, name, anchor });
            let names: Vec<&str> = open.iter().map(|key| key.name.as_str()).collect();
            match names[..] {
                ["services", service] => {
                    scan.services.push((service.to_owned(), number, indentation + 1));
                }
                ["services", service, build, inline] if [build, inline] == PATH => {
                    let is_literal = header.is_some_and(|header| header.is_literal);
                    let block = block.as_ref().filter(|_| is_literal).map(|(text, indentation, _)| Block {
                        text: text.clone(),
                        lines_before: number,
                        start: line.start + line.text.len(),
                        indentation: *indentation,
                        is_crlf: line.text.ends_with("\r\n"),
                    });
                    scan.values.push(Value {
                        service: service.to_owned(),
                        place: (number, indentation + 1),
                        anchors: open.iter().filter_map(|key| key.anchor).collect(),
                        block,
                    });
                }
                _ => {}
            }
        }
        if let Some((_, _, next)) = block {
            number = next;
        }
    }
    scan
}

/// The columns before the first item of nested sequences (`- - a`), and the item.
fn without_dashes(code: &str) -> (usize, &str) {
    let mut rest = code;
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start_matches(' ');
    }
    let rest = if rest == "-" { "" } else { rest };
    (code.len() - rest.len(), rest)
}

/// A key of a block mapping, and the text after its colon.
fn key(code: &str) -> Option<(String, &str)> {
    let quote = code.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let (name, rest) = code[1..].split_once(quote)?;
        let value = rest.trim_start_matches(' ').strip_prefix(':')?;
        let is_plain = !name.contains('\\') && (value.is_empty() || value.starts_with(' '));
        return is_plain.then(|| (name.to_owned(), value.trim_start_matches(' ')));
    }
    if code.starts_with(['[', '{', '?', '&', '*', '!', '|', '>', '%', '@', '`']) {
        return None;
    }
    let (name, value) = match code.split_once(": ") {
        Some((name, value)) => (name, value),
        None => (code.strip_suffix(':')?, ""),
    };
    (!name.contains(" #")).then(|| (name.trim_end().to_owned(), value.trim_start_matches(' ')))
}

/// The anchor of a value, and the value without its anchor and tag.
fn without_properties(value: &str) -> (Option<&str>, &str) {
    let (mut anchor, mut rest) = (None, value);
    while rest.starts_with(['&', '!']) {
        let (property, value) = rest.split_once(' ').unwrap_or((rest, ""));
        anchor = property.strip_prefix('&').or(anchor);
        rest = value.trim_start_matches(' ');
    }
    (anchor, rest)
}

/// The header of a block scalar: `|`, `|2-`, `>+ # a comment`.
fn header(value: &str) -> Option<Header> {
    let is_literal = value.starts_with('|');
    let rest = value.strip_prefix(['|', '>'])?;
    let (indicators, comment) = rest.split_once(' ').unwrap_or((rest, ""));
    if !comment.trim_start().is_empty() && !comment.trim_start().starts_with('#') {
        return None;
    }
    let (mut indicator, mut chomping) = (None, None);
    for c in indicators.chars() {
        match c {
            '1'..='9' if indicator.is_none() => indicator = c.to_digit(10).map(|digit| digit as usize),
            '+' | '-' if chomping.is_none() => chomping = Some(c),
            _ => return None,
        }
    }
    Some(Header { is_literal, indicator, chomping })
}

/// The text of the block scalar that starts at a line, its indentation, and the line after it.
fn block(lines: &[Line<'_>], first: usize, header: Header, parent: usize) -> (String, usize, usize) {
    let own = || lines[first..].iter().find_map(Line::indentation).unwrap_or_default();
    let indentation = header.indicator.map_or_else(own, |indicator| parent + indicator).max(parent + 1);
    let belongs = |line: &&Line<'_>| line.indentation().is_none_or(|own| own >= indentation);
    let all: Vec<&Line<'_>> = lines[first..].iter().take_while(belongs).collect();
    let next = first + all.len();
    let text_of = |line: &Line<'_>| line.content().get(indentation..).unwrap_or_default().to_owned();
    let is_broken = |line: &Line<'_>| line.text.ends_with('\n');
    let last = all.iter().rposition(|line| !text_of(line).is_empty());
    let kept = match (last, header.chomping) {
        (_, Some('+')) => &all[..],
        (Some(last), _) => &all[..=last],
        (None, _) => &[],
    };
    let mut text: String =
        kept.iter().map(|line| text_of(line) + if is_broken(line) { "\n" } else { "" }).collect();
    if header.chomping == Some('-') && text.ends_with('\n') {
        text.pop();
    }
    (text, indentation, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(host: &str) -> Vec<(String, Option<String>)> {
        let values = scan(host).values.into_iter();
        values.map(|value| (value.service, value.block.map(|block| block.text))).collect()
    }

    fn text(header: &str, lines: &str) -> Option<String> {
        let host = format!("services:\n  a:\n    build:\n      dockerfile_inline: {header}\n{lines}");
        texts(&host).pop().and_then(|(_, text)| text)
    }

    #[test]
    fn the_text_of_a_block_depends_on_its_header() {
        let lines = "        FROM a\n\n          RUN b\n\n    image: x\n";
        let body = "FROM a\n\n  RUN b";
        assert_eq!(text("|", lines).as_deref(), Some("FROM a\n\n  RUN b\n"));
        assert_eq!(text("|-", lines).as_deref(), Some(body));
        assert_eq!(text("|+  # c", lines).as_deref(), Some("FROM a\n\n  RUN b\n\n"));
        assert_eq!(text("&b !!str |1-", lines).as_deref(), Some(" FROM a\n\n   RUN b"));
        assert_eq!(text("|", lines.trim_end_matches("\n\n    image: x\n")).as_deref(), Some(body));
        assert_eq!(text("|", &lines.replace('\n', "\r\n")).as_deref(), Some("FROM a\n\n  RUN b\n"));
        for header in [">", "FROM a", "'FROM a'", "|x", "*b", "| FROM a"] {
            assert_eq!(text(header, lines), None, "{header}");
        }
        assert_eq!(text("|", "    image: x\n").as_deref(), Some(""));
    }

    #[test]
    fn only_services_are_searched() {
        let block = "build:\n      dockerfile_inline: |\n        FROM a\n";
        let host = format!(
            "\u{feff}x-a:\n  c:\n    {block}\nservices: # all\n  'a b':\n    {block}  \"c\":\n    labels:\n    - x: |\n        services:\n          no:\n            {block}\n    build: &x\n      # dockerfile_inline: |\n      dockerfile_inline: >\n        FROM b\n  d: {{build: {{dockerfile_inline: FROM d}}}}\n"
        );
        assert_eq!(texts(&host), [("a b".into(), Some("FROM a\n".into())), ("c".into(), None)]);
        let scan = scan(&host);
        assert_eq!(scan.values[1].anchors, ["x"]);
        let names: Vec<&str> = scan.services.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["a b", "c", "d"]);
        assert_eq!((scan.services[0].1, scan.values[0].place), (8, (10, 7)));
    }
}
