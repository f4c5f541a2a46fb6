//! The words of a command that needs no shell: plain words, and texts in quotes without anything
//! that a shell would expand.

use crate::knowledge::lists::programs::BUILTINS_AND_KEYWORDS_OF_SHELLS;

/// The program and its arguments. An `exec` before them is what a program without a shell is
/// anyway.
pub(super) fn of(command: &str) -> Option<Vec<String>> {
    let mut words = split(command)?;
    if words.first().is_some_and(|word| word == "exec") {
        words.remove(0);
    }
    let program = words.first()?;
    let is_program = !program.is_empty()
        && !program.contains('=')
        && !program.starts_with('-')
        && !BUILTINS_AND_KEYWORDS_OF_SHELLS.contains(&program.as_str());
    is_program.then_some(words)
}

fn split(command: &str) -> Option<Vec<String>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (c, quote) {
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            ('$' | '`' | '\\', Some('"')) => return None,
            (' ' | '\t', None) => words.extend(word.take()),
            (c, Some(_)) if !c.is_control() => word.get_or_insert_default().push(c),
            (c, None) if is_plain(c) => word.get_or_insert_default().push(c),
            _ => return None,
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_shell_changes_is_split() {
        let words = |command: &str| of(command).map(|words| words.join("|"));
        assert_eq!(words("node  server.js").as_deref(), Some("node|server.js"));
        assert_eq!(words("exec a --b='c \"d\"' \"\"").as_deref(), Some("a|--b=c \"d\"|"));
        for command in [
            "a $B", "a && b", "a > b", "A=b c", "cd /x", "a *.txt", "a \"$B\"", "a \\ b", "", "a 'b",
            "a ~/b", "a; b",
        ] {
            assert_eq!(words(command), None, "{command}");
        }
    }
}
