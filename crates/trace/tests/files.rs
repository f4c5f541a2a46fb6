//! Which files the tracer records.

#![cfg(supported)]

mod support;

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use jettison_trace::{FileType, NotSeen, Operation, Stops, Text};
use support::{Folder, STOPS, has_programs, is_root, programs};

#[test]
fn a_program_its_loader_and_its_libraries() {
    for stops in STOPS {
        let folder = Folder::new("loader").with(&["file"]);
        let traced = folder.trace(stops, ["cat", "file"]).exits(0).sees_all();
        assert_eq!(traced.text(), "abc");
        assert_eq!(traced.found("file", Operation::Read), 1);
        assert_eq!(traced.path("file").file_type, Some(FileType::File));
        let is_used =
            |part: &str, operation: Operation| {
                traced.trace.paths.iter().any(|(path, record)| {
                    path.display().contains(part) && record.found.contains_key(&operation)
                })
            };
        assert!(is_used("/bin/cat", Operation::Execute), "{:?}", traced.trace.paths);
        assert!(is_used("/ld-", Operation::Execute), "{:?}", traced.trace.paths);
        assert!(is_used("/libc.so", Operation::Read), "{:?}", traced.trace.paths);
        let run = &traced.trace.runs[0];
        assert_eq!(run.header.program, [Text::from("cat"), Text::from("file")]);
        assert_eq!(run.header.workdir, Text::from(folder.0.as_os_str().as_bytes()));
        assert_eq!(run.header.stops, if stops == "filter" { Stops::Filter } else { Stops::All });
    }
}

#[test]
fn scripts_and_their_children() {
    for stops in STOPS {
        let folder = Folder::new("script").with(&["a", "b"]);
        folder.script("inner", "#!/usr/bin/env sh\nread line < b\nls nowhere 2> log\n");
        folder.script(
            "outer",
            "#!/bin/sh -e\n./inner || true\ncat a | cat\n(cat a; exit 3) && exit 4 || exit 6\n",
        );
        let traced = folder.trace(stops, ["./outer"]).exits(6).sees_all();
        for (path, operation) in [
            ("outer", Operation::Execute),
            ("outer", Operation::Read),
            ("inner", Operation::Execute),
            ("/bin/sh", Operation::Execute),
            ("/usr/bin/env", Operation::Execute),
            ("b", Operation::Read),
            ("log", Operation::Create),
        ] {
            assert!(traced.found(path, operation) > 0, "{path} {operation:?} in {:?}", traced.trace.paths);
        }
        assert_eq!(traced.found("a", Operation::Read), 2);
        assert!(traced.missing("nowhere", Operation::Stat) > 0);
        assert!(traced.trace.runs[0].end.as_ref().expect("it is complete").processes >= 5);
    }
}

#[test]
fn the_programs_that_use_a_file() {
    for stops in STOPS {
        let folder = Folder::new("by").with(&["a", "b", "c"]);
        let inner = folder.script("inner", "#!/bin/sh -e\ntest -e a\n(test -e b)\n");
        let outer = folder.script("outer", "#!/bin/sh\ntest -e a; test -e c & wait; ./inner; test -e c\n");
        let traced = folder.trace(stops, ["./outer"]).exits(0).sees_all();
        let shell = fs::canonicalize("/bin/sh").expect("there is a shell");
        let text =
            |script: &std::path::Path| Text::from(&*format!("{} {}", shell.display(), script.display()));
        let by = |name: &str| traced.path(name).by.into_iter().collect::<Vec<_>>();
        assert_eq!(by("a"), [text(&inner), text(&outer)]);
        assert_eq!((by("b"), by("c")), (vec![text(&inner)], vec![text(&outer)]));
        assert_eq!(traced.path("inner").by.len(), 2, "{:?}", traced.path("inner"));
    }
}

