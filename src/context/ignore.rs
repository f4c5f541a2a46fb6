//! `.dockerignore`: which paths a list of patterns excludes, by the rules of Docker's own matcher (moby/patternmatcher and its
//! `ignorefile` reader).
//!
//! Nothing here knows of a Dockerfile or reads a file.

/// A compiled ignore file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    /// Whether it starts with `!`: what it matches is sent after all.
    includes: bool,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// No wildcards: just this path.
    Exact(String),
    /// `**/name`, the name without wildcards: this path in any directory.
    Anywhere(String),
    /// `**.ending`, without further wildcards: any path that ends so.
    Ending(String),
    /// Anything else.
    Tokens(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`: one character but a slash.
    One,
    /// `*`: any characters but slashes.
    Star,
    /// `**` before more: nothing, or any directories.
    Directories,
    /// `**` at the end: anything.
    Rest,
    /// `[…]`: one of some ranges, or none of them.
    Class(bool, Vec<(char, char)>),
}

impl Ignore {
    /// Reads an ignore file's text. A pattern that is broken (an open `[`) excludes nothing; the builder refuses such a file.
    pub fn parse(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let lines =
            text.lines().filter(|line| !line.starts_with('#')).map(str::trim).filter(|line| !line.is_empty());
        Self { patterns: lines.filter_map(Pattern::parse).collect() }
    }

    /// Whether a path of the context is excluded: the last pattern that matches it, or a directory around it, decides.
    pub fn excludes(&self, path: &str) -> bool {
        let mut excluded = false;
        for pattern in &self.patterns {
            // Only a pattern that would change the verdict is asked.
            if pattern.includes == excluded && pattern.matches_or_parent(path) {
                excluded = !pattern.includes;
            }
        }
        excluded
    }
}

impl Ignore {
    /// Whether a pattern with `!` asks for a path, or for a directory around it.
    pub fn asks_for(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.includes && pattern.matches_or_parent(path))
    }
}

impl Pattern {
    fn parse(line: &str) -> Option<Self> {
        let (includes, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let path = clean(line);
        let path = if path.len() > 1 { path.strip_prefix('/').unwrap_or(&path) } else { &path };
        if path.is_empty() {
            return None;
        }
        let has_wildcard = |text: &str| text.contains(['*', '?', '[', '\\']);
        let shape = match path.strip_prefix("**/") {
            _ if !has_wildcard(path) => Shape::Exact(path.to_owned()),
            Some(name) if !has_wildcard(name) => Shape::Anywhere(name.to_owned()),
            _ => match path.strip_prefix("**") {
                Some(ending) if !ending.is_empty() && !has_wildcard(ending) => {
                    Shape::Ending(ending.to_owned())
                }
                _ => Shape::Tokens(tokens(path)?),
            },
        };
        Some(Self { includes, shape })
    }

    fn matches_or_parent(&self, path: &str) -> bool {
        self.matches(path) || path.match_indices('/').any(|(at, _)| self.matches(&path[..at]))
    }

    fn matches(&self, path: &str) -> bool {
        match &self.shape {
            Shape::Exact(own) => own == path,
            Shape::Anywhere(name) => path
                .strip_suffix(name.as_str())
                .is_some_and(|before| before.is_empty() || before.ends_with('/')),
            Shape::Ending(ending) => path.ends_with(ending.as_str()),
            Shape::Tokens(tokens) => fits(tokens, path),
        }
    }
}

/// `filepath.Clean`: no double slashes, no `.`, `..` taken back where there is something to take back.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", None) if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// moby/patternmatcher's `compile`; none where a class never closes.
fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        found.push(match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_none() { Token::Rest } else { Token::Directories }
            }
            '*' => Token::Star,
            '?' => Token::One,
            '\\' => Token::Char(chars.next()?),
            '[' => class(&mut chars)?,
            c => Token::Char(c),
        });
    }
    Some(found)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let mut first = chars.next()?;
        if first == ']' && !ranges.is_empty() {
            return Some(Token::Class(negated, ranges));
        }
        if first == '\\' {
            first = chars.next()?;
        }
        let last = if chars.next_if_eq(&'-').is_some() { chars.next()? } else { first };
        ranges.push((first, last));
    }
}

fn fits(tokens: &[Token], path: &str) -> bool {
    let Some((token, rest)) = tokens.split_first() else { return path.is_empty() };
    let mut chars = path.chars();
    match token {
        Token::Char(wanted) => chars.next() == Some(*wanted) && fits(rest, chars.as_str()),
        Token::One => chars.next().is_some_and(|c| c != '/') && fits(rest, chars.as_str()),
        Token::Class(negated, ranges) => {
            let within = |c: char| ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
            chars.next().is_some_and(|c| within(c) != *negated) && fits(rest, chars.as_str())
        }
        Token::Star => {
            let end = path.find('/').unwrap_or(path.len());
            path.char_indices()
                .map(|(at, _)| at)
                .chain([path.len()])
                .filter(|at| *at <= end)
                .any(|at| fits(rest, &path[at..]))
        }
        Token::Directories => {
            fits(rest, path) || path.match_indices('/').any(|(at, _)| fits(rest, &path[at + 1..]))
        }
        Token::Rest => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(text: &str, path: &str) -> bool {
        Ignore::parse(text).excludes(path)
    }

    #[test]
    fn single_patterns() {
        for (pattern, path, expected) in [
            ("a", "a", true),
            ("a", "a/b", true),
            ("a", "b/a", false),
            ("/a", "a", true),
            ("./a/", "a/b", true),
            ("a/../b", "b", true),
            ("*", "a", true),
            ("*/temp*", "x/temporary", true),
            ("*/temp*", "x/y/temp", false),
            ("*/*/temp*", "x/y/temp", true),
            ("temp?", "tempa", true),
            ("temp?", "temp/", false),
            ("**/*.go", "x.go", true),
            ("**/*.go", "a/b/x.go", true),
            ("**/node_modules", "node_modules", true),
            ("**/node_modules", "a/node_modules/b", true),
            ("**/node_modules", "a/xnode_modules", false),
            ("a/**", "a/b/c", true),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/x/y/c", true),
            ("**foo", "x/foo", true),
            ("**.pyc", "a/x.pyc", true),
            ("**.pyc", "a/x.py", false),
            ("a**", "ab/c", true),
            ("[!a]", "b", false),
            ("[a-c].txt", "b.txt", true),
            ("[^a-c].txt", "b.txt", false),
            ("a\\*b", "a*b", true),
            ("*.md", "docs/a.md", false),
            (".", "a", false),
        ] {
            assert_eq!(excluded(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn the_last_match_decides() {
        let text = "# a comment\n*.md\n!README*.md\nREADME-secret.md\n";
        assert!(excluded(text, "a.md") && excluded(text, "README-secret.md"));
        assert!(!excluded(text, "README-x.md") && !excluded(text, "# a comment"));
        let all = "*\n!src\n";
        assert!(excluded(all, "x") && !excluded(all, "src/a/b"));
        assert!(excluded("!a\na\n", "a"));
    }

    #[test]
    fn odd_texts() {
        assert!(excluded("\u{feff}a\r\n b \r\n", "a") && excluded("\u{feff}a\r\n b \r\n", "b"));
        assert!(!excluded("[a\n", "a") && !excluded("\n\n!\n", "a"));
    }
}
