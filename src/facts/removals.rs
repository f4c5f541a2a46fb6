//! What a script removes: whether it may remove a directory, such as the one in which the next
//! script starts, and how much of a directory it empties.
//!
//! Only readable commands count here; the caller handles the others.

use crate::facts::actions::{Action, Name};
use crate::facts::execution::{Directory, Workdir};
use crate::facts::{Facts, RunFacts, paths};
use crate::knowledge::Act;

/// How much of a directory a removal concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Nothing, as far as is known.
    Nothing,
    /// A part of its contents.
    Part,
    /// The directory, or all of its contents.
    Whole,
    /// A directory that contains it.
    Around,
    /// The name has unknown parts, and may concern it.
    Unknown,
}

/// A name that a command removes.
#[derive(Debug)]
pub struct Removed<'a> {
    /// What removes it.
    pub action: Action<'a>,
    /// Its path with known variables expanded; relative if the working directory is unknown.
    pub path: String,
    /// How much of the directory in question it concerns.
    pub extent: Extent,
}

impl Removed<'_> {
    /// Whether the script writes an absolute name, which does not depend on the directory, without
    /// quotes in its middle and without backslashes.
    pub fn is_absolute(&self) -> bool {
        let name = self.action.file.name.written().trim_matches(['"', '\'']);
        name.starts_with(['/', '~']) && !name.contains(['"', '\'', '\\'])
    }
}

impl Facts<'_> {
    /// The names that a command removes, or whose contents it removes, and how much of a directory
    /// each concerns.
    pub(crate) fn removed_from<'r>(
        &'r self,
        run: &'r RunFacts<'_>,
        index: usize,
        directory: &'r str,
    ) -> impl Iterator<Item = Removed<'r>> {
        let actions = run.invocations[index].actions.known().iter();
        actions.filter(|action| action.act.removes() || action.act.prunes()).map(move |&action| {
            let path = self.path_in(run, index, action.file.name);
            let extent = extent(&path, directory);
            Removed { action, path, extent }
        })
    }

    /// The path that a name refers to, unknown parts as written. The home directory is `~`.
    pub(crate) fn path_in(&self, run: &RunFacts<'_>, index: usize, name: Name<'_>) -> String {
        // The home directory as the script writes it, whatever HOME is.
        let plain = paths::normal(name.written());
        if plain.starts_with('~') && !plain.contains(['$', '`']) {
            return name.written().to_owned();
        }
        let expanded = self.name_expanded_in(run, index, name);
        let written = expanded.map_or_else(|| name.written().to_owned(), |expanded| expanded.written);
        let path = match run.states.directory(index) {
            Directory::Known(directory) if !written.starts_with(['/', '~', '$', '`']) => {
                let inner = written.strip_prefix("./").unwrap_or(&written);
                format!("{directory}/{}", if inner == "." { "" } else { inner })
            }
            _ => written,
        };
        let home = self.text_expanded_in(run, index, "~").known;
        match path.strip_prefix(&home).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            Some(rest) if home.len() > 1 => format!("~{rest}"),
            _ => path,
        }
    }
}

