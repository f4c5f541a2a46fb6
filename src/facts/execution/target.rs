//! The files that a word of a script may name, as far as its variables are known, and whether
//! removing them may remove a directory.

use super::Workdir;
use super::script::Directory;
use super::variables::Assigned;
use crate::facts::paths;
use crate::knowledge::lists::directories::TRANSIENT;

/// The files that a word may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The base of `text`.
    pub root: Root,
    /// The known part: starts with a slash, or is empty.
    pub text: String,
    /// The rest after the known part.
    pub tail: Tail,
}

/// The base of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// From `/`.
    Top,
    /// From the directory in which the RUN starts, which is unknown.
    Start,
    /// From an unknown directory.
    Unknown,
}

/// What follows the known part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing: it is the whole path.
    None,
    /// A pattern, which matches at least one character.
    Pattern,
    /// Alternatives in braces, without `..`. The path may also end here.
    Braces,
    /// Anything.
    Unknown,
}

/// A word with its known variables expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The text up to the first part that is unknown or a pattern, without quotes.
    pub known: String,
    /// What follows.
    pub tail: Tail,
    /// The whole text without quotes; unknown parts and patterns as written.
    pub written: String,
}

/// The placeholder for the output of `mktemp -d`: a directory that did not exist before.
const FRESH: &str = "/tmp/tmp.XXXXXXXXXX";

impl Target {
    /// An unknown path.
    pub const UNKNOWN: Self = Self { root: Root::Unknown, text: String::new(), tail: Tail::Unknown };

    /// The target of an expanded word, relative to a directory.
    pub fn of(word: &Expanded, directory: &Directory) -> Self {
        let is_absolute = word.known.starts_with('/');
        let (root, base) = match directory {
            _ if is_absolute => (Root::Top, ""),
            // A word that starts with an unknown value may be absolute.
            _ if word.known.is_empty() && word.tail == Tail::Unknown => return Self::UNKNOWN,
            Directory::Known(path) => (Root::Top, path.as_str()),
            Directory::FromStart(path) => (Root::Start, path.as_str()),
            Directory::Unknown => return Self::UNKNOWN,
        };
        let open = word.tail != Tail::None;
        let climbs_later =
            open && word.written.get(word.known.len()..).is_none_or(|rest| rest.contains(".."));
        match climb(&format!("{base}/{}", word.known), open) {
            Some(text) if !climbs_later => Self { root, text, tail: word.tail },
            _ => Self::UNKNOWN,
        }
    }

    /// The directory itself.
    pub fn of_directory(directory: &Directory) -> Self {
        match directory {
            Directory::Known(path) => Self { root: Root::Top, text: path.clone(), tail: Tail::None },
            Directory::FromStart(path) => Self { root: Root::Start, text: path.clone(), tail: Tail::None },
            Directory::Unknown => Self::UNKNOWN,
        }
    }

    /// Whether it may name a path, or something below it. If no instruction sets the directory, a
    /// relative name is relative to `/`.
    pub fn may_be_within(&self, path: &str, start: &Workdir) -> bool {
        match (self.root, start) {
            (Root::Top, _) | (Root::Start, Workdir::OfBase) => match self.tail {
                Tail::None => paths::within(&self.text, path),
                Tail::Pattern | Tail::Braces | Tail::Unknown => {
                    self.text.starts_with(path) || format!("{path}/").starts_with(&self.text)
                }
            },
            _ => true,
        }
    }

    /// Whether it names exactly this path.
    pub fn is(&self, path: &str, start: &Workdir) -> bool {
        let counts = self.root == Root::Top || self.root == Root::Start && *start == Workdir::OfBase;
        counts && self.tail == Tail::None && self.text == path
    }

    /// The absolute path, if it is known.
    pub fn path(&self) -> Option<&str> {
        (self.root == Root::Top && self.tail == Tail::None).then_some(self.text.as_str()).map(non_empty)
    }

    /// Whether removing this may remove a directory of a RUN that starts in `start`, or one of its
    /// parents.
    pub fn may_hold(&self, directory: &Directory, start: &Workdir) -> bool {
        let is_fresh = self.root == Root::Top && self.text.starts_with(FRESH);
        match (self.root, directory) {
            (Root::Top, Directory::Known(path)) | (Root::Start, Directory::FromStart(path)) => {
                self.holds(path)
            }
            (Root::Unknown, _) => true,
            (Root::Top, _) => {
                let is_transient =
                    *start == Workdir::OfBase && TRANSIENT.iter().any(|place| self.text.starts_with(place));
                !is_fresh && !is_transient
            }
            (Root::Start, Directory::Known(path)) => {
                // Whatever the start is, the path below it contains these parts, one after another.
                self.text.is_empty()
                    || self.tail != Tail::None && path.contains(self.text.trim_end_matches('/'))
                    || format!("{path}/").contains(&format!("{}/", self.text))
            }
            (Root::Start, Directory::Unknown) => true,
        }
    }

