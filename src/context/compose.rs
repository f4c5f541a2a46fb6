//! How Compose files start the image of a Dockerfile: `command`, `entrypoint`, `healthcheck` and
//! hooks of the services that are built from it.
//!
//! (The Compose specification, "Services" and "Compose Build"; Docker's manual, "Merge Compose
//! files" and "Extend your Compose file".) The caller finds the files. A service that may be built
//! from the Dockerfile is included.

use serde_json::{Map, Value};

use crate::yaml;

/// A service that runs the image of a Dockerfile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// Its file and name, as shown to the user: `compose.yaml (web)`.
    pub who: String,
    /// The build stage that it runs; `None` for the last one.
    pub target: Option<String>,
    /// The command that replaces ENTRYPOINT.
    pub entrypoint: Option<CommandLine>,
    /// The command that replaces CMD.
    pub command: Option<CommandLine>,
    /// Other commands that are started: health checks and hooks.
    pub others: Vec<CommandLine>,
    /// Whether directories of the host may be mounted over those of the image.
    pub has_volumes: bool,
    /// The text of the file if it can't be parsed.
    pub unparsed: Option<String>,
}

/// A command as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// One string.
    Shell(String),
    /// A list of words.
    Words(Vec<String>),
}

/// Whether a file is named like a Compose file: `compose.yaml`, `docker-compose.prod.yml`.
pub fn is_compose_file(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| {
        let rest = stem.strip_prefix("docker-compose").or_else(|| stem.strip_prefix("compose"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    })
}

/// The definition of a service.
type Body = Map<String, Value>;

/// A Compose file that has been read, for all Dockerfiles that ask about it.
#[derive(Debug)]
pub struct ComposeFile {
    /// Its absolute path.
    pub path: String,
    /// The definitions of its services by name, or its text if it can't be parsed.
    services: Result<Vec<(String, Body)>, String>,
}

impl ComposeFile {
    /// The build contexts that the file sets for a service, and for those that extend it, as written.
    pub fn contexts_of<'f>(&'f self, service: &'f str) -> impl Iterator<Item = &'f str> {
        let all = self.services.iter().flatten();
        let own = all.filter(move |(name, body)| name == service || extended(body) == Some(service));
        own.filter_map(|(_, body)| match body.get("build")? {
            Value::String(context) => Some(context.as_str()),
            build => build.get("context")?.as_str(),
        })
    }

    /// Parses a file.
    pub fn of(path: &str, text: &str) -> Self {
        let services = match yaml::value(text) {
            Ok(value) => {
                let services = value["services"].as_object().into_iter().flatten();
                Ok(services
                    .filter_map(|(name, body)| Some((name.clone(), merged(body.as_object()?))))
                    .collect())
            }
            Err(_) => Err(text.to_owned()),
        };
        Self { path: path.to_owned(), services }
    }
}

/// The inline Dockerfiles in a Compose file, each with its name in messages. A text that can't be
/// parsed is returned as a whole, since it may contain some.
pub(super) fn inline_dockerfiles(path: &str, text: &str) -> Vec<(String, String)> {
    if !text.contains("dockerfile_inline") {
        return Vec::new();
    }
    let Ok(value) = yaml::value(text) else { return vec![(path.to_owned(), text.to_owned())] };
    let services = value["services"].as_object().into_iter().flatten();
    let inline = services.filter_map(|(name, body)| {
        let build = merged(body.as_object()?).remove("build")?;
        let text = merged(build.as_object()?).remove("dockerfile_inline")?;
        Some((name_of_inline(path, name), text.as_str()?.replace("$$", "$")))
    });
    inline.collect()
}

/// The name by which messages call the Dockerfile of a service: `compose.yaml (web)`.
pub fn name_of_inline(path: &str, service: &str) -> String {
    format!("{path} ({service})")
}

/// The definition of one service.
struct Said<'f> {
    folder: &'f str,
    file: &'f str,
    name: &'f str,
    body: &'f Body,
}

/// The services that run the image of a Dockerfile, given by its absolute path.
pub fn services<'f>(files: impl IntoIterator<Item = &'f ComposeFile>, dockerfile: &str) -> Vec<Service> {
    services_of(files, |said| builds(said, dockerfile))
}

/// The services that run the image of the inline Dockerfile of a service, given by the absolute path
/// of its file and its name.
pub fn services_of_inline<'f>(
    files: impl IntoIterator<Item = &'f ComposeFile>,
    path: &str,
    service: &str,
) -> Vec<Service> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    // Files in the same folder may be merged with this one.
    services_of(files, |said| {
        said.folder == folder && (said.name == service || extended(said.body) == Some(service))
    })
}

