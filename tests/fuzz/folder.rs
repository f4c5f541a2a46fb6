//! A Dockerfile and the files around it, with texts and sizes, in memory or written to a disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jettison::context::{BuildContext, ContextSource, Entry};
use serde_json::Value;

use crate::mutate;
use crate::random::Random;
use crate::seeds::{self, Ring};

/// A Dockerfile and the files around it.
#[derive(Debug, Clone)]
pub struct Folder {
    pub dockerfile: String,
    pub files: Vec<File>,
    /// The tracked files, if they are known.
    pub tracked: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
pub struct File {
    pub path: String,
    /// Its text, if it matters.
    pub text: Option<String>,
    pub size: u64,
    pub is_link: bool,
    pub executable: bool,
}

impl File {
    pub fn of(path: &str, text: &str) -> Self {
        let size = text.len() as u64;
        Self { path: path.to_owned(), text: Some(text.to_owned()), size, is_link: false, executable: false }
    }
}

/// Names with special characters.
const NAMES: &[&str] = &[
    "a b",
    "a'b",
    "a\"b",
    "a\nb",
    "$(x)",
    "${x}",
    "*",
    "?",
    "[",
    "]",
    "!a",
    "#a",
    "-rf",
    "--flag",
    "a\\b",
    "é",
    "a/..b",
    ".git/config",
    "node_modules/x/package.json",
    "src/main.js",
    "Dockerfile",
    ".dockerignore",
    "docker-entrypoint.sh",
    "entrypoint.sh",
    "a/b/c/d/e/f",
    ".env",
    "dist/x",
    "build/x",
    "vendor/x",
    "tests/x.py",
    "README.md",
    "LICENSE",
    "Makefile",
    "main.go",
    "app.py",
    "x.tar.gz",
];

/// Texts of files next to a Dockerfile that no fixture has.
const TEXTS: &[(&str, &str)] = &[
    (".dockerignore", "*\n!src\n!package*.json\n**/*.log\n# a comment\n/a/**\n"),
    (".dockerignore", ".git\nnode_modules\n[a-z]*.txt\n*/temp?\n!README.md\n"),
    (".npmrc", "registry=https://example.com/\n//example.com/:_authToken=${TOKEN}\nprefer-offline=true\n"),
    (
        "package.json",
        "{\"name\":\"x\",\"version\":\"1.0.0\",\"scripts\":{\"build\":\"tsc\",\"prepare\":\"husky\",\"start\":\"node server.js\"},\"dependencies\":{\"express\":\"^4\"},\"devDependencies\":{\"typescript\":\"^5\"},\"workspaces\":[\"packages/*\"],\"packageManager\":\"pnpm@9.0.0\"}",
    ),
    (
        "package-lock.json",
        "{\"name\":\"x\",\"lockfileVersion\":3,\"packages\":{\"\":{\"name\":\"x\"},\"node_modules/express\":{\"version\":\"4.0.0\",\"hasInstallScript\":true},\"packages/a\":{},\"node_modules/a\":{\"link\":true,\"resolved\":\"packages/a\"}}}",
    ),
    (
        "yarn.lock",
        "# yarn lockfile v1\n\n\"express@^4\":\n  version \"4.0.0\"\n  resolved \"https://registry.yarnpkg.com/express\"\n",
    ),
    (
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      express:\n        specifier: ^4\n        version: 4.0.0\npackages:\n  express@4.0.0:\n    resolution: {integrity: sha512-x}\n    requiresBuild: true\n",
    ),
    (
        "pnpm-workspace.yaml",
        "packages:\n  - 'packages/*'\n  - '!**/test/**'\nonlyBuiltDependencies: [esbuild]\n",
    ),
    (
        "pyproject.toml",
        "[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"flask>=2\", \"a @ file:./a\"]\n[project.optional-dependencies]\ndev = [\"pytest\"]\n[tool.poetry]\nname = \"x\"\n[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n",
    ),
    (
        "poetry.lock",
        "[[package]]\nname = \"flask\"\nversion = \"2.0\"\ngroups = [\"main\"]\n\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"x\"\n",
    ),
    (
        "uv.lock",
        "version = 1\nrequires-python = \">=3.12\"\n[[package]]\nname = \"x\"\nversion = \"1\"\nsource = { virtual = \".\" }\n[package.dev-dependencies]\ndev = [{ name = \"pytest\" }]\n",
    ),
    (
        "requirements.txt",
        "flask==2.0 --hash=sha256:0\n-r more.txt\n-e ./x\n-c constraints.txt\n./wheels/a.whl ; python_version < '3'\ngit+https://x/y@main#egg=y\n",
    ),
    ("Pipfile", "[packages]\nflask = \"*\"\n[dev-packages]\npytest = \"*\"\n"),
    (
        "go.mod",
        "module example.com/x\n\ngo 1.22\n\nrequire (\n\tgithub.com/a/b v1.0.0 // indirect\n)\nreplace github.com/a/b => ../b\n",
    ),
    ("go.work", "go 1.22\nuse (\n\t.\n\t./x\n)\n"),
    (
        "Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n[dependencies]\na = { path = \"a\" }\n[workspace]\nmembers = [\"crates/*\"]\n[[bin]]\nname = \"y\"\npath = \"src/y.rs\"\n",
    ),
    (
        "pom.xml",
        "<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>y</artifactId><version>1</version><modules><module>a</module></modules><build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>",
    ),
    ("build.gradle", "plugins { id 'java' }\ndependencies { implementation project(':a') }\n"),
    ("settings.gradle", "rootProject.name = 'x'\ninclude 'a', 'b:c'\n"),
    (
        "Gemfile",
        "source 'https://rubygems.org'\nruby '3.3'\ngem 'rails'\ngroup :development do\n  gem 'x', path: 'y'\nend\ngemspec\n",
    ),
    (
        "composer.json",
        "{\"require\":{\"php\":\">=8\",\"laravel/framework\":\"^11\"},\"require-dev\":{\"phpunit/phpunit\":\"*\"},\"autoload\":{\"classmap\":[\"database\"],\"files\":[\"a.php\"]},\"scripts\":{\"post-install-cmd\":\"x\"}}",
    ),
    (
        "composer.lock",
        "{\"packages\":[{\"name\":\"laravel/framework\",\"version\":\"11\"}],\"packages-dev\":[{\"name\":\"phpunit/phpunit\"}]}",
    ),
    (
        "x.csproj",
        "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup><ItemGroup><ProjectReference Include=\"..\\a\\a.csproj\" /></ItemGroup></Project>",
    ),
    (
        "x.sln",
        "Microsoft Visual Studio Solution File, Format Version 12.00\nProject(\"{FAE}\") = \"x\", \"src\\x.csproj\", \"{0}\"\nEndProject\n",
    ),
    (
        "docker-entrypoint.sh",
        "#!/bin/sh\nset -e\nif [ \"$1\" = x ]; then\n  apt-get update && apt-get install -y y\nfi\nexec \"$@\"\n",
    ),
    ("Makefile", "all: x\nx:\n\tgcc -o x x.c\ninstall:\n\tapt-get install -y gcc\n"),
    (
        "server.js",
        "const { execSync } = require('child_process');\nexecSync('git log');\nrequire('express')();\n",
    ),
    ("app.py", "import subprocess\nsubprocess.run(['curl', 'x'])\nopen('VERSION')\n"),
];

/// Texts of files that programs find themselves.
pub const BESIDE: &[(&str, &str)] = &[
    (
        "compose.yaml",
        "services:\n  a:\n    build: .\n  b:\n    build:\n      context: .\n      dockerfile: Dockerfile\n      target: x\n",
    ),
    (
        "compose.yaml",
        "x-a: &a\n  context: ..\nservices:\n  a:\n    build:\n      <<: *a\n      dockerfile: work/Dockerfile\n",
    ),
    (
        "docker-compose.yml",
        "version: '3'\nservices:\n  a:\n    build: ${DIR}\n    extends:\n      file: x.yaml\n      service: y\n",
    ),
    ("docker-bake.json", "{\"target\":{\"a\":{\"context\":\".\",\"dockerfile\":\"Dockerfile\"}}}"),
    ("docker-bake.hcl", "target \"a\" {\n  context = \".\"\n  dockerfile = \"Dockerfile\"\n}\n"),
    (".jettison.yaml", "unsafe: true\ncaches: mount\nkeep: [/var/cache, ~/x]\n"),
    (".jettison.yaml", "select: [merge-runs]\nmerge-runs: all\nsearch: all\ntime-limit: 5\n"),
    (
        ".jettison.yaml",
        "ignore: [order-layers]\nbases: alpine\nstrip: true\nedit-generated: true\ncomments: false\n",
    ),
    (
        ".hadolint.yaml",
        "ignored: [DL3008, DL3009]\noverride:\n  error: [DL3015]\ndisable-ignore-pragma: true\ntrustedRegistries: [docker.io]\n",
    ),
    ("Dockerfile.dockerignore", "*\n!src\n"),
    (".gitignore", "*.log\n!x\n/build/\n"),
    (".gitattributes", "* text=auto\nDockerfile diff=x filter=y\n"),
];

/// The fixtures with a build context, and the examples.
fn bases() -> &'static Ring<Folder> {
    static BASES: OnceLock<Ring<Folder>> = OnceLock::new();
    BASES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        seeds::files(&root.join("tests/fixtures"), &mut paths);
        let contexts = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "context"));
        let mut all: Vec<(String, Folder)> =
            contexts.filter_map(|path| Some((seeds::name(path), fixture(path)?))).collect();
        let mut paths = Vec::new();
        seeds::files(&root.join("examples"), &mut paths);
        let dockerfiles: Vec<&PathBuf> = paths.iter().filter(|path| path.ends_with("Dockerfile")).collect();
        all.extend(
            dockerfiles.into_iter().filter_map(|path| Some((seeds::name(path), example(path, &paths)?))),
        );
        assert!(all.len() > 100, "{} contexts", all.len());
        Ring::of(all.into_iter())
    })
}

