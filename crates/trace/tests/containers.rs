//! The tracer in a container with Docker's default capabilities and seccomp profile.

#![cfg(supported)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use jettison_trace::{Operation, Status, Stops, Trace};
use support::{Folder, TRACER, programs, skip};

/// Images with the C library that the tracer of a test build needs.
const IMAGES: [&str; 4] = ["debian:12-slim", "debian:12", "python:3.11-slim", "node:18-bookworm-slim"];

fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).output().expect("docker was found before")
}

/// An image that the engine has. Nothing is pulled.
fn image(test: &str) -> Option<&'static str> {
    match Command::new("docker").arg("info").output() {
        Ok(output) if output.status.success() => {}
        _ => {
            skip(test, "no container engine answers");
            return None;
        }
    }
    let image = IMAGES.into_iter().find(|image| docker(&["image", "inspect", image]).status.success());
    if image.is_none() {
        skip(test, "the engine has none of the images");
    }
    image
}

/// A container that is removed at the end.
struct Container(String);

impl Container {
    /// Creates one that runs the tracer with these arguments. Files are copied, since the engine may
    /// run elsewhere.
    fn new(options: &[&str], image: &str, arguments: &[&str], program: &Path) -> Self {
        let tracer = ["--entrypoint", "/jettison-trace", image, "--output", "/tmp/trace"];
        let created = docker(&[&["create", "--network=none"], options, &tracer, arguments].concat());
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
        let container = Self(String::from_utf8_lossy(&created.stdout).trim().to_owned());
        for (from, to) in [(Path::new(TRACER), "/jettison-trace"), (program, "/program")] {
            let from = from.to_str().expect("its name is UTF-8");
            assert!(docker(&["cp", "-q", from, &format!("{}:{to}", container.0)]).status.success());
        }
        container
    }

    fn start(&self) -> Output {
        docker(&["start", "--attach", &self.0])
    }

    fn trace(&self, folder: &Folder) -> Trace {
        let to = folder.0.join("copied");
        let from = format!("{}:/tmp/trace", self.0);
        assert!(docker(&["cp", "-q", &from, to.to_str().expect("its name is UTF-8")]).status.success());
        Trace::read(&fs::read(to).expect("it was copied")[..]).expect("it is a trace")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = docker(&["rm", "--force", "--volumes", &self.0]);
    }
}

#[test]
fn in_a_container() {
    let test = "in_a_container";
    let Some([program, _]) = programs(test) else { return };
    let Some(image) = image(test) else { return };
    let folder = Folder::new("container");
    let script =
        "cd /tmp && printf abc > for-everyone && chmod 644 for-everyone && cat /etc/hostname && /program $0";
    for stops in ["auto", "filter", "all"] {
        // The program gives up being root without executing another one.
        let arguments = ["--stops", stops, "--", "sh", "-c", script, "drop"];
        let container = Container::new(&[], image, &arguments, &program);
        let output = container.start();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let trace = container.trace(&folder);
        assert!(trace.is_exhaustive(), "{:?}", trace.not_seen);
        assert_eq!(trace.paths[b"/tmp/for-everyone".as_slice()].found[&Operation::Read], 1);
        assert_eq!(trace.paths[b"/tmp/missing".as_slice()].missing[&Operation::Stat], 1);
        let expected = if stops == "all" { Stops::All } else { Stops::Filter };
        assert_eq!(trace.runs[0].header.stops, expected);

        let arguments = ["--stops", stops, "--", "sh", "-c", "cat /etc/hostname; kill -SEGV $$"];
        let container = Container::new(&["--user", "1234"], image, &arguments, &program);
        assert_eq!(container.start().status.code(), Some(128 + 11), "as Docker reports it");
        let trace = container.trace(&folder);
        assert!(trace.is_exhaustive(), "{:?}", trace.not_seen);
        assert_eq!(trace.runs[0].end.as_ref().expect("it is complete").end, Status::Signal(11));
        assert!(trace.paths[b"/etc/hostname".as_slice()].is_read());
    }
}

#[test]
fn stopped_and_killed_containers() {
    let test = "stopped_and_killed_containers";
    let Some([program, _]) = programs(test) else { return };
    let Some(image) = image(test) else { return };
    let folder = Folder::new("stopped");
    let script = "trap 'cat /etc/debian_version; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    for (how, status, is_complete) in [("stop", "9", true), ("kill", "137", false)] {
        let container = Container::new(&[], image, &["--", "sh", "-c", script], &program);
        assert!(docker(&["start", &container.0]).status.success());
        let is_ready = || docker(&["logs", &container.0]).stdout.starts_with(b"ready");
        let tries = (0..100).take_while(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            !is_ready()
        });
        assert!(tries.count() < 100, "the program did not start");
        assert!(docker(&[how, &container.0]).status.success());
        let state = docker(&["inspect", "--format", "{{.State.ExitCode}}", &container.0]);
        assert_eq!(String::from_utf8_lossy(&state.stdout).trim(), status, "{how}");
        let trace = container.trace(&folder);
        assert_eq!(trace.is_complete(), is_complete, "{how}");
        assert_eq!(trace.paths.contains_key(b"/etc/debian_version".as_slice()), is_complete, "{how}");
        assert!(trace.paths.keys().any(|path| path.display().ends_with("/libc.so.6")), "{how}");
    }
}