#[test]
fn programs_that_are_not_found() {
    for stops in STOPS {
        let folder = Folder::new("search").with(&["bin1/other", "bin2/other"]);
        folder.script("bin2/found", "#!/bin/sh\nexit 0\n");
        let path = format!("{0}/bin1:{0}/bin2:/usr/bin:/bin", folder.0.display());
        let script = "found; no-such-program; ./neither; exec ./nor";
        let output =
            folder.tracer(stops).args(["sh", "-c", script]).env("PATH", path).output().expect("it starts");
        assert_eq!(output.status.code(), Some(127));
        let trace = folder.read();
        let record = |name: &str| {
            let path = folder.0.join(name);
            trace
                .paths
                .get(path.as_os_str().as_bytes())
                .unwrap_or_else(|| panic!("{name}: {:?}", trace.paths))
        };
        for name in ["bin1/found", "bin1/no-such-program", "bin2/no-such-program", "neither", "nor"] {
            assert!(!record(name).is_found() && !record(name).missing.is_empty(), "{name}");
        }
        assert!(record("bin2/found").found.contains_key(&Operation::Execute));
        assert!(trace.paths[b"/usr/bin/no-such-program".as_slice()].missing.len() == 1);
    }
}

#[test]
fn a_missing_interpreter() {
    for stops in STOPS {
        let folder = Folder::new("interpreter");
        folder.script("script", "#!/no/such/interpreter -x\n");
        let traced = folder.trace(stops, ["./script"]);
        assert_eq!(traced.output.status.code(), Some(127));
        assert_eq!(traced.missing("/no/such/interpreter", Operation::Execute), 1);
        assert_eq!(traced.path("script").failed.get(&Operation::Execute), Some(&1));
    }
}

#[test]
fn relative_paths() {
    let Some(programs) = programs("relative_paths") else { return };
    for (stops, program) in STOPS.into_iter().zip(&programs) {
        let folder = Folder::new("relative").with(&["sub/inner", "sibling", "sub/by-fchdir", "deep/er/x"]);
        let traced = folder.trace(stops, [program.as_os_str(), "directories".as_ref()]).exits(0).sees_all();
        for name in ["sub/inner", "sibling", "sub/by-fchdir"] {
            assert_eq!(traced.found(name, Operation::Read), 1, "{name} in {:?}", traced.trace.paths);
        }
        let script = "cd deep; cat er/x; cd ..; cat ./deep//er/../er/x; ls sub; cd nowhere";
        let traced = folder.trace(stops, ["sh", "-c", script]).sees_all();
        assert_eq!(traced.found("deep/er/x", Operation::Read), 2);
        assert!(traced.found("deep", Operation::Stat) > 0);
        assert!(traced.found("sub", Operation::List) > 0);
        assert_eq!(traced.path("sub").file_type, Some(FileType::Directory));
        assert!(traced.missing("nowhere", Operation::Stat) > 0);
        assert!(
            traced
                .trace
                .paths
                .keys()
                .all(|path| path.0.starts_with(b"/") && !path.display().contains("/../"))
        );
    }
}

#[test]
fn chains_of_symlinks() {
    let Some([program, _]) = programs("chains_of_symlinks") else { return };
    for stops in STOPS {
        let folder = Folder::new("links").with(&["file", "real/inner"]);
        for (target, name) in
            [("second", "first"), ("third", "second"), ("file", "third"), ("real", "directory")]
        {
            symlink(target, folder.0.join(name)).expect("it can be created");
        }
        symlink("nowhere", folder.0.join("dangling")).expect("it can be created");
        let traced = folder.trace(stops, [program.as_os_str(), "links".as_ref()]).exits(0).sees_all();
        assert_eq!(traced.found("file", Operation::Read), 1);
        assert_eq!(traced.found("first", Operation::Read), 1);
        assert_eq!(traced.found("first", Operation::Stat), 1);
        for (name, target) in [("first", "second"), ("second", "third"), ("third", "file")] {
            assert_eq!(traced.found(name, Operation::Follow), 1, "{name}");
            assert_eq!(traced.path(name).target, Some(Text::from(target)));
            assert_eq!(traced.path(name).file_type, Some(FileType::Symlink));
        }
        assert_eq!(traced.found("third", Operation::ReadLink), 1);
        assert_eq!(traced.path("file").failed.get(&Operation::ReadLink), Some(&1), "it is not a symlink");
        let script = "cat directory/inner; cat dangling; rm first; ln -s real/inner first; cat first";
        let traced = folder.trace(stops, ["sh", "-c", script]).exits(0).sees_all();
        assert_eq!(traced.found("real/inner", Operation::Read), 2);
        assert_eq!(traced.path("directory").target, Some(Text::from("real")));
        assert_eq!(traced.missing("nowhere", Operation::Read), 1);
        assert_eq!(traced.found("first", Operation::Remove), 1);
        assert_eq!(traced.found("first", Operation::Create), 1);
    }
}