/// A fixture's context, in the form that `support::Written` reads.
fn fixture(path: &Path) -> Option<Folder> {
    let dockerfile = seeds::read(&path.with_extension("Dockerfile"))?;
    let context = crate::support::Written::parse(&fs::read_to_string(path).ok()?).0;
    let mut files: Vec<File> = context
        .entries
        .iter()
        .map(|entry| File {
            path: entry.path.clone(),
            text: context.texts.get(&entry.path).cloned(),
            size: entry.size,
            is_link: false,
            executable: false,
        })
        .collect();
    if let Some(text) = context.ignore_text {
        files.retain(|file| file.path != ".dockerignore");
        files.push(File::of(".dockerignore", &text));
    }
    Some(Folder { dockerfile, files, tracked: None })
}

fn example(dockerfile: &Path, paths: &[PathBuf]) -> Option<Folder> {
    let folder = dockerfile.parent()?;
    let inside = paths.iter().filter_map(|path| Some((path, path.strip_prefix(folder).ok()?.to_str()?)));
    let file = |(path, inner): (&PathBuf, &str)| Some(File::of(inner, &seeds::read(path)?));
    Some(Folder {
        dockerfile: seeds::read(dockerfile)?,
        files: inside.filter_map(file).collect(),
        tracked: None,
    })
}

