//! Commands that change the state of this shell or the next one: options, variables, traps,
//! functions, background jobs, and the files that shells and the builder read when they start.

use super::World;
use super::scripts::all_of;
use crate::case::{Command, Joiner};

/// Commands that change shell state, which ends with the RUN, or that depend on such state.
const STATES: &[&str] = &[
    "set -e",
    "set +e",
    "set -x",
    "set -u",
    "set -f",
    "set -C",
    "set -a",
    "set -- one two",
    "umask 027",
    "export V=exported",
    "V=own; export V",
    "F=local",
    "readonly V=fixed",
    "V=other",
    "IFS=:",
    "CDPATH=/srv",
    "unset T",
    "export HOME=/tmp",
    "PATH=/opt/tool/bin:$PATH",
    "alias ls='echo no'",
    "trap '' HUP",
    "exit 0",
    "wait",
    "f() { echo function; }",
    "cat() { echo mine; }",
    "hash -r",
    "false || true",
    "! false",
    "{ false; } || true",
];

/// Commands that change files which the next shell or the builder reads.
const FILES: &[&str] = &[
    "ln -sf /usr/bin/bash /usr/bin/sh",
    "ln -sf /usr/bin/dash /usr/bin/bash",
    "echo 'export V=profile' >> /etc/profile",
    "echo 'export V=environment' > /opt/env.sh",
    "sed -i 's#/root#/tmp/home#' /etc/passwd",
    "rm -f /etc/profile",
];

/// Commands that only bash knows.
const OF_BASH: &[&str] = &["set -o pipefail", "shopt -s nullglob", "pushd /tmp", "trap 'exit 0' ERR"];

impl World<'_> {
    /// Commands that change the shell, its environment, or background processes.
    pub(super) fn state_commands(&mut self) -> Vec<(Command, Joiner)> {
        let (file, directory) = (self.file_word(), self.directory_word());
        let single = |text: &str| vec![text.to_owned()];
        let all = match self.random.weighted(&[16, 5, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1]) {
            0 => {
                let state = self.random.pick(STATES).to_owned();
                let joiner = if self.random.chance(50) { Joiner::And } else { Joiner::Then };
                return vec![(Command::simple(&state), joiner)];
            }
            1 => single(self.random.pick(FILES)),
            2 => single(&format!("trap 'echo bye > {file}' EXIT")),
            3 => single(&format!("exec > {file}")),
            4 => single(&format!("cd {directory} 2>/dev/null || cd /tmp")),
            5 => vec![format!("mkdir -p {directory}"), format!("cd {directory}"), "cd ..".into()],
            6 => {
                let all =
                    ["(redis-server &)", "{ redis-server & }", "redis-server --daemonize yes", "(true &)"];
                let server = self.random.pick(&all).to_owned();
                let ping = if server.contains("redis") { "redis-cli ping" } else { "true" };
                vec![server, ping.into()]
            }
            7 => {
                let mut all = vec![(Command::simple("redis-server"), Joiner::Background)];
                all.extend(all_of(&single("redis-cli ping")));
                return all;
            }
            8 => vec![
                "printf '#!/bin/sh\\necho mine\\n' > /usr/local/bin/tool".into(),
                "chmod +x /usr/local/bin/tool".into(),
                "tool".into(),
            ],
            9 => return vec![(Command::simple("true"), Joiner::Background)],
            10 => single(&format!("true && false || echo five > {file}")),
            11 => single(&format!("echo $? $# \"$1\" \"$HOME\" \"$IFS\" > {file}")),
            12 => single(&format!(
                "if [[ a == a ]] 2>/dev/null; then echo bash > {file}; else echo other > {file}; fi"
            )),
            _ if self.is_bash => single(self.random.pick(OF_BASH)),
            _ => single("command -v npm pip apt-get > /tmp/where || true"),
        };
        all_of(&all)
    }
}
