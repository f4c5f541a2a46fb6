//! Tables of projects, by ecosystem: what an install reads of them, or why it is refused.

use super::project;
use crate::context::{BuildContext, Entry};
use crate::facts::Facts;
use crate::knowledge::{Confidence, Knowledge};
use crate::syntax::Dockerfile;

/// What a command reads in a context of these files; a refusal starts with `!`, an unsure one with `?`.
fn reads(command: &str, folder: &str, files: &[(&str, &str)]) -> String {
    let (mut entries, mut texts) = (Vec::new(), std::collections::BTreeMap::new());
    for (path, text) in files {
        entries.push(Entry { path: (*path).into(), size: 1, is_link: false, executable: false });
        texts.insert((*path).into(), (*text).into());
    }
    let context = BuildContext::of(entries, texts, ".dockerignore", None);
    let text = format!("FROM a\nRUN {command}\n");
    let file = Dockerfile::parse(&text);
    let facts = Facts::of(&file, Knowledge::embedded());
    match facts.runs[0].calls.first().and_then(|call| {
        project(
            call,
            command.contains(" -m "),
            Some(folder),
            &|path| path.strip_prefix("/app/").map(str::to_owned),
            &context,
        )
    }) {
        None => "-".into(),
        Some(Err(reason)) => format!("!{reason}"),
        Some(Ok(mut project)) => {
            project.reads.sort();
            let mark = if project.confidence == Confidence::Safe { "" } else { "?" };
            format!("{mark}{}", project.reads.join(" "))
        }
    }
}

const PLAIN: &str = r#"{"dependencies": {"express": "^4.0.0"}}"#;
const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^4.0.0"}}}}"#;

#[test]
fn npm_reads_manifest_and_lock() {
    let files = [("package.json", PLAIN), ("package-lock.json", LOCK), ("server.js", "")];
    assert_eq!(reads("npm ci", "", &files), "package-lock.json package.json");
    assert_eq!(reads("npm install --omit=dev", "", &files), "package-lock.json package.json");
    assert_eq!(reads("npm install", "", &files[..1]), "package.json");
    assert_eq!(reads("npm install express", "", &files), "-");
    assert_eq!(reads("npm install -g express", "", &files), "-");
    assert_eq!(
        reads("npm ci", "", &files[..1]),
        "!`npm ci` needs a lock file, and the build context has none"
    );
    assert_eq!(
        reads("npm ci", "web", &[("web/package.json", PLAIN), ("web/package-lock.json", LOCK)]),
        "web/package-lock.json web/package.json"
    );
    assert_eq!(reads("npm ci", "", &[("src/x.js", "")]), "!the build context has no `package.json`");
}

#[test]
fn npm_may_rewrite_a_lock_that_does_not_fit() {
    let other = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^3.0.0"}}}}"#;
    let old = r#"{"lockfileVersion": 1, "dependencies": {}}"#;
    for lock in [other, old, "not json"] {
        let files = [("package.json", PLAIN), ("package-lock.json", lock)];
        assert_eq!(reads("npm install", "", &files), "?package-lock.json package.json");
        assert_eq!(reads("npm ci", "", &files), "package-lock.json package.json");
    }
}

