//! `.dockerignore`: which paths a list of patterns excludes, by the rules of Docker's own matcher
//! (moby/patternmatcher and its `ignorefile` reader).
//!
//! Patterns with wildcards become regular expressions (`expression.rs`). This module does not depend
//! on Dockerfiles and reads no files.

mod expression;

use expression::Expression;

/// A compiled ignore file.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// Whether it starts with `!`, so that matching paths are included again.
    includes: bool,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// No wildcards: exactly this path.
    Exact(String),
    /// `**/name`, where the name has no wildcards: this path in any directory.
    Anywhere(String),
    /// `**.ending`, without further wildcards: any path with this ending.
    Ending(String),
    /// `start**`, without further wildcards: any path with this beginning.
    Starting(String),
    /// Any other pattern.
    Expression(Box<Expression>),
}

impl Ignore {
    /// Parses an ignore file. An invalid pattern (an open `[`) excludes nothing; the builder
    /// rejects such a file, and [`Ignore::broken`] finds the pattern.
    pub fn parse(text: &str) -> Self {
        Self { patterns: lines(text).filter_map(|(_, line)| Pattern::parse(line).ok().flatten()).collect() }
    }

    /// The first line with a pattern that the builder rejects or that this module does not support:
    /// its number and its text.
    pub fn broken(text: &str) -> Option<(usize, &str)> {
        lines(text).find(|(_, line)| Pattern::parse(line).is_err())
    }

    /// The number of patterns.
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Which of these paths, sorted by their bytes, are excluded. Each directory is matched only
    /// once, however many entries it has.
    pub fn excluded<'p>(&self, sorted: impl Iterator<Item = &'p str>) -> Vec<bool> {
        let mut excluded = Vec::new();
        // The parent directories of the current path, each with the patterns that match it or one
        // of its parents.
        let mut around: Vec<(&str, Vec<bool>)> = Vec::new();
        for path in sorted {
            let is_within =
                |directory: &str| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
            while around.last().is_some_and(|(directory, _)| !is_within(directory)) {
                around.pop();
            }
            let known = around.last().map_or(0, |(directory, _)| directory.len() + 1);
            for (at, _) in path[known..].match_indices('/') {
                let directory = &path[..known + at];
                let outer = around.last().map(|(_, matched)| matched.as_slice());
                let matched = self.patterns.iter().enumerate().map(|(index, pattern)| {
                    outer.is_some_and(|outer| outer[index]) || pattern.matches(directory)
                });
                let matched = matched.collect();
                around.push((directory, matched));
            }
            let outer = around.last().map(|(_, matched)| matched.as_slice());
            excluded.push(
                self.verdict(|index, pattern| {
                    outer.is_some_and(|outer| outer[index]) || pattern.matches(path)
                }),
            );
        }
        excluded
    }

    /// Whether a path of the context is excluded: the last pattern that matches it, or one of its
    /// parent directories, decides.
    pub fn excludes(&self, path: &str) -> bool {
        self.verdict(|_, pattern| pattern.matches_or_parent(path))
    }

    fn verdict(&self, matches: impl Fn(usize, &Pattern) -> bool) -> bool {
        let mut excluded = false;
        for (index, pattern) in self.patterns.iter().enumerate() {
            // Only a pattern that would change the result is matched.
            if pattern.includes == excluded && matches(index, pattern) {
                excluded = !pattern.includes;
            }
        }
        excluded
    }

    /// Whether a pattern with `!` matches a path or one of its parent directories.
    pub fn asks_for(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.includes && pattern.matches_or_parent(path))
    }
}

/// The lines of an ignore file that contain patterns, with their numbers from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    lines.map(|(index, line)| (index + 1, line.trim())).filter(|(_, line)| !line.is_empty())
}

/// A pattern that the builder rejects, or that this module does not support.
#[derive(Debug, PartialEq, Eq)]
struct Broken;

