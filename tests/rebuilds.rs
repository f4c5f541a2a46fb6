//! A rebuild never runs more than before: BuildKit's cache, simulated.
//!
//! A step runs again if a file that was copied above it has changed, or anything that it is built
//! on. For each example application, and for the small projects below, the test edits one file of
//! the build context after the other, and counts the commands that run again: with the original
//! Dockerfile, and with the results of `jettison fix --write` with and without `--unsafe`. No
//! command may run again that stayed cached before, and the sum may not be larger.
//!
//! Some commands don't count: `rm`, cleanups of package managers in the stage that ships, the removal
//! of dev dependencies if their install runs again, too. A build that downloads dependencies itself
//! counts as two commands. Options don't count either (`npm ci --omit=dev` is `npm ci`).
//!
//! The simulation knows nothing of the facts and transforms under test, only the syntax tree.

mod support;

#[path = "lab/applications.rs"]
#[allow(dead_code)]
mod applications;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jettison::context::Ignore;
use jettison::syntax::shell::Word;
use jettison::syntax::{Body, Dockerfile, Instruction};

use support::folder;
use support::run::{code, run, stderr};

/// Small projects: a name, and the files.
const PROJECTS: &[(&str, &[(&str, &str)])] = &[
    (
        "sources in a directory of their own, no lockfile",
        &[
            ("package.json", TYPESCRIPT),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/main.ts", "console.log(1);\n"),
            (
                "Dockerfile",
                "FROM node:20\nWORKDIR /app\nCOPY package.json ./\nCOPY tsconfig.json ./\nCOPY src ./src\nRUN npm install\nRUN npm run build\nEXPOSE 3000\nCMD [\"node\", \"dist/main.js\"]\n",
            ),
        ],
    ),
    (
        "sources in several copies",
        &[
            ("package.json", TYPESCRIPT),
            ("package-lock.json", LOCK),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/main.ts", "console.log(1);\n"),
            ("public/index.html", "<p>\n"),
            (
                "Dockerfile",
                "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nCOPY tsconfig.json ./\nCOPY src ./src\nCOPY public/ public/\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n",
            ),
        ],
    ),
    (
        "everything first",
        &[
            ("package.json", TYPESCRIPT),
            ("package-lock.json", LOCK),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/main.ts", "console.log(1);\n"),
            (".dockerignore", "node_modules\n"),
            (
                "Dockerfile",
                "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n",
            ),
        ],
    ),
    (
        "manifests first",
        &[
            ("package.json", TYPESCRIPT),
            ("package-lock.json", LOCK),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/main.ts", "console.log(1);\n"),
            (".dockerignore", "node_modules\n"),
            (
                "Dockerfile",
                "FROM node:20\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n",
            ),
        ],
    ),
    (
        "a program in two files",
        &[
            ("requirements.txt", "flask==3.0.0\n"),
            ("main.py", "import flask\n"),
            ("views.py", "import flask\n"),
            (
                "Dockerfile",
                "FROM python:3.12\nWORKDIR /srv/app\nCOPY requirements.txt main.py views.py ./\nRUN pip install -r requirements.txt\nCMD [\"python\", \"main.py\"]\n",
            ),
        ],
    ),
    (
        "a program and its pages",
        &[
            ("requirements.txt", "flask==3.0.0\n"),
            ("main.py", "import flask\n"),
            ("templates/index.html", "<p>\n"),
            (
                "Dockerfile",
                "FROM python:3.12\nWORKDIR /srv/app\nCOPY requirements.txt .\nCOPY *.py ./\nCOPY templates templates\nRUN apt-get update && apt-get install -y curl\nRUN pip install -r requirements.txt\nCMD [\"python\", \"main.py\"]\n",
            ),
        ],
    ),
    (
        "two stages",
        &[
            ("package.json", TYPESCRIPT),
            ("package-lock.json", LOCK),
            ("src/main.ts", "console.log(1);\n"),
            (".dockerignore", "node_modules\n"),
            (
                "Dockerfile",
                "FROM node:20 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n\nFROM node:20-slim\nWORKDIR /app\nCOPY --from=build /app /app\nCMD [\"node\", \"dist/main.js\"]\n",
            ),
        ],
    ),
    (
        "a Go program",
        &[
            ("go.mod", "module example.com/clock\n\ngo 1.22\n\nrequire example.com/x v1.0.0\n"),
            ("go.sum", "example.com/x v1.0.0 h1:AAAA=\n"),
            ("main.go", "package main\n"),
            (
                "Dockerfile",
                "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /clock .\nCMD [\"/clock\"]\n",
            ),
        ],
    ),
    (
        "a Go program with a build stage",
        &[
            ("go.mod", "module example.com/clock\n\ngo 1.22\n\nrequire example.com/x v1.0.0\n"),
            ("go.sum", "example.com/x v1.0.0 h1:AAAA=\n"),
            ("cmd/main.go", "package main\n"),
            (
                "Dockerfile",
                "FROM golang:1.22 AS build\nCOPY . /src\nWORKDIR /src\nRUN CGO_ENABLED=0 go build -o /clock ./cmd\n\nFROM scratch\nCOPY --from=build /clock /clock\nCMD [\"/clock\"]\n",
            ),
        ],
    ),
    (
        "a Java program",
        &[
            (
                "pom.xml",
                "<project><modelVersion>4.0.0</modelVersion><groupId>e</groupId><artifactId>e</artifactId><version>1</version></project>\n",
            ),
            ("src/main/java/Main.java", "class Main {}\n"),
            (
                "Dockerfile",
                "FROM maven:3-eclipse-temurin-17 AS build\nWORKDIR /src\nCOPY . .\nRUN mvn -B package\n\nFROM eclipse-temurin:17-jre\nCOPY --from=build /src/target/e-1.jar /e.jar\nCMD [\"java\", \"-jar\", \"/e.jar\"]\n",
            ),
        ],
    ),
    (
        "a C# program",
        &[
            ("App.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"></Project>\n"),
            ("Program.cs", "class Program {}\n"),
            (
                "Dockerfile",
                "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -c Release -o /app\n\nFROM mcr.microsoft.com/dotnet/runtime:8.0\nCOPY --from=build /app /app\nCMD [\"dotnet\", \"/app/App.dll\"]\n",
            ),
        ],
    ),
];

const TYPESCRIPT: &str = "{\n  \"scripts\": {\"build\": \"tsc\", \"start\": \"node dist/main.js\"},\n  \"dependencies\": {\"express\": \"4.21.2\"},\n  \"devDependencies\": {\"typescript\": \"5.9.3\"}\n}\n";
const LOCK: &str = "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"\": {\"dependencies\": {\"express\": \"4.21.2\"}, \"devDependencies\": {\"typescript\": \"5.9.3\"}},\n    \"node_modules/express\": {\"version\": \"4.21.2\", \"resolved\": \"https://registry.npmjs.org/express/-/express-4.21.2.tgz\"},\n    \"node_modules/typescript\": {\"version\": \"5.9.3\", \"resolved\": \"https://registry.npmjs.org/typescript/-/typescript-5.9.3.tgz\", \"dev\": true}\n  }\n}\n";

/// A command of a RUN, and what it depends on.
struct Step {
    command: String,
    /// Whether its files are in the final image.
    ships: bool,
    depends: BTreeSet<String>,
}

/// A build context and its Dockerfile.
struct Project {
    text: String,
    /// The files that are sent.
    files: Vec<String>,
}

impl Project {
    fn read(folder: &Path) -> Self {
        let ignored = fs::read_to_string(folder.join(".dockerignore")).unwrap_or_default();
        let ignore = Ignore::parse(&ignored);
        let mut files = Vec::new();
        list(folder, "", &mut files);
        files.retain(|path| !ignore.excludes(path));
        files.sort();
        let text = fs::read_to_string(folder.join("Dockerfile")).expect("a Dockerfile");
        Self { text, files }
    }

    /// The commands that a build runs.
    fn steps(&self) -> Vec<Step> {
        let file = Dockerfile::parse(&self.text);
        let mut stages: Vec<Stage> = Vec::new();
        for (_, instruction) in file.instructions() {
            if let Body::From(from) = &instruction.body {
                let base = stages.iter().rposition(|stage| stage.is_named(&from.image));
                let depends = base.map(|base| stages[base].depends.clone()).unwrap_or_default();
                stages.push(Stage { name: from.name.clone(), base, depends, ..Stage::default() });
                continue;
            }
            let Some((stage, earlier)) = stages.split_last_mut() else { continue };
            stage.add(instruction, earlier, self, file.text);
        }
        let mut is_built = vec![false; stages.len()];
        let mut ships = is_built.clone();
        let Some(last) = stages.len().checked_sub(1) else { return Vec::new() };
        (is_built[last], ships[last]) = (true, true);
        for index in (0..stages.len()).rev() {
            if !is_built[index] {
                continue;
            }
            for &used in stages[index].uses.iter().chain(&stages[index].base) {
                is_built[used] = true;
            }
            if let Some(base) = stages[index].base {
                ships[base] |= ships[index];
            }
        }
        let all = stages.into_iter().zip(is_built).zip(ships);
        let built = all.filter(|((_, is_built), _)| *is_built);
        built
            .flat_map(|((stage, _), ships)| {
                stage.steps.into_iter().map(move |(command, depends)| Step { command, ships, depends })
            })
            .collect()
    }

    /// The files that a source of a copy selects.
    fn selected(&self, source: &str) -> BTreeSet<String> {
        let source = source.trim_start_matches("./").trim_matches('/');
        if source.contains('$') || matches!(source, "" | ".") {
            return self.files.iter().cloned().collect();
        }
        let pattern = regex_lite::escape(source).replace("\\*", "[^/]*").replace("\\?", "[^/]");
        let pattern = regex_lite::Regex::new(&format!("^{pattern}(/.*)?$")).expect("a pattern");
        self.files.iter().filter(|path| pattern.is_match(path)).cloned().collect()
    }
}

fn list(root: &Path, inner: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(inner)).expect("a directory").flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        let path = if inner.is_empty() { name } else { format!("{inner}/{name}") };
        if entry.path().is_dir() {
            list(root, &path, files);
        } else {
            files.push(path);
        }
    }
}

