//! Reads the commands in files that say what to start: supervisor configurations, crontabs,
//! Procfiles and makefiles.
//!
//! This module parses the files' contents only. `services` decides which files count, and the
//! knowledge says which format each kind has.

use std::collections::BTreeMap;

use crate::knowledge::{Starter, StarterFormat};

/// What a file contains.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Commands {
    /// Shell scripts, each of which runs on its own.
    pub scripts: Vec<String>,
    /// Patterns of other files to include.
    pub includes: Vec<String>,
}

/// The commands of a file. Of a makefile, only those for the targets.
pub(super) fn commands(starter: &Starter, text: &str, targets: &[String]) -> Commands {
    let text = text.replace("\r\n", "\n");
    match starter.format {
        StarterFormat::Sections => sections(starter, &text),
        StarterFormat::Crontab => of_scripts(crontab(&text, false)),
        StarterFormat::CrontabWithUser => of_scripts(crontab(&text, true)),
        StarterFormat::Procfile => of_scripts(procfile(&text)),
        StarterFormat::Scripts => of_scripts(vec![text]),
        StarterFormat::Recipes => recipes(&text, targets),
        StarterFormat::Text => Commands::default(),
    }
}

fn of_scripts(scripts: Vec<String>) -> Commands {
    Commands { scripts, includes: Vec::new() }
}

/// The values of the keys that start something. A line that is indented, or that follows a
/// backslash, continues the previous one.
fn sections(starter: &Starter, text: &str) -> Commands {
    let mut found = Commands::default();
    let mut section = "";
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let is_continued = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        match lines.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push_str(line.trim());
            }
            Some(last) if is_continued => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.trim_end().to_owned()),
        }
    }
    for line in &lines {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name;
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else { continue };
        let (key, value) = (key.trim(), value.trim());
        // A supervisor's configuration may have a comment at the end of a line.
        let value = value.split(" ;").next().unwrap_or(value).trim_end();
        if section == "include" && key == "files" {
            found.includes.extend(value.split_whitespace().map(str::to_owned));
        }
        let starts = starter.sections.iter().any(|start| section.starts_with(start.as_str()));
        if starts && starter.keys.iter().any(|known| known == key) {
            found.scripts.push(filled(value.trim_start_matches(['-', '@', '!', '+', ':'])));
        }
    }
    found
}

/// In a supervisor's configuration, `%(ENV_NAME)s` is a variable and `%%` is a percent sign.
fn filled(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("%(") {
        text.push_str(before);
        let (name, after) = after.split_once(')').unwrap_or((after, ""));
        text.push_str("${");
        text.push_str(name.trim_start_matches("ENV_"));
        text.push('}');
        rest = after.strip_prefix(['s', 'd']).unwrap_or(after);
        if let Some(padded) = after.strip_prefix("02d") {
            rest = padded;
        }
    }
    text.push_str(rest);
    text.replace("%%", "%")
}

/// The commands of a crontab: the text after five time fields, or after a word such as `@daily`,
/// and after the user if the format has one.
fn crontab(text: &str, with_user: bool) -> Vec<String> {
    let command = |line: &str| {
        let line = line.trim();
        let name = line.split(['=', ' ', '\t']).next().unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let assigns = !name.is_empty()
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(is_name)
            && line[name.len()..].trim_start().starts_with('=');
        if line.is_empty() || line.starts_with('#') || assigns {
            return None;
        }
        let times = if line.starts_with('@') { 1 } else { 5 };
        let mut rest = line;
        for _ in 0..times + usize::from(with_user) {
            rest = rest.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start());
        }
        // A percent sign ends the command; the rest is the command's standard input.
        let mut command = String::new();
        let mut before = ' ';
        for c in rest.chars() {
            match (before, c) {
                ('\\', '%') => {
                    command.pop();
                    command.push('%');
                }
                (_, '%') => break,
                _ => command.push(c),
            }
            before = c;
        }
        (!command.trim().is_empty()).then_some(command)
    };
    text.lines().filter_map(command).collect()
}

