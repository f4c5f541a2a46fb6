//! The files of a build context that an ignore file excludes, by Docker's rules: the last pattern
//! that matches a path or one of its parents decides.

/// Whether a path is excluded.
pub fn excludes(ignore_file: &str, path: &str) -> bool {
    let mut is_out = false;
    for line in ignore_file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (is_exception, pattern) = line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern));
        let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let parts: Vec<&str> = path.split('/').collect();
        if (1..=parts.len()).any(|length| matches(&pattern, &parts[..length])) {
            is_out = !is_exception;
        }
    }
    is_out
}

fn matches(pattern: &[&str], parts: &[&str]) -> bool {
    match pattern.split_first() {
        None => parts.is_empty(),
        Some((&"**", rest)) => (0..=parts.len()).any(|skipped| matches(rest, &parts[skipped..])),
        Some((first, rest)) => parts.split_first().is_some_and(|(part, others)| {
            matches_name(first.as_bytes(), part.as_bytes()) && matches(rest, others)
        }),
    }
}

fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skipped| matches_name(rest, &name[skipped..])),
        (Some((b'?', rest)), Some((_, others))) => matches_name(rest, others),
        (Some((first, rest)), Some((own, others))) => first == own && matches_name(rest, others),
        _ => false,
    }
}