    /// Whether the path is this target or below it. Both have the same root.
    fn holds(&self, path: &str) -> bool {
        match self.tail {
            Tail::None => paths::within(path, self.text.trim_end_matches('/')),
            Tail::Pattern => path.len() > self.text.len() && path.starts_with(&self.text),
            Tail::Braces | Tail::Unknown => {
                path.starts_with(&self.text) || path == self.text.trim_end_matches('/')
            }
        }
    }
}

fn non_empty(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// A path without `.` and double slashes. Like `cd`, this removes `..` with the part before it, as
/// text. `None` if the path leads above its start. If `open`, the path continues after its last
/// character.
pub(super) fn climb(path: &str, open: bool) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let (whole, rest) = if open { path.rsplit_once('/').unwrap_or(("", path)) } else { (path, "") };
    for part in whole.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    let mut text: String = parts.iter().flat_map(|part| ["/", part]).collect();
    if open {
        text.push('/');
        text.push_str(rest);
    }
    Some(text)
}

/// Expands the variables in a word as the shell does (POSIX, Shell Command Language, 2.6); `value`
/// returns the value of a variable; `~` is `HOME`.
pub(super) fn expand(raw: &str, value: &dyn Fn(&str) -> Option<Assigned>) -> Expanded {
    let mut reader = Reader { raw, at: 0, value, found: Expanded::empty(), quote: None };
    while reader.step() {}
    reader.found
}

impl Expanded {
    fn empty() -> Self {
        Self { known: String::new(), tail: Tail::None, written: String::new() }
    }

    fn push(&mut self, text: &str) {
        self.written.push_str(text);
        if self.tail == Tail::None {
            self.known.push_str(text);
        }
    }

    fn open(&mut self, text: &str, tail: Tail) {
        self.written.push_str(text);
        // A later pattern does not change an earlier one, or braces. An unknown part makes the
        // whole tail unknown.
        if self.tail == Tail::None
            || tail == Tail::Unknown
            || tail == Tail::Braces && self.tail == Tail::Pattern
        {
            self.tail = tail;
        }
    }
}

struct Reader<'r> {
    raw: &'r str,
    at: usize,
    value: &'r dyn Fn(&str) -> Option<Assigned>,
    found: Expanded,
    quote: Option<char>,
}

impl Reader<'_> {
    /// Reads the next character or expansion; false at the end.
    fn step(&mut self) -> bool {
        let rest = &self.raw[self.at..];
        let Some(c) = rest.chars().next() else { return false };
        self.at += c.len_utf8();
        match (c, self.quote) {
            (c, Some(quote)) if c == quote => self.quote = None,
            (c, Some('\'')) => self.push(c),
            ('$', _) if rest.starts_with("$'") || rest.starts_with("$\"") => {
                let rest = &self.raw[self.at..];
                self.at = self.raw.len();
                self.found.open(rest, Tail::Unknown);
            }
            ('$', _) => self.dollar(),
            ('`', _) => {
                let rest = &self.raw[self.at..];
                let end = rest.find('`').unwrap_or(rest.len());
                self.at += (end + 1).min(rest.len());
                self.substituted(&rest[..end]);
            }
            ('\\', Some(_)) => {
                let next = self.raw[self.at..].chars().next().unwrap_or('\\');
                if !matches!(next, '"' | '\\' | '$' | '`') {
                    self.push('\\');
                }
                self.push(next);
                self.at = (self.at + next.len_utf8()).min(self.raw.len());
            }
            ('\\', None) => {
                if let Some(next) = self.raw[self.at..].chars().next() {
                    self.push(next);
                    self.at += next.len_utf8();
                }
            }
            ('\'' | '"', None) => self.quote = Some(c),
            ('~', None) if self.at == 1 => {
                let end = rest.find('/').unwrap_or(rest.len());
                self.at += end - 1;
                let home = if end == 1 { (self.value)("HOME") } else { None };
                self.put(home, &rest[..end]);
            }
            ('*' | '?' | '[', None) => self.found.open(&c.to_string(), Tail::Pattern),
            ('{', None) => self.found.open("{", Tail::Braces),
            (c, _) => self.push(c),
        }
        true
    }

    fn push(&mut self, c: char) {
        self.found.push(c.encode_utf8(&mut [0; 4]));
    }

    /// Reads the text after a dollar sign.
    fn dollar(&mut self) {
        let rest = &self.raw[self.at..];
        if rest.starts_with('(') {
            let end = closing(rest, '(', ')');
            self.at += end;
            self.substituted(rest[1..end].trim_end_matches(')'));
            return;
        }
        if rest.starts_with('{') {
            let end = closing(rest, '{', '}');
            self.at += end;
            let name = rest[1..end].trim_end_matches('}');
            let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let value = if is_plain { (self.value)(name) } else { None };
            self.put(value, &format!("${}", &rest[..end]));
            return;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 {
            // `$@`, `$?`, `$$`, `$!`. A single dollar sign at the end is literal.
            let special = rest.chars().next().filter(|c| "@*#?-$!".contains(*c));
            match special {
                Some(c) => {
                    self.at += c.len_utf8();
                    self.found.open(&format!("${c}"), Tail::Unknown);
                }
                None => self.push('$'),
            }
            return;
        }
        self.at += end;
        let value = (self.value)(&rest[..end]);
        self.put(value, &format!("${}", &rest[..end]));
    }

    /// Reads the output of a command.
    fn substituted(&mut self, script: &str) {
        let mut words = script.split_whitespace();
        // Without a template or a directory, mktemp creates a file or directory in /tmp.
        // (mktemp(1))
        let is_fresh = words.next() == Some("mktemp")
            && words.all(|word| matches!(word, "-d" | "-q" | "-dq" | "-qd" | "--directory" | "--quiet"));
        let value = is_fresh.then(|| Assigned::Known(FRESH.to_owned()));
        self.put(value, &format!("$({script})"));
    }

    /// Adds a variable's value. Outside of quotes, blanks split it, and patterns in it are
    /// expanded.
    fn put(&mut self, value: Option<Assigned>, written: &str) {
        match value {
            Some(Assigned::Known(text))
                if self.quote.is_some() || !text.contains([' ', '\t', '\n', '*', '?', '[']) =>
            {
                self.found.push(&text);
            }
            _ => self.found.open(written, Tail::Unknown),
        }
    }
}

