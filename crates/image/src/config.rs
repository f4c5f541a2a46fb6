//! The configuration of an image: how its containers start, and the history of its layers. Other
//! fields are ignored. (OCI image specification, "Image Configuration"; moby, `HealthConfig`.)

use std::collections::BTreeMap;

use serde::Deserialize;

/// See the module's documentation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `amd64`, `arm64` …
    pub architecture: String,
    /// `linux` …
    pub os: String,
    /// How containers start.
    #[serde(rename = "config")]
    pub start: Start,
    /// The history of the layers, the lowest first.
    pub history: Vec<History>,
}

/// How containers start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Start {
    /// The user, as written in USER.
    pub user: Option<String>,
    /// `NAME=value`.
    pub env: Option<Vec<String>>,
    /// The words of ENTRYPOINT.
    pub entrypoint: Option<Vec<String>>,
    /// The words of CMD.
    pub cmd: Option<Vec<String>>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// `8080/tcp`.
    pub exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    /// Mount points.
    pub volumes: Option<BTreeMap<String, serde_json::Value>>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// The signal that stops a container.
    pub stop_signal: Option<String>,
    /// The words of SHELL.
    pub shell: Option<Vec<String>>,
    /// Triggers.
    pub on_build: Option<Vec<String>>,
    /// HEALTHCHECK.
    pub healthcheck: Option<Healthcheck>,
}

/// HEALTHCHECK.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", …]` or `["NONE"]`.
    pub test: Vec<String>,
    /// In nanoseconds.
    pub interval: Option<u64>,
    /// In nanoseconds.
    pub timeout: Option<u64>,
    /// In nanoseconds.
    pub start_period: Option<u64>,
    /// The number of retries.
    pub retries: Option<u64>,
}

/// One step of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct History {
    /// The instruction, as recorded by the builder.
    pub created_by: String,
    /// Whether it created no layer.
    pub empty_layer: bool,
}

/// The directories in which programs are searched if an image does not set PATH. (moby,
/// `DefaultPathEnv`.)
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Start {
    /// The directories in which programs are searched.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        let set = self.env.iter().flatten().find_map(|variable| variable.strip_prefix("PATH="));
        set.unwrap_or(PATH).split(':')
    }

    /// Whether there is a HEALTHCHECK that does not just disable the one of the base image.
    pub fn checks_health(&self) -> bool {
        self.healthcheck.iter().filter_map(|check| check.test.first()).any(|first| first != "NONE")
    }
}

impl Config {
    /// The instructions that created layers, the lowest first.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.history.iter().filter(|step| !step.empty_layer).map(|step| instruction(&step.created_by))
    }

    /// The differences to another image in how containers start, one per line, for the user.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (a, b) = (&self.start, &other.start);
        let mut found = Vec::new();
        let mut compare = |name: &str, a: String, b: String| {
            if a != b {
                found.push(format!("{name}: {a} became {b}"));
            }
        };
        compare(
            "platform",
            format!("{}/{}", self.os, self.architecture),
            format!("{}/{}", other.os, other.architecture),
        );
        let user = |start: &Start| match start.user.as_deref() {
            None | Some("" | "0" | "root") => "root".to_owned(),
            Some(user) => user.to_owned(),
        };
        compare("USER", user(a), user(b));
        compare("ENTRYPOINT", words(a.entrypoint.as_ref()), words(b.entrypoint.as_ref()));
        compare("CMD", words(a.cmd.as_ref()), words(b.cmd.as_ref()));
        let directory = |start: &Start| match start.working_dir.as_deref() {
            None | Some("") => "/".to_owned(),
            Some(directory) => directory.trim_end_matches('/').to_owned(),
        };
        compare("WORKDIR", directory(a), directory(b));
        compare(
            "STOPSIGNAL",
            a.stop_signal.clone().unwrap_or_default(),
            b.stop_signal.clone().unwrap_or_default(),
        );
        compare("SHELL", words(a.shell.as_ref()), words(b.shell.as_ref()));
        compare("ONBUILD", words(a.on_build.as_ref()), words(b.on_build.as_ref()));
        compare("HEALTHCHECK", format!("{:?}", a.healthcheck), format!("{:?}", b.healthcheck));
        let keys = |all: &Option<BTreeMap<String, serde_json::Value>>| {
            all.iter().flat_map(BTreeMap::keys).cloned().collect::<Vec<_>>().join(" ")
        };
        compare("EXPOSE", keys(&a.exposed_ports), keys(&b.exposed_ports));
        compare("VOLUME", keys(&a.volumes), keys(&b.volumes));
        found.extend(by_name("ENV", &variables(a), &variables(b)));
        let labels = |start: &Start| start.labels.clone().unwrap_or_default();
        found.extend(by_name("LABEL", &labels(a), &labels(b)));
        found
    }
}

fn words(words: Option<&Vec<String>>) -> String {
    words.map_or_else(|| "nothing".to_owned(), |words| format!("{words:?}"))
}

fn variables(start: &Start) -> BTreeMap<String, String> {
    let all = start.env.iter().flatten();
    all.filter_map(|variable| variable.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn by_name(kind: &str, a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> Vec<String> {
    let gone = a.iter().filter(|(name, value)| b.get(*name) != Some(*value)).map(|(name, value)| {
        match b.get(name) {
            Some(other) => format!("{kind} {name}: {value} became {other}"),
            None => format!("{kind} {name}={value} is gone"),
        }
    });
    let came = b
        .iter()
        .filter(|(name, _)| !a.contains_key(*name))
        .map(|(name, value)| format!("{kind} {name}={value} is new"));
    gone.chain(came).collect()
}

/// An instruction as the author wrote it: BuildKit records `RUN /bin/sh -c x # buildkit`, older
/// builders `/bin/sh -c x` and `/bin/sh -c #(nop) COPY …`.
fn instruction(created_by: &str) -> &str {
    let text = created_by.trim().trim_end_matches("# buildkit").trim_end();
    let text = text.strip_prefix("/bin/sh -c #(nop)").map_or(text, str::trim_start);
    text.strip_prefix("RUN /bin/sh -c ").or_else(|| text.strip_prefix("/bin/sh -c ")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).expect("a configuration")
    }

    #[test]
    fn differences_are_named() {
        let a = config(r#"{"config":{"User":"","Env":["A=1","B=2"],"Cmd":["x"],"WorkingDir":"/app/"}}"#);
        let b = config(
            r#"{"config":{"User":"root","Env":["A=2","C=3"],"Cmd":["x"],"WorkingDir":"/app","Labels":{"l":"v"}}}"#,
        );
        assert_eq!(
            a.differences(&b),
            ["ENV A: 1 became 2", "ENV B=2 is gone", "ENV C=3 is new", "LABEL l=v is new"]
        );
        assert!(a.differences(&a).is_empty());
    }

    #[test]
    fn instructions_are_read_from_the_history() {
        let config = config(
            r#"{"history":[{"created_by":"RUN /bin/sh -c make # buildkit"},{"created_by":"ENV A=1","empty_layer":true},{"created_by":"/bin/sh -c #(nop) COPY file:1 in /"}]}"#,
        );
        assert_eq!(config.steps().collect::<Vec<_>>(), ["make", "COPY file:1 in /"]);
    }
}
