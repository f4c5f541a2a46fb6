//! `jettison fix --interactive`: asks about one fix after the other, like `git add -p`, and writes
//! the accepted fixes file by file.
//!
//! Answers are lines. The terminal mode does not change, so there is nothing to restore after an
//! interrupt. A file is written only after all of its questions are answered.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::cli::args::Fix;
use crate::cli::output::drawing;
use crate::cli::session::Session;
use crate::cli::settings::Configurations;
use crate::cli::{Status, dockerignore, inline, names, recognize};
use crate::context::ContextSource as _;
use crate::edit::Edits;
use crate::escape;
use crate::knowledge::lists::variables::WITH_SECRETS;
use crate::pipeline::{self, Choice, Chooser, Outcome, Proposal};
use crate::reasons;
use crate::report::human::{self, Options, Style};
use crate::report::{FileReport, Mode, Verbosity, diff};
use crate::span::Span;

const HELP: &str = "\
y - apply this fix
n - do not apply this fix
a - apply this fix and all remaining fixes of this file
q - quit; apply neither this fix nor any remaining ones
e - edit this fix
? - explain this fix
";

/// Asks about all files in turn.
pub fn run(args: &Fix, configurations: &Configurations<'_>) -> anyhow::Result<Status> {
    ensure!(
        io::stdin().is_terminal() && io::stdout().is_terminal(),
        "--interactive needs a terminal; use --check to preview or --write to apply"
    );
    ensure!(!args.proof.builds(), "--interactive can't be combined with --verify or --measure");
    let mut session = Session::new(args, configurations)?;
    let files = session.files();
    for remark in files.remarks() {
        writeln!(io::stderr().lock(), "{remark}")?;
    }
    let found = files.found;
    let mut reports = Vec::new();
    let mut quits = false;
    for file in found {
        if quits {
            break;
        }
        // The previous file may have changed the context.
        session.forget_contexts()?;
        let mut report = match &file {
            Ok(path) => ask_about(&session, path, &mut quits)?,
            Err(error) => FileReport::failed(None, error.clone()),
        };
        if let (Ok(path), None) = (&file, &report.error) {
            report.error = dockerignore::write(path, &session.contexts, &mut report).err();
        }
        reports.push(report);
    }
    let options = Options {
        mode: Mode::Written,
        verbosity: Verbosity::Summary,
        style: Style::Full(drawing(true)),
        apply: None,
        risk: |_| None,
    };
    human::messages(&mut anstream::stderr().lock(), &reports, options)?;
    let has_failed = reports.iter().any(|report| report.error.is_some());
    Ok(if has_failed { Status::Failed } else { Status::Clean })
}

/// Asks about the fixes of one file.
fn ask_about(session: &Session<'_>, path: &Path, quits: &mut bool) -> anyhow::Result<FileReport> {
    let name = names::display_name(path);
    if inline::is_host(path) {
        return Ok(FileReport::failed(Some(name), reasons::needs_dockerfile("--interactive")));
    }
    let text = match recognize::read(path) {
        Ok(text) => text,
        Err(failure) => return Ok(FileReport::failed(Some(name), failure)),
    };
    let file = match recognize::parse(Some(path), &text) {
        Ok(file) => file,
        Err(failure) => return Ok(FileReport { text, ..FileReport::failed(Some(name), failure) }),
    };
    let settings = match session.settings(path, &text) {
        Ok(settings) => settings,
        Err(failure) => return Ok(FileReport::failed(Some(name), failure)),
    };
    let mut person = Person { path: name.clone(), ..Person::default() };
    let context_source = session.contexts.of_file(Some(path)).with_file(&file);
    person.ignore_file =
        context_source.context().ok().and_then(|context| context.ignore_text.clone()).unwrap_or_default();
    let outcome: Outcome = pipeline::fix_choosing(&file, &settings, &context_source, &mut person);
    *quits = person.quits;
    if let Some(error) = person.error {
        return Err(error).context("the terminal can't be used");
    }
    Ok(FileReport::fixed(name, text, outcome))
}

