//! How other files of a repository run an image: `docker run`, `docker exec` and `kubectl exec` in
//! makefiles, scripts and CI workflows, and containers in Kubernetes manifests and ECS tasks.
//!
//! (Docker's reference, "docker container run"; Kubernetes' API reference, "Container"; the ECS
//! developer guide, "Task definition parameters"; GitLab's CI/CD YAML reference, "image".) Compose
//! files are `compose`'s. Which image a name means is often unknown: a run counts unless it names
//! another project's image.

use serde_json::Value;

use crate::knowledge::Knowledge;
use crate::knowledge::lists::images::OF_SERVICES;
use crate::knowledge::lists::options::OF_RUNS_WITHOUT_VALUE;
use crate::yaml;

/// A command that is run in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRun {
    /// Where it is written, as shown to the user: `Makefile:12`.
    pub who: String,
    /// The image, container or service that it names.
    pub image: String,
    /// Its words, without quotes.
    pub words: Vec<String>,
    /// Whether a shell runs it.
    pub by_shell: bool,
}

/// All runs in these files, given by their paths, that may be runs of the repository's own images.
pub fn runs<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)> + Clone) -> Vec<ImageRun> {
    let own: Vec<String> = files.clone().into_iter().flat_map(|(_, text)| tags(text)).collect();
    let mut found: Vec<ImageRun> = Vec::new();
    for (path, text) in files {
        found.extend(in_lines(path, text));
        found.extend(in_documents(path, text));
    }
    found.retain(|run| may_be_own(&run.image, &own));
    found
}

/// Whether a name may mean an image that is built here: it is one of the names given to builds, or
/// contains a variable, or nothing is known of builds and it does not name an image of another project.
fn may_be_own(image: &str, own: &[String]) -> bool {
    let is_variable = image.contains(['$', '{']);
    let is_of_another = || {
        let name = short(image);
        image.contains('/') || OF_SERVICES.contains(&name) || Knowledge::embedded().image(name).is_some()
    };
    is_variable
        || if own.is_empty() { !is_of_another() } else { own.iter().any(|name| *name == short(image)) }
}

/// The last component of an image's name, without tag and digest.
fn short(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split(['@', ':']).next().unwrap_or(name)
}

/// The programs that run containers.
const ENGINES: [&str; 6] = ["docker", "docker-compose", "kubectl", "nerdctl", "podman", "podman-compose"];

/// The short names given to the images that a text builds: `docker build -t NAME`.
fn tags(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| line.contains("build")) {
        let words = words_of(line);
        for (at, word) in words.iter().enumerate() {
            let value = match word.as_str() {
                "-t" | "--tag" => words.get(at + 1).map(String::as_str),
                word => word.strip_prefix("--tag="),
            };
            found.extend(value.filter(|name| !name.contains('$')).map(|name| short(name).to_owned()));
        }
    }
    found
}