#[derive(Default)]
struct Stage {
    name: Option<String>,
    base: Option<usize>,
    /// The stages that it copies or mounts from.
    uses: BTreeSet<usize>,
    /// The files that the next step depends on.
    depends: BTreeSet<String>,
    steps: Vec<(String, BTreeSet<String>)>,
}

impl Stage {
    fn is_named(&self, name: &str) -> bool {
        self.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }

    fn add(&mut self, instruction: &Instruction<'_>, earlier: &[Self], project: &Project, text: &str) {
        let mut take = |name: &str| {
            let by_number = name.parse::<usize>().ok().filter(|&index| index < earlier.len());
            let stage = by_number.or_else(|| earlier.iter().rposition(|stage| stage.is_named(name)));
            if let Some(index) = stage {
                self.uses.insert(index);
                self.depends.extend(earlier[index].depends.iter().cloned());
            }
        };
        match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                match instruction.flag("from").and_then(|flag| flag.value.as_deref()) {
                    Some(from) => take(from),
                    None if !instruction.heredocs.is_empty() => {}
                    None => transfer
                        .sources
                        .iter()
                        .for_each(|source| self.depends.extend(project.selected(source))),
                }
            }
            Body::Run(_) => {
                let mut mounted = BTreeSet::new();
                for flag in instruction.flags.iter().filter(|flag| flag.name == "mount") {
                    let value = flag.value.as_deref().unwrap_or_default();
                    let of = |keys: &[&str]| {
                        let fields = value.split(',').filter_map(|field| field.split_once('='));
                        fields.filter(|(key, _)| keys.contains(key)).map(|(_, value)| value).next()
                    };
                    match (of(&["from"]), of(&["type"]).unwrap_or("bind")) {
                        (Some(from), _) => take(from),
                        (None, "bind") => {
                            mounted.extend(project.selected(of(&["source", "src"]).unwrap_or(".")));
                        }
                        _ => {}
                    }
                }
                self.depends.extend(mounted);
                let Some(script) = instruction.script() else {
                    let whole = instruction.full.of(text).trim().to_owned();
                    return self.steps.push((whole, self.depends.clone()));
                };
                script.list.walk(&mut |command| {
                    let Some(simple) = command.simple() else { return };
                    let all = || simple.words.iter().map(Word::text);
                    let words =
                        all().filter(|word| !word.starts_with('-') && !matches!(*word, "sudo" | "env"));
                    let mut words: Vec<&str> = words.take(2).collect();
                    // Installing again without dev dependencies removes them.
                    if words.get(1) == Some(&"install")
                        && all().any(|word| word == "--prod" || word == "--production")
                    {
                        words[1] = "prune";
                    }
                    let command = words.join(" ");
                    let has_run = |steps: &[(String, _)], download: &str| {
                        steps.iter().any(|(earlier, _)| earlier == download)
                    };
                    for (download, builds) in DOWNLOADS {
                        if builds.contains(&command.as_str()) && !has_run(&self.steps, download) {
                            self.steps.push(((*download).to_owned(), self.depends.clone()));
                        }
                    }
                    if !command.is_empty() {
                        self.steps.push((command, self.depends.clone()));
                    }
                });
            }
            _ => {}
        }
    }
}

