//! Scripts that the container or a later RUN starts: from the build context, or written by the
//! Dockerfile itself.

use super::World;

impl World<'_> {
    /// The text of a script to start, which may read files that the build leaves.
    fn started_script(&mut self, inner: Option<&str>) -> String {
        let mut lines = vec![
            self.random.pick(&["#!/bin/sh", "#!/bin/bash", "#!/bin/sh -e", "#!/usr/bin/env sh"]).to_owned(),
        ];
        if self.random.chance(40) {
            lines.push("set -e".into());
        }
        for _ in 0..self.random.between(1, 2) {
            lines.push(self.started_command());
        }
        if let Some(inner) = inner {
            lines.push(format!("{}{inner}", self.random.pick(&["", "sh ", ". ", "bash "])));
        }
        if self.random.chance(30) {
            let command = lines.pop().unwrap_or_default();
            lines.push(format!("if [ -z \"$SKIP\" ]; then\n  {command}\nfi"));
        }
        if self.random.chance(50) {
            lines.push("exec \"$@\"".into());
        }
        lines.join("\n") + "\n"
    }

    fn started_command(&mut self) -> String {
        let own: &[&str] = if self.has("npm") {
            &[
                "npm install -g --offline serve",
                "npm install -g serve",
                "node server.js",
                "yarn global add --offline serve",
            ]
        } else if self.has("pip") {
            &[
                "pip install --no-index --find-links /wheels flask",
                "uv pip install --system --offline flask",
                "python app.py",
            ]
        } else if self.has("go") {
            &["GOPROXY=off go install example.org/tool@latest", "go version"]
        } else if self.has("cargo") {
            &["cargo install --offline tool"]
        } else {
            &["echo nothing"]
        };
        let system = match self.image.manager {
            "apk" => "apk add jq",
            "dnf" => "dnf -C install -y jq",
            _ => "apt-get install -y jq",
        };
        let directory = self.directory_word();
        match self.random.weighted(&[4, 4, 2, 1, 1, 1]) {
            0 => system.to_owned(),
            1 => self.random.pick(own).to_owned(),
            2 => {
                let place = self.random.pick(&["/tmp/", "/opt/", ""]).to_owned();
                format!("bash {place}tool.sh --run")
            }
            3 => format!("[ -d {directory} ] && echo there"),
            4 => "cat /tmp/run.log".into(),
            _ => "tar -tzf /tmp/tool.tar.gz".into(),
        }
    }

    /// Puts a script into the image and returns its path there.
    pub(super) fn put_script(&mut self, name: &str) -> String {
        let inner = (name != "inner.sh" && self.random.chance(20)).then(|| self.put_script("inner.sh"));
        let text = self.started_script(inner.as_deref());
        let path = format!("{}{name}", self.random.pick(&["/", "/usr/local/bin/", "/opt/"]));
        match self.random.weighted(&[5, 3, 2]) {
            0 => {
                let inner = format!("{}{name}", self.random.pick(&["", "docker/"]));
                self.file(&inner, text, true);
                let destination = if self.random.chance(50) {
                    path.clone()
                } else {
                    path[..=path.rfind('/').unwrap_or(0)].to_owned()
                };
                self.plain(format!("COPY {inner} {destination}"));
            }
            1 => self.plain(format!("COPY --chmod=755 <<'EOF' {path}\n{text}EOF")),
            _ => {
                let file = crate::case::Command::Document(
                    vec!["cat".into(), ">".into(), path.clone(), "<<'EOF'".into()],
                    "'EOF'",
                    text,
                );
                let script = crate::case::Script(vec![
                    (file, crate::case::Joiner::And),
                    (crate::case::Command::simple(&format!("chmod +x {path}")), crate::case::Joiner::And),
                ]);
                self.case.instructions.push(crate::case::Instruction::Run {
                    flags: String::new(),
                    script,
                    layout: crate::case::Layout::Line,
                });
            }
        }
        path
    }
}
