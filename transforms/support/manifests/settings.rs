//! Settings files: a list contains the keys that name no other file and run nothing; any other key
//! prevents an early copy.
//!
//! The lists are data (`knowledge/settings.yaml`).

use serde_json::{Map, Value};

use super::{InstallCall, Project, join, resolve};
use crate::context::Format;
use crate::knowledge::{SettingsFile, SettingsFormat};
use crate::reasons::{self, Reason};

/// Reads the manager's settings files in a folder, and adds the files that they name.
pub(super) fn view(install: &InstallCall<'_, '_>, folder: &str, project: &mut Project) -> Result<(), Reason> {
    for known in install.place.known.settings(&install.call.manager.name) {
        let Some(value) = read(install, known, folder)? else { continue };
        let mut value = &value;
        for part in known.table.iter().flat_map(|table| table.split('.')) {
            value = &value[part];
        }
        let check = Check { install, known, folder, path: join(folder, &known.file) };
        match value {
            Value::Null => {}
            Value::Object(all) => check.table("", all, project)?,
            _ => return Err(reasons::unknown_format(&check.path)),
        }
    }
    Ok(())
}

/// The value of a key in a settings file; none if the key or the file does not exist.
pub(super) fn setting(install: &InstallCall<'_, '_>, file: &str, key: &str) -> Option<Value> {
    let known = install.place.known.settings(&install.call.manager.name);
    let known = known.into_iter().find(|known| known.file == file && known.table.is_none())?;
    read(install, known, install.folder).ok()??.get(key).cloned()
}

fn read(install: &InstallCall<'_, '_>, known: &SettingsFile, folder: &str) -> Result<Option<Value>, Reason> {
    let path = join(folder, &known.file);
    if !install.context.sends_file(&path) {
        return Ok(None);
    }
    let parsed = |format| {
        let value = install.context.parsed(&path, format)?;
        Ok(value.as_ref().as_ref().ok().cloned())
    };
    match known.format {
        SettingsFormat::Json => parsed(Format::Json),
        SettingsFormat::Toml => parsed(Format::Toml),
        SettingsFormat::Yaml => parsed(Format::Yaml),
        SettingsFormat::Ini | SettingsFormat::Yarnrc => {
            let text = install.context.text(&path).ok_or_else(|| reasons::unreadable_file(&path))?;
            let all = if known.format == SettingsFormat::Ini { ini(text) } else { yarnrc(text) };
            Ok(Some(Value::Object(all)))
        }
    }
}

/// A settings file.
struct Check<'c, 'l, 'a> {
    install: &'c InstallCall<'l, 'a>,
    known: &'c SettingsFile,
    folder: &'c str,
    path: String,
}

impl Check<'_, '_, '_> {
    fn table(&self, above: &str, all: &Map<String, Value>, project: &mut Project) -> Result<(), Reason> {
        let is_in = |list: &[String], name: &str| list.iter().any(|pattern| matches_pattern(pattern, name));
        for (key, value) in all {
            let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
            if is_in(&self.known.read, &name) {
                continue;
            }
            if is_in(&self.known.files, &name) {
                self.files(&name, value, project)?;
            } else if is_in(&self.known.keys, &name) {
                if let Some(found) = named_path(key, value) {
                    return Err(reasons::setting_is_path(&self.path, &name, &found));
                }
            } else if let Value::Object(inner) = value {
                self.table(&name, inner, project)?;
            } else {
                return Err(reasons::setting_may_name_files(&self.path, &name));
            }
        }
        Ok(())
    }

    /// Adds files that a key names: one, or one for each entry.
    fn files(&self, name: &str, value: &Value, project: &mut Project) -> Result<(), Reason> {
        let named: Option<Vec<&str>> = match value {
            Value::String(path) => Some(vec![path]),
            Value::Object(all) => all.values().map(Value::as_str).collect(),
            _ => None,
        };
        for path in named.ok_or_else(|| reasons::setting_format(name, &self.path))? {
            let path = resolve(self.folder, path).filter(|path| self.install.context.sends_file(path));
            let path = path.ok_or_else(|| reasons::setting_names_missing_file(name, &self.path))?;
            // A directory that is copied as a whole already contains it.
            let is_there = |known: &String| crate::facts::paths::within(&path, known);
            if !project.reads.iter().any(is_there) {
                project.reads.push(path);
            }
        }
        Ok(())
    }
}

