//! What the configuration of another linter ignores, in codes that `ignore` accepts.
//!
//! Only rules that are switched off count: severities, registries and output formats mean nothing
//! here, and comments in Dockerfiles stay as they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::cli::input;
use crate::config::Hadolint;
use crate::knowledge::lists::hadolint::{RULES_OF_DOCKERFILE_DOCTOR, RULES_OF_DROAST};
use crate::transforms;
use crate::yaml;

/// What one configuration ignores.
#[derive(Debug, PartialEq, Eq)]
pub struct Migration {
    /// The configuration of the other linter.
    pub path: PathBuf,
    /// The codes of hadolint and checks of BuildKit that transforms cover.
    pub ignored: BTreeSet<String>,
    /// The linter's own names of rules that no transform covers.
    pub needless: BTreeSet<String>,
}

/// Reads a configuration, whose name says which linter it is for.
pub fn of(path: &Path) -> anyhow::Result<Migration> {
    let read = || input::document(path);
    let shown = || path.display().to_string();
    let rules = match path.file_name().and_then(|name| name.to_str()).unwrap_or_default() {
        ".hadolint.yaml" | ".hadolint.yml" | "hadolint.yaml" | "hadolint.yml" => Hadolint::parse(&read()?)
            .map_err(|mistake| anyhow::anyhow!("{}", mistake.text))
            .map(|own| own.ignored),
        ".tally.toml" | "tally.toml" => tally(&read()?),
        "droast.toml" | ".droast.toml" => droast(&read()?),
        ".dockerfile-doctor.yaml" | ".dockerfile-doctor.yml" => doctor(&read()?),
        _ => bail!(
            "{}: not the name of a known configuration; --from reads .hadolint.yaml, .tally.toml, droast.toml \
             and .dockerfile-doctor.yaml",
            shown()
        ),
    };
    Ok(translated(path, rules.with_context(shown)?))
}

fn translated(path: &Path, rules: Vec<String>) -> Migration {
    let mut migration =
        Migration { path: path.to_owned(), ignored: BTreeSet::new(), needless: BTreeSet::new() };
    for rule in rules {
        // tally's names have the linter that a rule comes from before them.
        let name = rule.rsplit_once('/').map_or(rule.as_str(), |(_, name)| name);
        let tables = RULES_OF_DROAST.iter().chain(RULES_OF_DOCKERFILE_DOCTOR);
        let same: Vec<&str> =
            tables.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, code)| *code).collect();
        let codes = if same.is_empty() { vec![name] } else { same };
        let covered = codes.into_iter().filter(|code| !transforms::for_code(code).is_empty());
        let covered: Vec<String> = covered.map(str::to_owned).collect();
        if covered.is_empty() {
            migration.needless.insert(rule);
        }
        migration.ignored.extend(covered);
    }
    migration
}

/// `.tally.toml`: rules that `exclude` names, or whose severity is `off`. (tally's manual,
/// "Configuration".)
fn tally(text: &str) -> anyhow::Result<Vec<String>> {
    let all: toml::Table = text.parse()?;
    let Some(rules) = all.get("rules").and_then(toml::Value::as_table) else { return Ok(Vec::new()) };
    let excluded = rules.get("exclude").and_then(toml::Value::as_array).into_iter().flatten();
    let mut found: Vec<String> = excluded.filter_map(toml::Value::as_str).map(str::to_owned).collect();
    for (source, rules) in rules {
        let is_off = |rule: &toml::Value| rule.get("severity").and_then(toml::Value::as_str) == Some("off");
        let off = rules.as_table().into_iter().flatten().filter(|(_, rule)| is_off(rule));
        found.extend(off.map(|(name, _)| format!("{source}/{name}")));
    }
    Ok(found)
}

/// `droast.toml`: the rules that `skip` names. (droast's README, "config file".)
fn droast(text: &str) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Droast {
        #[serde(default)]
        skip: Vec<String>,
    }
    Ok(toml::from_str::<Droast>(text)?.skip)
}

/// `.dockerfile-doctor.yaml`: the rules that `ignore` names. (dockerfile-doctor's README,
/// "Configuration".)
fn doctor(text: &str) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Doctor {
        #[serde(default)]
        ignore: Vec<String>,
    }
    Ok(yaml::parse::<Doctor>(text).map_err(|error| anyhow::anyhow!("{error}"))?.ignore)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_rules(rules: &[&str]) -> (String, String) {
        let migration = translated(Path::new("x"), rules.iter().map(|&rule| rule.to_owned()).collect());
        let join = |all: BTreeSet<String>| all.into_iter().collect::<Vec<_>>().join(" ");
        (join(migration.ignored), join(migration.needless))
    }

    #[test]
    fn rules_become_codes_that_a_transform_covers() {
        assert_eq!(of_rules(&["DL3009", "DL3008", "SC2086"]), ("DL3009".into(), "DL3008 SC2086".into()));
        assert_eq!(
            of_rules(&["hadolint/DL3059", "buildkit/StageNameCasing", "tally/max-lines"]),
            ("DL3059 StageNameCasing".into(), "tally/max-lines".into())
        );
        assert_eq!(of_rules(&["DF003", "DF012"]), ("DL3059".into(), "DF012".into()));
        assert_eq!(of_rules(&["DD009", "DD001"]), ("DL3042".into(), "DD001".into()));
    }

    #[test]
    fn the_files_of_linters_are_read() {
        let tally_text = "[rules]\nexclude = [\"buildkit/*\"]\n[rules.hadolint.DL3014]\nseverity = \"off\"\n\
                          [rules.tally.max-lines]\nmax = 5\n";
        assert_eq!(tally(tally_text).expect("TOML"), ["buildkit/*", "hadolint/DL3014"]);
        assert_eq!(droast("skip = [\"DF012\"]\nno-fail = true\n").expect("TOML"), ["DF012"]);
        assert_eq!(doctor("severity: info\nignore:\n  - DD012\n").expect("YAML"), ["DD012"]);
        assert!(tally("[rules").is_err() && droast("skip = 1").is_err() && doctor("ignore: [").is_err());
    }

    #[test]
    fn every_rule_in_the_tables_is_covered() {
        for (rule, code) in RULES_OF_DROAST.iter().chain(RULES_OF_DOCKERFILE_DOCTOR) {
            assert!(!transforms::for_code(code).is_empty(), "{rule}: {code}");
        }
    }
}
