//! The commands that start a Node application, with the scripts of package.json resolved: how npm,
//! yarn and pnpm call them.
//!
//! `node_imports` finds what the sources load.

use serde_json::Value;

use crate::facts::environment::Variable;
use crate::knowledge::languages::node::{LOADERS, WORDS_OF_SCRIPTS};
use crate::knowledge::lists::programs::SHELLS;
use crate::runtime::view::StageView;
use crate::syntax::shell::base_name;

/// Whether a manifest lists a package in the given section.
pub(crate) fn has(manifest: Option<&Value>, section: &str, name: &str) -> bool {
    manifest.and_then(|manifest| manifest.get(section)).and_then(|all| all.get(name)).is_some()
}

/// The commands that start the application, with the scripts of package.json resolved.
pub(crate) struct Started {
    /// The words of each command; `None` if a script can't be found.
    commands: Option<Vec<Vec<String>>>,
}

impl Started {
    pub fn of(view: &StageView<'_, '_>, manifest: Option<&Value>) -> Self {
        let mut texts = view.started_lines();
        // Node's documentation, "NODE_OPTIONS": options for every `node`.
        if let Variable::Set(options) = view.facts.variable(view.stage.items.end - 1, "NODE_OPTIONS") {
            texts.push(format!("node {options}"));
        }
        Self { commands: resolve(&texts, manifest, 4) }
    }

    /// Whether one of the started commands calls this program.
    pub fn calls(&self, program: &str) -> bool {
        let name = program.rsplit('/').next().unwrap_or(program);
        let is_call = |word: &String| word.rsplit('/').next() == Some(name);
        self.commands.as_ref().is_none_or(|all| all.iter().any(|words| words.iter().any(is_call)))
    }

    /// The words of each command; none if a script can't be found.
    pub fn commands(&self) -> impl Iterator<Item = &[String]> {
        self.commands.iter().flatten().map(Vec::as_slice)
    }

    /// Whether every started program is part of Node, the system or the production dependencies.
    pub fn needs_production_only(&self, manifest: Option<&Value>) -> bool {
        let Some(commands) = &self.commands else { return false };
        let is_dev = |word: &String| {
            let name = module_of(word.trim_matches(['"', '\'']));
            let name = package_of(name);
            has(manifest, "devDependencies", name) && !has(manifest, "dependencies", name)
        };
        if commands.iter().flatten().any(is_dev) {
            return false;
        }
        commands.iter().all(|words| {
            let mut words = words.iter().filter(|word| !word.contains('=') || word.starts_with('-'));
            let mut first = words.next().map(String::as_str);
            while matches!(
                first,
                Some("exec" | "npx" | "cross-env" | "env" | "dotenv" | "-y" | "--yes" | "--")
            ) {
                first = words.next().map(String::as_str);
            }
            let Some(first) = first else { return true };
            // `node -r ts-node/register` needs a package, too.
            let required = words.clone().any(|word| {
                LOADERS.iter().any(|loader| word.contains(loader) && !has(manifest, "dependencies", loader))
            });
            let first = first.trim_matches(['"', '\'']);
            let is_system = WORDS_OF_SCRIPTS.contains(&first)
                || first.starts_with(['/', '$', '-', '.']) && !first.contains("node_modules");
            !required && (is_system || has(manifest, "dependencies", package_of(first)))
        })
    }
}

/// The package of a module as written after `-r`, `--import` or `--loader=`: `dotenv/config`.
fn module_of(word: &str) -> &str {
    let word = word.rsplit_once('=').map_or(word, |(_, value)| value);
    let parts = if word.starts_with('@') { 2 } else { 1 };
    word.match_indices('/').nth(parts - 1).map_or(word, |(at, _)| &word[..at])
}

fn package_of(program: &str) -> &str {
    match program {
        "nest" => "@nestjs/cli",
        "ng" => "@angular/cli",
        "tsc" => "typescript",
        "sequelize" => "sequelize-cli",
        "remix-serve" => "@remix-run/serve",
        other => other.rsplit("node_modules/.bin/").next().unwrap_or(other),
    }
}

