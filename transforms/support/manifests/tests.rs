//! Tables of projects, by ecosystem: what an install reads of them, or why it is refused.

use super::{Place, project};
use crate::context::{BuildContext, Entry};
use crate::facts::Facts;
use crate::knowledge::{Confidence, Knowledge};
use crate::syntax::Dockerfile;

/// What a command reads in a context of these files; a refusal starts with `!`, an unsure one with
/// `?`.
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
        let place = Place {
            folder: Some(folder),
            origin: &|path| path.strip_prefix("/app/").map(str::to_owned),
            as_module: command.contains(" -m "),
            installed: &Vec::new,
            context: &context,
            known: Knowledge::embedded(),
        };
        project(call, &place)
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
    // It is then unknown which packages are installed and which of them have scripts.
    assert_eq!(reads("npm install", "", &files[..1]), "?package.json");
    assert_eq!(reads("npm install --ignore-scripts", "", &files[..1]), "package.json");
    assert_eq!(reads("npm install", "", &[("package.json", "{}")]), "package.json");
    assert_eq!(reads("npm install express", "", &files), "-");
    assert_eq!(reads("npm install -g express", "", &files), "-");
    assert_eq!(
        reads("npm ci", "", &files[..1]),
        "!`npm ci` needs a lockfile, and the build context has none"
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
    for lock in [other, old] {
        let files = [("package.json", PLAIN), ("package-lock.json", lock)];
        assert_eq!(reads("npm install", "", &files), "?package-lock.json package.json");
        assert_eq!(reads("npm ci", "", &files), "package-lock.json package.json");
    }
    let files = [("package.json", PLAIN), ("package-lock.json", "not json")];
    assert!(reads("npm ci", "", &files).contains("is not JSON"));
}