#[test]
fn changes_of_files() {
    let Some([program, _]) = programs("changes_of_files") else { return };
    for stops in STOPS {
        let folder = Folder::new("changes");
        let traced = folder.trace(stops, [program.as_os_str(), "changes".as_ref()]).exits(0).sees_all();
        let operations = |name: &str| traced.path(name).found.into_keys().collect::<Vec<_>>();
        assert_eq!(
            operations("new"),
            [Operation::Read, Operation::Write, Operation::Create, Operation::Remove]
        );
        assert_eq!(operations("renamed"), [Operation::Create, Operation::Change, Operation::Remove]);
        assert_eq!(operations("directory"), [Operation::Create, Operation::Remove]);
        assert_eq!(operations("link"), [Operation::Create, Operation::Remove]);
        assert_eq!(traced.path("link").file_type, Some(FileType::Symlink));
    }
}

#[test]
fn sockets() {
    let Some([program, _]) = programs("sockets") else { return };
    for stops in STOPS {
        let folder = Folder::new("sockets");
        let traced = folder.trace(stops, [program.as_os_str(), "sockets".as_ref()]).exits(0).sees_all();
        assert_eq!(traced.missing("no-server", Operation::Connect), 1);
        assert_eq!(traced.found("server", Operation::Create), 1);
    }
}

#[test]
fn names_of_any_bytes() {
    for stops in STOPS {
        let folder = Folder::new("bytes");
        let name = std::ffi::OsStr::from_bytes(b"b\xff\n\"x");
        fs::write(folder.0.join(name), "").expect("it can be written");
        let traced = folder.trace(stops, ["cat".as_ref(), name]).exits(0).sees_all();
        assert_eq!(traced.found(name, Operation::Read), 1);
        assert_eq!(traced.trace.runs[0].header.program[1], Text::from(name.as_bytes()));
    }
}

#[test]
fn threads() {
    let Some(programs) = programs("threads") else { return };
    for stops in STOPS {
        for program in &programs {
            let names: Vec<String> = (0..8).map(|number| format!("file-{number}")).collect();
            let folder = Folder::new("threads").with(&names.iter().map(String::as_str).collect::<Vec<_>>());
            let traced = folder.trace(stops, [program.as_os_str(), "threads".as_ref()]).exits(0).sees_all();
            for name in &names {
                assert_eq!(traced.found(name, Operation::Read), 50, "{name}");
            }
            assert_eq!(traced.trace.runs[0].end.as_ref().expect("it is complete").processes, 1);
            for how in ["vfork", "execute-in-thread"] {
                let traced = folder.trace(stops, [program.as_os_str(), how.as_ref()]).exits(0).sees_all();
                assert_eq!(traced.found("/bin/true", Operation::Execute), 1, "{how}");
            }
        }
    }
}