/// The first words of commands that empty the caches of package managers.
const CLEANUPS: &[&str] = &[
    "apt-get clean",
    "apk cache",
    "dnf clean",
    "yum clean",
    "microdnf clean",
    "zypper clean",
    "npm cache",
    "yarn cache",
    "pnpm store",
    "pip cache",
    "conda clean",
    "gem sources",
    "bundle clean",
    "poetry cache",
    "composer clear-cache",
    "uv cache",
];

fn counts(step: &Step) -> bool {
    let program = step.command.split(' ').next().unwrap_or_default();
    program != "rm" && !(step.ships && CLEANUPS.contains(&step.command.as_str()))
}

/// How often each command runs again after an edit of a file.
fn runs_again(steps: &[Step], edited: &str) -> BTreeMap<String, usize> {
    let mut runs = BTreeMap::new();
    for step in steps.iter().filter(|step| counts(step) && step.depends.contains(edited)) {
        *runs.entry(step.command.clone()).or_default() += 1;
    }
    for (prune, installs) in REMOVALS {
        if installs.iter().any(|install| runs.contains_key(*install)) {
            runs.remove(*prune);
        }
    }
    runs
}

/// The removal of dev dependencies, and the installs that it may follow.
const REMOVALS: &[(&str, &[&str])] =
    &[("npm prune", &["npm ci", "npm install"]), ("pnpm prune", &["pnpm install"])];

