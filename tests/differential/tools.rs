//! The programs that scripts may call: busybox, real shells with their libraries, and our own
//! stubs, compiled here.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use flate2::{Compression, GzBuilder};
use tempfile::TempDir;

use crate::support::throwaway::{Shared, compile, copy_shell, program};

/// The programs that busybox provides.
pub const COMMANDS: &[&str] = &[
    "mkdir", "rm", "rmdir", "ln", "chmod", "chown", "chgrp", "cp", "mv", "cat", "tar", "find", "touch",
    "install", "sed", "grep", "head", "tail", "sort", "wc", "tee", "xargs", "env", "id", "whoami", "sleep",
    "stat", "ls", "basename", "dirname", "gunzip", "gzip", "tr", "cut", "which", "readlink", "realpath",
    "seq", "true", "false", "test", "uname", "du", "sync", "printf", "mktemp",
];

/// The programs that our stubs replace.
const STUBS: &[&str] = &[
    "program",
    "apt-get",
    "apt",
    "dpkg",
    "apk",
    "dnf",
    "npm",
    "yarn",
    "pnpm",
    "pip",
    "pip3",
    "uv",
    "cargo",
    "go",
    "gem",
    "useradd",
    "adduser",
    "groupadd",
    "addgroup",
    "usermod",
    "userdel",
    "curl",
    "wget",
    "unzip",
    "node",
    "python",
    "python3",
    "ruby",
    "redis-server",
    "redis-cli",
];

/// The tools that all roots share, in a directory that is removed with its last user.
pub struct Tools {
    directory: TempDir,
    /// The paths at which the shells expect their libraries.
    pub libraries: Vec<PathBuf>,
}

/// The tools, compiled once. The error says what this machine lacks.
pub fn tools() -> Result<Arc<Tools>, String> {
    static TOOLS: Shared<Tools> = Shared::new();
    TOOLS.get(Tools::new)
}

/// The folder of the sources, relative to `tests`.
const SOURCES: &str = "differential/tools";

impl Tools {
    fn new() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("jettison-differential-").tempdir()?;
        let to = directory.path();
        compile(&to.join("server"), SOURCES, &["server.c"])?;
        let mut tools = Self { directory, libraries: Vec::new() };
        for name in ["plain", "traced"] {
            tools.fill(name, name == "traced")?;
        }
        Ok(tools)
    }

    /// The path of the server.
    pub fn server(&self) -> PathBuf {
        self.directory.path().join("server")
    }

    /// The directory with `plain` and `traced`, which become `/.tools`.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    fn fill(&mut self, name: &str, is_traced: bool) -> io::Result<()> {
        let to = self.directory.path().join(name);
        for part in ["bin", "real", "lib"] {
            fs::create_dir_all(to.join(part))?;
        }
        let sources = [
            "stubs.c",
            "system_packages.c",
            "node_packages.c",
            "python_packages.c",
            "compiled_packages.c",
            "programs.c",
        ];
        compile(&to.join("stubs"), SOURCES, &sources)?;
        compile(&to.join("wrap"), SOURCES, &["wrap.c"])?;
        fs::copy(busybox()?, to.join("busybox"))?;
        fs::write(to.join("archive.tar.gz"), archive()?)?;
        let programs =
            COMMANDS.iter().map(|name| (name, "busybox")).chain(STUBS.iter().map(|name| (name, "stubs")));
        for (name, program) in programs {
            symlink(format!("../{program}"), to.join("real").join(name))?;
            symlink(if is_traced { "../wrap" } else { program_path(program) }, to.join("bin").join(name))?;
        }
        for shell in ["dash", "bash"] {
            let libraries = copy_shell(shell, &to)?;
            symlink(format!("../{shell}"), to.join("bin").join(shell))?;
            for library in libraries {
                fs::copy(&library, to.join("lib").join(library.file_name().unwrap_or_default()))?;
                if !self.libraries.contains(&library) {
                    self.libraries.push(library);
                }
            }
        }
        Ok(())
    }
}

fn program_path(program: &str) -> &'static str {
    if program == "busybox" { "../busybox" } else { "../stubs" }
}

/// A statically linked busybox.
fn busybox() -> io::Result<PathBuf> {
    let path = program("busybox")?;
    let listed = Command::new("ldd").arg(&path).stderr(Stdio::null()).output()?;
    if listed.status.success() {
        return Err(io::Error::other(
            "busybox is not statically linked (Debian's package is busybox-static)",
        ));
    }
    Ok(path)
}

/// What `curl` downloads for a name that ends in `.tar.gz`.
fn archive() -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzBuilder::new().write(Vec::new(), Compression::fast()));
    for (path, mode, text) in
        [("tool/bin/tool", 0o755, "#!/bin/sh\necho tool\n"), ("tool/README", 0o644, "read me\n")]
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(text.len()).expect("a short text"));
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        archive.append_data(&mut header, path, text.as_bytes())?;
    }
    archive.into_inner()?.finish()
}
