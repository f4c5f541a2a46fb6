//! The packages of a release: `packaging/build package` makes them from the programs of this build,
//! and each is installed and used to its first diff, if its package manager is there.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use support::folder;
use support::run::{FIXED, NAIVE, git, text};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The directory with the packages of this build, or why they can't be made. Only Linux on this
/// processor has real programs.
static PACKAGES: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    let cargo = || Command::new(env!("CARGO"));
    // The list of what is in the packages has the crates of all systems.
    let fetched = cargo().args(["fetch", "--locked", "--quiet"]).current_dir(root()).status();
    if !fetched.is_ok_and(|status| status.success()) {
        return Err("crates of other systems are missing, and cargo can't download them".into());
    }
    let dist = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
    let _ = fs::remove_dir_all(&dist);
    let put = |name: &str, bytes: &[u8]| {
        let path = dist.join("binaries").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, bytes).expect("a file");
        path
    };
    for name in ["x86_64-darwin/jettison", "arm64-darwin/jettison", "x86_64-windows/jettison.exe"] {
        put(name, name.as_bytes());
    }
    // The header of an ELF file for 64 bits, without a dynamic loader.
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(64, 0);
    put("aarch64-linux/jettison", &header);
    put("aarch64-linux/jettison-trace", b"the tracer");
    let own = put("x86_64-linux/jettison", b"");
    let program = support::jettison();
    // Without its symbols, since packing them takes seconds.
    succeed(Command::new("strip").arg("-o").arg(&own).arg(&program));
    // Tests of this package alone do not build it.
    let tracer = fs::read(program.with_file_name("jettison-trace"));
    put("x86_64-linux/jettison-trace", &tracer.unwrap_or_else(|_| b"the tracer".to_vec()));
    let mut build = Command::new(root().join("packaging/build"));
    build.args(["package", "--repository", "owner/jettison", "--dist"]).arg(&dist);
    succeed(build.env("CARGO", env!("CARGO")));
    Ok(dist)
});

/// The directory with the packages, if there is what makes them and what the test needs.
fn packages(test: &str, programs: &[&str]) -> Option<&'static Path> {
    let needed = [&["python3", "strip", "dpkg-deb"], programs].concat();
    if !support::has_programs(test, &needed) {
        return None;
    }
    support::need(test, PACKAGES.as_deref().map_err(Clone::clone))
}

/// The only file of this form in a directory.
fn package(dist: &Path, start: &str, end: &str) -> PathBuf {
    let entries = fs::read_dir(dist).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").path());
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(start) && name.ends_with(end)
    };
    let found: Vec<PathBuf> = names.filter(is_it).collect();
    assert_eq!(found.len(), 1, "{start}…{end}: {found:?}");
    found[0].clone()
}

/// The output of a program that must succeed.
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// The program of a package tells its version and fixes a Dockerfile.
fn works(program: &Path) {
    assert_eq!(succeed(Command::new(program).arg("--version")), format!("jettison {VERSION}\n"));
    let sample = folder(&[("Dockerfile", NAIVE)]);
    let start = |arguments: &[&str]| -> Output {
        Command::new(program).args(arguments).current_dir(sample.path()).output().expect("it starts")
    };
    let diff = start(&["diff"]);
    assert_eq!(diff.status.code(), Some(1), "{}", text(&diff.stderr));
    assert!(text(&diff.stdout).contains("+    && rm -rf /var/lib/apt/lists/*\n"), "{}", text(&diff.stdout));
    assert!(start(&["fix", "--write"]).status.success());
    assert_eq!(fs::read_to_string(sample.path().join("Dockerfile")).expect("a file"), FIXED);
}

#[test]
fn a_wheel_installs_without_network() {
    let Some(dist) = packages("a_wheel_installs_without_network", &[]) else { return };
    let place = tempfile::tempdir().expect("a temporary directory");
    succeed(Command::new("python3").args(["-m", "venv"]).arg(place.path()));
    let pip = place.path().join("bin/pip");
    let find = format!("--find-links={}", dist.display());
    succeed(Command::new(pip).args(["install", "--no-index", &find]).arg(format!("jettison=={VERSION}")));
    works(&place.path().join("bin/jettison"));
    // The tag names the glibc that the program needs.
    package(dist, &format!("jettison-{VERSION}-py3-none-manylinux_2_"), "_x86_64.whl");
}

#[test]
fn the_npm_packages_install_without_network() {
    let test = "the_npm_packages_install_without_network";
    let Some(dist) = packages(test, &["node", "npm"]) else { return };
    let project = folder(&[("package.json", "{}")]);
    let install = |names: &[PathBuf]| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--offline", "--no-audit", "--no-fund"]).args(names);
        succeed(npm.current_dir(project.path()))
    };
    let launcher = package(dist, "jettison-cli-0", ".tgz");
    install(&[launcher.clone(), package(dist, "jettison-cli-linux-x64-", ".tgz")]);
    let program = project.path().join("node_modules/.bin/jettison");
    works(&program);
    // The exit status and signals are those of the program.
    let status = Command::new(&program).arg("--no-such-option").output().expect("node starts").status;
    assert_eq!(status.code(), Some(2));
    // Without the package for the platform, a message says so.
    fs::remove_dir_all(project.path().join("node_modules/jettison-cli-linux-x64")).expect("it is there");
    let output = Command::new(&program).output().expect("node starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("jettison-cli-linux-x64 is not installed"));
}