/// A folder with some changes, most of them to the files around the Dockerfile.
pub fn folder(random: &mut Random) -> Folder {
    let mut folder = bases().pick(random).clone();
    if random.chance(50) {
        let times = random.between(1, 3);
        mutate::dockerfile(random, &mut folder.dockerfile, seeds::dockerfiles(), times);
    }
    for _ in 0..random.between(1, 6) {
        change(random, &mut folder.files);
    }
    folder.files.sort_by(|a, b| a.path.cmp(&b.path));
    folder.files.dedup_by(|a, b| a.path == b.path);
    if random.chance(30) {
        let kept = folder.files.iter().filter(|_| random.chance(70)).map(|file| file.path.clone());
        folder.tracked = Some(kept.collect());
    }
    folder
}

fn change(random: &mut Random, files: &mut Vec<File>) {
    let at = random.below(files.len().max(1));
    match random.below(10) {
        0 => drop((at < files.len()).then(|| files.remove(at))),
        1 => files.push(File::of(random.pick(NAMES), "x")),
        2 => {
            let (path, text) = TEXTS[random.below(TEXTS.len())];
            let path = if random.chance(80) { path.to_owned() } else { format!("packages/a/{path}") };
            files.push(File::of(&path, text));
        }
        3 => {
            // A file of another project.
            let other = bases().pick(random);
            files.extend(other.files.get(random.below(other.files.len().max(1))).cloned());
        }
        4 => {
            let Some(file) = files.get_mut(at) else { return };
            file.size = [0, 1, 1 << 20, 1 << 40, u64::MAX][random.below(5)];
        }
        5 => {
            let Some(file) = files.get_mut(at) else { return };
            (file.is_link, file.executable) = (random.chance(50), random.chance(50));
        }
        _ => {
            // Jettison reads texts most.
            let with_text: Vec<usize> = (0..files.len()).filter(|&at| files[at].text.is_some()).collect();
            if with_text.is_empty() {
                return;
            }
            let file = &mut files[with_text[random.below(with_text.len())]];
            let mut text = file.text.take().unwrap_or_default();
            mutate_text(random, &file.path, &mut text);
            file.size = text.len() as u64;
            file.text = Some(text);
        }
    }
}

/// Texts to copy pieces from.
fn others() -> &'static Ring<String> {
    static OTHERS: OnceLock<Ring<String>> = OnceLock::new();
    OTHERS.get_or_init(|| {
        Ring::of(TEXTS.iter().chain(BESIDE).map(|(_, text)| ((*text).to_owned(), (*text).to_owned())))
    })
}

/// Changes a text that is not a Dockerfile: its structure if it has one, its values, or its
/// characters.
pub fn mutate_text(random: &mut Random, path: &str, text: &mut String) {
    if path.ends_with(".json")
        && random.chance(60)
        && let Ok(mut value) = serde_json::from_str::<Value>(text)
    {
        for _ in 0..random.between(1, 3) {
            change_value(random, &mut value);
        }
        *text = value.to_string();
        return;
    }
    if random.chance(50) {
        turn_values(random, text);
    } else {
        let times = random.between(1, 4);
        mutate::any(random, text, others(), times);
    }
}

