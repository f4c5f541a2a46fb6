//! Stages and their instructions.

use super::World;
use crate::case::{Command, Instruction, Joiner, Layout, Script};
use crate::images::Image;

impl World<'_> {
    /// The whole file.
    pub(super) fn all(&mut self) {
        if self.random.chance(8) {
            self.plain("# syntax=docker/dockerfile:1");
        }
        if self.random.chance(45) {
            self.make_project();
        }
        let base = self.image.name.to_owned();
        let has_builder = self.random.chance(22);
        let name = has_builder.then(|| self.random.pick(&["build", "deps", "base"]).to_owned());
        if self.random.chance(10) {
            self.plain(format!("ARG BASE={base}"));
            self.from("${BASE}", name.as_deref());
        } else {
            self.from(&base, name.as_deref());
        }
        self.stage();
        if let Some(name) = name {
            self.stages.push(name.clone());
            self.second_stage(&name);
        }
        self.ending();
    }

    fn from(&mut self, image: &str, name: Option<&str>) {
        let name = name.map(|name| format!(" AS {name}")).unwrap_or_default();
        self.plain(format!("FROM {image}{name}"));
    }

    fn second_stage(&mut self, first: &str) {
        let own = self.workdir.clone();
        if self.random.chance(50) {
            self.from(first, None);
        } else {
            let other = self.random.pick(&["debian:12", "alpine:3.20", self.image.name]).to_owned();
            self.image = Image::find(&other).unwrap_or(self.image);
            self.from(&other, None);
            self.variables.clear();
            self.workdir = self.image.workdir().into();
        }
        let source = match self.random.below(5) {
            0 if own != "/" => own,
            1 => "/root".into(),
            2 => "/usr/local".into(),
            3 => self.random.pick(&["/root/.npm", "/root/.cache", "/var/lib/apt/lists"]).to_owned(),
            _ => "/opt".into(),
        };
        match self.random.below(4) {
            0 => self.plain(format!("COPY --from={first} {source} {source}")),
            1 => self.plain(format!("COPY --from=0 {source} /copied")),
            2 => {
                let script = Script::of(Command::simple("cp -r /from/. /copied"));
                let flags = format!("--mount=type=bind,from={first},source={source},target=/from");
                self.case.instructions.push(Instruction::Run { flags, script, layout: Layout::Line });
            }
            _ => {}
        }
        for _ in 0..self.random.below(3) {
            self.any_instruction();
        }
    }

    fn stage(&mut self) {
        if self.random.chance(60) {
            self.declare();
        }
        if self.random.chance(20) {
            self.manager_variable();
        }
        if self.random.chance(50) {
            self.workdir();
        }
        if self.project.is_some() {
            self.use_project();
        }
        for _ in 0..self.random.between(1, 4) {
            self.any_instruction();
        }
    }

    /// Any instruction.
    pub(super) fn any_instruction(&mut self) {
        match self.random.weighted(&[14, 2, 2, 2, 2, 1, 2, 1, 1, 1]) {
            0 => {
                // Transforms can merge two RUN instructions in a row.
                self.run();
                if self.random.chance(55) {
                    self.run();
                }
            }
            1 => self.declare(),
            2 => self.workdir(),
            3 => self.copy(),
            4 => self.user(),
            5 => self.shell(),
            6 => self.run_a_script(),
            7 => self.manager_variable(),
            8 if self.random.chance(50) => self.plain("EXPOSE 8080"),
            8 => self.plain("LABEL org.example.version=\"1.0\""),
            _ => self.plain("# what follows is needed"),
        }
    }

    pub(super) fn workdir(&mut self) {
        let path = match self.random.weighted(&[5, 4, 1]) {
            0 => self.directory(),
            1 if !self.variables.is_empty() => {
                let (name, value) = self.variables[self.random.below(self.variables.len())].clone();
                let word = if self.random.chance(50) { format!("${name}") } else { format!("${{{name}}}") };
                self.workdir = crate::values::absolute(&self.workdir, &value);
                return self.plain(format!("WORKDIR {word}"));
            }
            1 => "/srv/app".into(),
            _ => "$UNKNOWN/sub".into(),
        };
        let word = self.written(&path).replace("\"$PWD\"", &path);
        let plain = crate::values::absolute(&self.workdir, &path.replace("$UNKNOWN", ""));
        plain.trim_end_matches('/').clone_into(&mut self.workdir);
        if self.workdir.is_empty() {
            self.workdir.push('/');
        }
        self.plain(format!("WORKDIR {word}"));
    }

    fn user(&mut self) {
        let user = match self.random.below(4) {
            0 if self.image.name.starts_with("node") => "node".to_owned(),
            0 => "nobody".into(),
            1 => "1000".into(),
            _ => self.users[self.random.below(self.users.len())].clone(),
        };
        self.plain(format!("USER {user}"));
    }

    fn shell(&mut self) {
        if self.image.manager == "apk" {
            return self.plain("SHELL [\"/bin/sh\", \"-ec\"]");
        }
        self.is_bash = true;
        let shell = self
            .random
            .pick(&[
                "[\"/bin/bash\", \"-c\"]",
                "[\"/bin/bash\", \"-lc\"]",
                "[\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
                "[\"/bin/bash\", \"-ec\"]",
                "[\"bash\", \"-euxo\", \"pipefail\", \"-c\"]",
            ])
            .to_owned();
        self.plain(format!("SHELL {shell}"));
    }

    fn copy(&mut self) {
        let name = self.name();
        let directory = self.directory();
        let destination =
            self.written(&directory).replace("\"$PWD\"", &directory).trim_end_matches('/').to_owned();
        match self.random.below(6) {
            0 => {
                self.file("etc/app.conf", "key = 1\n", false);
                self.plain(format!("COPY etc {destination}/"));
            }
            1 => {
                self.file(&name, "from the context\n", false);
                self.plain(format!("COPY {name} {destination}/"));
            }
            2 => self.plain(format!("COPY <<EOF {destination}/{name}\ndir=$T\nEOF")),
            3 => {
                self.file("tool.sh", "#!/bin/sh\necho \"from the context $1\"\n", true);
                let keyword = self.random.pick(&["COPY", "ADD"]).to_owned();
                self.plain(format!("{keyword} tool.sh /opt/"));
            }
            4 => {
                self.file("etc/app.conf", "key = 1\n", false);
                self.plain("COPY --chown=1000:1000 etc /etc/app");
            }
            _ => {
                self.file("etc/app.conf", "key = 1\n", false);
                self.plain(format!("COPY . {destination}/"));
            }
        }
    }

    fn run_a_script(&mut self) {
        let path = self.put_script("setup.sh");
        let call = match self.random.below(4) {
            0 => path,
            1 => format!("sh {path}"),
            2 => format!("bash {path}"),
            _ => format!(". {path}"),
        };
        self.run_of(&call);
    }

    /// A RUN with the given commands, which must all succeed.
    pub(super) fn run_of(&mut self, commands: &str) {
        let mut all: Vec<(Command, Joiner)> =
            commands.split(" && ").map(|command| (Command::simple(command), Joiner::And)).collect();
        if self.random.chance(12) {
            let directory = self.directory_word();
            all.push((Command::simple(&format!("rm -rf {directory}")), Joiner::And));
        }
        self.push_run(Script(all));
    }

    fn run(&mut self) {
        let script = self.script();
        self.push_run(script);
    }

    fn push_run(&mut self, script: Script) {
        let layout = match self.random.weighted(&[9, 5, 2, 1, 1]) {
            0 => Layout::Line,
            1 => Layout::Lines,
            2 => Layout::Commented,
            3 => Layout::Heredoc,
            _ => Layout::Exec,
        };
        let layout = if script.has_document() && layout != Layout::Heredoc { Layout::Line } else { layout };
        let mut flags = String::new();
        if self.random.chance(4) {
            let target =
                self.random.pick(&["/root/.npm", "/root/.cache/pip", "/var/lib/apt/lists", "/tmp/x"]);
            flags = format!("--mount=type=cache,target={target}");
        } else if self.random.chance(3) {
            flags = "--network=none".into();
        }
        self.case.instructions.push(Instruction::Run { flags, script, layout });
    }

    /// The instructions that define what the container starts.
    fn ending(&mut self) {
        match self.random.weighted(&[4, 4, 2, 3]) {
            0 => {}
            1 => {
                let path = self.put_script("docker-entrypoint.sh");
                let name = path.rsplit('/').next().unwrap_or_default().to_owned();
                let is_on_path = path.starts_with("/usr/local/bin/");
                match self.random.below(5) {
                    0 if is_on_path => self.plain(format!("ENTRYPOINT [\"{name}\"]")),
                    1 => self.plain(format!("ENTRYPOINT [\"sh\", \"{path}\"]")),
                    2 => self.plain(format!("ENTRYPOINT {path}")),
                    3 => self.plain(format!("CMD [\"bash\", \"{path}\"]")),
                    _ => self.plain(format!("ENTRYPOINT [\"{path}\"]")),
                }
                if self.random.chance(50) {
                    self.plain("CMD [\"cat\", \"/etc/os-release\"]");
                }
            }
            2 => {
                let command = self
                    .random
                    .pick(&[
                        "test -d /opt",
                        "cat a",
                        "tool",
                        "bash tool.sh --run",
                        "apt-get install -y jq",
                        "serve",
                    ])
                    .to_owned();
                self.plain(format!("CMD {command}"));
            }
            _ => {
                let command = self
                    .random
                    .pick(&[
                        "[\"node\", \"server.js\"]",
                        "[\"npm\", \"start\"]",
                        "[\"python\", \"app.py\"]",
                        "[\"./app\"]",
                        "[\"sh\", \"-c\", \"[ -d /data ] && echo data\"]",
                        "[\"sh\", \"/opt/tool.sh\"]",
                    ])
                    .to_owned();
                self.plain(format!("CMD {command}"));
            }
        }
        if self.random.chance(12) {
            let path = self.put_script("check.sh");
            self.plain(format!("HEALTHCHECK CMD {path}"));
        }
    }
}