#[test]
fn the_debian_package_is_complete() {
    let Some(dist) = packages("the_debian_package_is_complete", &["dpkg-deb", "md5sum"]) else { return };
    let package = package(dist, "jettison_", "_amd64.deb");
    let field = |name: &str| succeed(Command::new("dpkg-deb").arg("--field").arg(&package).arg(name));
    assert_eq!(field("Version").trim(), VERSION);
    // The programs of a test are linked with the system's libraries.
    assert!(field("Depends").starts_with("libc6"));
    let place = tempfile::tempdir().expect("a temporary directory");
    succeed(Command::new("dpkg-deb").arg("--raw-extract").arg(&package).arg(place.path()));
    succeed(Command::new("md5sum").args(["--check", "--quiet", "DEBIAN/md5sums"]).current_dir(place.path()));
    for path in ["man/man1/jettison.1.gz", "bash-completion/completions/jettison", "doc/jettison/copyright"] {
        assert!(place.path().join("usr/share").join(path).is_file(), "{path}");
    }
    works(&place.path().join("usr/bin/jettison"));
}

#[test]
fn an_archive_is_what_the_action_downloads() {
    let Some(dist) = packages("an_archive_is_what_the_action_downloads", &["bash", "sha256sum", "tar"])
    else {
        return;
    };
    let name = format!("jettison-{VERSION}-x86_64-linux.tar.gz");
    let programs = folder(&[(
        "curl",
        "#!/bin/sh\nwhile [ \"$1\" != --output ]; do shift; done\ncp \"$ARCHIVE\" \"$2\"\n",
    )]);
    succeed(Command::new("chmod").arg("+x").arg(programs.path().join("curl")));
    let sums = fs::read_to_string(dist.join("release.sha256")).expect("a file");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a file");
    let action = folder(&[("Cargo.toml", &manifest), ("release.sha256", &sums)]);
    let runner = tempfile::tempdir().expect("a temporary directory");
    let mut install = Command::new("bash");
    install
        .arg(root().join("action.sh"))
        .arg("install")
        .env("PATH", format!("{}:/usr/bin:/bin", programs.path().display()))
        .env("RUNNER_TEMP", runner.path())
        .env("GITHUB_ACTION_PATH", action.path())
        .env("ACTION_REPOSITORY", "owner/jettison")
        .env("ARCHIVE", dist.join(name));
    succeed(&mut install);
    works(&runner.path().join("jettison/bin/jettison"));
    assert!(runner.path().join("jettison/bin/jettison-trace").is_file());
}

#[test]
fn the_image_fixes_a_mounted_directory() {
    let test = "the_image_fixes_a_mounted_directory";
    let Some(dist) = packages(test, &[]).filter(|_| support::has_engine(test)) else { return };
    let docker = |arguments: &[&str]| succeed(Command::new("docker").args(arguments)).trim().to_owned();
    // A release is static and needs no base image. The program of a test needs libraries.
    let text = fs::read_to_string(root().join("packaging/image/Dockerfile")).expect("a file");
    assert!(text.contains("FROM scratch AS minimal\n"));
    let text = text.replace("FROM scratch AS minimal\n", "FROM debian:bookworm-slim AS minimal\n");
    let sample = folder(&[("Dockerfile", NAIVE), ("image", &text)]);
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let file = path(&sample.path().join("image"));
    let context = path(&dist.join("image"));
    let image = docker(&["build", "--quiet", "--file", &file, "--target", "minimal", &context]);
    let container = docker(&["create", &image, "fix", "--write"]);
    let dockerfile = path(&sample.path().join("Dockerfile"));
    docker(&["cp", &dockerfile, &format!("{container}:/work/Dockerfile")]);
    docker(&["start", "--attach", &container]);
    docker(&["cp", &format!("{container}:/work/Dockerfile"), &dockerfile]);
    docker(&["rm", &container]);
    docker(&["rmi", &image]);
    assert_eq!(fs::read_to_string(&dockerfile).expect("a file"), FIXED);
}