impl Pattern {
    /// Parses a line; `None` if it has no pattern.
    fn parse(line: &str) -> Result<Option<Self>, Broken> {
        let (includes, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let path = clean(line);
        let path = if path.len() > 1 { path.strip_prefix('/').unwrap_or(&path) } else { &path };
        if path.is_empty() {
            return Ok(None);
        }
        let has_wildcard = |text: &str| text.contains(['*', '?', '[', '\\']);
        let shape = match path.strip_prefix("**/") {
            _ if !has_wildcard(path) => Shape::Exact(path.to_owned()),
            Some(name) if !has_wildcard(name) => Shape::Anywhere(name.to_owned()),
            _ => match path.strip_prefix("**") {
                Some(ending) if !ending.is_empty() && !has_wildcard(ending) => {
                    Shape::Ending(ending.to_owned())
                }
                _ => match path.strip_suffix("**") {
                    Some(start) if !start.is_empty() && !has_wildcard(start) => {
                        Shape::Starting(start.to_owned())
                    }
                    _ => Shape::Expression(Box::new(Expression::of(path)?)),
                },
            },
        };
        Ok(Some(Self { includes, shape }))
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
            Shape::Starting(start) => path.starts_with(start.as_str()),
            Shape::Expression(expression) => expression.matches(path),
        }
    }
}

/// `filepath.Clean`: no double slashes, no `.`, and `..` removes the component before it, if there
/// is one.
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

    proptest::proptest! {
        #[test]
        fn many_paths_at_once_come_out_as_one_by_one(
            text in "([!]?[ab/*.]{1,5}\n){1,4}", mut paths in proptest::collection::vec("[ab.]{1,2}(/[ab.]{1,2}){0,3}", 1..9),
        ) {
            paths.sort();
            let ignore = Ignore::parse(&text);
            let one_by_one: Vec<bool> = paths.iter().map(|path| ignore.excludes(path)).collect();
            proptest::prop_assert_eq!(ignore.excluded(paths.iter().map(String::as_str)), one_by_one);
        }
    }

    #[test]
    fn no_pattern_takes_longer_than_its_length_times_the_paths() {
        let start = std::time::Instant::now();
        let path = "a".repeat(60);
        assert!(!excluded(&"*a".repeat(10), &format!("{path}b")) && excluded(&"*a".repeat(10), &path));
        assert!(!excluded(&format!("{}b", "**/".repeat(500)), &"a/".repeat(500)));
        let many: String = (0..5_000).map(|n| format!("*a*{n}*b/c\n")).collect();
        assert!(!excluded(&many, "aaaaaaaa/b"));
        let paths: Vec<String> = (0..5_000).map(|n| format!("folder{:03}/file{n:06}", n / 5)).collect();
        let ignore = Ignore::parse(&"**/*.py[cod]\n*.log\nfolder?9*/**/*7\n".repeat(3));
        assert_eq!(
            ignore.excluded(paths.iter().map(String::as_str)).iter().filter(|excluded| **excluded).count(),
            50
        );
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }

    #[test]
    fn broken_patterns_are_found() {
        for pattern in ["[a", "[", "a[]", "[b-a]", "a\\", "*\\d", "[[:alpha:]]", "[*]"] {
            assert_eq!(Ignore::broken(&format!("# x\nok\n{pattern}\n")), Some((3, pattern)), "{pattern}");
        }
        for pattern in ["[a-]", "[]a]", "[^]a]", "[a\\]b]", "a]", "a\\*", "**", "a**b", "!", "/"] {
            assert_eq!(Ignore::broken(pattern), None, "{pattern}");
        }
        assert!(excluded("[a-]", "-") && excluded("[]a]x", "]x"));
    }

    #[test]
    fn odd_texts() {
        assert!(excluded("\u{feff}a\r\n b \r\n", "a") && excluded("\u{feff}a\r\n b \r\n", "b"));
        assert!(!excluded("[a\n", "a") && !excluded("\n\n!\n", "a"));
    }
}