/// How much of a directory the removal of a path concerns, however the home directory is written.
pub(super) fn extent(path: &str, directory: &str) -> Extent {
    let place = paths::normal(directory);
    let whole = path.strip_suffix("/*").unwrap_or(path);
    let is_special = |c: char| matches!(c, '*' | '?' | '[' | '{' | '$' | '`');
    let named = paths::normal(whole);
    if named.starts_with(['/', '~']) && !named.contains(is_special) && !whole.ends_with('*') {
        return match (paths::within(&named, &place), paths::within(&place, &named)) {
            (true, true) => Extent::Whole,
            (true, false) => Extent::Part,
            (false, true) => Extent::Around,
            (false, false) => Extent::Nothing,
        };
    }
    if path == "/" || path == "/*" {
        return Extent::Around;
    }
    // The home directory may be written as a variable.
    let path = path.trim_matches(['"', '\'']);
    let (start, rest) = match (named.find(is_special), path.find(is_special)) {
        (Some(at), _) => named.split_at(at),
        (None, Some(_)) => (named.as_str(), "*"),
        (None, None) => (named.as_str(), ""),
    };
    let last_two = place.rmatch_indices('/').nth(1).map_or(place.as_str(), |(at, _)| &place[at + 1..]);
    let is_pattern = rest.starts_with(['*', '?', '[', '{']);
    let is_unknown = if start.starts_with(['/', '~']) {
        place.starts_with(start.trim_end_matches('/')) && (is_pattern || named.contains(last_two))
    } else {
        named.contains(last_two)
    };
    let is_inside = start.strip_prefix(place.as_str()).is_some_and(|rest| rest.starts_with('/'));
    if is_inside && is_pattern {
        Extent::Part
    } else if is_inside || is_unknown {
        Extent::Unknown
    } else {
        Extent::Nothing
    }
}

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
        let is_linked =
            || matches!(directory, Directory::Known(path) if self.may_be_linked(run.item + 1, path));
        let removes = |action: &Action<'_>| match (action.act, action.to) {
            // What the link leads to may have any name.
            (Act::RemovesTrees | Act::Prunes | Act::Moves, _) if is_linked() => true,
            (Act::Removes, _) => is_linked() && holds(action.file.name),
            // find never removes its working directory under this name.
            (Act::Prunes, _) if matches!(action.file.name.written(), "." | "./") => {
                run.states.directory(index) != directory && holds(action.file.name)
            }
            (Act::RemovesTrees | Act::Prunes, _) => holds(action.file.name),
            (Act::RemovesHome, _) => is_or_may_be_below(directory, &run.workdir, "/home/"),
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
        let run = facts.runs.last().expect("the script is the last RUN");
        facts.may_remove(run, &Directory::start(&run.workdir))
    }

    #[test]
    fn a_removal_concerns_a_part_or_all_of_a_directory() {
        let cases = [
            ("/var/lib/apt/lists", Extent::Whole),
            ("/var/lib/apt/lists/*", Extent::Whole),
            ("/var/lib/apt/lists/partial", Extent::Part),
            ("/var/lib/apt/lists/*.gz", Extent::Part),
            ("/var/lib/apt", Extent::Around),
            ("/var/lib/*", Extent::Around),
            ("/*", Extent::Around),
            ("/var/lib/apt/li*", Extent::Unknown),
            ("/var/lib/apt/lists*", Extent::Unknown),
            ("/var/lib/{apt,dpkg}/x", Extent::Unknown),
            ("$ROOT/var/lib/apt/lists", Extent::Unknown),
            ("lib/apt/lists", Extent::Unknown),
            ("/var/lib/apt/lists/$X", Extent::Unknown),
            ("/var/lib/aptitude", Extent::Nothing),
            ("/var/apt/lists*", Extent::Nothing),
            ("/var/lib/$X", Extent::Nothing),
            ("/tmp/*", Extent::Nothing),
            ("$X", Extent::Nothing),
        ];
        for (path, expected) in cases {
            assert_eq!(extent(path, "/var/lib/apt/lists"), expected, "{path}");
        }
        assert_eq!(extent("/root/.cache/pip", "~/.cache/pip"), Extent::Whole);
        assert_eq!(extent("$HOME/.cache", "~/.cache/pip"), Extent::Around);
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
    fn what_a_link_leads_to_may_be_removed_by_any_name() {
        for link in ["ln -s /data /srv/app", "ln -sfn /data /srv", "cd /srv && ln -s ../data app"] {
            let lines = format!("RUN {link}\nWORKDIR /srv/app");
            for script in ["rm -rf /data", "mv /data /old", "rm /srv/app", "find /data -delete"] {
                assert!(removes_start(&lines, script), "{link}: {script}");
            }
            assert!(!removes_start(&lines, "rm /data/x"), "{link}");
        }
        let lines = "RUN cd /opt && ln -s app-1 app\nWORKDIR /srv/app";
        assert!(!removes_start(lines, "rm -rf /data"));
        assert!(removes_start("WORKDIR /srv/app", "rm -rf /old && ln -s /data /srv/app && rm -rf /data"));
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