/// Replaces the value in a line of a YAML or TOML file with another scalar, list or map.
fn turn_values(random: &mut Random, text: &mut String) {
    let places: Vec<usize> = text.match_indices([':', '=', '-']).map(|(at, _)| at + 1).collect();
    if places.is_empty() {
        return;
    }
    let at = places[random.below(places.len())];
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let new = random.pick(&[
        "",
        " null",
        " ~",
        " []",
        " {}",
        " [a, b]",
        " {a: b}",
        " { a = 1 }",
        " true",
        " 1",
        " -1",
        " 1e999",
        " 9223372036854775808",
        " \"\"",
        " \"x\"",
        " '*'",
        " '../..'",
        " /",
        " '**/**/*a*b*c'",
        " &a [*a]",
        " !!binary x",
        " |\n  x",
        " >\n  x",
        " \"\\u0000\"",
        " 1979-05-27",
        " 0x7f",
    ]);
    text.replace_range(at..end, new);
}

fn change_value(random: &mut Random, value: &mut Value) {
    // Go down to a place in the tree.
    let (descend, any) = (random.chance(80), random.below(1 << 16));
    match value {
        Value::Object(map) if descend && !map.is_empty() => {
            let key = map.keys().nth(any % map.len()).cloned().unwrap_or_default();
            if random.chance(15) {
                map.remove(&key);
            } else if random.chance(10) {
                let moved = map.remove(&key).unwrap_or_default();
                let keys = [
                    "workspaces",
                    "scripts",
                    "dependencies",
                    "overrides",
                    "pnpm",
                    "packages",
                    "",
                    "..",
                    "a/b",
                    "__proto__",
                ];
                map.insert(random.pick(&keys).to_owned(), moved);
            } else if let Some(inner) = map.get_mut(&key) {
                change_value(random, inner);
            }
        }
        Value::Array(all) if descend && !all.is_empty() => {
            let at = any % all.len();
            change_value(random, &mut all[at]);
        }
        other => {
            let scalars = [
                "null",
                "true",
                "0",
                "-1",
                "1e308",
                "18446744073709551615",
                "\"\"",
                "\"x\"",
                "\"..\"",
                "\"/\"",
                "\"*\"",
                "\"packages/**\"",
                "\"node x.js && y\"",
                "\"file:../a\"",
                "\"workspace:*\"",
                "[]",
                "{}",
                "[[]]",
                "{\"a\":{}}",
                "[\"a\",1,null]",
                "\"\\u0000\"",
            ];
            *other = serde_json::from_str(random.pick(&scalars)).expect("it is JSON");
        }
    }
}

/// A folder in memory.
pub struct KnownContext {
    context: BuildContext,
    dockerfile: Option<&'static str>,
}

impl Folder {
    /// The folder as the surroundings of its Dockerfile.
    pub fn context_source(&self) -> KnownContext {
        let mut texts = BTreeMap::new();
        let mut ignore = None;
        for file in &self.files {
            match &file.text {
                Some(text) if file.path == ".dockerignore" => ignore = Some(text.clone()),
                Some(text) if !file.is_link => drop(texts.insert(file.path.clone(), text.clone())),
                _ => {}
            }
        }
        let entry = |file: &File| Entry {
            path: file.path.clone(),
            size: file.size,
            is_link: file.is_link,
            executable: file.executable,
        };
        let entries = self.files.iter().map(entry).collect();
        let mut context = BuildContext::of(entries, texts, ".dockerignore", ignore);
        let tracked = self.tracked.clone();
        context.tracked = jettison::context::Tracked::read_by(|| tracked);
        let dockerfile = context.file("Dockerfile").map(|_| "Dockerfile");
        KnownContext { context, dockerfile }
    }

    /// Writes the folder to a disk, except files whose names the disk refuses.
    pub fn write(&self, to: &Path) {
        fs::write(to.join("Dockerfile"), &self.dockerfile).expect("it can be written");
        for file in &self.files {
            let path = to.join(&file.path);
            if file.path == "Dockerfile" || fs::create_dir_all(path.parent().unwrap_or(to)).is_err() {
                continue;
            }
            if file.is_link {
                let _ = std::os::unix::fs::symlink(
                    ["/dev/zero", "..", "x", "/etc/passwd"][file.path.len() % 4],
                    path,
                );
            } else {
                let _ = fs::write(path, file.text.as_deref().unwrap_or("x"));
            }
        }
    }
}

impl ContextSource for KnownContext {
    fn context(&self) -> Result<&BuildContext, &str> {
        Ok(&self.context)
    }

    fn dockerfile(&self) -> Option<&str> {
        self.dockerfile
    }
}