/// The commands of a Procfile.
fn procfile(text: &str) -> Vec<String> {
    let command = |line: &str| {
        let (name, command) = line.split_once(':')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        (!name.is_empty() && name.chars().all(is_name)).then(|| command.trim().to_owned())
    };
    text.lines().filter_map(command).collect()
}

/// One rule of a makefile.
#[derive(Debug, Default)]
struct Rule {
    targets: Vec<String>,
    needs: Vec<String>,
    recipe: Vec<String>,
}

/// The recipes of the targets and of everything that they need. If a rule has a pattern, or a file
/// is included, all rules count.
fn recipes(text: &str, targets: &[String]) -> Commands {
    let mut rules: Vec<Rule> = Vec::new();
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut includes = Vec::new();
    let text = text.replace("\\\n", " ");
    for line in text.lines() {
        if let Some(command) = line.strip_prefix('\t') {
            if let Some(rule) = rules.last_mut() {
                rule.recipe.push(command.trim().to_owned());
            }
            continue;
        }
        let line = line.split(" #").next().unwrap_or(line).trim();
        let line = if line.starts_with('#') { "" } else { line };
        let mut words = line.split_whitespace();
        match words.next() {
            Some("include" | "-include" | "sinclude") => includes.extend(words.map(str::to_owned)),
            Some(
                "export" | "override" | "define" | "ifeq" | "ifneq" | "ifdef" | "ifndef" | "else" | "endif"
                | "endef",
            )
            | None => {}
            Some(_) => match line.find([':', '=']) {
                Some(at)
                    if line[at..].starts_with('=')
                        || line[at..].starts_with(":=")
                        || line[at..].starts_with("::=") =>
                {
                    let name = line[..at].trim_end_matches(['?', '+', '!']).trim();
                    let value = line[at..].trim_start_matches([':', '=']).trim();
                    values.insert(name.to_owned(), value.to_owned());
                }
                Some(at) => {
                    let (needs, own) =
                        line[at..].trim_start_matches(':').split_once(';').unwrap_or((&line[at + 1..], ""));
                    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
                    let recipe = if own.trim().is_empty() { Vec::new() } else { vec![own.trim().to_owned()] };
                    rules.push(Rule {
                        targets: words(&line[..at]),
                        needs: words(needs.trim_start_matches(':')),
                        recipe,
                    });
                }
                None => {}
            },
        }
    }
    let is_plain = |name: &String| !name.contains(['%', '$', '(']);
    let is_clear = includes.is_empty()
        && targets.iter().all(is_plain)
        && rules.iter().all(|rule| rule.targets.iter().chain(&rule.needs).all(is_plain));
    let mut wanted: Vec<&str> = targets.iter().map(String::as_str).collect();
    if wanted.is_empty() {
        let first = rules.iter().flat_map(|rule| &rule.targets).find(|name| !name.starts_with('.'));
        wanted.extend(first.map(String::as_str));
    }
    let mut at = 0;
    while at < wanted.len() {
        let rules = rules.iter().filter(|rule| rule.targets.iter().any(|name| name == wanted[at]));
        let needs: Vec<&str> = rules.flat_map(|rule| &rule.needs).map(String::as_str).collect();
        for need in needs {
            if !wanted.contains(&need) {
                wanted.push(need);
            }
        }
        at += 1;
    }
    let counts = |rule: &&Rule| !is_clear || rule.targets.iter().any(|name| wanted.contains(&name.as_str()));
    let lines = rules.iter().filter(counts).flat_map(|rule| &rule.recipe);
    let scripts = lines.map(|line| shell_line(line, &values)).filter(|line| !line.is_empty()).collect();
    Commands { scripts, includes }
}

