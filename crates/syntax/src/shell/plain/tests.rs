//! Which scripts are read here, and that both parsers make the same trees of them.

use super::*;
use crate::shell::{Dialect, lower};
use proptest::prelude::*;

fn logical(text: &str) -> (Logical<'_>, Range<usize>) {
    (Logical::of_span(text, Span::new(0, text.len())), 0..text.len())
}

fn read(text: &str) -> Option<List> {
    let (logical, range) = logical(text);
    list(&logical, &range)
}

#[test]
fn ordinary_scripts_are_read_here() {
    for script in [
        "apt-get update && apt-get install -y --no-install-recommends curl",
        "A=1 B=\"x $y\" make -j$(nproc) >/dev/null; echo 'x;y' | tee \"${dir:-/tmp}/f\" 2> log || true",
        "find . -name '*.pyc' -exec rm {} \\; && [ a != b ];",
        "export HOME=/root && exit 0",
        "set -eux; if ! command -v a >/dev/null 2>&1; then ( b; c ); elif [ -n \"$d\" ]; then e; else f || { g; exit 1; }; fi",
        "for file in *.gz \"$d\"/x; do tar -xf \"$file\"; done; while a; do b; done | c; until a; do b; done >f",
        "case \"$(uname -m)\" in x86_64) a=amd64 ;; aarch64|arm*) a=arm64; b ;; *) exit 1; esac; c",
    ] {
        assert!(read(script).is_some(), "{script}");
    }
}

#[test]
fn the_rest_is_left_to_the_other_parser() {
    for script in [
        "",
        "a;;b",
        "a &",
        "if a; then b",
        "if a; then b fi",
        "if a; then; fi",
        "( a ) b",
        "((a))",
        "{ a }",
        "{a; }",
        "! ! a",
        "a; fi",
        "for a; do b; done",
        "case a in b) c",
        "$(case a in b) c;; esac)",
        "a() { b; }",
        "a # b",
        "a\nb",
        "`a`",
        "$((1))",
        "a >&b",
        "a 2>&1x",
        "cat <<E",
        "a=(b)",
        "'a",
        "\"a",
        "a\\",
        "a &&",
        "| a",
        "${a",
        "[[ a ]]",
        "a() b",
        "é",
    ] {
        assert!(read(script).is_none(), "{script}");
    }
}

/// Pieces of scripts that mean something to one of the parsers.
const PIECES: &[&str] = &[
    " ",
    " ",
    " ",
    "a",
    "b1",
    "-x",
    "/p.q",
    "A=",
    "=",
    "+=",
    "1",
    "2",
    "'",
    "\"",
    "\\",
    "$",
    "$a",
    "${a}",
    "${a:-b}",
    "${a%%[x]*}",
    "${",
    "}",
    "{",
    "{}",
    "{a,b}",
    "(",
    ")",
    "$(",
    "$((",
    "`",
    "&&",
    "||",
    "|",
    ";",
    "&",
    ">",
    ">>",
    "<",
    "2>",
    "2>&1",
    "<<",
    "!",
    "#",
    "~",
    "*",
    "?",
    "[",
    "]",
    "[[",
    "]]",
    "if",
    "then",
    "elif",
    "else",
    "fi",
    "for",
    "while",
    "in",
    "do",
    "done",
    "case",
    "esac",
    ";;",
    "time",
    "export",
    "exit",
    "return",
    "local",
    "alias",
    "function",
    "\t",
    "\n",
    "é",
    "%",
    "@",
    "^",
    ",",
    ":",
    "\r",
];

const SEPARATORS: &[&str] = &["", "", " ", " ", " && ", " | ", "; ", " >f "];

/// Ordinary scripts, with compound commands inside each other.
fn scripts() -> impl Strategy<Value = String> {
    const SIMPLE: &[&str] = &[
        "a",
        "b -x \"c $d\"",
        "e='f'",
        "g >h",
        "i 2>&1",
        "[ j = k ]",
        "exit 1",
        "export l=m",
        "n \\;",
        "o '$(p)'",
    ];
    // With three commands at the capital letters.
    const TEMPLATES: &[&str] = &[
        "A; B",
        "A && B",
        "A || B",
        "A | B",
        "! A",
        "( A )",
        "(A; B;)",
        "{ A; }",
        "{ A; B; } >f 2>&1",
        "a \"$(A)\" $(B)",
        "if A; then B; fi",
        "if A; then B; else C; fi",
        "if A; then B; elif C; then A; fi && B",
        "while A; do B; done",
        "until A; do B; done <f",
        "for x in a \"$b\" *.c; do A; B; done",
        "case $a in b|c*) A ;; 'd' | \"e\") ;; d) B; C;; *) ;; esac",
        "case a in b) A; esac",
    ];
    let simple = proptest::sample::select(SIMPLE).prop_map(str::to_owned);
    simple.prop_recursive(4, 24, 3, |inner| {
        (proptest::sample::select(TEMPLATES), proptest::array::uniform3(inner)).prop_map(
            |(template, parts)| {
                let mut text = String::new();
                for c in template.chars() {
                    match c {
                        'A'..='C' => text.push_str(&parts[c as usize - 'A' as usize]),
                        _ => text.push(c),
                    }
                }
                text
            },
        )
    })
}

fn assert_agreement(text: &str) -> Result<(), TestCaseError> {
    if let Some(ours) = read(text) {
        let (logical, range) = logical(text);
        let theirs = lower::list(&logical, &range, Dialect::Sh);
        prop_assert_eq!(
            format!("{:?}", Ok::<_, crate::Opaque>((ours, false))),
            format!("{theirs:?}"),
            "{}",
            text
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn both_parsers_agree(pieces in proptest::collection::vec((0..PIECES.len(), 0..SEPARATORS.len()), 1..14)) {
        let pieces = pieces.into_iter().map(|(piece, after)| [PIECES[piece], SEPARATORS[after]].concat());
        let text: String = pieces.collect();
        assert_agreement(text.trim())?;
    }

    #[test]
    fn both_parsers_agree_on_compound_commands(script in scripts()) {
        assert_agreement(&script)?;
    }

    #[test]
    fn both_parsers_agree_on_damaged_compound_commands(
        script in scripts(), at in any::<proptest::sample::Index>(), piece in 0..PIECES.len(), removed in 0..4_usize
    ) {
        let at = at.index(script.len());
        let end = (at + removed).min(script.len());
        assert_agreement([&script[..at], PIECES[piece], &script[end..]].concat().trim())?;
    }
}
