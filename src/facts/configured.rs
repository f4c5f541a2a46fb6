//! The value of a key in a package manager's configuration file, read by a parser of its format.
//!
//! The relevant keys are in `knowledge/`; other modules find where the file is copied to.

use crate::knowledge::{Format, On, Setting};
use crate::yaml;

/// Longer files are not read.
const MOST_BYTES: usize = 1024 * 1024;

/// Whether a file's text has a setting that enables a mode. Also true if the text can't be parsed
/// but contains the key.
pub(super) fn switches_on(setting: &Setting, text: &str) -> bool {
    let named = setting.key.rsplit('.').next().unwrap_or_default();
    let is_named = text.contains(named) || text.contains(&named.replace('-', "_"));
    if text.len() > MOST_BYTES || !is_named {
        return false;
    }
    let values = match setting.format {
        Format::Lines => Some(lines(text, &setting.key)),
        Format::Words => Some(vec![text.to_owned()]),
        Format::Xml => Some(elements(text, &setting.key)),
        Format::Json => {
            serde_json::from_str::<serde_json::Value>(text).ok().map(|all| json(&all, &setting.key))
        }
        Format::Yaml => yaml::value(text).ok().map(|all| json(&all, &setting.key)),
        Format::Toml => text.parse::<toml::Table>().ok().map(|all| toml(&all, &setting.key)),
    };
    values.is_none_or(|values| values.iter().any(|value| is_on(&setting.on, Some(value))))
}

/// Whether a value enables a mode; an unknown value may.
pub(super) fn is_on(on: &On, value: Option<&str>) -> bool {
    let Some(value) = value.filter(|value| !value.contains('$')) else { return true };
    let value = value.trim().trim_matches(['"', '\'']);
    let is = |other: &String| value.eq_ignore_ascii_case(other);
    match (&on.values[..], &on.words[..]) {
        ([], []) => !["", "0", "false", "no", "off", "null"].iter().any(|no| value.eq_ignore_ascii_case(no)),
        (values, words) => {
            let mut own = value.split(|c: char| c.is_whitespace() || c == ',');
            values.iter().any(is) || own.any(|word| words.iter().any(|other| other == word))
        }
    }
}

/// The values of a key in lines of the form `key = value`, `key: value` or `key value`. A section
/// is part of the key; a key without a dot is in no section.
fn lines(text: &str, key: &str) -> Vec<String> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';', '!'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            name.trim().clone_into(&mut section);
            continue;
        }
        let end = line.find(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        let value = rest.trim_start().trim_start_matches(['=', ':']).trim();
        // To pip, `no_index` is the same as `no-index`.
        let same = |other: &str| name.replace('_', "-").eq_ignore_ascii_case(&other.replace('_', "-"));
        let is_key = same(key)
            || key.split_once('.').is_some_and(|(own, name)| section.eq_ignore_ascii_case(own) && same(name));
        if is_key {
            // npm reads a key without a value as true.
            found
                .push(if value.is_empty() && !rest.contains(['=', ':']) { "true" } else { value }.to_owned());
        }
    }
    found
}

/// The texts of the elements with a name, without comments.
fn elements(text: &str, name: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        plain.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let opening = format!("<{name}>");
    plain.split(&opening).skip(1).map(|rest| rest.split('<').next().unwrap_or_default().to_owned()).collect()
}

fn json(all: &serde_json::Value, key: &str) -> Vec<String> {
    let found = key.split('.').try_fold(all, |at, part| at.get(part));
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    found.map(text).into_iter().collect()
}

fn toml(all: &toml::Table, key: &str) -> Vec<String> {
    let mut parts = key.split('.');
    let first = parts.next().and_then(|part| all.get(part));
    let found = parts.try_fold(first, |at, part| at.map(|at| at.get(part))).flatten();
    let text = |value: &toml::Value| match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Boolean(value) => value.to_string(),
        toml::Value::Integer(value) => value.to_string(),
        _ => "true".to_owned(),
    };
    found.map(text).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(format: Format, key: &str, values: &[&str], text: &str) -> bool {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let on = On { values, words: Vec::new() };
        switches_on(&Setting { file: String::new(), format, key: key.into(), on }, text)
    }

    #[test]
    fn lines_have_sections_and_several_signs() {
        assert!(on(Format::Lines, "offline", &[], "registry=x\noffline = true\n"));
        assert!(on(Format::Lines, "offline", &[], "offline\n"));
        assert!(!on(Format::Lines, "offline", &[], "#offline=true\noffline=false\n"));
        assert!(!on(Format::Lines, "offline", &[], "offline=\n"));
        assert!(on(Format::Lines, "global.no-index", &[], "[global]\nno_index: yes\n"));
        assert!(!on(Format::Lines, "global.no-index", &[], "[wheel]\nno-index = yes\n"));
        assert!(on(Format::Lines, "--install.offline", &[], "--install.offline true\n"));
    }

    #[test]
    fn tables_are_looked_through_by_their_parsers() {
        assert!(on(Format::Toml, "tool.uv.offline", &[], "[tool.uv]\noffline = true\n"));
        assert!(on(Format::Toml, "tool.uv.offline", &[], "tool = { uv = { offline = true } }\n"));
        assert!(!on(Format::Toml, "tool.uv.offline", &[], "[tool.x]\noffline = true\n"));
        assert!(
            on(Format::Toml, "net.offline", &[], "offline [\n"),
            "a file that can't be parsed may say anything"
        );
        assert!(on(Format::Yaml, "nodeLinker", &["pnp"], "nodeLinker: 'pnp'\n"));
        assert!(!on(Format::Yaml, "nodeLinker", &["pnp"], "nodeLinker: node-modules\n"));
        assert!(on(Format::Yaml, "enableNetwork", &["false"], "enableNetwork: false\n"));
        assert!(on(Format::Json, "installConfig.pnp", &[], "{\"installConfig\":\t{\"pnp\": true}}"));
        assert!(on(Format::Xml, "offline", &[], "<settings><offline>true</offline></settings>"));
        assert!(!on(
            Format::Xml,
            "offline",
            &[],
            "<!-- <offline>true</offline> --><offline> false </offline>"
        ));
    }
}
