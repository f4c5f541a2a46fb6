//! Checks that no declared cleanup removes a file that a later command needs. Stubs write no files,
//! so running them can't show that. This check reads only the words of the commands and ignores
//! conditions. A problem that the original already has does not count.

use crate::names::tokens;
use crate::steps::Step;

/// The state of a stage: whether the package lists were removed, whether apk has an index, and the
/// commands that would fail for that reason.
#[derive(Debug, Clone, Default)]
struct State {
    apt_lists_gone: bool,
    apk_index_there: bool,
    complaints: Vec<String>,
}

/// The problems that only the new version has.
pub fn harm(old: &[Vec<Step>], new: &[Vec<Step>]) -> Vec<String> {
    let mut before = complaints(old);
    let after = complaints(new);
    let mut harm: Vec<String> = after
        .into_iter()
        .filter(|complaint| match before.iter().position(|other| other == complaint) {
            Some(at) => {
                before.swap_remove(at);
                false
            }
            None => true,
        })
        .collect();
    harm.extend(lost_downloads(old, new));
    harm
}

fn complaints(stages: &[Vec<Step>]) -> Vec<String> {
    let mut ends: Vec<(String, State)> = Vec::new();
    let mut all = Vec::new();
    for steps in stages {
        let (base, name) = names(steps);
        let mut state = ends
            .iter()
            .rev()
            .find(|(name, _)| *name == base)
            .map(|(_, state)| state.clone())
            .unwrap_or_default();
        state.complaints.clear();
        for run in steps.iter().filter_map(Step::run) {
            for command in commands(&run.script) {
                state.follow(&command);
            }
        }
        all.append(&mut state.complaints.clone());
        ends.push((name, state));
    }
    all
}

impl State {
    fn follow(&mut self, command: &[String]) {
        let has = |word: &str| command.iter().any(|own| own == word);
        let is = |names: &[&str]| names.iter().any(|name| has(name));
        if is(&["apt-get", "apt", "aptitude"]) {
            if has("update") {
                self.apt_lists_gone = false;
            } else if is(&["install", "upgrade", "dist-upgrade", "build-dep", "full-upgrade"])
                && self.apt_lists_gone
            {
                self.complaints.push(format!("no package lists for: {}", command.join(" ")));
            }
        } else if has("rm") && command.iter().any(|word| word.starts_with("/var/lib/apt/lists")) {
            self.apt_lists_gone = true;
        }
        if has("apk") {
            if has("update") {
                self.apk_index_there = true;
            } else if is(&["add", "upgrade", "fetch"])
                && !is(&["--no-cache", "-U", "--update", "--update-cache"])
                && !self.apk_index_there
            {
                self.complaints.push(format!("no index for: {}", command.join(" ")));
            } else if is(&["-U", "--update", "--update-cache"]) && !has("--no-cache") {
                self.apk_index_there = true;
            }
        } else if has("rm") && command.iter().any(|word| word.starts_with("/var/cache/apk")) {
            self.apk_index_there = false;
        }
    }
}

/// Files that only the new version removes, although a later command names them.
fn lost_downloads(old: &[Vec<Step>], new: &[Vec<Step>]) -> Vec<String> {
    let mut before: Vec<String> = removals(old).into_iter().map(|(.., path)| path).collect();
    let texts: Vec<Vec<&str>> = new.iter().map(|steps| steps.iter().map(text_that_needs).collect()).collect();
    let mut lost = Vec::new();
    for (stage, step, path) in removals(new) {
        if let Some(at) = before.iter().position(|other| *other == path) {
            before.swap_remove(at);
            continue;
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let later_here = texts[stage][step + 1..].iter();
        let later = later_here
            .chain(texts[stage + 1..].iter().flatten())
            .find(|text| !name.is_empty() && text.contains(name));
        let mentions = |text: &str| {
            commands(text).iter().any(|command| {
                command.iter().any(|word| word.contains(name))
                    && !command.iter().any(|word| word == "rm" || word == "curl" || word == "wget")
            })
        };
        if let Some(text) = later.filter(|text| mentions(text)) {
            lost.push(format!("{path} is removed, but needed by: {text}"));
        }
    }
    lost
}

/// The text of a step that may need a file.
fn text_that_needs(step: &Step) -> &str {
    if let Step::Settings(_) = step { "" } else { step.text() }
}

/// The files that `rm -f` removes, with their stage and step. Caches are directories and are
/// removed with `rm -rf`.
fn removals(stages: &[Vec<Step>]) -> Vec<(usize, usize, String)> {
    let mut all = Vec::new();
    for (stage, steps) in stages.iter().enumerate() {
        for (step, run) in steps.iter().enumerate().filter_map(|(at, step)| Some((at, step.run()?))) {
            for command in commands(&run.script) {
                let Some(at) = command.windows(2).position(|pair| pair == ["rm", "-f"]) else { continue };
                let paths =
                    command[at + 2..].iter().filter(|word| !word.starts_with('-') && !word.contains('*'));
                all.extend(paths.map(|path| (stage, step, path.clone())));
            }
        }
    }
    all
}

/// The base image and the name of a stage, in lower case.
fn names(steps: &[Step]) -> (String, String) {
    let from = steps.first().map(Step::text).unwrap_or_default().to_lowercase();
    let words: Vec<&str> = from.split_whitespace().skip(1).filter(|word| !word.starts_with("--")).collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default().to_owned();
    (word(0), word(2))
}

/// The words of each command, without quotes and comments. Options that may be added are kept.
pub fn commands(script: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    // A `#` counts as part of a word, unless it is certainly outside of quotes.
    let (mut quotes, mut in_comment) = ([0, 0], false);
    for token in tokens(script) {
        in_comment = token != "\n"
            && (in_comment || token.starts_with('#') && quotes.iter().all(|count| count % 2 == 0));
        if in_comment {
            continue;
        }
        for (count, quote) in quotes.iter_mut().zip(['"', '\'']) {
            *count += token.matches(quote).count();
        }
        if matches!(token.as_str(), ";" | "&" | "|" | "(" | ")" | "`" | "\n") {
            all.push(Vec::new());
        } else if let Some(last) = all.last_mut() {
            last.push(token.replace(['"', '\''], ""));
        }
    }
    all
}
