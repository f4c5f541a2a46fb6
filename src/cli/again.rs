//! The command that applies what another one has shown: the same paths and options, with
//! `fix --write`.

use std::ffi::OsString;

use crate::escape;
use crate::syntax::shell::quoted;

/// The options that only say how results are shown, and whether a value follows.
const OF_OUTPUT: &[(&str, bool)] = &[
    ("--as", true),
    ("--check", false),
    ("--color", true),
    ("--diff", false),
    ("--dry-run", false),
    ("--exit-zero", false),
    ("--fail-over", true),
    ("--format", true),
    ("--output", true),
    ("--output-format", true),
    ("--quiet", false),
    ("--statistics", false),
    ("--verbose", false),
];

/// The command, from the name of the program and the words of the one that is running: the program
/// and its command come first.
pub fn with_write(program: &str, words: impl IntoIterator<Item = OsString>) -> String {
    let mut words = words.into_iter().skip(2).map(|word| word.to_string_lossy().into_owned());
    let mut command = format!("{program} fix --write");
    let mut is_option = true;
    while let Some(word) = words.next() {
        is_option &= word != "--";
        let (name, value) = word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(value)));
        let of_output = OF_OUTPUT.iter().find(|(option, _)| is_option && *option == name);
        let is_short = is_option && word.len() > 1 && word.starts_with('-') && !word.starts_with("--");
        let kept = match of_output {
            Some((_, true)) if value.is_none() => {
                words.next();
                None
            }
            Some(_) => None,
            // `-v`, `-q` and `-o FILE`, in one word or not.
            None if is_short => {
                let (letters, file) =
                    word[1..].split_once('o').map_or((&word[1..], None), |(l, f)| (l, Some(f)));
                if file == Some("") {
                    words.next();
                }
                let rest: String = letters.chars().filter(|letter| !matches!(letter, 'v' | 'q')).collect();
                (!rest.is_empty()).then(|| format!("-{rest}"))
            }
            None => Some(word),
        };
        if let Some(word) = kept {
            command.push(' ');
            command += &quoted(&word);
        }
    }
    escape::line(&command).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chooses_fixes_stays_and_what_shows_them_goes() {
        let of = |line: &str| with_write("jettison", line.split(' ').map(OsString::from));
        assert_eq!(of("jettison check"), "jettison fix --write");
        assert_eq!(of("jettison diff api/Dockerfile -v"), "jettison fix --write api/Dockerfile");
        assert_eq!(
            of("jettison check --format json --select merge-runs -o x --as=github a*b"),
            "jettison fix --write --select merge-runs 'a*b'"
        );
        assert_eq!(of("jettison check -oresult.txt a -vq -vo r2.txt b -v"), "jettison fix --write a b");
        assert_eq!(
            of("jettison fix --verify a -- --network=host -v"),
            "jettison fix --write --verify a -- --network=host -v"
        );
    }
}