/// A line of a recipe as the shell gets it: the makefile's own variables are expanded, the shell's
/// are kept.
fn shell_line(line: &str, values: &BTreeMap<String, String>) -> String {
    /// How deep variables in variables are expanded.
    const MOST_ROUNDS: usize = 5;
    let mut line = line.trim_start_matches(['@', '-', '+', ' ', '\t']).replace("$$", "\u{0}");
    for _ in 0..MOST_ROUNDS {
        let mut text = String::new();
        let mut rest = line.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            let closing = match after.chars().next() {
                Some('(') => Some(')'),
                Some('{') => Some('}'),
                _ => None,
            };
            let (name, after) = match closing {
                Some(closing) => after[1..].split_once(closing).unwrap_or((&after[1..], "")),
                None => after.split_at(after.chars().next().map_or(0, char::len_utf8)),
            };
            match values.get(name) {
                Some(value) => text.push_str(value),
                None if name == "MAKE" => text.push_str("make"),
                // An unknown value of make's, under a name that no shell variable has.
                None => text.push_str("\u{0}{MAKE_VALUE}"),
            }
            rest = after;
        }
        text.push_str(rest);
        line = text.replace("$$", "\u{0}");
        if !line.contains('$') {
            break;
        }
    }
    line.replace('\u{0}', "$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;

    fn of(starter: &str, text: &str, targets: &[&str]) -> Commands {
        let known = Knowledge::embedded().starters();
        let starter = known.iter().find(|entry| entry.name == starter).expect("a starter");
        commands(starter, text, &targets.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_supervisor_starts_its_programs() {
        let text = "[supervisord]\nnodaemon=true\ncommand=no\n; x\n[program:a]\ncommand = sh -c \"x %(ENV_HOME)s %%\"  ; c\n  --more\n[include]\nfiles = /etc/a/*.conf b.ini\n";
        let found = of("supervisord", text, &[]);
        assert_eq!(found.scripts, ["sh -c \"x ${HOME} %\""]);
        assert_eq!(found.includes, ["/etc/a/*.conf", "b.ini"]);
        let found = of("supervisord", "[program:a]\ncommand=/bin/a\n    --more\n", &[]);
        assert_eq!(found.scripts, ["/bin/a --more"]);
        let found = of(
            "systemd",
            "[Unit]\nExecStart=/no\n[Service]\nExecStartPre=-/a b\nExecStart=/c \\\n  d\n",
            &[],
        );
        assert_eq!(found.scripts, ["/a b", "/c d"]);
    }

    #[test]
    fn crontabs_have_times_and_perhaps_users() {
        let text = "# c\nSHELL=/bin/sh\nPATH = /x\n*/5 * * * *  /a b=c\n@daily /d\\%e%input\n\n1 2 3\n";
        assert_eq!(of("crontab", text, &[]).scripts, ["/a b=c", "/d%e"]);
        let text = "MAILTO=\"\"\n0 1 * * mon-fri\troot\tcd /x && ./y\n@reboot www /z\n";
        assert_eq!(of("system-crontab", text, &[]).scripts, ["cd /x && ./y", "/z"]);
    }

    #[test]
    fn procfiles_have_names() {
        assert_eq!(of("procfile", "# c\nweb: a -p $PORT\nworker-2:b\n", &[]).scripts, ["a -p $PORT", "b"]);
    }

    #[test]
    fn makefiles_have_recipes_for_targets() {
        let text = "APP := srv\nBIN = $(APP)/bin\n.PHONY: all serve\nall: lint\n\tno\nserve: build | dir ; @echo go\n\t-$(BIN)/run \\\n\t  $$HOME $(X)\nbuild:\n\t@cd a; ${MAKE} -C b\ndir:\n\nlint:\n\tlint\n";
        assert_eq!(
            of("make", text, &["serve"]).scripts,
            ["echo go", "srv/bin/run  \t  $HOME ${MAKE_VALUE}", "cd a; make -C b"]
        );
        assert_eq!(of("make", text, &[]).scripts, ["no", "lint"]);
        let all = of("make", "a:\n\tx\n%.o: %.c\n\ty\n", &["a"]);
        assert_eq!(all.scripts, ["x", "y"], "a pattern may make anything");
        let all = of("make", "include x.mk\na:\n\tx\nb:\n\ty\n", &["c"]);
        assert_eq!((all.scripts.len(), all.includes), (2, vec!["x.mk".to_owned()]));
    }
}