/// The hook in docs/install.md that needs no compiler. pre-commit itself downloads setuptools.
#[test]
fn pre_commit_installs_the_wheel() {
    let test = "pre_commit_installs_the_wheel";
    let Some(dist) = packages(test, &["git"]) else { return };
    let Some(pre_commit) = support::from_pypi(test, "pre-commit") else { return };
    let documentation = fs::read_to_string(root().join("docs/install.md")).expect("a file");
    let mut blocks = documentation.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let hook = blocks.find(|block| block.contains("repo: local")).expect("a hook");
    let sample = folder(&[("Dockerfile", NAIVE), (".pre-commit-config.yaml", hook)]);
    git(sample.path(), &["init", "--quiet"]);
    git(sample.path(), &["add", "--all"]);
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(pre_commit)
        .args(["run", "--all-files"])
        .current_dir(sample.path())
        .env("PRE_COMMIT_HOME", home.path())
        .env("PIP_FIND_LINKS", dist)
        .output()
        .expect("pre-commit starts");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("files were modified by this hook"), "{said}");
    assert_eq!(fs::read_to_string(sample.path().join("Dockerfile")).expect("a file"), FIXED);
}

/// All packages have the version of Cargo.toml, and manifests have the right checksums.
#[test]
fn versions_and_checksums_agree() {
    let Some(dist) = packages("versions_and_checksums_agree", &["sha256sum", "tar"]) else { return };
    succeed(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(dist));
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).expect("a file");
    for line in sums.lines() {
        assert!(line.contains(&format!("-{VERSION}")) || line.contains(&format!("_{VERSION}_")), "{line}");
    }
    let sum = |file: &str| {
        let line = sums.lines().find(|line| line.ends_with(&format!("  {file}")));
        line.unwrap_or_else(|| panic!("{file} is in SHA256SUMS"))[..64].to_owned()
    };
    let manifest = |name: &str| fs::read_to_string(dist.join("manifests").join(name)).expect("a file");
    let formula = manifest("jettison.rb");
    for name in ["x86_64-linux", "aarch64-linux", "x86_64-darwin", "arm64-darwin"] {
        let file = format!("jettison-{VERSION}-{name}.tar.gz");
        let address = format!("https://github.com/owner/jettison/releases/download/v{VERSION}/{file}");
        assert!(
            formula.contains(&format!("url \"{address}\"\n      sha256 \"{}\"\n", sum(&file))),
            "{formula}"
        );
    }
    let zip = format!("jettison-{VERSION}-x86_64-windows.zip");
    let scoop: serde_json::Value = serde_json::from_str(&manifest("scoop.json")).expect("JSON");
    assert_eq!(scoop["version"], VERSION);
    assert_eq!(scoop["architecture"]["64bit"]["hash"], sum(&zip));
    for part in [".yaml", ".installer.yaml", ".locale.en-US.yaml"] {
        let text = manifest(&format!("winget/Jettison.Jettison{part}"));
        assert!(text.contains(&format!("\nPackageVersion: {VERSION}\n")), "{text}");
    }
    assert!(manifest("winget/Jettison.Jettison.installer.yaml").contains(&sum(&zip)));
    let launcher = package(dist, "jettison-cli-0", ".tgz");
    let json = succeed(Command::new("tar").arg("-xOzf").arg(launcher).arg("package/package.json"));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["version"], VERSION);
    let others = json["optionalDependencies"].as_object().expect("an object");
    assert_eq!(others.len(), 5);
    for (name, version) in others {
        assert_eq!(version, VERSION, "{name}");
        sum(&format!("{name}-{VERSION}.tgz"));
    }
    let bom = fs::read_to_string(dist.join(format!("jettison-{VERSION}.cdx.json"))).expect("a file");
    let bom: serde_json::Value = serde_json::from_str(&bom).expect("JSON");
    assert_eq!(bom["metadata"]["component"]["version"], VERSION);
    assert!(bom["components"].as_array().is_some_and(|all| all.len() > 50));
}

/// What is in the repository names the version of Cargo.toml, too.
#[test]
fn the_repository_names_one_version() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("a file");
    assert!(changelog.contains("## [Unreleased]") || changelog.contains(&format!("## [{VERSION}]")));
    let sums = fs::read_to_string(root().join("release.sha256")).expect("a file");
    for line in sums.lines().filter(|line| !line.starts_with('#')) {
        // The checksums of the previous release stay until those of the next one are known.
        let (sum, name) = line.split_once("  ").expect("a checksum and a name");
        assert!(sum.len() == 64 && name.starts_with("jettison-") && name.ends_with(".tar.gz"), "{line}");
    }
    let pages = fs::read_dir(root().join("docs")).expect("a directory");
    let pages = pages
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"));
    for path in pages.chain([root().join("README.md")]) {
        let text = fs::read_to_string(&path).expect("a file");
        let name = path.display();
        for mark in ["jettison@v", "jettison=="] {
            for rest in text.split(mark).skip(1) {
                let named = rest.split(|letter: char| letter != '.' && !letter.is_ascii_digit()).next();
                // The tag of the Action is the major version.
                let is_right = named == Some(VERSION) || named == VERSION.split('.').next();
                assert!(is_right, "{name}: {mark}{named:?}");
            }
        }
    }
}
