//! Whether a script may remove a directory: the one in which the next script starts, or the one in
//! which it ends itself.
//!
//! Only readable commands count here; the caller handles the others.

use crate::facts::actions::{Action, Name};
use crate::facts::execution::{Directory, Workdir};
use crate::facts::{Facts, RunFacts};
use crate::knowledge::Act;

impl Facts<'_> {
    /// Whether a command of a RUN may remove, move or replace a directory, or one of its parents.
    pub fn may_remove(&self, run: &RunFacts<'_>, directory: &Directory) -> bool {
        (0..run.invocations.len()).any(|index| self.command_may_remove(run, index, directory))
    }

    /// Whether the directory in which a RUN ends may not exist by then, so that a program that
    /// starts there may fail.
    pub fn may_end_nowhere(&self, run: &RunFacts<'_>) -> bool {
        self.may_remove(run, run.states.end())
    }

    /// Whether one command may remove, move or replace a directory, or one of its parents.
    pub(crate) fn command_may_remove(&self, run: &RunFacts<'_>, index: usize, directory: &Directory) -> bool {
        let invocation = &run.invocations[index];
        let holds = |name: Name<'_>| self.target_of_name(run, index, name).may_hold(directory, &run.workdir);
        let removes = |action: &Action<'_>| match (action.act, action.to) {
            // find never removes its working directory under this name.
            (Act::Prunes, _) if matches!(action.file.name.written(), "." | "./") => {
                run.states.directory(index) != directory && holds(action.file.name)
            }
            (Act::RemovesTrees | Act::Prunes, _) => holds(action.file.name),
            // `rmdir -p` also removes the directories around it.
            (Act::RemovesParents, _) => true,
            // With -T, an empty directory is replaced.
            (Act::Moves, Some(to)) if invocation.has_flag('T', "--no-target-directory") => {
                holds(action.file.name) || holds(to.name)
            }
            (Act::Moves, _) => holds(action.file.name),
            // A symlink, which may point to the directory, gets another target.
            (Act::Links, Some(to)) => {
                invocation.has_short_option('f') && run.workdir != Workdir::OfBase && holds(to.name)
            }
            _ => false,
        };
        match invocation.program.unwrap_or_default() {
            // The arguments that xargs adds are unknown.
            "rm" | "rmdir" | "mv" if invocation.repeated => true,
            "userdel" | "deluser" => {
                let removes_home = invocation.arguments().iter().any(|word| {
                    matches!(word.raw.as_str(), "-r" | "-rf" | "-fr" | "--remove" | "--remove-home")
                });
                removes_home && is_or_may_be_below(directory, &run.workdir, "/home/")
            }
            _ => invocation.actions.known().iter().any(removes),
        }
    }
}

/// Whether a directory is, or may be, below a place.
fn is_or_may_be_below(directory: &Directory, start: &Workdir, place: &str) -> bool {
    match directory {
        Directory::Known(path) => path.starts_with(place),
        Directory::FromStart(_) | Directory::Unknown => *start == Workdir::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    /// Whether the RUN may remove the directory that it starts in.
    fn removes_start(lines: &str, script: &str) -> bool {
        let text = format!("FROM example.com/base\n{lines}\nRUN {script}\n");
        let file = Dockerfile::parse(&text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let run = &facts.runs[0];
        facts.may_remove(run, &Directory::start(&run.workdir))
    }

    #[test]
    fn a_known_directory_is_found_by_all_its_names() {
        let lines = "ENV APP=/srv/app\nARG OTHER=/x\nWORKDIR $APP";
        for script in [
            "rm -rf /srv/app",
            "rm -rf $APP",
            "rm -rf \"${APP}\"",
            "rm -r /srv",
            "cd .. && rm -rf app",
            "cd / && rm -rf srv",
            "cd /srv; rm -rf a*",
            "A=/srv && rm -rf $A",
            "export A=$APP; rmdir $A",
            "rm -rf $OTHER",
            "rm -rf $UNSET",
            "mv $APP /old",
            "(cd .. && rm -rf app)",
            "for d in a b; do rm -rf $d; done",
            "ls / | xargs rm -rf",
            "find /srv -delete",
            "find /srv -mindepth 1 -exec rm -rf {} +",
            "cd $OTHER && rm -rf x",
            "rm -rf `cat list`",
            "f() { cd /srv; }; f; rm -rf app",
            "pushd /srv; rm -rf app",
        ] {
            assert!(removes_start(lines, script), "{script}");
        }
    }

    #[test]
    fn what_is_elsewhere_or_below_is_let_through() {
        let lines = "ENV APP=/srv/app\nARG V=1\nWORKDIR $APP";
        for script in [
            "rm -rf build",
            "rm -rf ./*",
            "rm -rf x-$V",
            "rm -f $V",
            "cd /tmp && rm -rf app",
            "cd /tmp/$V; cd /opt; rm -rf srv",
            "rm -rf /srv/other /tmp/$V",
            "D=$(mktemp -d) && rm -rf \"$D\"",
            "find . -name x -delete",
            "find /srv -type f -delete",
            "(cd /) && rm -rf srv",
            "mv x y",
        ] {
            assert!(!removes_start(lines, script), "{script}");
        }
    }

    #[test]
    fn an_unknown_directory_may_be_the_one() {
        for lines in ["ARG D=/srv/app\nWORKDIR $D", "WORKDIR $D", "WORKDIR /srv/../app"] {
            for script in ["rm -rf /tmp/x", "rm -rf /srv/app", "cd /srv && rm -rf app"] {
                assert!(removes_start(lines, script), "{lines}: {script}");
            }
            assert!(!removes_start(lines, "rm -rf build && rm -f /srv/x.tgz"), "{lines}");
        }
        assert!(!removes_start("", "rm -rf /var/lib/apt/lists/* /tmp/x"));
        assert!(removes_start("", "rm -rf /opt/x"));
    }
}