/// Whether a name fits a pattern with `*`; a pattern for a table covers everything in it.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// A value under a key that is, or may be, a path of a local file.
fn named_path(key: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let is_address =
                matches!(key, "registry" | "url" | "index-url" | "extra-index-url" | "npmRegistryServer");
            let is_local = is_address && !text.contains("://") && !text.contains("${") || is_path(text);
            is_local.then(|| format!("`{text}`"))
        }
        Value::Array(all) => all.iter().find_map(|inner| named_path(key, inner)),
        Value::Object(all) => all.iter().find_map(|(key, inner)| named_path(key, inner)),
        _ => None,
    }
}

/// Whether a text is a path, or names one by a scheme.
pub(super) fn is_path(text: &str) -> bool {
    let text = text.trim();
    let schemes = ["file:", "link:", "portal:", "exec:"];
    let starts = |text: &str| {
        text.starts_with("./") || text.starts_with("../") || text.starts_with('/') || text.starts_with("~/")
    };
    text == "."
        || text == ".."
        || starts(text)
        || schemes.iter().any(|scheme| text.contains(scheme))
        || text.split_once(" @ ").is_some_and(|(_, address)| starts(address.trim()))
}

/// `key = value`, `key[] = value`; comments by `;` and `#`; what follows a `[section]` is not
/// npm's.
fn ini(text: &str) -> Map<String, Value> {
    let mut all = Map::new();
    let mut section = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("[{name}].");
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let unquoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        all.insert(format!("{section}{}", unquoted(key)), Value::String(unquoted(value)));
    }
    all
}

/// A key and a value, each perhaps quoted. (classic.yarnpkg.com, "yarnrc".)
fn yarnrc(text: &str) -> Map<String, Value> {
    let mut all = Map::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, value) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((key, value)) => (key, value),
            None => line.split_once([' ', ':']).unwrap_or((line, "true")),
        };
        let value = value.trim_start_matches(':').trim().trim_matches('"');
        all.insert(key.to_owned(), Value::String(value.to_owned()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_settings() {
        let all = ini("; x\n@a:registry=https://x/\nhoist-pattern[]=*a*\nfund = false\n[s]\nkey=1\n");
        let keys: Vec<&str> = all.keys().map(String::as_str).collect();
        assert_eq!(keys, ["@a:registry", "[s].key", "fund", "hoist-pattern[]"]);
        let all = yarnrc("# x\nyarn-path \".yarn/releases/y.cjs\"\n\"@a:registry\" \"https://x\"\n");
        assert_eq!(all["yarn-path"], ".yarn/releases/y.cjs");
        assert_eq!(all["@a:registry"], "https://x");
    }

    #[test]
    fn patterns_have_one_star() {
        assert!(
            matches_pattern("@*:registry", "@a:registry")
                && matches_pattern("//*", "//x/:_authToken")
                && matches_pattern("a", "a")
        );
        assert!(
            !matches_pattern("a", "ab") && !matches_pattern("a.*", "a") && !matches_pattern("aa*aa", "aaa")
        );
    }

    #[test]
    fn paths_are_known_by_their_start() {
        for text in ["./x", "../x", "/x", "~/x", "file:x", "x @ ./y", "npm:x@link:y", "."] {
            assert!(is_path(text), "{text}");
        }
        for text in ["^1.2", "~1.2.0", "https://x/y", "*eslint*", "${TOKEN}", "x @ https://y/z.whl"] {
            assert!(!is_path(text), "{text}");
        }
    }
}