/// The service that a service extends.
fn extended(body: &Body) -> Option<&str> {
    let extends = body.get("extends")?;
    extends.as_str().or_else(|| extends.get("service")?.as_str())
}

fn services_of<'f>(
    files: impl IntoIterator<Item = &'f ComposeFile>,
    is_built: impl Fn(&Said<'f>) -> bool,
) -> Vec<Service> {
    let mut all: Vec<Said<'_>> = Vec::new();
    let mut found = Vec::new();
    for ComposeFile { path, services } in files {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        match services {
            Ok(services) => {
                all.extend(services.iter().map(|(name, body)| Said { folder, file, name, body }));
            }
            Err(text) => {
                let unparsed = Some(text.clone());
                found.push(Service { who: format!("{file} (all)"), unparsed, ..Service::default() });
            }
        }
    }
    let own: Vec<&Said<'_>> = all.iter().filter(|said| is_built(said)).collect();
    let image = |said: &Said<'_>| said.body.get("image").and_then(Value::as_str).map(str::to_owned);
    let images: Vec<String> = own.iter().filter_map(|said| image(said)).collect();
    let is_same = |said: &Said<'_>| {
        let extends = extended(said.body);
        let named =
            |own: &&Said<'_>| own.folder == said.folder && own.name == said.name || extends == Some(own.name);
        !said.body.contains_key("build")
            && (own.iter().any(named) || image(said).is_some_and(|image| images.contains(&image)))
    };
    found.extend(all.iter().filter(|said| is_built(said) || is_same(said)).map(service));
    found
}

/// The definition of a service, including the keys that it merges with `<<`.
pub(crate) fn merged(body: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = Map::new();
    let others = match body.get("<<") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(other) => vec![other],
        None => Vec::new(),
    };
    for other in others.into_iter().rev().filter_map(Value::as_object) {
        whole.extend(merged(other));
    }
    whole
        .extend(body.iter().filter(|(key, _)| *key != "<<").map(|(key, value)| (key.clone(), value.clone())));
    whole
}

/// Whether a service is built from a Dockerfile, or may be.
fn builds(said: &Said<'_>, dockerfile: &str) -> bool {
    let (context, file) = match said.body.get("build") {
        Some(Value::String(context)) => (context.as_str(), "Dockerfile"),
        Some(Value::Object(build)) if !build.contains_key("dockerfile_inline") => {
            let text = |key: &str| build.get(key).and_then(Value::as_str);
            (text("context").unwrap_or("."), text("dockerfile").unwrap_or("Dockerfile"))
        }
        _ => return false,
    };
    if context.contains('$') || file.contains('$') {
        // Whatever the variable's value is, the last path component is the file's name.
        return file.contains('$') || file.rsplit('/').next() == dockerfile.rsplit('/').next();
    }
    let within = |folder: &str, path: &str| {
        if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") }
    };
    !context.contains("://") && plain(&within(&within(said.folder, context), file)) == plain(dockerfile)
}

/// A normalized path.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn service(said: &Said<'_>) -> Service {
    let Said { file, name, body, .. } = said;
    let target = body.get("build").and_then(|build| build.get("target")).and_then(Value::as_str);
    let test = body.get("healthcheck").and_then(|check| check.get("test")).and_then(command_line);
    let hooks = ["post_start", "pre_stop"].into_iter().filter_map(|key| body.get(key)?.as_array()).flatten();
    let hooks = hooks.filter_map(|hook| command_line(hook.get("command")?));
    Service {
        who: format!("{file} ({name})"),
        target: target.filter(|target| !target.contains('$')).map(str::to_owned),
        entrypoint: body.get("entrypoint").and_then(command_line),
        command: body.get("command").and_then(command_line),
        others: test.and_then(checked).into_iter().chain(hooks).collect(),
        has_volumes: body.contains_key("volumes") || body.contains_key("develop"),
        unparsed: None,
    }
}

fn command_line(value: &Value) -> Option<CommandLine> {
    // A variable that the container expands.
    let own = |text: &str| text.replace("$$", "$");
    match value {
        Value::String(text) => Some(CommandLine::Shell(own(text))),
        Value::Array(words) => {
            let words: Vec<String> =
                words.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), own)).collect();
            (!words.is_empty()).then_some(CommandLine::Words(words))
        }
        _ => None,
    }
}