/// Splits texts into commands, and replaces calls of package.json scripts with the scripts'
/// commands.
fn resolve(texts: &[String], manifest: Option<&Value>, depth: usize) -> Option<Vec<Vec<String>>> {
    let mut all = Vec::new();
    for text in texts {
        for command in text.split(['&', '|', ';', '\n']).map(str::trim).filter(|command| !command.is_empty())
        {
            let words: Vec<String> = command
                .split_whitespace()
                .map(|word| word.trim_matches(['"', '\'', '(', ')']).to_owned())
                .collect();
            match script_of(&words) {
                Some(name) => {
                    let depth = depth.checked_sub(1)?;
                    let scripts = manifest?.get("scripts")?;
                    let of = |name: &str| scripts.get(name).and_then(Value::as_str).map(str::to_owned);
                    // npm's documentation: without a script, `npm start` runs server.js.
                    let main =
                        of(&name).or_else(|| (name == "start").then(|| "node server.js".to_owned()))?;
                    let around = [format!("pre{name}"), format!("post{name}")];
                    let texts: Vec<String> =
                        around.iter().filter_map(|name| of(name)).chain([main]).collect();
                    all.push(words);
                    all.extend(resolve(&texts, manifest, depth)?);
                }
                None => all.push(words),
            }
        }
    }
    Some(all)
}

/// The script that a command runs through a package manager, perhaps in a shell: `sh -c npm start`.
fn script_of(words: &[String]) -> Option<String> {
    let is_shell = |word: &str| SHELLS.contains(&base_name(word));
    let starts_in_shell = words.iter().find(|word| !word.contains('=')).is_some_and(|word| is_shell(word));
    let mut words = words
        .iter()
        .map(String::as_str)
        .skip_while(|word| {
            word.contains('=')
                || *word == "exec"
                || starts_in_shell && (is_shell(word) || word.starts_with('-'))
        })
        .filter(|word| !word.starts_with('-'));
    let manager = words.next().filter(|word| matches!(*word, "npm" | "yarn" | "pnpm"))?;
    let rest: Vec<&str> = words.collect();
    // A word before may be the value of an option: `npm --prefix app run migrate`.
    if let Some(at) = rest.iter().position(|word| matches!(*word, "run" | "run-script")) {
        return rest.get(at + 1).map(|script| (*script).to_owned());
    }
    match (manager, *rest.first()?) {
        (_, verb @ ("start" | "test" | "stop" | "restart")) => Some(verb.to_owned()),
        ("yarn" | "pnpm", verb)
            if !matches!(verb, "install" | "add" | "exec" | "dlx" | "global" | "node") =>
        {
            Some(verb.to_owned())
        }
        _ => rest.iter().find(|word| matches!(**word, "start" | "test")).map(|verb| (*verb).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(manifest: &str, start: &str) -> Option<bool> {
        let manifest = serde_json::from_str(manifest).ok();
        let commands = resolve(&[start.to_owned()], manifest.as_ref(), 4);
        commands.is_some().then(|| Started { commands }.needs_production_only(manifest.as_ref()))
    }

    #[test]
    fn scripts_are_looked_through() {
        let manifest = r#"{"scripts":{"start":"npm run serve","serve":"NODE_ENV=production node dist/x.js","dev":"tsx watch x","up":"next start","pre":"node -r ts-node/register x.ts"},
            "dependencies":{"next":"1"},"devDependencies":{"tsx":"1"}}"#;
        assert_eq!(needs(manifest, "npm start"), Some(true));
        assert_eq!(needs(manifest, "yarn up"), Some(true));
        assert_eq!(needs(manifest, "npm run dev"), Some(false));
        assert_eq!(needs(manifest, "npm run pre"), Some(false));
        for start in [
            "sh -c npm run dev",
            "bash -lc \"yarn dev\"",
            "npm --prefix . run dev",
            "/bin/sh -c 'npm run dev'",
        ] {
            assert_eq!(needs(manifest, start), Some(false), "{start}");
        }
        assert_eq!(needs(manifest, "npm run missing"), None);
        let tested = r#"{"scripts":{"test":"jest"},"devDependencies":{"jest":"29"}}"#;
        assert_eq!(needs(tested, "npm test"), Some(false));
        assert_eq!(needs(manifest, "npx vite preview"), Some(false));
        let manifest = r#"{"scripts":{"start":"cross-env A=1 node x.js"},
            "dependencies":{"next":"1"},"devDependencies":{"cross-env":"7","dotenv":"16","@scope/trace":"1"}}"#;
        for start in ["npm start", "node -r dotenv/config x.js", "node --import=@scope/trace/run.mjs x.js"] {
            assert_eq!(needs(manifest, start), Some(false), "{start}");
        }
        assert_eq!(needs(manifest, "node --enable-source-maps x.js"), Some(true));
    }
}
