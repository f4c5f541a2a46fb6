//! What the user may have meant by a name that does not exist.

use crate::syntax::Keyword;

/// The most similar of some names; `None` if none is similar enough. Case does not matter.
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    const LEAST: f32 = 0.55;
    let word = word.to_ascii_lowercase();
    let likeness =
        |name: &str| similar::TextDiff::from_chars(word.as_str(), name.to_ascii_lowercase().as_str()).ratio();
    let all = names.into_iter().map(|name| (likeness(name), name));
    // Of several that are equally similar, the first one.
    let best = all.reduce(|best, other| if other.0 > best.0 { other } else { best })?;
    (best.0 > LEAST).then_some(best.1)
}

/// The instruction that a word was meant to be.
pub fn nearest_instruction(word: &str) -> Option<&'static str> {
    let has_length = |name: &&str| name.len().abs_diff(word.chars().count()) <= 1;
    nearest(word, Keyword::names().filter(has_length))
}

/// `; did you mean `name`?`, or nothing.
pub fn hint(near: Option<&str>) -> String {
    near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_found() {
        let names = ["ADD", "COPY", "FROM", "RUN", "WORKDIR"];
        for (word, expected) in [
            ("FORM", Some("FROM")),
            ("form", Some("FROM")),
            ("RUMM", Some("RUN")),
            ("WORKDIRR", Some("WORKDIR")),
            ("INCLUDE", None),
            ("hello", None),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }
}