/// The command of a health check, whose first word says how it is started.
fn checked(test: CommandLine) -> Option<CommandLine> {
    match test {
        CommandLine::Shell(_) => Some(test),
        CommandLine::Words(mut words) => match words.first().map(String::as_str) {
            Some("NONE") | None => None,
            Some("CMD-SHELL") => Some(CommandLine::Shell(words.split_off(1).join(" "))),
            Some("CMD") => Some(CommandLine::Words(words.split_off(1))),
            Some(_) => Some(CommandLine::Words(words)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], dockerfile: &str) -> Vec<Service> {
        let files: Vec<_> = files.iter().map(|(path, text)| ComposeFile::of(path, text)).collect();
        services(&files, dockerfile)
    }

    fn names(files: &[(&str, &str)], dockerfile: &str) -> Vec<String> {
        found(files, dockerfile).into_iter().map(|service| service.who).collect()
    }

    #[test]
    fn services_are_those_that_are_built_from_the_dockerfile() {
        let text = "services:\n  a: {build: ./api}\n  b: {build: {context: .., dockerfile: r/api/Dockerfile}}\n  c: {build: .}\n  d: {image: x}\n  e: {build: {context: api, dockerfile_inline: FROM x}}\n  f: {build: 'https://x/api'}\n  g: {build: $DIR}\n";
        let all = [("/r/compose.yaml", text)];
        assert_eq!(
            names(&all, "/r/api/Dockerfile"),
            ["compose.yaml (a)", "compose.yaml (b)", "compose.yaml (g)"]
        );
        assert_eq!(names(&all, "/r/Dockerfile"), ["compose.yaml (c)", "compose.yaml (g)"]);
        assert_eq!(names(&all, "/r/b.Dockerfile"), [""; 0]);
    }

    #[test]
    fn the_same_image_is_run_by_other_services_too() {
        let text = "x-app: &app\n  build: .\n  image: app\nservices:\n  web:\n    <<: *app\n    command: web\n  worker:\n    image: app\n    command: worker\n  more:\n    extends: {service: web}\n";
        let other = "services:\n  web: {entrypoint: [sh, -c]}\n  db: {command: x}\n";
        assert_eq!(
            names(&[("/r/compose.yaml", text), ("/r/compose.override.yaml", other)], "/r/Dockerfile"),
            [
                "compose.yaml (more)",
                "compose.yaml (web)",
                "compose.yaml (worker)",
                "compose.override.yaml (web)"
            ]
        );
    }

    #[test]
    fn services_of_an_inline_dockerfile_are_found() {
        let text = "services:\n  a:\n    image: i\n    build: {target: t, dockerfile_inline: FROM $$x}\n    command: c\n  b: {image: i}\n  c: {extends: a, build: {context: c}}\n  d: {build: .}\n";
        let other = "services:\n  a: {build: {context: x}, command: o}\n";
        let files = [ComposeFile::of("/r/compose.yaml", text), ComposeFile::of("/r/compose.dev.yaml", other)];
        let found = services_of_inline(&files, "/r/compose.yaml", "a");
        let names: Vec<&str> = found.iter().map(|service| service.who.as_str()).collect();
        assert_eq!(
            names,
            ["compose.yaml (a)", "compose.yaml (b)", "compose.yaml (c)", "compose.dev.yaml (a)"]
        );
        assert_eq!(found[0].target.as_deref(), Some("t"));
        assert_eq!(files.iter().flat_map(|file| file.contexts_of("a")).collect::<Vec<_>>(), ["c", "x"]);
        assert_eq!(inline_dockerfiles("compose.yaml", text), [("compose.yaml (a)".into(), "FROM $x".into())]);
        assert_eq!(inline_dockerfiles("compose.yaml", "[dockerfile_inline").len(), 1);
    }

    #[test]
    fn commands_are_texts_or_words() {
        let text = "services:\n  a:\n    build: {target: run}\n    command: echo $$HOME\n    entrypoint: [a, 1]\n    healthcheck: {test: [CMD-SHELL, 'x || y']}\n    post_start: [{command: [p]}]\n";
        let words = |words: &[&str]| CommandLine::Words(words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(
            found(&[("/r/compose.yml", text)], "/r/Dockerfile"),
            [Service {
                who: "compose.yml (a)".into(),
                target: Some("run".into()),
                entrypoint: Some(words(&["a", "1"])),
                command: Some(CommandLine::Shell("echo $HOME".into())),
                others: vec![CommandLine::Shell("x || y".into()), words(&["p"])],
                has_volumes: false,
                unparsed: None,
            }]
        );
        assert!(found(&[("/r/compose.yml", "a: [")], "/r/Dockerfile")[0].unparsed.is_some());
    }

    #[test]
    fn compose_files_have_names() {
        for name in ["compose.yaml", "docker-compose.yml", "docker-compose.prod.yml", "compose-dev.yaml"] {
            assert!(is_compose_file(name), "{name}");
        }
        for name in ["composer.yaml", "compose.json", "my-compose.yml"] {
            assert!(!is_compose_file(name), "{name}");
        }
    }
}