#[test]
fn a_process_that_becomes_a_daemon() {
    let Some([program, _]) = programs("a_process_that_becomes_a_daemon") else { return };
    for stops in STOPS {
        let folder = Folder::new("daemon").with(&["file-of-the-daemon"]);
        let traced = folder.trace(stops, [program.as_os_str(), "daemonise".as_ref()]).exits(5).sees_all();
        assert_eq!(traced.found("file-of-the-daemon", Operation::Read), 1);
        assert!(folder.0.join("written").exists(), "the daemon was not ended");
    }
}

/// Without CAP_SYS_PTRACE, as in a container, the tracer may not read the memory of a process with
/// other IDs.
#[test]
fn a_program_that_drops_its_privileges() {
    let test = "a_program_that_drops_its_privileges";
    let Some(programs) = programs(test) else { return };
    if !is_root(test) || !has_programs(test, &["setpriv"]) {
        return;
    }
    for stops in STOPS {
        for program in &programs {
            let folder = Folder::new("drop").with(&["for-everyone"]);
            let traced = folder.trace(stops, [program.as_os_str(), "drop".as_ref()]).exits(0).sees_all();
            assert_eq!(traced.found("for-everyone", Operation::Read), 1);
            let capabilities = "-all,+setuid,+setgid,+dac_override,+chown,+fowner";
            let output = std::process::Command::new("setpriv")
                .args(["--bounding-set", capabilities, "--inh-caps", capabilities])
                .arg(support::TRACER)
                .arg("--output")
                .arg(folder.0.join("trace"))
                .args(["--stops", stops, "--"])
                .arg(program)
                .arg("drop")
                .current_dir(&folder.0)
                .output()
                .expect("it starts");
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            let text = fs::read(folder.0.join("trace")).expect("there is a trace");
            let trace = jettison_trace::Trace::read(&text[..]).expect("it is a trace");
            assert!(trace.is_exhaustive(), "{:?}", trace.not_seen);
            let record = |name: &str| &trace.paths[folder.0.join(name).as_os_str().as_bytes()];
            assert_eq!(record("for-everyone").found[&Operation::Read], 1);
            assert_eq!(record("for-everyone").found[&Operation::Stat], 1);
            assert_eq!(record("missing").missing[&Operation::Stat], 1);
        }
    }
}

#[test]
fn a_call_of_a_32_bit_program() {
    let Some([program, _]) = programs("a_call_of_a_32_bit_program") else { return };
    for stops in STOPS {
        let folder = Folder::new("32-bit").with(&["by-32-bit-call"]);
        let traced = folder.trace(stops, [program.as_os_str(), "old-call".as_ref()]);
        // A kernel without 32-bit programs.
        if traced.output.status.code().is_some_and(|status| status != 3) {
            assert_eq!(traced.exits(0).sees_all().found("by-32-bit-call", Operation::Read), 1);
        }
    }
}

#[test]
fn io_uring_is_reported() {
    let Some([program, _]) = programs("io_uring_is_reported") else { return };
    for stops in STOPS {
        let folder = Folder::new("ring");
        let traced = folder.trace(stops, [program.as_os_str(), "ring".as_ref()]);
        let reports = traced.trace.not_seen.keys().filter(|(what, _)| *what == NotSeen::IoUring).count();
        // 3: the kernel does not permit it.
        assert_eq!(reports, usize::from(traced.output.status.code() == Some(0)));
    }
}

#[test]
fn another_root() {
    let test = "another_root";
    let Some([program, _]) = programs(test) else { return };
    if !is_root(test) || !has_programs(test, &["chroot"]) {
        return;
    }
    for stops in STOPS {
        let folder = Folder::new("root").with(&["root/file", "root/real"]);
        fs::copy(&program, folder.0.join("root/program")).expect("it can be copied");
        for (target, name) in [("/second", "root/first"), ("/third", "root/second"), ("real", "root/third")] {
            symlink(target, folder.0.join(name)).expect("it can be created");
        }
        let traced = folder.trace(stops, ["chroot", "root", "/program", "links"]).exits(0);
        assert_eq!(traced.found("root/program", Operation::Execute), 1, "{:?}", traced.trace.paths);
        assert_eq!(traced.found("root/first", Operation::Read), 1);
        assert_eq!(traced.found("root/real", Operation::Read), 1);
        assert_eq!(traced.path("root/second").target, Some(Text::from("/third")));
        assert!(traced.trace.paths.keys().all(|path| !path.display().starts_with("/second")));
    }
}

