//! A traced program runs as it does without the tracer, and so does whatever waits for it.

#![cfg(supported)]

mod support;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jettison_trace::{NotSeen, Operation, Status, Stops};
use rustix::process::{Pid, Signal, kill_process};
use support::{Folder, STOPS, TRACER, has_programs, is_root, programs, skip};

/// Waits until something is true, for ten seconds at most.
fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_true() {
        assert!(since.elapsed() < Duration::from_secs(10), "{what} did not happen");
        thread::sleep(Duration::from_millis(5));
    }
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).expect("it is a process")).expect("it is not zero")
}

/// The only child of a process.
fn child_of(id: u32) -> Option<u32> {
    fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?.split_whitespace().next()?.parse().ok()
}

fn state_of(id: u32) -> Option<char> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("State:"))?.trim().chars().next()
}

#[test]
fn every_exit_status() {
    let folder = Folder::new("status");
    for status in 0..=255 {
        let stops = STOPS[usize::from(status % 16 == 0)];
        folder.trace(stops, ["sh", "-c", &format!("exit {status}")]).exits(status).sees_all();
    }
}

#[test]
fn death_by_a_signal() {
    for stops in STOPS {
        let folder = Folder::new("death");
        // 39 is a real-time signal.
        for signal in [1, 2, 3, 6, 9, 10, 11, 13, 15, 24, 39] {
            let script = format!("ulimit -c 0; kill -{signal} $$; sleep 5");
            let traced = folder.trace(stops, ["sh", "-c", &script]);
            assert_eq!(traced.output.status.signal(), Some(signal));
            let end = traced.trace.runs[0].end.as_ref().expect("it is complete");
            assert_eq!(end.end, Status::Signal(signal));
        }
    }
}

#[test]
fn real_time_signals_inside() {
    let Some(programs) = programs("real_time_signals_inside") else { return };
    for (stops, program) in STOPS.into_iter().zip(&programs) {
        let folder = Folder::new("real-time");
        folder.trace(stops, [program.as_os_str(), "real-time".as_ref()]).exits(0).sees_all();
    }
}

#[test]
fn signals_reach_the_program() {
    let Some([program, _]) = programs("signals_reach_the_program") else { return };
    for stops in STOPS {
        for (name, signal) in [
            ("TERM", Signal::TERM),
            ("INT", Signal::INT),
            ("QUIT", Signal::QUIT),
            ("HUP", Signal::HUP),
            ("USR1", Signal::USR1),
            ("WINCH", Signal::WINCH),
            ("ALRM", Signal::ALARM),
            ("PIPE", Signal::PIPE),
            ("TSTP", Signal::TSTP),
        ] {
            let folder = Folder::new("forward");
            let script = format!("trap 'exit 44' {name}; touch ready; while :; do sleep 0.01; done");
            let mut tracer = folder.tracer(stops).args(["sh", "-c", &script]).spawn().expect("it starts");
            wait_until("the program", || folder.0.join("ready").exists());
            kill_process(pid(tracer.id()), signal).expect("it runs");
            assert_eq!(tracer.wait().expect("it ends").code(), Some(44), "{name} with {stops}");
            assert!(folder.read().is_complete());
        }
        let folder = Folder::new("forward");
        let mut tracer = folder
            .tracer(stops)
            .args([program.as_os_str(), "wait-for-signal".as_ref()])
            .spawn()
            .expect("it starts");
        wait_until("the program", || folder.0.join("ready").exists());
        let status = Command::new("sh").args(["-c", &format!("kill -38 {}", tracer.id())]).status();
        assert!(status.expect("it runs").success());
        assert_eq!(tracer.wait().expect("it ends").code(), Some(33), "{stops}");
    }
}

