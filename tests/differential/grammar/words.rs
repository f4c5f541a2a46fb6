//! Words: variables, and the different ways to write a path.

use super::World;

/// The directories that most commands of a case use. There are few, so that commands affect each
/// other.
const DIRECTORIES: &[&str] = &["/srv/app", "/tmp/x", "/opt/app", "/data", "/app", "/srv/app/sub", "/tmp/x/y"];
const NAMES: &[&str] = &["a", "b", "conf.txt", "run.log", "sub", "x.tmp"];

impl World<'_> {
    /// A directory, without variables.
    pub(super) fn directory(&mut self) -> String {
        match self.random.weighted(&[5, 6, 1]) {
            0 => self.random.pick(DIRECTORIES).to_owned(),
            1 if self.workdir != "/" => self.workdir.clone(),
            _ => self.random.pick(&["sub", "sub/dir", "x"]).to_owned(),
        }
    }

    /// A directory, maybe with variables.
    pub(super) fn directory_word(&mut self) -> String {
        let plain = self.directory();
        self.written(&plain)
    }

    /// A name of a file.
    pub(super) fn name(&mut self) -> String {
        self.random.pick(NAMES).to_owned()
    }

    /// A file, maybe with variables.
    pub(super) fn file_word(&mut self) -> String {
        let name = self.name();
        if self.random.chance(40) {
            return name;
        }
        let directory = self.random.pick(&["/tmp", "/var/tmp", "/etc", "/opt"]).to_owned();
        self.written(&format!("{directory}/{name}"))
    }

    /// A path in one of the ways to write it.
    pub(super) fn written(&mut self, path: &str) -> String {
        let prefixes: Vec<(String, String)> = self
            .variables
            .iter()
            .filter(|(_, value)| {
                !value.is_empty() && (path == value || path.starts_with(&format!("{value}/")))
            })
            .map(|(name, value)| (name.clone(), path[value.len()..].to_owned()))
            .collect();
        if !prefixes.is_empty() && self.random.chance(60) {
            let (name, rest) = prefixes[self.random.below(prefixes.len())].clone();
            let forms = [
                format!("${name}{rest}"),
                format!("\"${name}{rest}\""),
                format!("${{{name}}}{rest}"),
                format!("\"${{{name}}}\"{rest}"),
                format!("${{{name}:-/nowhere}}{rest}"),
            ];
            return forms[self.random.below(forms.len())].clone();
        }
        match self.random.weighted(&[12, 2, 1, 1, 1]) {
            1 => format!("\"{path}\""),
            2 => format!("{path}/"),
            3 if path.starts_with("/root/") => format!("~{}", &path["/root".len()..]),
            4 if path.starts_with(&format!("{}/", self.workdir)) => {
                format!(".{}", &path[self.workdir.len()..])
            }
            3 if path == self.workdir => ".".to_owned(),
            4 if path == self.workdir => "\"$PWD\"".to_owned(),
            _ => path.to_owned(),
        }
    }

    /// A value for a variable, usually a directory.
    pub(super) fn value(&mut self) -> String {
        match self.random.weighted(&[6, 2, 1, 1]) {
            0 => self.random.pick(DIRECTORIES).to_owned(),
            1 => self.random.pick(&["sub", "x", "1.2.3", "production"]).to_owned(),
            2 if !self.variables.is_empty() => {
                let (name, _) = self.variables[self.random.below(self.variables.len())].clone();
                format!("${{{name}}}/sub")
            }
            _ => String::new(),
        }
    }

    /// Declares a variable with ENV or ARG.
    pub(super) fn declare(&mut self) {
        let name = self.random.pick(&["APP", "T", "DIR", "BASE_DIR", "TOOL_VERSION", "HOME"]).to_owned();
        if self.variables.iter().any(|(known, _)| *known == name) && self.random.chance(80) {
            return;
        }
        let value = self.value();
        let seen = self.resolved(&value);
        match self.random.weighted(&[6, 3, 1]) {
            0 => {
                let quoted = if self.random.chance(20) { format!("\"{value}\"") } else { value.clone() };
                self.plain(format!("ENV {name}={quoted}"));
            }
            1 => {
                self.plain(format!("ARG {name}={value}"));
                if self.random.chance(25) {
                    let other = self.random.pick(DIRECTORIES).to_owned();
                    self.case.arguments.push((name.clone(), other));
                }
            }
            _ => {
                self.plain(format!("ARG {name}"));
                if self.random.chance(70) {
                    self.case.arguments.push((name.clone(), seen.clone()));
                }
            }
        }
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, seen));
    }

    /// A value in which the variables of the Dockerfile are expanded.
    pub(super) fn resolved(&self, value: &str) -> String {
        self.variables.iter().fold(value.to_owned(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
        })
    }
}