/// The length of a text up to the bracket that closes its first one.
fn closing(text: &str, open: char, close: char) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at + c.len_utf8();
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(raw: &str) -> Expanded {
        let value = |name: &str| match name {
            "APP" => Some(Assigned::Known("/srv/app".into())),
            "TWO" => Some(Assigned::Known("a b".into())),
            "HOME" => Some(Assigned::Known("/root".into())),
            _ => None,
        };
        expand(raw, &value)
    }

    #[test]
    fn words_expand_as_far_as_they_are_known() {
        let cases = [
            ("$APP/x", "/srv/app/x", Tail::None),
            ("\"${APP}\"/'$x'", "/srv/app/$x", Tail::None),
            ("~/x", "/root/x", Tail::None),
            ("~me/x", "", Tail::Unknown),
            ("foo-$V.tgz", "foo-", Tail::Unknown),
            ("$TWO", "", Tail::Unknown),
            ("\"$TWO\"", "a b", Tail::None),
            ("/srv/*.log", "/srv/", Tail::Pattern),
            ("/srv/{a,b}", "/srv/", Tail::Braces),
            ("/srv/*$V", "/srv/", Tail::Unknown),
            ("${APP:-/x}", "", Tail::Unknown),
            ("$(mktemp -d)/x", "/tmp/tmp.XXXXXXXXXX/x", Tail::None),
            ("`mktemp -d`", "/tmp/tmp.XXXXXXXXXX", Tail::None),
            ("$(mktemp -d /x/XXX)", "", Tail::Unknown),
            ("a\\ b", "a b", Tail::None),
            ("a$", "a$", Tail::None),
        ];
        for (raw, known, tail) in cases {
            let found = expanded(raw);
            assert_eq!((found.known.as_str(), found.tail), (known, tail), "{raw}");
        }
        assert_eq!(expanded("x-$V-'y'.tgz").written, "x-$V-y.tgz");
    }

    fn removes(raw: &str, directory: &Directory, start: &Workdir) -> bool {
        let here = match start {
            Workdir::Known(path) => Directory::Known(path.clone()),
            _ => Directory::FromStart(String::new()),
        };
        Target::of(&expanded(raw), &here).may_hold(directory, start)
    }

    #[test]
    fn a_known_directory_is_removed_by_what_holds_it() {
        let start = Workdir::Known("/srv/app".into());
        let directory = Directory::Known("/srv/app".into());
        for raw in [
            "/srv/app",
            "$APP",
            "/srv",
            "/",
            "/srv/*",
            "/srv/$X",
            "/srv/app$X",
            "$X",
            "../app",
            "..",
            "/srv/{app,b}",
        ] {
            assert!(removes(raw, &directory, &start), "{raw}");
        }
        for raw in ["/srv/application", "/srv/app/*", "x", "./x-$V", "/srv/b*", "/opt/$X", "*", "/srv/app/x"]
        {
            assert!(!removes(raw, &directory, &start), "{raw}");
        }
    }

    #[test]
    fn an_unknown_directory_may_be_anywhere() {
        let here = Directory::FromStart(String::new());
        for raw in ["/srv/app", "/opt/x*", "$X", "..", "/tmp/x"] {
            assert!(removes(raw, &here, &Workdir::Unknown), "{raw}");
        }
        for raw in ["x", "./x-$V", "*.tgz", "\"$(mktemp -d)\""] {
            assert!(!removes(raw, &here, &Workdir::Unknown), "{raw}");
        }
        assert!(!removes("/tmp/x", &here, &Workdir::OfBase));
        assert!(!removes("/var/lib/apt/lists/*", &here, &Workdir::OfBase));
        assert!(removes("/opt/x", &here, &Workdir::OfBase));
        assert!(removes("app", &Directory::Known("/srv/app".into()), &Workdir::OfBase));
        assert!(!removes("build", &Directory::Known("/srv/app".into()), &Workdir::OfBase));
    }
}