#[test]
fn standard_streams() {
    for stops in STOPS {
        let folder = Folder::new("streams");
        let input: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let mut tracer = folder
            .tracer(stops)
            .args(["sh", "-c", "echo error >&2; cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = tracer.stdin.take().expect("it is a pipe");
        let sent = input.clone();
        let writer = thread::spawn(move || stdin.write_all(&sent));
        let output = tracer.wait_with_output().expect("it ends");
        writer.join().expect("it ends").expect("all is read");
        assert_eq!(output.stdout, input);
        assert_eq!(output.stderr, b"error\n");
    }
}

/// The program inherits exactly what it inherits without the tracer.
#[test]
fn the_environment_of_the_process() {
    let folder = Folder::new("inherit");
    let script = folder.script(
        "report",
        "#!/bin/sh\nls -l /proc/self/fd | sed 's/.*[0-9] \\([0-9]* -> .*\\)/\\1/; s/:.*//' | grep -v '/proc/'\n\
         grep -E '^(Sig|Shd)[^Q]' /proc/self/status | grep -v SigQ\ncat /proc/$$/environ /proc/$$/cmdline | tr '\\0' '\\n'\n\
         pwd; umask; ulimit -a; id; cat /proc/self/oom_score_adj; nice\n",
    );
    // Unusual ones: a closed stream, an extra descriptor, ignored signals, variables without a name.
    for (prefix, description) in [
        ("", "plain"),
        ("exec <&-;", "closed input"),
        ("exec 2>&-;", "closed errors"),
        ("exec 7</dev/null;", "a descriptor"),
        ("trap '' PIPE HUP USR2;", "ignored signals"),
        ("umask 027; ulimit -n 100;", "limits"),
    ] {
        let run = |tracer: &str| {
            let line = format!("{prefix} exec {tracer} {} 'an argument' ''", script.display());
            let output = Command::new("sh")
                .args(["-c", &line])
                .current_dir(&folder.0)
                .env("EMPTY", "")
                .env("LINES2", "a\nb")
                .stdin(Stdio::null())
                .output()
                .expect("it starts");
            assert!(output.status.success(), "{description}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let plain = run("");
        for stops in STOPS {
            let traced = run(&format!("{TRACER} --output {}/trace --stops {stops} --", folder.0.display()));
            assert_eq!(traced, plain, "{description} with {stops}");
        }
    }
}

#[test]
fn a_stopped_process_stays_stopped() {
    for stops in STOPS {
        let folder = Folder::new("stop").with(&["after"]);
        let script = "kill -STOP $$; cat after; exit 12";
        let mut tracer =
            folder.tracer(stops).args(["sh", "-c", script]).stdout(Stdio::null()).spawn().expect("it starts");
        let mut child = None;
        wait_until("the program", || {
            child = child_of(tracer.id());
            child.is_some()
        });
        let child = child.expect("it was found");
        // `t` is a stop for the tracer only, which ends at once.
        let is_stopped = || matches!(state_of(child), Some('T' | 't'));
        wait_until("the stop", is_stopped);
        thread::sleep(Duration::from_millis(100));
        assert!(is_stopped(), "it must not continue on its own");
        kill_process(pid(child), Signal::CONT).expect("it is there");
        wait_until("the end", || tracer.try_wait().expect("it can be waited for").is_some());
        assert_eq!(tracer.wait().expect("it ends").code(), Some(12));
        assert!(folder.read().paths.keys().any(|path| path.display().ends_with("/after")));
    }
}

#[test]
fn the_program_is_not_started_if_it_cannot_be_traced() {
    let folder = Folder::new("denied").with(&["file"]);
    let inner = folder.0.join("inner");
    // A process has one tracer, so the inner one is not permitted to trace.
    let run = |option: &str| {
        let script =
            format!("{TRACER} --output {} {option} -- sh -c 'cat file; exit 17'; exit $?", inner.display());
        folder.trace("filter", ["sh", "-c", &script])
    };
    let traced = run("");
    assert_eq!(traced.output.status.code(), Some(125));
    let message = String::from_utf8_lossy(&traced.output.stderr).into_owned();
    assert!(message.contains("ptrace is not permitted") && message.contains("--or-run"), "{message}");
    assert!(traced.output.stdout.is_empty() && !inner.exists());
    let traced = run("--or-run");
    assert_eq!(traced.output.status.code(), Some(17));
    assert_eq!(traced.text(), "abc");
    let text = fs::read(&inner).expect("there is a trace");
    let trace = jettison_trace::Trace::read(&text[..]).expect("it is a trace");
    assert_eq!(trace.runs[0].header.stops, Stops::None);
    assert!(trace.not_seen.contains_key(&(NotSeen::Everything, None)) && !trace.is_complete());
    assert!(trace.paths.is_empty());
}

#[test]
fn failures_before_the_start() {
    let folder = Folder::new("failures").with(&["plain"]);
    let run = |arguments: &[&str]| {
        let output = Command::new(TRACER).args(arguments).current_dir(&folder.0).output().expect("it starts");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.starts_with("jettison-trace: "), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        output.status.code()
    };
    assert_eq!(run(&["--output", "no/such/directory", "touch", "started"]), Some(125));
    assert!(!folder.0.join("started").exists(), "the program must not run without a trace file");
    assert_eq!(run(&["--output", "trace", "no-such-program"]), Some(127));
    assert_eq!(run(&["--output", "trace", "./no-such-program"]), Some(127));
    assert_eq!(run(&["--output", "trace", "./plain"]), Some(126));
    assert_eq!(run(&["touch", "started"]), Some(125));
    assert!(!folder.0.join("started").exists());
}

#[test]
fn a_killed_tracer_leaves_a_usable_trace_and_no_process() {
    for stops in STOPS {
        let folder = Folder::new("killed").with(&["early"]);
        let script = "cat early; touch ready; while :; do sleep 0.01; done";
        let mut tracer =
            folder.tracer(stops).args(["sh", "-c", script]).stdout(Stdio::null()).spawn().expect("it starts");
        wait_until("the program", || folder.0.join("ready").exists());
        let child = child_of(tracer.id()).expect("it runs");
        tracer.kill().expect("it runs");
        tracer.wait().expect("it ends");
        wait_until("the end of the program", || matches!(state_of(child), None | Some('Z')));
        let trace = folder.read();
        assert!(!trace.is_complete());
        let early = folder.0.join("early");
        assert_eq!(trace.paths[early.as_os_str().as_encoded_bytes()].found[&Operation::Read], 1);
    }
}

/// As process 1 of a container: signals reach the program, orphans are reaped, and the end of the
/// program is the end of all.
#[test]
fn as_the_first_process() {
    let test = "as_the_first_process";
    if !is_root(test) || !has_programs(test, &["unshare", "setsid"]) {
        return;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
        command
    };
    if !unshare().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return skip(test, "unshare is not permitted");
    }
    for stops in STOPS {
        let folder = Folder::new("first");
        let run = |script: &str| {
            let since = Instant::now();
            let status = unshare()
                .arg(TRACER)
                .args(["--output", "trace", "--stops", stops, "--", "sh", "-c", script])
                .current_dir(&folder.0)
                .status()
                .expect("it starts");
            let text = fs::read(folder.0.join("trace")).expect("there is a trace");
            let trace = jettison_trace::Trace::read(&text[..]).expect("it is a trace");
            assert!(trace.is_complete(), "{script}");
            (status.code(), since.elapsed(), trace)
        };
        let (status, time, _) = run("setsid sleep 60 & exit 4");
        assert_eq!(status, Some(4));
        assert!(time < Duration::from_secs(30), "it must not wait for orphans");
        let zombies =
            "sh -c 'sleep 0.1 & exit' ; sleep 0.5; grep -l '^State:.Z' /proc/[0-9]*/status > zombies; exit 0";
        assert_eq!(run(zombies).0, Some(0));
        assert_eq!(fs::read_to_string(folder.0.join("zombies")).expect("it is there"), "");
        assert_eq!(run("trap 'exit 21' TERM; kill -TERM 1; sleep 5").0, Some(21));
        let (status, _, trace) = run("kill -KILL $$");
        assert_eq!(status, Some(128 + 9));
        assert_eq!(trace.runs[0].end.as_ref().expect("it is complete").end, Status::Signal(9));
    }
}

#[test]
fn the_terminal_stops_and_continues_a_job() {
    let test = "the_terminal_stops_and_continues_a_job";
    if !has_programs(test, &["python3"]) {
        return;
    }
    for stops in STOPS {
        let folder = Folder::new("job");
        // A shell with job control in a pseudo-terminal: Ctrl-Z must bring the prompt back.
        let script = format!(
            "import os, pty, subprocess, sys, time\n\
             pid, fd = pty.fork()\n\
             if pid == 0:\n    os.execvp('bash', ['bash', '--norc', '-i'])\n\
             def send(text): os.write(fd, text)\n\
             def expect(text):\n    seen = b''\n    while text not in seen:\n        seen += os.read(fd, 4096)\n\
             send(b\"{TRACER} --output trace --stops {stops} -- sh -c 'echo sta''rted; sleep 1; echo do''ne; exit 9'\\n\")\n\
             expect(b'started')\n\
             time.sleep(0.2)\n\
             send(b'\\x1a')\n\
             expect(b'Stopped')\n\
             send(b'fg\\n')\n\
             expect(b'done')\n\
             send(b'echo status-$?\\n')\n\
             expect(b'status-9')\n\
             os._exit(0)\n"
        );
        let mut python =
            Command::new("python3").args(["-c", &script]).current_dir(&folder.0).spawn().expect("it starts");
        wait_until("the end of the job", || python.try_wait().expect("it can be waited for").is_some());
        assert!(python.wait().expect("it ends").success(), "{stops}");
        assert!(Path::new(&folder.0.join("trace")).exists());
    }
}
