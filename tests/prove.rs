//! `measure`, `verify` and `fix --verify` with a real engine: what they find, which fixes they
//! withhold, and that they remove all temporary files and images, however they end.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use support::run::{stderr, stdout};
use support::{engine, folder};

/// Two megabytes that can't be compressed are stored in one layer and deleted in the next.
const WASTEFUL: &str = "\
FROM debian:bookworm-slim
COPY notes.txt main.py /srv/
RUN head -c 2000000 /dev/urandom > /tmp/download
RUN rm /tmp/download
CMD [\"cat\", \"/srv/notes.txt\"]
";
const LEAN: &str = "\
FROM debian:bookworm-slim
RUN head -c 2000000 /dev/urandom > /tmp/download && rm /tmp/download
COPY notes.txt main.py /srv/
CMD [\"cat\", \"/srv/notes.txt\"]
";

/// A folder to work in, and one for temporary files, which must be empty at the end.
struct Place {
    folder: TempDir,
    temporary: TempDir,
}

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        Self { folder: folder(files), temporary: tempfile::tempdir().expect("a temporary directory") }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(support::jettison());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TMPDIR", self.temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program until it ends, and checks that it left nothing.
    fn run(&self, arguments: &[&str]) -> Output {
        let child = self.command(arguments).spawn().expect("the program starts");
        self.finish(child)
    }

    fn finish(&self, child: Child) -> Output {
        let id = child.id();
        let output = child.wait_with_output().expect("it ends");
        let left: Vec<_> = fs::read_dir(self.temporary.path()).expect("a directory").collect();
        assert!(left.is_empty(), "left over: {left:?}\n{}", stderr(&output));
        let images = engine::docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).expect("an engine");
        let own = format!("jettison-measure:{id}-");
        assert!(!images.contains(&own), "left over:\n{images}\n{}", stderr(&output));
        let containers = engine::docker(&["ps", "--all", "--format", "{{.Names}}"]).expect("an engine");
        assert!(!containers.contains(&format!("jettison-verify-{id}-")), "left over:\n{containers}");
        output
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("a readable file")
    }
}

fn wasteful() -> Place {
    Place::with(&[
        ("Dockerfile", WASTEFUL),
        ("Lean", LEAN),
        ("notes.txt", "notes\n"),
        ("main.py", "print(1)\n"),
    ])
}