#[test]
fn node_projects_that_need_more() {
    for (package, reason) in [
        (r#"{"scripts": {"postinstall": "x"}}"#, "has a `postinstall` script"),
        (r#"{"scripts": {"prepare": "husky"}}"#, "has a `prepare` script"),
        (r#"{"dependencies": {"a": "file:../a"}}"#, "installs `a` from a local path"),
        (r#"{"devDependencies": {"a": {}}}"#, "installs `a` from an unknown location"),
        (r#"{"devDependencies": {"a": "link:./a"}}"#, "installs `a` from a local path"),
        (r#"{"overrides": {"a": "file:./a"}}"#, "replaces a dependency with a local path"),
        ("{", "is not JSON"),
    ] {
        let files = [("package.json", package), ("package-lock.json", LOCK)];
        let found = reads("npm ci", "", &files);
        assert!(found.starts_with('!') && found.contains(reason), "{package}: {found}");
    }
    let files = [("package.json", r#"{"scripts": {"postinstall": "x"}}"#), ("package-lock.json", LOCK)];
    assert_eq!(reads("npm ci --ignore-scripts", "", &files), "package-lock.json package.json");
    let files = [("package.json", PLAIN), ("package-lock.json", LOCK), ("binding.gyp", "")];
    assert!(reads("npm ci", "", &files).contains("the install compiles"));
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
    let broken = reads("pnpm install", "", &[("package.json", PLAIN), ("pnpm-lock.yaml", ":")]);
    assert!(broken.contains("is not YAML"), "{broken}");
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
        "-i ./simple",
        "--extra-index-url=mirror",
        "--unheard-of x",
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
            &[("Pipfile", "[packages]\nflask = \"*\"\n"), ("Pipfile.lock", "{}")]
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
            &[("composer.json", r#"{"require": {}}"#), ("composer.lock", "{}")]
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
            reads("composer install", "", &[("composer.json", json), ("composer.lock", "{}")])
                .starts_with('!'),
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
                ("NuGet.Config", "<configuration/>"),
                ("app/x.cs", "")
            ]
        ),
        "NuGet.Config app/app.csproj lib/lib.csproj"
    );
    assert_eq!(
        reads("mix deps.get", "", &[("mix.exs", "defmodule X do end"), ("mix.lock", "")]),
        "?mix.exs mix.lock"
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
        (
            "uv pip install --system -r r.txt",
            "",
            &[("r.txt", "flask\n"), ("uv.toml", "find-links = [\"w\"]\n")],
        ),
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
        ("composer install -no", "", &[("composer.json", "{}"), ("composer.lock", "{}")]),
        ("python -m pip install -r r.txt", "", &[("r.txt", "flask\n"), ("tokenize.py", "")]),
        ("python -m pip install -r r.txt", "", &[("r.txt", "flask\n"), ("logging/x.txt", "")]),
    ] {
        let found = reads(command, folder, files);
        assert!(found.starts_with('!'), "{command} in {files:?}: {found}");
    }
    let files = [("r.txt", "flask\n"), ("app.py", ""), ("src/token.py", "")];
    assert_eq!(reads("python -m pip install -r r.txt", "", &files), "r.txt");
}

/// A package-lock.json whose packages have these entries.
fn locked(packages: &str) -> String {
    format!(
        r#"{{"lockfileVersion": 3, "packages": {{"": {{"dependencies": {{"express": "^4.0.0"}}}}, {packages}}}}}"#
    )
}

#[test]
fn scripts_of_dependencies() {
    for (entry, expected) in [
        (r#""node_modules/esbuild": {"hasInstallScript": true}"#, "package-lock.json package.json"),
        (r#""node_modules/a": {"version": "1.0.0"}"#, "package-lock.json package.json"),
        (
            r#""node_modules/a/node_modules/core-js": {"hasInstallScript": true}"#,
            "package-lock.json package.json",
        ),
        // A package for another system is not installed.
        (
            r#""node_modules/a": {"hasInstallScript": true, "os": ["darwin"]}"#,
            "package-lock.json package.json",
        ),
        (
            r#""node_modules/a": {"hasInstallScript": true}"#,
            "!`a` has an install script, and the project files that it reads are unknown",
        ),
        (
            r#""node_modules/a": {"hasInstallScript": true, "os": ["!win32"]}"#,
            "!`a` has an install script, and the project files that it reads are unknown",
        ),
        (
            r#""node_modules/esbuild": {"hasInstallScript": true, "name": "b"}"#,
            "!`b` has an install script, and the project files that it reads are unknown",
        ),
        (
            r#""node_modules/@prisma/client": {"hasInstallScript": true}"#,
            "!`@prisma/client` has an install script: it generates a client from the project's schema",
        ),
        (
            r#""node_modules/puppeteer": {"hasInstallScript": true}"#,
            "!`puppeteer` has an install script: it reads the project's .puppeteerrc",
        ),
    ] {
        let lock = locked(entry);
        let files = [("package.json", PLAIN), ("package-lock.json", lock.as_str())];
        assert_eq!(reads("npm ci", "", &files), expected, "{entry}");
        assert_eq!(reads("npm ci --ignore-scripts", "", &files), "package-lock.json package.json");
        let files = [&files[..], &[(".npmrc", "ignore-scripts=true\n")]].concat();
        assert_eq!(reads("npm ci", "", &files), ".npmrc package-lock.json package.json");
    }
    let lock = locked(r#""node_modules/sqlite3": {"hasInstallScript": true}"#);
    let files = [("package.json", PLAIN), ("package-lock.json", lock.as_str()), (".prebuild-installrc", "")];
    assert_eq!(reads("npm ci", "", &files), ".prebuild-installrc package-lock.json package.json");
    // If no lockfile says it, only the names are known.
    let direct = r#"{"dependencies": {"@prisma/client": "5"}}"#;
    assert!(reads("npm install", "", &[("package.json", direct)]).contains("schema"));
    let old = r#"{"lockfileVersion": 1, "dependencies": {"a": {"version": "1", "dependencies": {"cypress": {"version": "1"}}}}}"#;
    assert!(
        reads("npm ci", "", &[("package.json", PLAIN), ("package-lock.json", old)]).contains("`cypress`")
    );
}

#[test]
fn what_lockfiles_take_from_local_paths() {
    for entry in [
        r#""node_modules/a": {"resolved": "file:a-1.0.0.tgz"}"#,
        r#""node_modules/a": {"resolved": "lib/a", "link": true}"#,
        r#""lib/a": {"version": "1.0.0"}"#,
    ] {
        let lock = locked(entry);
        let files =
            [("package.json", PLAIN), ("package-lock.json", lock.as_str()), ("lib/a/package.json", "{}")];
        assert!(reads("npm ci", "", &files).starts_with("!`package-lock.json`"), "{entry}");
    }
    let root = r#"{"workspaces": ["lib/*"]}"#;
    let lock =
        locked(r#""node_modules/a": {"resolved": "lib/a", "link": true}, "lib/a": {"version": "1.0.0"}"#);
    let files = [("package.json", root), ("package-lock.json", lock.as_str()), ("lib/a/package.json", "{}")];
    assert_eq!(reads("npm ci", "", &files), "lib/a/package.json package-lock.json package.json");
    for lock in [
        "packages:\n  a@file:a:\n    resolution: {directory: a, type: directory}\n",
        "packages:\n  a@1:\n    resolution: {tarball: 'file:a.tgz'}\n",
        "overrides:\n  a: link:./a\n",
        "patchedDependencies:\n  a@1:\n    hash: x\n    path: patches/a.patch\n",
    ] {
        let files = [("package.json", PLAIN), ("pnpm-lock.yaml", lock)];
        assert!(reads("pnpm install --frozen-lockfile", "", &files).starts_with('!'), "{lock}");
    }
    for lock in [
        "\"a@portal:./a\":\n  resolution: \"a@portal:./a::locator=x\"\n",
        "__metadata:\n  version: 8\n\"a@file:./a\":\n  resolution: \"a@file:./a\"\n",
    ] {
        let files =
            [("package.json", PLAIN), ("yarn.lock", lock), (".yarnrc.yml", "nodeLinker: node-modules\n")];
        assert!(reads("yarn install --immutable", "", &files).contains("local path"), "{lock}");
    }
    let lock = r#"{"packages": {"a": ["a@file:../a", {}],},}"#;
    assert!(
        reads("bun install --frozen-lockfile", "", &[("package.json", PLAIN), ("bun.lock", lock)])
            .contains("local path")
    );
}

#[test]
fn pnpm_runs_the_scripts_that_it_is_allowed_to() {
    let nine = "lockfileVersion: '9.0'\npackages:\n  esbuild@0.1.0: {}\n  '@prisma/client@5.0.0(prisma@5.0.0)': {}\n  a@1.0.0: {}\n";
    let six = "lockfileVersion: '6.0'\npackages:\n  /esbuild@0.1.0:\n    requiresBuild: true\n  /@prisma/client@5.0.0:\n    requiresBuild: true\n";
    let fine = "package.json pnpm-lock.yaml";
    for (package, lock, expected) in [
        (r#"{"packageManager": "pnpm@10.1.0"}"#, nine, fine),
        (r#"{"packageManager": "pnpm@10.1.0", "pnpm": {"onlyBuiltDependencies": ["esbuild"]}}"#, nine, fine),
        (r#"{"pnpm": {"onlyBuiltDependencies": ["esbuild"]}}"#, nine, fine),
        (r#"{"pnpm": {"onlyBuiltDependencies": []}}"#, six, fine),
        (r#"{"pnpm": {"onlyBuiltDependencies": ["esbuild", "@prisma/client"]}}"#, nine, "!`@prisma/client`"),
        (r#"{"packageManager": "pnpm@10.30.0", "pnpm": {"allowBuilds": {"a": true}}}"#, nine, "!`a`"),
        (
            r#"{"packageManager": "pnpm@10.1.0", "pnpm": {"dangerouslyAllowAllBuilds": true}}"#,
            nine,
            "!`@prisma/client`",
        ),
        (r#"{"packageManager": "pnpm@9.1.0"}"#, nine, "!`@prisma/client`"),
        ("{}", nine, "!`@prisma/client`"),
        ("{}", six, "!`@prisma/client`"),
        ("{}", "lockfileVersion: '6.0'\npackages:\n  /esbuild@0.1.0:\n    requiresBuild: true\n", fine),
        ("{}", "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {}\n", "?package.json pnpm-lock.yaml"),
    ] {
        let found = reads(
            "pnpm install --frozen-lockfile",
            "",
            &[("package.json", package), ("pnpm-lock.yaml", lock)],
        );
        assert!(found.starts_with(expected), "{package}: {found}");
    }
    let files = [
        ("package.json", "{}"),
        ("pnpm-lock.yaml", nine),
        ("pnpm-workspace.yaml", "onlyBuiltDependencies: [esbuild]\n"),
    ];
    assert_eq!(
        reads("pnpm install --frozen-lockfile", "", &files),
        "package.json pnpm-lock.yaml pnpm-workspace.yaml"
    );
}

#[test]
fn yarn_and_bun_do_not_say_which_packages_have_scripts() {
    let classic = "# yarn lockfile v1\n\na@^1:\n  version \"1.0.0\"\n";
    let files = [("package.json", PLAIN), ("yarn.lock", classic)];
    assert_eq!(reads("yarn install --frozen-lockfile", "", &files), "?package.json yarn.lock");
    assert_eq!(
        reads("yarn install --frozen-lockfile --ignore-scripts", "", &files),
        "package.json yarn.lock"
    );
    let cypress = "# yarn lockfile v1\n\ncypress@^13:\n  version \"13.0.0\"\n";
    let files = [("package.json", PLAIN), ("yarn.lock", cypress)];
    assert!(reads("yarn --frozen-lockfile", "", &files).contains("`cypress`"));
    let berry = "__metadata:\n  version: 8\n\"a@npm:^1\":\n  resolution: \"a@npm:1.0.0\"\n";
    let files = [("package.json", PLAIN), ("yarn.lock", berry), (".yarnrc.yml", "enableScripts: false\n")];
    assert_eq!(reads("yarn install --immutable", "", &files), ".yarnrc.yml package.json yarn.lock");
    let files = [("package.json", PLAIN), ("yarn.lock", berry), (".yarnrc.yml", "enableTelemetry: false\n")];
    assert_eq!(reads("yarn install --immutable", "", &files), "?.yarnrc.yml package.json yarn.lock");
    let lock = r#"{"packages": {"a": ["a@1.0.0", "", {}, "sha512-x"],},}"#;
    for (package, expected) in [
        (PLAIN, "?bun.lock package.json"),
        (r#"{"trustedDependencies": []}"#, "bun.lock package.json"),
        (r#"{"trustedDependencies": ["a"]}"#, "!`a` has an install script"),
    ] {
        let found =
            reads("bun install --frozen-lockfile", "", &[("package.json", package), ("bun.lock", lock)]);
        assert!(found.starts_with(expected), "{package}: {found}");
    }
}

#[test]
fn settings_that_name_other_files() {
    let lock = "lockfileVersion: '9.0'\n";
    for (name, text) in [
        (".npmrc", "node-options=--require ./x.js\n"),
        (".npmrc", "cafile=ca.pem\n"),
        (".npmrc", "some-new-key=x\n"),
        (".npmrc", "registry=./mirror\n"),
        ("pnpm-workspace.yaml", "overrides:\n  a: 'file:./a'\n"),
        ("pnpm-workspace.yaml", "overrides:\n  a: link:../a\n"),
        ("pnpm-workspace.yaml", "catalog:\n  a: file:./a\n"),
        ("pnpm-workspace.yaml", "catalogs:\n  x:\n    a: file:./a\n"),
        ("pnpm-workspace.yaml", "configDependencies:\n  x: 1.0.0\n"),
        ("pnpm-workspace.yaml", "pnpmfile: tools/hooks.cjs\n"),
        ("pnpm-workspace.yaml", "patchedDependencies:\n  a@1: patches/a.patch\n"),
        ("pnpm-workspace.yaml", "packageExtensions:\n  a:\n    dependencies:\n      b: file:./b\n"),
        ("pnpm-workspace.yaml", "onlyBuiltDependenciesFile: x.json\n"),
        ("pnpm-workspace.yaml", "- packages\n"),
        (".pnpmfile.cjs", "module.exports = {}\n"),
        (".pnpmfile.mjs", "export default {}\n"),
    ] {
        let files = [("package.json", PLAIN), ("pnpm-lock.yaml", lock), (name, text)];
        let found = reads("pnpm install --frozen-lockfile", "", &files);
        assert!(found.starts_with('!'), "{text}: {found}");
    }
    let files = [
        ("package.json", r#"{"packageManager": "pnpm@10.0.0"}"#),
        ("pnpm-lock.yaml", lock),
        (
            "pnpm-workspace.yaml",
            "catalog:\n  a: ^1\noverrides:\n  b: 'catalog:'\npatchedDependencies:\n  a@1: patches/a.patch\n",
        ),
        ("patches/a.patch", ""),
        (".npmrc", "@corp:registry=https://npm.example.com/\n//npm.example.com/:_authToken=${NPM_TOKEN}\n"),
    ];
    assert_eq!(
        reads("pnpm install --frozen-lockfile", "", &files),
        ".npmrc package.json patches/a.patch pnpm-lock.yaml pnpm-workspace.yaml"
    );
    for text in [
        "plugins:\n  - path: .yarn/plugins/x.cjs\n    spec: https://x/y.js\n",
        "enableConstraintsChecks: true\n",
        "yarnPath: ../yarn.cjs\n",
        "plugins: [./x.js]\n",
    ] {
        let files = [
            ("package.json", "{}"),
            ("yarn.lock", "__metadata:\n"),
            (".yarnrc.yml", text),
            (".yarn/plugins/x.cjs", ""),
        ];
        let found = reads("yarn install --immutable", "", &files);
        assert!(found.starts_with('!'), "{text}: {found}");
    }
    let files = [
        ("package.json", "{}"),
        ("yarn.lock", "# yarn lockfile v1\n"),
        (".yarnclean", ""),
        (".yarnrc", "yarn-path \".yarn/releases/y.cjs\"\n"),
        (".yarn/releases/y.cjs", ""),
    ];
    assert_eq!(
        reads("yarn --frozen-lockfile", "", &files),
        ".yarn .yarnclean .yarnrc package.json yarn.lock"
    );
    let files = [
        ("package.json", "{}"),
        ("yarn.lock", "# yarn lockfile v1\n"),
        (".yarnrc", "yarn-offline-mirror \"./mirror\"\n"),
    ];
    assert!(reads("yarn --frozen-lockfile", "", &files).contains("yarn-offline-mirror"));
    let files = [("package.json", "{}"), ("bun.lock", ""), (".env", "X=1\n")];
    assert!(reads("bun install --frozen-lockfile", "", &files).contains(".env"));
}

#[test]
fn dependencies_of_every_kind() {
    for package in [
        r#"{"dependencies": {"a": "exec:./a.js"}}"#,
        r#"{"optionalDependencies": {"a": "portal:../a"}}"#,
        r#"{"resolutions": {"a": "patch:a@npm%3A1.0.0#./patches/a.patch"}}"#,
        r#"{"resolutions": {"b/a": "link:./a"}}"#,
        r#"{"overrides": {"a": {".": "1", "b": "file:./b"}}}"#,
        r#"{"overrides": ["a"]}"#,
        r#"{"workspaces": {"packages": [], "own": 1}}"#,
        r#"{"workspaces": "packages/*"}"#,
        r#"{"dependenciesMeta": {"a": {"injected": true}}}"#,
        r#"{"patchedDependencies": {"a@1": "patches/a.patch"}}"#,
        "[]",
    ] {
        let found = reads("npm ci", "", &[("package.json", package), ("package-lock.json", LOCK)]);
        assert!(found.starts_with('!'), "{package}: {found}");
    }
    let package = r#"{"resolutions": {"a": "patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch", "c": "patch:c@1#./p/c.patch"}, "overrides": {"b": "$b"}}"#;
    let files = [
        ("package.json", package),
        ("yarn.lock", "__metadata:\n"),
        (".yarn/patches/a.patch", ""),
        ("p/c.patch", ""),
    ];
    assert_eq!(reads("yarn install --immutable", "", &files), ".yarn p/c.patch package.json yarn.lock");
    let files = [
        ("package.json", r#"{"scripts": {"preinstall": "npx -y only-allow npm"}}"#),
        ("package-lock.json", LOCK),
    ];
    assert_eq!(reads("npm ci", "", &files), "package-lock.json package.json");
}

#[test]
fn python_manifests_are_parsed() {
    let lock = ("uv.lock", "");
    for (text, expected) in [
        // uv ignores another tool's table.
        (
            "[project]\nname = 'x'\n[build-system]\nrequires = []\n[tool.other]\npackage = false\n",
            "--no-install-project",
        ),
        ("[project]\nname = 'x'\ndynamic = [\n  # none\n  \"dependencies\",\n]\n", "dynamic"),
        ("[project]\nname = 'x'\n[tool.uv.sources]\na = { path = '../a' }\n", "`a`"),
        ("[project]\nname = 'x'\n[tool.uv.sources.a]\n'path' = '../a'\n", "`a`"),
        ("[project]\nname = 'x'\n[tool.uv.sources]\na = [{ git = '../a' }]\n", "`a`"),
        ("[project]\nname = 'x'\n[tool.uv.workspace]\nmembers = ['a']\n", "workspace"),
        ("[project]\nname = 'x'\ndependencies = ['a @ file:///a']\n", "local path"),
        ("[project]\nname = 'x'\n[[tool.uv.index]]\nname = 'x'\nurl = 'wheels'\n", "index"),
        ("[project]\nname = 'x'\n[tool.uv]\nfind-links = ['wheels']\n", "find-links"),
        ("[project]\nname = 'x'\n[dependency-groups]\ndev = ['a @ ./a']\n", "local path"),
        ("[project\n", "is not TOML"),
    ] {
        let found = reads("uv sync --frozen", "", &[("pyproject.toml", text), lock]);
        assert!(found.starts_with('!') && found.contains(expected), "{text}: {found}");
    }
    let text = "[project]\nname = 'x'\n[build-system]\nrequires = ['hatch-vcs']\n[tool.uv]\npackage = false\nsources = { a = { git = 'https://x/y' } }\n";
    assert_eq!(reads("uv sync --frozen", "", &[("pyproject.toml", text), lock]), "pyproject.toml uv.lock");
    let local = "[[package]]\nname = 'a'\nsource = { directory = '../a' }\n";
    assert!(
        reads("uv sync --frozen", "", &[("pyproject.toml", text), ("uv.lock", local)]).contains("uv.lock")
    );
    let own = "[[package]]\nname = 'x'\nsource = { virtual = '.' }\n[[package]]\nname = 'a'\nsource = { registry = 'https://pypi.org/simple' }\n";
    assert_eq!(
        reads("uv sync --frozen", "", &[("pyproject.toml", text), ("uv.lock", own)]),
        "pyproject.toml uv.lock"
    );
    for (text, expected) in [
        ("[tool.poetry]\npackage-mode = false\n[tool.poetry-dynamic-versioning]\nenable = true\n", "git"),
        ("[tool.poetry]\n[tool.poetry.group.dev.dependencies]\na = { path = 'a', develop = true }\n", "`a`"),
        ("[tool.poetry]\n[tool.poetry.dependencies]\na = [{ version = '1' }, { file = 'a.whl' }]\n", "`a`"),
        ("[tool.poetry]\n[tool.poetry.requires-plugins]\npoetry-own = '1'\n", "poetry-own"),
        ("[tool.poetry]\n[[tool.poetry.source]]\nname = 'x'\nurl = 'wheels'\n", "index"),
    ] {
        let found = reads("poetry install --no-root", "", &[("pyproject.toml", text), ("poetry.lock", "")]);
        assert!(found.starts_with('!') && found.contains(expected), "{text}: {found}");
    }
    let foreign = "[tool.poetry]\nname = 'x'\n[tool.other]\npackage-mode = false\n";
    assert!(
        reads("poetry install", "", &[("pyproject.toml", foreign), ("poetry.lock", "")])
            .contains("--no-root")
    );
    let files = [("pyproject.toml", foreign), ("poetry.lock", ""), ("poetry.toml", "cache-dir = 'x'\n")];
    assert!(reads("poetry install --no-root", "", &files).contains("cache-dir"));
    for text in [
        "[packages]\na = { path = '.', editable = true }\n",
        "[packages]\n\"a\".file = 'a.whl'\n",
        "[docs]\na = {path = '../a'}\n",
        "[[source]]\nurl = 'wheels'\n",
    ] {
        let found = reads("pipenv sync", "", &[("Pipfile", text), ("Pipfile.lock", "{}")]);
        assert!(found.starts_with('!'), "{text}: {found}");
    }
}

#[test]
fn requirements_from_a_project() {
    let fixed = "[project]\nname = 'x'\ndependencies = ['flask']\n";
    assert_eq!(
        reads("uv pip install --system -r pyproject.toml", "", &[("pyproject.toml", fixed)]),
        "pyproject.toml"
    );
    for (command, name, text) in [
        (
            "uv pip install --system -r pyproject.toml",
            "pyproject.toml",
            "[project]\nname = 'x'\ndynamic = ['dependencies']\n",
        ),
        ("uv pip install --system -r pyproject.toml", "pyproject.toml", "[tool.poetry]\nname = 'x'\n"),
        ("uv pip install --system -r setup.py", "setup.py", ""),
        ("uv pip install --system .", "pyproject.toml", fixed),
        ("pip install -r r.txt", "setup.cfg", "[install]\nprefix = x\n"),
    ] {
        let found = reads(command, "", &[(name, text), ("r.txt", "flask\n")]);
        assert!(found.starts_with('!'), "{command}: {found}");
    }
}

#[test]
fn solutions_and_projects_of_every_kind() {
    let solution = |project: &str| {
        format!(
            "Project(\"{{9A19103F-16F7-4668-BE54-9A1E7A4F7556}}\") = \"x\", \"{project}\", \"{{1}}\"\nEndProject\n"
        )
    };
    let plain = ("app/app.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\" />");
    let good = solution("app\\app.csproj");
    let files = [
        ("App.sln", good.as_str()),
        plain,
        ("global.json", "{}"),
        ("Directory.Packages.props", "<Project />"),
        ("app/app.csproj.user", ""),
    ];
    assert_eq!(
        reads("dotnet restore", "", &files),
        "App.sln Directory.Packages.props app/app.csproj app/app.csproj.user global.json"
    );
    for other in ["docker-compose.dcproj", "web\\web.esproj", "s\\s.shproj", "d\\d.sqlproj", "n\\n.vcxproj"] {
        let text = solution(other);
        assert!(
            reads("dotnet restore App.sln", "", &[("App.sln", text.as_str()), plain]).contains("type"),
            "{other}"
        );
    }
    for (name, text) in [
        ("Directory.Build.props", "<Project><Import Project=\"eng/x.props\" /></Project>"),
        ("Directory.Build.targets", "<Project><ItemGroup Condition=\"Exists('x')\" /></Project>"),
        ("Directory.Build.rsp", "-p:X=1"),
        (
            "nuget.config",
            "<configuration><packageSources><add key='x' value='feed'/></packageSources></configuration>",
        ),
        ("Directory.Build.props", "<Project"),
        ("app.dcproj", "<Project />"),
    ] {
        let found = reads("dotnet restore", "", &[("App.sln", good.as_str()), plain, (name, text)]);
        assert!(found.starts_with('!'), "{name} {text}: {found}");
    }
}

#[test]
fn other_manifests_are_parsed() {
    for text in [
        "module x\nreplace (\n\ta v1.0.0 => ../a\n)\n",
        "module x\nreplace a => \"./a\"\n",
        "module x\nunheard of\n",
    ] {
        assert!(reads("go mod download", "", &[("go.mod", text), ("go.sum", "")]).starts_with('!'), "{text}");
    }
    let text = "module x\n\ngo 1.22\n\n// replace a => ../a\nreplace a => b v1.0.0\n";
    assert_eq!(reads("go mod download", "", &[("go.mod", text), ("go.sum", "")]), "go.mod go.sum");
    for lock in [
        r#"{"packages": [{"name": "a/b", "type": "composer-plugin"}]}"#,
        r#"{"packages-dev": [{"name": "a/b", "dist": {"type": "path", "url": "../b"}}]}"#,
    ] {
        let files = [("composer.json", "{}"), ("composer.lock", lock)];
        assert!(reads("composer install", "", &files).starts_with('!'), "{lock}");
    }
    for json in [
        r#"{"config": {"cache-dir": "x"}}"#,
        r#"{"repositories": [{"type": "vcs", "url": "../x"}]}"#,
        r#"{"repositories": {"x": {"type": "own"}}}"#,
    ] {
        let files = [("composer.json", json), ("composer.lock", "{}")];
        assert!(reads("composer install", "", &files).starts_with('!'), "{json}");
    }
    let files = [("composer.json", "{}"), ("composer.lock", "{}"), (".git/HEAD", "")];
    assert!(reads("composer install", "", &files).contains("version"));
    let gemfile = ("Gemfile", "source 'https://rubygems.org'\ngem 'rails'\n");
    for lock in ["PATH\n  remote: .\n", "PLUGIN SOURCE\n"] {
        assert!(
            reads("bundle install --frozen", "", &[gemfile, ("Gemfile.lock", lock)]).contains("Gemfile.lock"),
            "{lock}"
        );
    }
    let pom = "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><!-- <modules/> --><artifactId>x</artifactId></project>";
    assert_eq!(reads("mvn dependency:go-offline", "", &[("pom.xml", pom)]), "?pom.xml");
    for pom in [
        "<project><modules><module>a</module></modules></project>",
        "<project><dependencies><dependency><systemPath>x</systemPath></dependency></dependencies></project>",
        "<project>",
    ] {
        assert!(reads("mvn dependency:go-offline", "", &[("pom.xml", pom)]).starts_with('!'), "{pom}");
    }
    let files = [("pom.xml", pom), (".mvn/extensions.xml", "<extensions><extension/></extensions>")];
    assert!(reads("mvn dependency:go-offline", "", &files).contains("extensions"));
}
