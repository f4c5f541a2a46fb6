//! The base images: small file systems with those parts of real images that scripts can notice.

use std::collections::BTreeMap;

use crate::server::Server;
use crate::tools::COMMANDS;

/// A base image.
#[derive(Debug, Clone, Copy)]
pub struct Image {
    /// The name and the tag.
    pub name: &'static str,
    /// The distribution's package manager.
    pub manager: &'static str,
    /// Programs in `/usr/local/bin`.
    pub programs: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    workdir: &'static str,
    user: Option<&'static str>,
    sh_is_bash: bool,
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PLAIN: Image = Image {
    name: "",
    manager: "apt-get",
    programs: &[],
    env: &[],
    workdir: "/",
    user: None,
    sh_is_bash: false,
};
const NODE: Image = Image {
    programs: &["node", "npm", "yarn", "pnpm"],
    user: Some("node"),
    env: &[("NODE_VERSION", "20.18.0")],
    ..PLAIN
};
const PYTHON: Image =
    Image { programs: &["python", "python3", "pip", "pip3"], env: &[("PYTHON_VERSION", "3.12.7")], ..PLAIN };

/// All base images.
pub const IMAGES: &[Image] = &[
    Image { name: "debian:12", ..PLAIN },
    Image { name: "ubuntu:24.04", ..PLAIN },
    Image { name: "alpine:3.20", manager: "apk", ..PLAIN },
    Image { name: "fedora:40", manager: "dnf", sh_is_bash: true, ..PLAIN },
    Image { name: "node:20", ..NODE },
    Image { name: "node:20-alpine", manager: "apk", ..NODE },
    Image { name: "python:3.12", ..PYTHON },
    Image { name: "python:3.12-slim", ..PYTHON },
    Image {
        name: "golang:1.22",
        programs: &["go"],
        env: &[
            ("GOPATH", "/go"),
            (
                "PATH",
                "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
        ],
        workdir: "/go",
        ..PLAIN
    },
    Image {
        name: "rust:1.82",
        programs: &["cargo"],
        env: &[
            ("CARGO_HOME", "/usr/local/cargo"),
            ("PATH", "/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ],
        ..PLAIN
    },
    Image {
        name: "ruby:3.3",
        programs: &["ruby", "gem"],
        env: &[
            ("GEM_HOME", "/usr/local/bundle"),
            ("PATH", "/usr/local/bundle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ],
        ..PLAIN
    },
];

impl Image {
    /// The image with a name.
    pub fn find(name: &str) -> Option<Self> {
        IMAGES.iter().find(|image| image.name == name).copied()
    }

    /// Its variables.
    pub fn env(&self) -> BTreeMap<String, String> {
        let path = std::iter::once(("PATH", PATH));
        path.chain(self.env.iter().copied())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Its working directory.
    pub fn workdir(&self) -> &'static str {
        self.workdir
    }

    /// Puts its files into a root.
    pub fn fill(&self, server: &mut Server, root: u32) {
        const ROOT: (u32, u32) = (0, 0);
        let mut directory = |path: &str, mode| server.put(root, 'd', path, (ROOT, mode), b"");
        for path in [
            "/usr/bin",
            "/usr/sbin",
            "/usr/local/bin",
            "/usr/local/lib",
            "/usr/local/share",
            "/usr/share",
            "/etc",
            "/home",
        ] {
            directory(path, 0o755);
        }
        for path in [
            "/var/lib",
            "/var/cache",
            "/var/log",
            "/run",
            "/opt",
            "/srv",
            "/proc",
            "/dev",
            "/.tools",
            "/.control",
            "/lib",
            "/lib64",
        ] {
            directory(path, 0o755);
        }
        directory("/root", 0o700);
        directory("/tmp", 0o1777);
        directory("/var/tmp", 0o1777);
        match self.manager {
            "apt-get" => directory("/var/lib/apt/lists/partial", 0o700),
            "apk" => directory("/var/cache/apk", 0o755),
            _ => {}
        }
        let mut link = |path: &str, to: &str| server.put(root, 'l', path, (ROOT, 0), to.as_bytes());
        link("/bin", "usr/bin");
        link("/sbin", "usr/sbin");
        for name in COMMANDS {
            link(&format!("/usr/bin/{name}"), &format!("/.tools/bin/{name}"));
        }
        let system: &[&str] = match self.manager {
            "apt-get" => &[
                "apt-get", "apt", "dpkg", "useradd", "groupadd", "adduser", "addgroup", "usermod", "userdel",
                "bash",
            ],
            "apk" => &["apk", "adduser", "addgroup"],
            _ => &["dnf", "useradd", "groupadd", "usermod", "userdel", "bash"],
        };
        for name in system {
            link(&format!("/usr/bin/{name}"), &format!("/.tools/bin/{name}"));
        }
        for name in self.programs {
            link(&format!("/usr/local/bin/{name}"), &format!("/.tools/bin/{name}"));
        }
        // The real images have fewer programs, but a script that always fails with 127 would test
        // nothing.
        for name in ["curl", "wget", "unzip", "redis-server", "redis-cli"] {
            link(&format!("/usr/bin/{name}"), &format!("/.tools/bin/{name}"));
        }
        link("/usr/bin/dash", "/.tools/bin/dash");
        link("/usr/bin/sh", if self.sh_is_bash { "/.tools/bin/bash" } else { "/.tools/bin/dash" });
        let libraries = server.tools.libraries.clone();
        for library in libraries {
            let name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
            server.put(
                root,
                'l',
                &library.to_string_lossy(),
                (ROOT, 0),
                format!("/.tools/lib/{name}").as_bytes(),
            );
        }
        let mut passwd =
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n".to_owned();
        let mut group = "root:x:0:\nnobody:x:65534:\n".to_owned();
        if let Some(user) = self.user {
            passwd.push_str(&format!("{user}:x:1000:1000::/home/{user}:/bin/sh\n"));
            group.push_str(&format!("{user}:x:1000:\n"));
            server.put(root, 'd', &format!("/home/{user}"), ((1000, 1000), 0o755), b"");
        }
        for (path, text) in [
            ("/etc/passwd", passwd.as_str()),
            ("/etc/group", &group),
            ("/etc/hosts", ""),
            ("/etc/os-release", self.name),
        ] {
            server.put(root, 'f', path, (ROOT, 0o644), text.as_bytes());
        }
    }
}