/// A command that downloads dependencies, and the builds that do the same if it didn't run before.
const DOWNLOADS: &[(&str, &[&str])] = &[
    ("dotnet restore", &["dotnet publish"]),
    ("go mod", &["go build", "go vet"]),
    ("mvn dependency:go-offline", &["mvn package"]),
];

/// The commands that run again after an edit of each file, before and after a fix.
fn compare(
    name: &str,
    folder: &Path,
    options: &[&str],
    failures: &mut Vec<String>,
) -> Vec<(String, usize, usize)> {
    let before = Project::read(folder);
    let output = run(folder, &[&["fix", "--write"], options].concat());
    assert!(code(&output) <= 1, "{name}: {}", stderr(&output));
    let after = Project::read(folder);
    let (old, new) = (before.steps(), after.steps());
    let mut table = Vec::new();
    for file in before.files.iter().filter(|path| *path != "Dockerfile") {
        let (old, new) = (runs_again(&old, file), runs_again(&new, file));
        let sums = (old.values().sum::<usize>(), new.values().sum::<usize>());
        for (command, count) in &new {
            let was = old.get(command).copied().unwrap_or_default();
            if *count > was {
                failures.push(format!(
                    "{name} {options:?}: after an edit of {file}, `{command}` runs {count} instead of {was} times"
                ));
            }
        }
        if sums.1 > sums.0 {
            failures.push(format!(
                "{name} {options:?}: after an edit of {file}, {} instead of {} commands run",
                sums.1, sums.0
            ));
        }
        table.push((file.clone(), sums.0, sums.1));
    }
    table
}

