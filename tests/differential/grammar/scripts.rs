//! Scripts: commands in lists, groups, subshells, branches and loops.

use super::World;
use crate::case::{Command, Joiner, Script};

impl World<'_> {
    /// A script of a RUN.
    pub(super) fn script(&mut self) -> Script {
        let mut all: Vec<(Command, Joiner)> = Vec::new();
        for _ in 0..self.random.weighted(&[0, 5, 4, 2]) {
            all.extend(self.piece(0));
        }
        if all.is_empty() {
            all = self.piece(0);
        }
        Script(all)
    }

    /// Some commands that belong together.
    fn piece(&mut self, depth: usize) -> Vec<(Command, Joiner)> {
        if depth < 2 && self.random.chance(14) {
            let compound = self.compound(depth);
            let joiner = self.joiner();
            return vec![(compound, joiner)];
        }
        match self.random.weighted(&[9, 8, 2]) {
            0 => self.plain_commands(),
            1 => self.package_commands(),
            _ => self.state_commands(),
        }
    }

    fn inner(&mut self, depth: usize) -> Script {
        let mut all = self.piece(depth + 1);
        if self.random.chance(30) {
            all.extend(self.piece(depth + 1));
        }
        Script(all)
    }

    pub(super) fn joiner(&mut self) -> Joiner {
        match self.random.weighted(&[20, 1, 5, 0]) {
            0 => Joiner::And,
            1 => Joiner::Or,
            _ => Joiner::Then,
        }
    }

    fn compound(&mut self, depth: usize) -> Command {
        let script = self.inner(depth);
        let within = |before: &str, script, after: &str| Command::Within(before.into(), script, after.into());
        match self.random.weighted(&[5, 3, 3, 2, 2, 1, 2, 2, 1, 2, 1, 2]) {
            0 => within("(", script, ")"),
            1 => within("{ ", script, "; }"),
            2 => {
                let test = self.test();
                within(&format!("if {test}; then "), script, "; fi")
            }
            3 => {
                let (test, other) = (self.test(), self.inner(depth));
                Command::Either(format!("if {test}; then "), script, "; else ".into(), other, "; fi".into())
            }
            4 => within("for i in 1 2; do ", script, "; done"),
            5 => within("n=0; while [ $n -lt 2 ]; do n=$((n+1)); ", script, "; done"),
            6 => {
                let other = self.inner(depth);
                Command::Either(
                    "case \"${T:-a}\" in a) ".into(),
                    script,
                    ";; *) ".into(),
                    other,
                    ";; esac".into(),
                )
            }
            7 if !script.has_document() => self.quoted(script),
            8 => within("f() { ", script, "; }; f"),
            9 => within("{ ", script, "; } > /tmp/run.log"),
            10 => within("! { ", script, "; }"),
            11 => within("if ! ", script, "; then true; fi"),
            _ => within("( ", script, " )"),
        }
    }

    /// A script as an argument of another shell, if its quotes allow that.
    fn quoted(&mut self, script: Script) -> Command {
        let case = crate::case::Instruction::Run {
            flags: String::new(),
            script: script.clone(),
            layout: crate::case::Layout::Line,
        };
        let text = crate::case::Case { instructions: vec![case], ..Default::default() }.text();
        if text.contains('\'') || text.contains('\\') {
            return Command::Within("(".into(), script, ")".into());
        }
        let shell = self.random.pick(&["sh -c '", "sh -ec '", "bash -c '", "eval '"]).to_owned();
        Command::Within(shell, script, "'".into())
    }

    fn test(&mut self) -> String {
        let directory = self.directory_word();
        match self.random.below(5) {
            0 => "true".into(),
            1 => format!("[ -d {directory} ]"),
            2 => format!("test -e {directory}"),
            3 => "[ -n \"$T\" ]".into(),
            _ => "[ \"$(id -u)\" = 0 ]".into(),
        }
    }
}

/// Commands that must all succeed.
pub(super) fn all_of(commands: &[String]) -> Vec<(Command, Joiner)> {
    commands.iter().map(|command| (Command::simple(command), Joiner::And)).collect()
}
