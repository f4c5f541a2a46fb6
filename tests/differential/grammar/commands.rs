//! Commands that make, change and remove files, and commands that change what the shell itself is like.

use super::World;
use super::scripts::all_of;
use crate::case::{Command, Joiner};

impl World<'_> {
    /// Commands about files.
    pub(super) fn plain_commands(&mut self) -> Vec<(Command, Joiner)> {
        let (directory, other) = (self.directory_word(), self.directory_word());
        let (file, name) = (self.file_word(), self.name());
        let all = match self
            .random
            .weighted(&[6, 5, 7, 3, 2, 2, 2, 2, 3, 3, 2, 2, 2, 4, 2, 3, 1, 2, 2, 2, 1, 1])
        {
            0 => vec![format!("mkdir -p {directory}")],
            1 => vec![format!("mkdir -p {directory}"), format!("echo one > {directory}/{name}")],
            2 => vec![format!("rm -rf {directory}")],
            3 => {
                vec![format!("mkdir -p {directory}"), format!("cd {directory}"), format!("echo two > {name}")]
            }
            4 => vec![format!("mkdir -p {directory}"), format!("ln -sfn {directory} {other}")],
            5 => vec![format!("touch {file}"), format!("chmod 0600 {file}")],
            6 => vec![format!("mkdir -p {directory}"), format!("chown -R 1000:1000 {directory}")],
            7 => vec![format!("install -d -m 0750 {directory}")],
            8 => vec![format!("echo three >> {file}")],
            9 => vec![format!("echo \"$PWD\" > {file}")],
            10 => vec![format!("touch {file}"), format!("mv {file} {name}")],
            11 => vec![format!("echo four > {file}"), format!("cp {file} /opt/{name}")],
            12 => vec![format!("mkdir -p {directory}"), format!("cp -r {directory} /opt/copy")],
            13 => self.download(),
            14 => {
                vec![format!("mkdir -p {directory}"), format!("find {directory} -type f -exec rm -f {{}} +")]
            }
            15 => return self.document(),
            16 => vec![format!("tar -cf /tmp/all.tar -C /etc passwd"), format!("rm -f /tmp/all.tar")],
            17 => vec![format!("echo one | tee {file}"), format!("cat {file} | sort > /tmp/sorted")],
            18 => vec![format!("echo \"${{V:-none}} ${{F:-none}}\" >> {file}")],
            19 => {
                let user = self.new_user();
                vec![user]
            }
            20 => {
                vec![format!("echo \"10.0.0.1 db\" >> /etc/hosts"), format!("grep -c . /etc/hosts > {file}")]
            }
            _ => vec![format!("rmdir {directory} 2>/dev/null || true")],
        };
        all_of(&all)
    }

    fn new_user(&mut self) -> String {
        let name = self.random.pick(&["app", "web"]).to_owned();
        if !self.users.contains(&name) {
            self.users.push(name.clone());
        }
        let number = self.random.pick(&["1001", "1234567"]).to_owned();
        match (self.image.manager, self.random.below(3)) {
            ("apk", _) => format!("adduser -D {name}"),
            (_, 0) => format!("useradd -m {name}"),
            (_, 1) => format!("useradd -m -u {number} {name}"),
            _ => format!("groupadd {name}x && useradd -g {name}x -m {name}"),
        }
    }

    fn document(&mut self) -> Vec<(Command, Joiner)> {
        let file = self.file_word();
        let name = if self.random.chance(50) { "EOF" } else { "'EOF'" };
        let words = match self.random.below(3) {
            0 => format!("cat > {file} <<{name}"),
            1 => format!("cat <<{name} >> {file}"),
            _ => format!("tee {file} <<{name}"),
        };
        let body = self.random.pick(&["first\nsecond\n", "dir=$T\n", "pwd is $PWD\n\n"]).to_owned();
        vec![(Command::Document(words.split(' ').map(str::to_owned).collect(), name, body), Joiner::And)]
    }

    /// Fetches something and uses it.
    fn download(&mut self) -> Vec<String> {
        let fetch =
            |random: &mut crate::random::Random, name: &str, to: Option<&str>| match (to, random.below(4)) {
                (None, 0) => format!("wget -q https://example.org/{name}"),
                (None, _) => format!("curl -fsSLO https://example.org/{name}"),
                (Some(to), 0) => format!("wget -O {to} https://example.org/{name}"),
                (Some(to), _) => format!("curl -fsSL https://example.org/{name} -o {to}"),
            };
        let place = self.random.pick(&["/tmp/", "/opt/", ""]).to_owned();
        let directory = self.directory_word();
        let has_variable = self.random.chance(20);
        match self.random.weighted(&[4, 3, 2, 1, 1]) {
            0 => {
                let name = if has_variable { "tool-$TOOL_VERSION.tar.gz" } else { "tool.tar.gz" };
                let to = format!("{place}{name}");
                let fetched = fetch(self.random, name, (!place.is_empty()).then_some(to.as_str()));
                let first = self.random.pick(&["mkdir -p /opt", "cd /tmp"]).to_owned();
                vec![first, fetched, format!("tar -xzf {to} -C /opt")]
            }
            1 => {
                let to = format!("{place}tool.sh");
                let fetched = fetch(self.random, "tool.sh", (!place.is_empty()).then_some(to.as_str()));
                let shell = self.random.pick(&["bash", "sh"]).to_owned();
                vec![fetched, format!("{shell} {to} --self-test")]
            }
            2 => {
                let fetched = fetch(self.random, "tool.zip", Some("/tmp/tool.zip"));
                vec![fetched, format!("unzip -q /tmp/tool.zip -d {directory}")]
            }
            3 => vec!["curl -fsSL https://example.org/tool.sh | sh".into()],
            _ => {
                let fetched = fetch(self.random, "tool.deb", Some("/tmp/tool.deb"));
                vec![fetched, "dpkg -i /tmp/tool.deb".into()]
            }
        }
    }

    /// Commands that change the shell, its environment, or what runs beside it.
    pub(super) fn state_commands(&mut self) -> Vec<(Command, Joiner)> {
        let (file, directory) = (self.file_word(), self.directory_word());
        let one = |text: &str| vec![text.to_owned()];
        let then = |commands: Vec<String>| {
            commands.iter().map(|command| (Command::simple(command), Joiner::Then)).collect::<Vec<_>>()
        };
        let all = match self.random.below(26) {
            0 => return then(one("set -e")),
            1 => return then(one("set -x")),
            2 => return then(one("set -u")),
            3 if self.is_bash => return then(one("set -o pipefail")),
            4 => one("umask 027"),
            5 => one("export V=exported"),
            6 => one("V=own; export V"),
            7 => one(&format!("trap 'echo bye > {file}' EXIT")),
            8 => one(&format!("exec > {file}")),
            9 => return vec![(Command::simple("exit 0"), Joiner::Then)],
            10 => one("false || true"),
            11 => one(&format!("cd {directory} 2>/dev/null || cd /tmp")),
            12 => vec![format!("mkdir -p {directory}"), format!("cd {directory}"), "cd ..".into()],
            13 => one("alias ls='echo no'"),
            14 => {
                let server = self
                    .random
                    .pick(&["(redis-server &)", "{ redis-server & }", "redis-server --daemonize yes"])
                    .to_owned();
                vec![server, "redis-cli ping".into()]
            }
            15 => {
                let mut all = vec![(Command::simple("redis-server"), Joiner::Background)];
                all.extend(all_of(&one("redis-cli ping")));
                return all;
            }
            16 => one("F=local"),
            17 => one("ln -sf /usr/bin/bash /usr/bin/sh"),
            18 => vec![
                "printf '#!/bin/sh\\necho mine\\n' > /usr/local/bin/tool".into(),
                "chmod +x /usr/local/bin/tool".into(),
                "tool".into(),
            ],
            19 => one("! false"),
            20 => return vec![(Command::simple("sleep 0"), Joiner::Background)],
            21 => one(&format!("true && false || echo five > {file}")),
            22 => one(&format!("echo $? $# > {file}")),
            23 => one("PATH=/opt/tool/bin:$PATH"),
            24 => one("unset T"),
            _ => one("export HOME=/tmp"),
        };
        all_of(&all)
    }
}