/// The user at the terminal, and the answers so far.
#[derive(Default)]
struct Person {
    path: String,
    ignore_file: String,
    /// The user accepted all remaining fixes of this file.
    takes_all: bool,
    /// The user rejected all remaining fixes.
    quits: bool,
    /// Fixes that the user rejected or edited: later rounds do not ask again.
    settled: HashSet<(&'static str, String, (usize, usize))>,
    error: Option<anyhow::Error>,
}

impl Chooser for Person {
    fn choose(&mut self, proposal: &Proposal<'_>) -> Choice {
        let key =
            (proposal.transform.id, proposal.title.to_owned(), (proposal.place.line, proposal.place.column));
        if self.quits || self.error.is_some() || self.settled.contains(&key) {
            return Choice::Leave;
        }
        if self.takes_all {
            return Choice::Take;
        }
        let choice = self.ask(proposal).unwrap_or_else(|error| {
            self.error = Some(error);
            Choice::Leave
        });
        if choice != Choice::Take {
            self.settled.insert(key);
        }
        choice
    }
}

impl Person {
    fn ask(&mut self, proposal: &Proposal<'_>) -> anyhow::Result<Choice> {
        let Proposal { transform, title, notes, place, text, result, ignore_file, .. } = proposal;
        let mut out = anstream::stdout();
        writeln!(
            out,
            "\u{1b}[1m{}:{place}: {}: {}\u{1b}[0m",
            escape::line(&self.path),
            transform.id,
            escape::line(title)
        )?;
        for note in *notes {
            writeln!(out, "    {}", escape::line(note))?;
        }
        if text != result {
            write!(out, "{}", diff::with_words(text, result))?;
        }
        if let Some(new) = ignore_file {
            write!(out, "{}", diff::with_words(&self.ignore_file, new))?;
        }
        loop {
            write!(out, "\u{1b}[1;34mApply this fix [y,n,a,q,e,?]?\u{1b}[0m ")?;
            out.flush()?;
            let mut answer = String::new();
            if io::stdin().read_line(&mut answer)? == 0 {
                // End of input (Ctrl-D): like `git add -p`, reject all remaining fixes.
                writeln!(out)?;
                self.quits = true;
                return Ok(Choice::Leave);
            }
            match answer.trim() {
                "y" => return Ok(Choice::Take),
                "n" => return Ok(Choice::Leave),
                "a" => {
                    self.takes_all = true;
                    return Ok(Choice::Take);
                }
                "q" => {
                    self.quits = true;
                    return Ok(Choice::Leave);
                }
                "e" if ignore_file.is_some() => {
                    writeln!(
                        out,
                        "a fix that changes the ignore file can't be edited here; answer n, and edit both files afterwards"
                    )?;
                }
                "e" => {
                    if let Some(own) = edit(proposal)? {
                        return Ok(Choice::Instead(own));
                    }
                    writeln!(out, "the editor exited with an error; edit discarded")?;
                }
                "?" => {
                    write!(out, "{HELP}")?;
                    let risk = transform.risk().map_or(String::new(), |risk| format!(" (unsafe: {risk})"));
                    writeln!(
                        out,
                        "\n{}{risk}; `jettison explain {}` says more",
                        transform.summary(),
                        transform.id
                    )?;
                }
                _ => write!(out, "{HELP}")?,
            }
        }
    }
}

/// Opens the user's editor with the changed lines of a fix; `None` if the editor fails.
fn edit(proposal: &Proposal<'_>) -> anyhow::Result<Option<Edits>> {
    let Proposal { text, result: new, edits, .. } = proposal;
    let Some(extent) = edits.extent() else { return Ok(None) };
    let start = text[..extent.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[extent.end..].find('\n').map_or(text.len(), |at| extent.end + at + 1);
    let proposed = &new[start..new.len() - (text.len() - end)];
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("Dockerfile");
    std::fs::write(&path, proposed)?;
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    // The variable may contain options, so a shell splits it, as in git.
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{editor} \"$1\""), "editor"]).arg(&path);
    for name in WITH_SECRETS {
        command.env_remove(name);
    }
    let status = command.status()?;
    if !status.success() {
        return Ok(None);
    }
    let mut own = Edits::new();
    own.replace(Span::new(start, end), std::fs::read_to_string(&path)?);
    Ok(Some(own))
}