fn copy(from: &Path, to: &Path) {
    let mut files = Vec::new();
    list(from, "", &mut files);
    for path in files {
        let target = to.join(&path);
        fs::create_dir_all(target.parent().expect("a parent")).expect("a directory");
        fs::copy(from.join(&path), target).expect("a copy");
    }
}

const MODES: &[&[&str]] = &[&[], &["--unsafe"]];

#[test]
fn examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut failures = Vec::new();
    println!("commands that run again: application, mode, source changed, manifest changed");
    for application in applications::ALL {
        for service in application.services {
            let context = root.join(application.name).join(service.context);
            for mode in MODES {
                let folder = tempfile::tempdir().expect("a temporary directory");
                copy(&context, folder.path());
                let name = format!("{}/{}", application.name, service.name);
                let table = compare(&name, folder.path(), mode, &mut failures);
                let at = |paths: &[&str]| {
                    let inner = paths.iter().map(|path| {
                        path.strip_prefix(service.context).unwrap_or(path).trim_start_matches('/')
                    });
                    let inner: Vec<&str> = inner.collect();
                    let row = table.iter().find(|(file, ..)| inner.contains(&file.as_str()));
                    row.map_or_else(String::new, |(_, before, after)| format!("{before} → {after}"))
                };
                println!(
                    "{name} | {} | {} | {}",
                    mode.join(" "),
                    at(application.sources),
                    at(application.manifests)
                );
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn small_projects() {
    let mut failures = Vec::new();
    for (name, files) in PROJECTS {
        for mode in MODES {
            let folder = folder(files);
            for (file, before, after) in compare(name, folder.path(), mode, &mut failures) {
                println!("{name} | {} | {file} | {before} → {after}", mode.join(" "));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// How many commands run again after an edit of a file of a small project.
fn commands_after(project: &str, mode: &[&str], file: &str) -> (usize, usize) {
    let (_, files) = PROJECTS.iter().find(|(name, _)| *name == project).expect("a small project");
    let folder = folder(files);
    let table = compare(project, folder.path(), mode, &mut Vec::new());
    let row = table.into_iter().find(|(name, ..)| name == file);
    row.map(|(_, before, after)| (before, after)).expect("a file of the project")
}

#[test]
fn an_install_stays_cached_when_sources_change() {
    for project in ["sources in several copies", "everything first", "two stages"] {
        assert_eq!(commands_after(project, &[], "src/main.ts"), (2, 1), "{project}");
    }
    // Without a lockfile, it is unknown which scripts an install runs.
    let project = "sources in a directory of their own, no lockfile";
    assert_eq!(commands_after(project, &["--unsafe"], "src/main.ts"), (2, 1));
    assert_eq!(commands_after("a program in two files", &[], "main.py"), (1, 0));
    assert_eq!(commands_after("a program and its pages", &[], "main.py"), (3, 0));
}

#[test]
fn dependencies_stay_downloaded_when_sources_change() {
    let projects = [
        ("a Go program", "main.go", "go.mod"),
        ("a Go program with a build stage", "cmd/main.go", "go.sum"),
        ("a Java program", "src/main/java/Main.java", "pom.xml"),
        ("a C# program", "Program.cs", "App.csproj"),
    ];
    for (project, source, manifest) in projects {
        assert_eq!(commands_after(project, &["--unsafe"], source), (2, 1), "{project}");
        assert_eq!(commands_after(project, &["--unsafe"], manifest), (2, 2), "{project}");
        // It adds a command, so it is not safe.
        assert_eq!(commands_after(project, &[], source), (2, 2), "{project}");
    }
}
