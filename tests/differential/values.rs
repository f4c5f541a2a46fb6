//! Words of a Dockerfile: removes quotes and expands variables, like the builder.

use std::collections::BTreeMap;

/// A word without quotes and with variables expanded.
pub fn word(text: &str, env: &BTreeMap<String, String>) -> String {
    expand(text, env, true)
}

/// A text in which only variables are expanded, like a here-document.
pub fn content(text: &str, env: &BTreeMap<String, String>) -> String {
    expand(text, env, false)
}

fn expand(text: &str, env: &BTreeMap<String, String>, takes_quotes: bool) -> String {
    let mut result = String::new();
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('"' | '\'', None) if takes_quotes => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) if takes_quotes || chars.peek() == Some(&'$') => {
                result.extend(chars.next());
            }
            ('$', None | Some('"')) => result.push_str(&variable(&mut chars, env, takes_quotes)),
            (c, _) => result.push(c),
        }
    }
    result
}

/// A variable, after its dollar sign.
fn variable(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    env: &BTreeMap<String, String>,
    takes_quotes: bool,
) -> String {
    let has_braces = chars.next_if_eq(&'{').is_some();
    let mut name = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    let value = env.get(&name);
    if !has_braces {
        return if name.is_empty() { "$".to_owned() } else { value.cloned().unwrap_or_default() };
    }
    let mut rest = String::new();
    let mut depth = 1;
    for c in chars.by_ref() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            break;
        }
        rest.push(c);
    }
    let filled = value.filter(|value| !value.is_empty());
    let other = |text: &str| expand(text, env, takes_quotes);
    match (rest.get(..2), rest.get(..1)) {
        (Some(":-"), _) => filled.cloned().unwrap_or_else(|| other(&rest[2..])),
        (Some(":+"), _) => filled.map(|_| other(&rest[2..])).unwrap_or_default(),
        (_, Some("-")) => value.cloned().unwrap_or_else(|| other(&rest[1..])),
        (_, Some("+")) => value.map(|_| other(&rest[1..])).unwrap_or_default(),
        _ => value.cloned().unwrap_or_default(),
    }
}

/// The absolute form of a path in a directory, without `.` and `..`. A trailing slash is kept.
pub fn absolute(directory: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if (path.ends_with('/') || path.ends_with("/.") || path == ".") && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", parts.join("/"))
}