#[test]
fn node_projects_that_need_more() {
    for (package, reason) in [
        (r#"{"scripts": {"postinstall": "x"}}"#, "has a `postinstall` script"),
        (r#"{"scripts": {"prepare": "husky"}}"#, "has a `prepare` script"),
        (r#"{"dependencies": {"a": "file:../a"}}"#, "takes `a` from a local path"),
        (r#"{"devDependencies": {"a": "link:./a"}}"#, "takes `a` from a local path"),
        (r#"{"overrides": {"a": "file:./a"}}"#, "replaces a dependency by a local path"),
        ("{", "is no JSON"),
    ] {
        let files = [("package.json", package), ("package-lock.json", LOCK)];
        let found = reads("npm ci", "", &files);
        assert!(found.starts_with('!') && found.contains(reason), "{package}: {found}");
    }
    let files = [("package.json", r#"{"scripts": {"postinstall": "x"}}"#), ("package-lock.json", LOCK)];
    assert_eq!(reads("npm ci --ignore-scripts", "", &files), "package-lock.json package.json");
    let files = [("package.json", PLAIN), ("package-lock.json", LOCK), ("binding.gyp", "")];
    assert!(reads("npm ci", "", &files).contains("compiled by the install"));
    assert!(reads("npm ci --prefix web", "", &files).contains("another directory"));
}

#[test]
fn workspaces_bring_their_manifests() {
    let root = r#"{"workspaces": ["packages/*", "!packages/old"]}"#;
    let files = [
        ("package.json", root),
        ("package-lock.json", LOCK),
        ("packages/a/package.json", PLAIN),
        ("packages/a/src.js", ""),
        ("packages/old/package.json", PLAIN),
        ("node_modules/x/package.json", PLAIN),
    ];
    assert_eq!(reads("npm ci", "", &files), "package-lock.json package.json packages/a/package.json");
    let files = [
        ("package.json", PLAIN),
        ("pnpm-lock.yaml", ""),
        ("pnpm-workspace.yaml", "packages:\n  - 'packages/**'\n"),
        ("packages/a/b/package.json", r#"{"name": "b", "bin": "x.js"}"#),
    ];
    assert!(reads("pnpm install --frozen-lockfile", "", &files).contains("has programs (`bin`)"));
    assert_eq!(reads("pnpm fetch", "", &files[..3]), "package.json pnpm-lock.yaml pnpm-workspace.yaml");
}

#[test]
fn pnpm_keeps_a_lock_that_fits() {
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      express:\n        specifier: ^4.0.0\n        version: 4.21.2\n";
    let other = lock.replace("^4", "^3");
    assert_eq!(
        reads("pnpm install", "", &[("package.json", PLAIN), ("pnpm-lock.yaml", lock)]),
        "package.json pnpm-lock.yaml"
    );
    assert_eq!(
        reads("pnpm install", "", &[("package.json", PLAIN), ("pnpm-lock.yaml", &other)]),
        "?package.json pnpm-lock.yaml"
    );
    assert_eq!(
        reads("pnpm install", "", &[("package.json", PLAIN), ("pnpm-lock.yaml", ":")]),
        "?package.json pnpm-lock.yaml"
    );
}

#[test]
fn yarn_and_bun() {
    let files =
        [("package.json", PLAIN), ("yarn.lock", ""), (".yarnrc.yml", ""), (".yarn/releases/yarn.cjs", "")];
    assert_eq!(
        reads("yarn install --frozen-lockfile", "", &files),
        ".yarn .yarnrc.yml package.json yarn.lock"
    );
    assert_eq!(reads("yarn", "", &files), "?.yarn .yarnrc.yml package.json yarn.lock");
    assert_eq!(
        reads("bun install --frozen-lockfile", "", &[("package.json", PLAIN), ("bun.lock", "")]),
        "bun.lock package.json"
    );
}

#[test]
fn requirement_files_include_others() {
    let files = [
        ("requirements.txt", "flask==3.0 # web\n-r requirements/base.txt\n--extra-index-url https://x/y\n"),
        (
            "requirements/base.txt",
            "-c ../constraints.txt\nrequests>=2 \\\n  --hash=sha256:0\nx @ https://x/y.whl\n",
        ),
        ("constraints.txt", "idna<4\n"),
    ];
    assert_eq!(
        reads("pip install --no-cache-dir -r requirements.txt", "", &files),
        "constraints.txt requirements.txt requirements/base.txt"
    );
    assert_eq!(
        reads("pip install -rrequirements.txt gunicorn", "", &files),
        "constraints.txt requirements.txt requirements/base.txt"
    );
    assert_eq!(reads("pip install -r /app/constraints.txt", "requirements", &files), "constraints.txt");
    assert_eq!(reads("uv pip install --system --requirement=constraints.txt", "", &files), "constraints.txt");
    assert_eq!(reads("pip install flask", "", &files), "-");
    assert_eq!(
        reads("pip install -r base.txt", "requirements", &files),
        "constraints.txt requirements/base.txt"
    );
}

#[test]
fn requirement_files_with_local_paths() {
    for text in [
        "-e .",
        "-e git+https://x/y#egg=z",
        ".",
        "./lib",
        "lib/x.whl",
        "file:///x",
        "x @ file:///y",
        "--find-links wheels",
        "-f ./wheels",
        "a${B}",
    ] {
        let found = reads("pip install -r r.txt", "", &[("r.txt", text)]);
        assert!(found.starts_with('!'), "{text}: {found}");
    }
    for command in [
        "pip install -e . -r r.txt",
        "pip install -r r.txt .",
        "pip install -r r.txt ./x",
        "pip install -r $R",
        "pip install -r ../r.txt",
        "pip install -t lib -r r.txt",
    ] {
        let found = reads(command, "", &[("r.txt", "flask")]);
        assert!(found.starts_with('!'), "{command}: {found}");
    }
}

#[test]
fn python_projects() {
    let package = "[tool.poetry]\nname = \"x\"\n[tool.poetry.dependencies]\nflask = \"^3\"\n";
    assert_eq!(
        reads("poetry install --no-root", "", &[("pyproject.toml", package), ("poetry.lock", "")]),
        "poetry.lock pyproject.toml"
    );
    assert!(reads("poetry install", "", &[("pyproject.toml", package)]).contains("--no-root"));
    let local = "[tool.poetry.dependencies]\na = { path = \"../a\" }\n";
    assert!(reads("poetry install --no-root", "", &[("pyproject.toml", local)]).contains("local path"));
    let plain = "[project]\nname = \"x\"\ndependencies = [\"flask\"]\n";
    assert_eq!(
        reads("uv sync --frozen", "", &[("pyproject.toml", plain), ("uv.lock", "")]),
        "pyproject.toml uv.lock"
    );
    assert!(reads("uv sync", "", &[("pyproject.toml", plain), ("uv.lock", "")]).contains("rewrite uv.lock"));
    let built = "[project]\nname = \"x\"\n[build-system]\nrequires = [\"hatchling\"]\n";
    assert!(
        reads("uv sync --locked", "", &[("pyproject.toml", built), ("uv.lock", "")])
            .contains("--no-install-project")
    );
    assert_eq!(
        reads("uv sync --locked --no-install-project", "", &[("pyproject.toml", built), ("uv.lock", "")]),
        "pyproject.toml uv.lock"
    );
    assert_eq!(
        reads(
            "pipenv install --deploy",
            "",
            &[("Pipfile", "[packages]\nflask = \"*\"\n"), ("Pipfile.lock", "")]
        ),
        "Pipfile Pipfile.lock"
    );
}

#[test]
fn other_ecosystems() {
    assert_eq!(
        reads("go mod download", "", &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", "")]),
        "go.mod go.sum"
    );
    assert_eq!(
        reads("go mod download", "", &[("go.mod", "module x\n\ngo 1.13\n"), ("go.sum", "")]),
        "?go.mod go.sum"
    );
    assert!(reads("go mod download", "", &[("go.mod", "replace a => ../a\n")]).contains("local directory"));
    assert!(
        reads("go mod download", "m", &[("m/go.mod", "module x\n"), ("go.work", "")]).contains("go.work")
    );
    let lock = "PLATFORMS\n  ruby\n";
    assert_eq!(
        reads(
            "bundle install --frozen",
            "",
            &[("Gemfile", "source 'https://x'\ngem 'rails', require: false\n"), ("Gemfile.lock", lock)]
        ),
        "Gemfile Gemfile.lock"
    );
    assert!(
        reads("bundle install", "", &[("Gemfile", "gem 'x', path: 'x'\n"), ("Gemfile.lock", lock)])
            .starts_with('!')
    );
    for (beside, word) in [("vendor/cache/rails-7.gem", "vendor/cache"), (".bundle/config", ".bundle")] {
        let files = [("Gemfile", "gem 'rails'\n"), ("Gemfile.lock", lock), (beside, "")];
        assert!(reads("bundle install --frozen", "", &files).contains(word));
    }
    assert_eq!(
        reads(
            "composer install --no-dev",
            "",
            &[("composer.json", r#"{"require": {}}"#), ("composer.lock", "")]
        ),
        "composer.json composer.lock"
    );
    for json in [
        r#"{"scripts": {"post-install-cmd": "x"}}"#,
        r#"{"autoload": {"classmap": ["src"]}}"#,
        r#"{"repositories": [{"type": "path", "url": "x"}]}"#,
        r#"{"config": {"allow-plugins": {"a/b": true}}}"#,
    ] {
        assert!(
            reads("composer install", "", &[("composer.json", json), ("composer.lock", "")]).starts_with('!'),
            "{json}"
        );
    }
    let project =
        "<Project><ItemGroup><ProjectReference Include=\"..\\lib\\lib.csproj\" /></ItemGroup></Project>";
    assert_eq!(
        reads(
            "dotnet restore",
            "app",
            &[
                ("app/app.csproj", project),
                ("lib/lib.csproj", "<Project/>"),
                ("NuGet.Config", ""),
                ("app/x.cs", "")
            ]
        ),
        "NuGet.Config app/app.csproj lib/lib.csproj"
    );
    assert_eq!(
        reads("mix deps.get", "", &[("mix.exs", "defmodule X do end"), ("mix.lock", "")]),
        "mix.exs mix.lock"
    );
    assert!(reads("cargo fetch", "", &[("Cargo.toml", "[package]\n"), ("Cargo.lock", "")]).starts_with('!'));
    assert_eq!(reads("mvn -B dependency:go-offline", "", &[("pom.xml", "<project/>")]), "?pom.xml");
}

#[test]
fn what_a_second_reader_found() {
    for (command, folder, files) in [
        (
            "npm install",
            "web",
            &[("package.json", r#"{"workspaces": ["web"]}"#), ("web/package.json", PLAIN)][..],
        ),
        ("pnpm install", "web", &[("pnpm-workspace.yaml", ""), ("web/package.json", PLAIN)]),
        (
            "uv sync --frozen",
            "svc",
            &[
                ("pyproject.toml", "[tool.uv.workspace]\n"),
                ("svc/pyproject.toml", "[project]\n"),
                ("svc/uv.lock", ""),
            ],
        ),
        ("poetry install --only-root", "", &[("pyproject.toml", "[tool.poetry]\n")]),
        ("pip install -r r.txt", "", &[("r.txt", "-fwheels\nflask\n")]),
        ("pip install -r r.txt", "", &[("r.txt", "-cmissing.txt\nflask\n")]),
        ("uv pip install --system -r r.txt", "", &[("r.txt", "flask\n"), ("uv.toml", "")]),
        (
            "uv sync --locked",
            "",
            &[("pyproject.toml", "[project]\ndynamic = [\"dependencies\"]\n"), ("uv.lock", "")],
        ),
        ("pipenv sync", "", &[("Pipfile", "a = {file = \"./a.whl\"}\n"), ("Pipfile.lock", "")]),
        (
            "npm ci",
            "",
            &[("package.json", r#"{"dependencies": {"a": "libs/x/a.tar.gz"}}"#), ("package-lock.json", LOCK)],
        ),
        (
            "npm ci",
            "",
            &[("package.json", r#"{"overrides": {"a": {"b": "file:./b"}}}"#), ("package-lock.json", LOCK)],
        ),
        (
            "npm ci",
            "",
            &[("package.json", PLAIN), ("package-lock.json", LOCK), (".npmrc", "cafile=ca.pem\n")],
        ),
        ("npm install", "", &[("package.json", PLAIN), ("yarn.lock", "")]),
        (
            "pnpm install --frozen-lockfile",
            "",
            &[("package.json", r#"{"pnpm": {"overrides": {"a": "link:../a"}}}"#), ("pnpm-lock.yaml", "")],
        ),
        (
            "yarn install --immutable",
            "",
            &[("package.json", PLAIN), ("yarn.lock", ""), (".yarnrc.yml", "yarnPath: tools/yarn.cjs\n")],
        ),
        ("dotnet restore", "", &[("a.csproj", ""), ("NuGet.Config", "<add key=\"x\" value=\"./feed\" />")]),
        ("composer install -no", "", &[("composer.json", "{}"), ("composer.lock", "")]),
        ("python -m pip install -r r.txt", "", &[("r.txt", "flask\n"), ("tokenize.py", "")]),
        ("python -m pip install -r r.txt", "", &[("r.txt", "flask\n"), ("logging/x.txt", "")]),
    ] {
        let found = reads(command, folder, files);
        assert!(found.starts_with('!'), "{command} in {files:?}: {found}");
    }
    let files = [("r.txt", "flask\n"), ("app.py", ""), ("src/token.py", "")];
    assert_eq!(reads("python -m pip install -r r.txt", "", &files), "r.txt");
}