/// The words of a line of a script, without quotes.
fn words_of(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut is_word) = (String::new(), None, false);
    for c in line.chars() {
        match quote {
            Some(own) if c == own => quote = None,
            None if matches!(c, '"' | '\'') => (quote, is_word) = (Some(c), true),
            None if c.is_whitespace() => {
                if std::mem::take(&mut is_word) {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => {
                word.push(c);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

/// The runs in the lines of a script, a makefile or a workflow.
fn in_lines(path: &str, text: &str) -> Vec<ImageRun> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let mut whole = line.to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            whole.push(' ');
            let Some((_, next)) = lines.next() else { break };
            whole.push_str(next);
        }
        if !ENGINES.iter().any(|engine| whole.contains(engine)) {
            continue;
        }
        let words = words_of(&whole);
        for at in 0..words.len() {
            let name = words[at].rsplit(['/', '@', '(', '`']).next().unwrap_or_default();
            if ENGINES.contains(&name)
                && let Some((image, command)) = run(&words[at + 1..])
            {
                let who = format!("{path}:{}", number + 1);
                found.push(ImageRun { who, image, words: command, by_shell: false });
            }
        }
    }
    found
}

/// The image and the command of `run` and `exec`, from the words after the program.
fn run(words: &[String]) -> Option<(String, Vec<String>)> {
    let mut rest = words.iter().map(String::as_str);
    let verbs = ["container", "compose"];
    let verb = rest.by_ref().find(|word| !verbs.contains(word) && !word.starts_with('-'))?;
    if !matches!(verb, "run" | "exec") {
        return None;
    }
    let image = loop {
        let word = rest.next()?;
        if !word.starts_with('-') {
            break word;
        }
        let is_cluster = !word.starts_with("--") && word[1..].chars().all(|c| "ditPqT".contains(c));
        if !word.contains('=') && !is_cluster && !OF_RUNS_WITHOUT_VALUE.contains(&word) {
            rest.next()?;
        }
    };
    let rest: Vec<&str> = rest.collect();
    // kubectl's options may follow the name of the pod.
    let from = rest.iter().position(|word| *word == "--").map_or(0, |at| at + 1);
    let ends = |word: &&str| !matches!(*word, "&&" | "||" | "|" | ";" | "&" | "then" | ">" | ">>" | "2>&1");
    let command = rest[from..].iter().copied().take_while(ends);
    let command: Vec<String> = command
        .map(|word| word.trim_end_matches([';', ')', '`']).to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    (!command.is_empty()).then(|| (image.to_owned(), command))
}

/// The containers in YAML and JSON documents: objects with an image and a command.
fn in_documents(path: &str, text: &str) -> Vec<ImageRun> {
    let is = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    if !is(&[".yaml", ".yml", ".json"]) || !text.contains("image") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for document in text.split("\n---") {
        // Templates are no YAML until they are rendered.
        match yaml::value(document) {
            Ok(value) => containers(path, &value, &mut found),
            Err(_) => found.extend(in_template(path, document)),
        }
    }
    found
}

/// The keys of a container, and of what is inside it, whose values are commands.
const COMMANDS: [&str; 5] = ["command", "args", "entryPoint", "entrypoint", "script"];
const INSIDE: [&str; 10] = [
    "exec",
    "healthCheck",
    "lifecycle",
    "livenessProbe",
    "postStart",
    "preStop",
    "readinessProbe",
    "startupProbe",
    "before_script",
    "after_script",
];

fn containers(path: &str, value: &Value, found: &mut Vec<ImageRun>) {
    match value {
        Value::Object(object) => {
            let image =
                object.get("image").and_then(|image| image.as_str().or_else(|| image["name"].as_str()));
            if let Some(image) = image {
                commands(path, image, value, found);
            }
            object.values().for_each(|value| containers(path, value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| containers(path, value, found)),
        _ => {}
    }
}

fn commands(path: &str, image: &str, container: &Value, found: &mut Vec<ImageRun>) {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    for key in COMMANDS {
        let words = texts(&container[key]);
        if !words.is_empty() {
            let by_shell = key == "script" || container[key].is_string();
            found.push(ImageRun { who: path.to_owned(), image: image.to_owned(), words, by_shell });
        }
    }
    for key in INSIDE {
        let inside = &container[key];
        if inside.is_object() {
            commands(path, image, inside, found);
        } else if inside.is_array() || inside.is_string() {
            found.push(ImageRun {
                who: path.to_owned(),
                image: image.to_owned(),
                words: texts(inside),
                by_shell: true,
            });
        }
    }
}

/// The commands in a template: the list that follows a key.
fn in_template(path: &str, text: &str) -> Vec<ImageRun> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim_start().trim_start_matches("- ");
        let Some((_, value)) = line.split_once(':').filter(|(key, _)| COMMANDS.contains(&key.trim())) else {
            continue;
        };
        let items = lines[number + 1..].iter().map(|line| line.trim_start());
        let items = items.take_while(|line| line.starts_with("- ")).map(|line| &line[2..]);
        let split = |c: char| c == ',' || c == '[' || c == ']' || c.is_whitespace();
        let words = value.split(split).chain(items.flat_map(|item| item.split(split)));
        let words: Vec<String> = words
            .map(|word| word.trim_matches(['"', '\'']).to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        if !words.is_empty() {
            let who = format!("{path}:{}", number + 1);
            found.push(ImageRun { who, image: "${IMAGE}".into(), words, by_shell: false });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(String, String)> {
        runs([(path, text)]).into_iter().map(|run| (run.who, run.words.join(" "))).collect()
    }

    fn last_words(path: &str, text: &str) -> Option<String> {
        found(path, text).pop().map(|(_, words)| words)
    }

    #[test]
    fn runs_of_own_images_are_found_in_lines() {
        for (text, words) in [
            ("\tdocker run --rm -it -v $(PWD):/src app npm test", "npm test"),
            (
                "docker build -t reg.example/team/app:1 .\ndocker run reg.example/team/app:1 sh -c 'x y'",
                "sh -c x y",
            ),
            ("@docker run --rm $(IMAGE) pytest -q && echo ok", "pytest -q"),
            ("run: docker compose run --rm web \\\n  bash -c ls", "bash -c ls"),
            ("podman exec -e A=1 web curl localhost", "curl localhost"),
            ("kubectl exec -it deploy -n x -- sh", "sh"),
        ] {
            assert_eq!(last_words("Makefile", text).as_deref(), Some(words), "{text}");
        }
    }

    #[test]
    fn runs_of_other_images_and_of_the_image_s_own_command_do_not_count() {
        for text in [
            "docker run --rm app",
            "docker run -d -p 5432:5432 postgres:16 postgres -c x",
            "docker run --rm -i hadolint/hadolint hadolint -",
            "docker build -t app . && docker run --rm other npm test",
            "# docker run app npm test",
            "docker ps | grep run",
        ] {
            assert_eq!(last_words("ci.sh", text), None, "{text}");
        }
    }

    #[test]
    fn containers_are_found_in_documents() {
        let pod = "kind: Pod\nspec:\n  containers:\n  - image: app:1\n    command: [python, -m, x]\n    livenessProbe:\n      exec:\n        command: [curl, localhost]\n  - image: postgres:16\n    args: [x]\n";
        assert_eq!(
            found("k8s/pod.yaml", pod),
            [
                ("k8s/pod.yaml".to_owned(), "python -m x".to_owned()),
                ("k8s/pod.yaml".into(), "curl localhost".into())
            ]
        );
        let task = r#"{"containerDefinitions": [{"image": "${IMAGE}", "healthCheck": {"command": ["CMD-SHELL", "wget x"]}}]}"#;
        assert_eq!(last_words("task.json", task).as_deref(), Some("CMD-SHELL wget x"));
        let job = "test:\n  image: $CI_REGISTRY_IMAGE\n  script:\n  - npm test\n";
        assert!(runs([(".gitlab-ci.yml", job)]).iter().any(|run| run.by_shell && run.words == ["npm test"]));
        let chart = "containers:\n- image: {{ .Values.image }}\n  command: [\"sh\", \"-c\"]\n  args:\n  - exec npm run dev\n  {{- end }}\n";
        assert_eq!(last_words("templates/app.yaml", chart).as_deref(), Some("exec npm run dev"));
    }

    #[test]
    fn odd_texts_do_no_harm() {
        for text in [
            "docker",
            "docker run",
            "docker run -",
            "docker run --x",
            "docker exec \\",
            "'docker run a b",
            "---\n---",
        ] {
            let _ = runs([("a.yaml", text), ("a.sh", text)]);
        }
    }
}
