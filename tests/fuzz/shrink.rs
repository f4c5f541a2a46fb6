//! Minimises a failing case while it fails in the same way.

/// The number of candidates to try.
const BUDGET: usize = 3_000;

/// Removes as many parts of a list as possible, the longest sequences first.
pub fn list<T: Clone>(all: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let (mut smallest, mut budget) = (all, BUDGET);
    let mut size = smallest.len();
    while size > 0 {
        let (mut at, mut is_smaller) = (0, false);
        while at < smallest.len() && budget > 0 {
            let mut candidate = smallest.clone();
            candidate.drain(at..(at + size).min(smallest.len()));
            budget -= 1;
            if fails(&candidate) {
                (smallest, is_smaller) = (candidate, true);
            } else {
                at += size;
            }
        }
        if !is_smaller || size > 1 {
            size /= 2;
        }
    }
    smallest
}

/// Removes as many lines of a text as possible, then as many characters.
pub fn text(text: &str, mut fails: impl FnMut(&str) -> bool) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let lines = list(lines, |lines| fails(&lines.concat())).concat();
    let words: Vec<&str> = lines.split_inclusive(' ').collect();
    let words = list(words, |words| fails(&words.concat())).concat();
    let characters: Vec<char> = words.chars().collect();
    list(characters, |characters| fails(&characters.iter().collect::<String>())).into_iter().collect()
}