#[test]
fn python() {
    let test = "python";
    if !has_programs(test, &["python3"]) {
        return;
    }
    let python = std::process::Command::new("python3")
        .args(["-c", "import sys, json; print(sys.executable); print(json.__file__)"])
        .output()
        .expect("it starts");
    let text = String::from_utf8(python.stdout).expect("paths are UTF-8 here");
    let mut lines = text.lines();
    let (program, module) = (lines.next().expect("it is printed"), lines.next().expect("it is printed"));
    for stops in STOPS {
        let folder = Folder::new("python");
        let script = "import json, threading, subprocess, sys\n\
            t = threading.Thread(target=lambda: open('by-thread', 'w').close()); t.start(); t.join()\n\
            subprocess.run([sys.executable, '-c', 'open(\"by-child\", \"w\")'], check=True)\n\
            sys.exit(json.loads('41') + 1)";
        let traced = folder.trace(stops, [program, "-c", script]).exits(42).sees_all();
        assert!(traced.path(module).is_found(), "{module}");
        assert_eq!(traced.found("by-thread", Operation::Create), 1);
        assert_eq!(traced.found("by-child", Operation::Create), 1);
    }
}

/// A user's set-user-ID program gets its privileges where every call stops, and what it does then is
/// not seen. With a filter, it does not, and the trace says so.
#[test]
fn programs_with_privileges() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    let test = "programs_with_privileges";
    if !is_root(test) || !has_programs(test, &["id"]) {
        return;
    }
    let folder = Folder::new("privileges");
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777)).expect("it has an owner");
    let id = folder.0.join("id");
    fs::copy("/usr/bin/id", &id).expect("it can be copied");
    fs::set_permissions(&id, fs::Permissions::from_mode(0o4755)).expect("it has an owner");
    // The tracer must be where another user may execute it.
    let tracer = folder.0.join("tracer");
    fs::copy(support::TRACER, &tracer).expect("it can be copied");
    let plain = std::process::Command::new(&id).arg("-u").uid(1234).gid(1234).output().expect("it starts");
    if plain.stdout != b"0\n" {
        return support::skip(test, "the temporary directory is mounted with nosuid");
    }
    for (stops, user, what) in
        [("all", "0\n", NotSeen::Privileges), ("filter", "1234\n", NotSeen::PrivilegesLost)]
    {
        let output = std::process::Command::new(&tracer)
            .args(["--output", "trace", "--stops", stops, "sh", "-c", "./id -u; cat trace > copy; exit 3"])
            .current_dir(&folder.0)
            .uid(1234)
            .gid(1234)
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), user, "{stops}");
        let text = fs::read(folder.0.join("trace")).expect("there is a trace");
        let trace = jettison_trace::Trace::read(&text[..]).expect("it is a trace");
        assert!(trace.is_complete());
        let unseen = (what, Some(Text::from(id.as_os_str().as_bytes())));
        assert_eq!(trace.not_seen.get(&unseen), Some(&1), "{:?}", trace.not_seen);
        assert!(trace.paths[id.as_os_str().as_bytes()].found.contains_key(&Operation::Execute));
        fs::remove_file(folder.0.join("trace")).expect("it is there");
    }
    // On its own, the tracer takes the way that keeps the privileges.
    let output = std::process::Command::new(&tracer)
        .args(["--output", "trace", "./id", "-u"])
        .env("PATH", &folder.0)
        .current_dir(&folder.0)
        .uid(1234)
        .gid(1234)
        .output()
        .expect("it starts");
    assert_eq!(output.stdout, b"0\n", "{}", String::from_utf8_lossy(&output.stderr));
}