#[test]
fn sizes_times_and_cached_steps_are_measured() {
    if !support::has_engine("sizes_times_and_cached_steps_are_measured") {
        return;
    }
    let place = wasteful();
    let output = place.run(&["measure", "Dockerfile", "Lean", "--runs", "2", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (before, after) = (&found["platforms"][0]["before"], &found["platforms"][0]["after"]);
    let size = |side: &Value| side["size"].as_u64().expect("a number");
    let gone = size(before) - size(after);
    assert!((2_000_000..2_001_000).contains(&gone), "{gone}");
    assert_eq!(before["squashed"], after["squashed"], "a container sees the same");
    assert_eq!(before["cold"]["all"].as_array().map(Vec::len), Some(2));
    // A changed source file: in the original, the copy of the source comes first, so every later
    // step runs again.
    let cached =
        |side: &Value| (side["rebuilds"][0]["cached"].as_u64(), side["rebuilds"][0]["steps"].as_u64());
    assert_eq!(before["rebuilds"][0]["changed"], "main.py");
    assert_eq!((cached(before), cached(after)), ((Some(0), Some(3)), (Some(1), Some(2))));
    assert_eq!(place.read("main.py"), "print(1)\n");
    let layers: Vec<&str> = after["layers"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|layer| layer["created_by"].as_str().expect("a text"))
        .collect();
    assert_eq!(layers.last(), Some(&"COPY notes.txt main.py /srv/"));
}

#[test]
fn fixes_are_measured_and_the_diff_stays_a_diff() {
    if !support::has_engine("fixes_are_measured_and_the_diff_stays_a_diff") {
        return;
    }
    let place = wasteful();
    let output = place.run(&["fix", "--measure", "--runs", "1", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stdout(&output).lines().all(|line| line.starts_with(['+', '-', ' ', '@'])),
        "{}",
        stdout(&output)
    );
    assert!(stderr(&output).contains("size, unpacked"), "{}", stderr(&output));
    let output = place.run(&["fix", "--measure", "--runs", "1", "Dockerfile", "--format", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let figures = &found["files"][0]["measured"]["platforms"][0];
    let size = |side: &str| figures[side]["size"].as_u64().expect("a number");
    assert!(size("before") - size("after") >= 2_000_000, "{figures}");
    assert_eq!(place.read("Dockerfile"), WASTEFUL, "nothing is written unless that is asked for");
}

#[test]
fn layers_are_compressed_to_see_how_they_travel() {
    if !support::has_engine("layers_are_compressed_to_see_how_they_travel") {
        return;
    }
    let place = Place::with(&[
        ("Dockerfile", "FROM scratch\nCOPY noise /a\nCOPY noise /b\nCMD [\"/a\"]\n"),
        ("Once", "FROM scratch\nCOPY noise /a\nCMD [\"/a\"]\n"),
    ]);
    let mut noise = vec![0; 500_000];
    fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut noise)).expect("random bytes");
    fs::write(place.folder.path().join("noise"), noise).expect("a file");
    let output =
        place.run(&["measure", "Dockerfile", "Once", "--runs", "1", "--compression", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let way = |side: &str, way: usize| found["platforms"][0][side]["compressed"][way].clone();
    for (number, name) in ["gzip", "zstd 3", "zstd 19"].iter().enumerate() {
        let (before, after) = (way("before", number), way("after", number));
        assert_eq!((&before["name"], &after["name"]), (&Value::from(*name), &Value::from(*name)));
        let size = |way: &Value| way["size"].as_u64().expect("a number");
        assert!((500_000..502_000).contains(&size(&after)), "{name}: {after}");
        assert!((1_000_000..1_004_000).contains(&size(&before)), "{name}: {before}");
    }
}

#[test]
fn figures_come_as_tables_and_as_a_page() {
    if !support::has_engine("figures_come_as_tables_and_as_a_page") {
        return;
    }
    let place = wasteful();
    let human = stdout(&place.run(&["measure", "Dockerfile", "Lean", "--runs", "1"]));
    assert!(
        human.contains("\nlayers before") && human.contains("head -c") && human.contains("Dockerfile → Lean"),
        "{human}"
    );
    let markdown =
        stdout(&place.run(&["measure", "Dockerfile", "Lean", "--format", "markdown", "--save", "x.html"]));
    let page = place.read("x.html");
    assert!(markdown.contains("| | before | after | change |"), "{markdown}");
    assert!(markdown.contains("<details><summary>4 layers before</summary>"), "{markdown}");
    let output = place.run(&["measure", "Dockerfile", "Lean", "--runs", "1", "--save", "x.pdf"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("must end in .html"), "{}", stderr(&output));
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert!(!page.contains("http") && !page.contains("<script"), "it needs nothing from elsewhere");
}

#[test]
fn a_platform_that_the_engine_cannot_run_is_named() {
    if !support::has_engine("a_platform_that_the_engine_cannot_run_is_named") {
        return;
    }
    let place = wasteful();
    let output = place.run(&[
        "measure",
        "Dockerfile",
        "Lean",
        "--platform",
        "linux/amd64,linux/s390x",
        "--format",
        "json",
    ]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "one of them could be measured: {}", stderr(&output));
    assert_eq!(found["platforms"][0]["platform"], "linux/amd64");
    assert!(found["platforms"][0]["after"]["size"].is_u64());
    assert_eq!(found["platforms"][1]["platform"], "linux/s390x");
    assert!(found["platforms"][1]["error"].as_str().is_some_and(|error| !error.is_empty()));
}

#[test]
fn what_works_as_before_and_what_does_not() {
    if !support::has_engine("what_works_as_before_and_what_does_not") {
        return;
    }
    let place = wasteful();
    let output = place.run(&["verify", "Dockerfile", "Lean", "--smoke", "cat /srv/notes.txt"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("Lean: works as before"), "{}", stdout(&output));
    assert!(stdout(&output).contains("the same: `cat /srv/notes.txt`"), "{}", stdout(&output));
    let output = place.run(&["verify", "Dockerfile", "Lean", "--format", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&found["works"], &found["configuration"]), (&Value::Bool(true), &serde_json::json!([])));
    fs::write(
        place.folder.path().join("Broken"),
        "FROM debian:bookworm-slim\nCOPY main.py /srv/\nRUN rm /usr/bin/cat && rm -f /lib/x86_64-linux-gnu/libpcre2-8.so.0*\nUSER nobody\nCMD [\"cat\", \"/srv/notes.txt\"]\n",
    )
    .expect("a file");
    let output = place.run(&["verify", "Dockerfile", "Broken"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    assert!(text.contains("Broken: does not work as before"), "{text}");
    assert!(text.contains("broken: USER: root became nobody"), "{text}");
    assert!(text.contains("`cat`, the program that containers start, no longer exists"), "{text}");
    assert!(text.contains("libpcre2-8.so.0, which no longer exists"), "{text}");
    assert!(text.contains("- /srv/notes.txt"), "{text}");
}

/// An application on the full image.
const ON_PYTHON: &str = "FROM python:3.11\nWORKDIR /app\nRUN useradd -u 1234567 app\nCOPY main.py .\nCMD [\"python\", \"main.py\"]\n";

/// Reads a file of the full image under a name that can't be found in the source.
const READS_A_HEADER: &str = "print(open(chr(47) + 'usr/include/stdio' + chr(46) + 'h').readline())\n";

/// Fixes it in place, and compares what its program prints.
const PROVE_AND_WRITE: &[&str] = &[
    "fix",
    "--unsafe",
    "--verify",
    "--write",
    "-v",
    "Dockerfile",
    "--smoke",
    "python main.py",
    "--",
    "--network=host",
];

#[test]
fn the_transform_that_breaks_something_is_held_back_with_the_evidence() {
    if !support::has_engine("the_transform_that_breaks_something") {
        return;
    }
    // The program opens a file of the full image under a name that can't be found in the source.
    let place = Place::with(&[("Dockerfile", ON_PYTHON), ("main.py", READS_A_HEADER)]);
    let untraced = place.command(PROVE_AND_WRITE).env("JETTISON_TRACER", "/no/tracer/here").spawn();
    let output = place.finish(untraced.expect("the program starts"));
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let text = place.read("Dockerfile");
    assert!(text.starts_with("FROM python:3.11\n"), "{text}");
    assert!(text.contains("useradd --no-log-init"), "the others are applied: {text}");
    let said = stderr(&output);
    let held = "Dockerfile:1:6: slim-base: refused: held back: with it, the result of a container started without options changed from exit status: 0 to exit status: 1 (fails-with-fix)\n";
    assert!(said.contains(held), "{said}");
    assert!(said.contains("No such file or directory: '/usr/include/stdio.h'\n"), "{said}");
    let figures = stdout(&output);
    assert!(figures.contains("; not known which files are used: /no/tracer/here: "), "{figures}");
}

#[test]
fn packages_and_files_that_the_checks_use_are_brought() {
    let test = "packages_and_files_that_the_checks_use_are_brought";
    if !support::has_engine(test) || !support::has_tracer(test) {
        return;
    }
    // Debian's package of the header is in the full image only.
    let place = Place::with(&[("Dockerfile", ON_PYTHON), ("main.py", READS_A_HEADER)]);
    let output = place.run(PROVE_AND_WRITE);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let text = place.read("Dockerfile");
    let expected = "FROM python:3.11-slim\nRUN apt-get update \\\n    && apt-get install -y --no-install-recommends libc6-dev \\\n";
    assert!(text.starts_with(expected), "{text}");
    let figures = stdout(&output);
    assert!(figures.contains("libc6-dev: /usr/include/stdio.h was read in the original image"), "{figures}");

    // No package has the file, and the health check alone reads it.
    let check = "import sys\nname = 'tables' + chr(46) + 'bin'\nsys.exit(len(open(chr(47) + 'usr/share/' + name).read()) != 3)\n";
    let build = "FROM python:3.11\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nRUN python3 make.py\nCOPY main.py check.py ./\nHEALTHCHECK CMD [\"python\", \"check.py\"]\nCMD [\"python\", \"main.py\"]\n"
        .replace("RUN python3 make.py", "RUN printf abc > /usr/share/tables.bin");
    let place = Place::with(&[
        ("Dockerfile", build.as_str()),
        ("requirements.txt", "itsdangerous==2.2.0\n"),
        ("main.py", "import itsdangerous, time\ntime.sleep(300)\n"),
        ("check.py", check),
    ]);
    let traced =
        ["fix", "--verify", "--write", "--trace-file", "trace", "Dockerfile", "--", "--network=host"];
    let output = place.run(&traced);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let text = place.read("Dockerfile");
    assert!(
        place
            .read("trace")
            .contains("{\"path\":\"/usr/share/tables.bin\",\"type\":\"file\",\"found\":{\"read\":1")
    );
    assert!(text.contains("FROM python:3.11-slim\n"), "{text}");
    assert!(text.contains("COPY --from=build /usr/share/tables.bin /usr/share/tables.bin\n"), "{text}");
    assert!(stdout(&output).contains("%); verified: "), "{}", stdout(&output));
}

#[test]
fn what_the_slim_image_lacks_is_installed_where_the_original_tells_its_package() {
    if !support::has_engine("what_the_slim_image_lacks_is_installed") {
        return;
    }
    let calls = "import subprocess\nsubprocess.run([chr(103) + 'it', '--version'], check=True)\n";
    let place = Place::with(&[("Dockerfile", ON_PYTHON), ("main.py", calls)]);
    let output = place.run(PROVE_AND_WRITE);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let text = place.read("Dockerfile");
    let expected = "FROM python:3.11-slim\nRUN apt-get update \\\n    && apt-get install -y --no-install-recommends git \\\n    && rm -rf /var/lib/apt/lists/*\nWORKDIR /app\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        stdout(&output).contains("git: /usr/bin/git was executed in the original image"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_program_that_was_looked_up_stays_unless_an_install_calls_it() {
    let test = "a_program_that_was_looked_up_stays_unless_an_install_calls_it";
    if !support::has_engine(test) || !support::has_tracer(test) {
        return;
    }
    // It may be called at a later request, and the name is not in the sources.
    let looks = "import shutil\nshutil.which(chr(103) + 'it')\n";
    let place = Place::with(&[("Dockerfile", ON_PYTHON), ("main.py", looks)]);
    let output = place.run(PROVE_AND_WRITE);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(place.read("Dockerfile").contains(" git "), "{}", place.read("Dockerfile"));
    assert!(stdout(&output).contains("git: /usr/bin/git was looked up in the original image"));
    // npm looks for it when it starts.
    let text = "FROM node:18\nWORKDIR /app\nCOPY package.json server.js ./\nCMD [\"npm\", \"start\"]\n";
    let place = Place::with(&[
        ("Dockerfile", text),
        ("package.json", "{\"scripts\": {\"start\": \"node server.js\"}}\n"),
        ("server.js", "setTimeout(() => {}, 300000);\n"),
    ]);
    let output = place.run(&["fix", "--verify", "--write", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(place.read("Dockerfile"), text.replace("node:18", "node:18-slim"));
}

#[test]
fn minimizing_removes_what_no_check_opens() {
    let test = "minimizing_removes_what_no_check_opens";
    if !support::has_engine(test) || !support::has_tracer(test) {
        return;
    }
    let text = "FROM python:3.11 AS build\nRUN python -m venv /opt/venv\n\nFROM python:3.11-slim\nENV PATH=/opt/venv/bin:$PATH\nCOPY --from=build /opt/venv /opt/venv\nCOPY main.py /srv/\nCMD [\"python\", \"/srv/main.py\"]\n";
    let minimize = |program: &str, more: &[&str]| {
        let place = Place::with(&[("Dockerfile", text), ("main.py", program)]);
        let arguments = ["fix", "--verify", "--minimize", "--write", "-v", "Dockerfile"];
        let output = place.run(&[&arguments[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        (place.read("Dockerfile"), format!("{}{}", stdout(&output), stderr(&output)))
    };
    let smoke = ["--smoke", "python /srv/main.py"];
    let (new, said) = minimize("print(1)\n", &smoke);
    let step = "# no check of the image opens pip\nRUN /opt/venv/bin/pip uninstall -y pip\n\nFROM";
    assert!(new.contains(step), "{new}{said}");
    assert!(said.contains("containers can no longer install or list packages"), "{said}");
    // Nothing names pip, and the check opens it.
    let computed = "import importlib\nprint(importlib.import_module(chr(112) + 'ip').__name__)\n";
    let (new, said) = minimize(computed, &smoke);
    assert!(!new.contains("uninstall"), "{new}");
    assert!(said.contains("pip not removed: a check of the original image opens /"), "{said}");
    // Only the start of the container was tested.
    let (new, said) = minimize("print(1)\n", &[]);
    assert!(!new.contains("uninstall"), "{new}");
    assert!(said.contains("use --verify, with a HEALTHCHECK or --smoke"), "{said}");
}

#[test]
fn a_smoke_test_that_cannot_run_in_the_original_proves_nothing() {
    if !support::has_engine("a_smoke_test_that_cannot_run_in_the_original_proves_nothing") {
        return;
    }
    let place = wasteful();
    let output = place.run(&["fix", "--verify", "--smoke", "no-such-tool --version"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(stderr(&output).contains("failed in the original image (127)"), "{}", stderr(&output));
    assert!(stderr(&output).contains("no-such-tool"), "{}", stderr(&output));
}

#[test]
fn an_original_that_does_not_build_ends_it() {
    if !support::has_engine("an_original_that_does_not_build_ends_it") {
        return;
    }
    let broken =
        "FROM debian:bookworm-slim\nRUN useradd -u 1234567 app\nRUN echo the last words >&2; exit 7\n";
    let place = Place::with(&[("Dockerfile", broken)]);
    let output = place.run(&["fix", "--verify", "--write", "Dockerfile"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(place.read("Dockerfile"), broken);
    let said = stderr(&output);
    assert!(said.contains("the original does not build"), "{said}");
    assert!(said.contains("the last words") && said.contains("exit code: 7"), "{said}");
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    if !support::has_engine("an_interrupt_leaves_nothing_behind") {
        return;
    }
    let slow = "FROM debian:bookworm-slim\nRUN useradd -u 1234567 app\nRUN sleep 300\n";
    let place = Place::with(&[("Dockerfile", slow)]);
    for signal in ["-INT", "-TERM"] {
        let child =
            place.command(&["fix", "--verify", "--write", "Dockerfile"]).spawn().expect("the program starts");
        std::thread::sleep(Duration::from_secs(4));
        let since = Instant::now();
        interrupt(&place, child, signal);
        assert!(since.elapsed() < Duration::from_secs(30), "it ends at once");
        assert_eq!(place.read("Dockerfile"), slow);
    }
}

/// Sends a signal to the program, which must end and say what it removed.
fn interrupt(place: &Place, child: Child, signal: &str) {
    let sent = Command::new("sh").arg("-c").arg(format!("kill {signal} {}", child.id())).status();
    assert!(sent.expect("a shell").success());
    let output = place.finish(child);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).ends_with("interrupted; temporary files, images and containers are removed\n"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_interrupt_of_a_traced_check_leaves_nothing_behind() {
    let test = "an_interrupt_of_a_traced_check_leaves_nothing_behind";
    if !support::has_engine(test) || !support::has_tracer(test) {
        return;
    }
    let original = "FROM debian:bookworm-slim\nRUN useradd -u 1234567 app\nCMD [\"sleep\", \"300\"]\n";
    for signal in ["-INT", "-TERM"] {
        let place = Place::with(&[("Dockerfile", original)]);
        let smoke = ["fix", "--verify", "--write", "Dockerfile", "--smoke", "sleep 300"];
        let child = place.command(&smoke).spawn().expect("the program starts");
        let own = format!("jettison-verify-{}-", child.id());
        let runs = || {
            let traced = engine::docker(&["ps", "--no-trunc", "--format", "{{.Names}} {{.Command}}"]);
            let traced = traced.expect("an engine");
            traced.lines().any(|line| line.starts_with(&own) && line.contains("jettison-trace"))
        };
        let since = Instant::now();
        while !runs() {
            assert!(since.elapsed() < Duration::from_mins(2), "nothing is traced");
            std::thread::sleep(Duration::from_millis(100));
        }
        interrupt(&place, child, signal);
        assert_eq!(place.read("Dockerfile"), original);
    }
}

/// An engine that forbids ptrace in its containers.
const WITHOUT_PTRACE: &str = "#!/bin/sh
verb=$1
case $verb in
    create | run)
        shift
        exec docker \"$verb\" --security-opt \"seccomp=${0%/*}/profile.json\" \"$@\"
        ;;
esac
exec docker \"$@\"
";

#[test]
fn without_permission_to_trace_the_other_rules_remain() {
    let test = "without_permission_to_trace_the_other_rules_remain";
    if !support::has_engine(test) || !support::has_tracer(test) {
        return;
    }
    let profile = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}"#;
    let place = Place::with(&[
        ("Dockerfile", WASTEFUL),
        ("notes.txt", "notes\n"),
        ("main.py", ""),
        ("docker-without-ptrace", WITHOUT_PTRACE),
        ("profile.json", profile),
    ]);
    let engine = place.folder.path().join("docker-without-ptrace");
    fs::set_permissions(&engine, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let child = place
        .command(&["fix", "--verify", "--write", "Dockerfile", "--smoke", "cat /srv/notes.txt"])
        .env("JETTISON_ENGINE", &engine)
        .spawn();
    let output = place.finish(child.expect("the program starts"));
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert_ne!(place.read("Dockerfile"), WASTEFUL, "fixes are applied");
    let said = "; not known which files are used: in containers of this engine, ptrace is not permitted: ";
    assert_eq!(stdout(&output).matches(said).count(), 1, "{}", stdout(&output));
}

#[test]
fn an_engine_that_stops_halfway_leaves_the_files_untouched() {
    if !support::has_engine("an_engine_that_stops_halfway_leaves_the_files_untouched") {
        return;
    }
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let Some(socket) = host.strip_prefix("unix://") else {
        return support::skip("an_engine_that_stops_halfway", "the engine is not at a socket");
    };
    let slow = "FROM debian:bookworm-slim\nRUN useradd -u 1234567 app\nRUN sleep 60\n";
    let place = Place::with(&[("Dockerfile", slow)]);
    let between = Between::to(socket);
    let child = place
        .command(&["fix", "--verify", "--write", "Dockerfile"])
        .env("DOCKER_HOST", format!("unix://{}", between.path().display()))
        .spawn()
        .expect("the program starts");
    std::thread::sleep(Duration::from_secs(4));
    between.cut();
    let output = place.finish(child);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(place.read("Dockerfile"), slow);
    assert!(stderr(&output).contains("error: Dockerfile: "), "{}", stderr(&output));
}

/// A proxy for the engine's socket that can cut the connection.
struct Between {
    folder: TempDir,
    open: Arc<Mutex<Option<Vec<UnixStream>>>>,
}

impl Between {
    fn to(socket: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let listener = UnixListener::bind(folder.path().join("s")).expect("a socket");
        let open = Arc::new(Mutex::new(Some(Vec::new())));
        let (socket, streams) = (socket.to_owned(), open.clone());
        std::thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let mut streams = streams.lock().expect("no panic");
                let Some(streams) = streams.as_mut() else { return };
                let to = UnixStream::connect(&socket).expect("the engine");
                for (from, to) in [(&from, &to), (&to, &from)] {
                    streams.push(from.try_clone().expect("a stream"));
                    let (from, to) = (from.try_clone().expect("a stream"), to.try_clone().expect("a stream"));
                    std::thread::spawn(move || pass(from, to));
                }
            }
        });
        Self { folder, open }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("s")
    }

    fn cut(&self) {
        for stream in self.open.lock().expect("no panic").take().into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: UnixStream, mut to: UnixStream) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[test]
fn a_full_disk_leaves_the_files_untouched() {
    if !support::has_engine("a_full_disk_leaves_the_files_untouched") {
        return;
    }
    let place = Place::with(&[
        ("Dockerfile", WASTEFUL),
        ("notes.txt", "notes\n"),
        ("main.py", &"#\n".repeat(100_000)),
    ]);
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(place.temporary.path())
        .output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return support::skip(
            "a_full_disk_leaves_the_files_untouched",
            "a small file system can't be mounted",
        );
    }
    let output = place.run(&["fix", "--verify", "--write", "Dockerfile"]);
    let _ = Command::new("umount").arg(place.temporary.path()).status();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    assert_eq!(place.read("Dockerfile"), WASTEFUL);
}

/// Every command that needs an engine says so if none answers. This test runs everywhere.
#[test]
fn without_an_engine_it_is_said_what_was_tried() {
    let folder = folder(&[("Dockerfile", WASTEFUL), ("notes.txt", "notes\n"), ("main.py", "")]);
    for arguments in [
        &["measure", "Dockerfile"][..],
        &["verify", "Dockerfile", "Dockerfile"],
        &["fix", "--verify", "Dockerfile"],
        &["fix", "--measure", "Dockerfile"],
    ] {
        let run = |engine: &str| {
            Command::new(support::jettison())
                .args(arguments)
                .current_dir(folder.path())
                .env("DOCKER_HOST", "unix:///no/engine/here.sock")
                .env("JETTISON_ENGINE", engine)
                .output()
                .expect("the program starts")
        };
        let output = run("there-is-no-such-engine");
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("JETTISON_ENGINE"), "{}", stderr(&output));
        if engine::answers().is_ok() {
            let output = run("docker");
            assert_eq!(output.status.code(), Some(2));
            assert!(
                stderr(&output).contains("DOCKER_HOST=unix:///no/engine/here.sock"),
                "{}",
                stderr(&output)
            );
        }
    }
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).expect("a file"), WASTEFUL);
}
