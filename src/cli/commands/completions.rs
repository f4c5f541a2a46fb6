//! `jettison completions` and `jettison man`: shell completions and the manual page, generated from
//! the definitions of the arguments.

use std::io::{self, Write};

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::Status;
use crate::cli::args::Args;
use crate::transform::Group;
use crate::transforms;

/// Prints the completions for a shell.
pub fn completions(shell: Shell) -> anyhow::Result<Status> {
    // Generated in memory first, since the generator panics if a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_ids(Args::command()), "jettison", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Status::Clean)
}

/// The command line whose arguments for transforms list the ids, which help texts do not.
fn with_ids(mut command: Command) -> Command {
    let names: Vec<String> = command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
    for name in names.into_iter().filter(|name| OF_IDS.contains(&name.as_str())) {
        let groups = Group::ALL.iter().map(|group| PossibleValue::new(group.name()).help(group.about()));
        let ids = transforms::ALL
            .iter()
            .map(|transform| PossibleValue::new(transform.id).help(transform.summary()))
            .chain(groups);
        command = command.mut_arg(name, |argument| argument.value_parser(PossibleValuesParser::new(ids)));
    }
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, with_ids))
}

/// The arguments whose values are ids of transforms.
const OF_IDS: &[&str] = &["select", "ignore", "id"];

/// The commands with the options of `fix`.
const AS_FIX: &[&str] = &["check", "diff"];

/// The command line whose options all have their help texts, also those that the short help leaves
/// out.
fn with_all_help(command: Command) -> Command {
    let command = command.mut_args(|argument| argument.hide_short_help(false));
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, with_all_help))
}

/// The sections at the end of a help text, each of which starts with a heading and a colon.
fn sections(page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
    let text = command.get_after_long_help().or(command.get_after_help());
    for section in text.map(ToString::to_string).unwrap_or_default().split("\n\n") {
        let Some((heading, lines)) = section.split_once(":\n") else { continue };
        writeln!(page, ".SH \"{}\"\n.nf", heading.to_uppercase())?;
        for line in lines.lines() {
            writeln!(page, "{}", line.replace('\\', "\\\\").replace('-', "\\-"))?;
        }
        writeln!(page, ".fi")?;
    }
    Ok(())
}

/// Prints the manual page of the program, followed by those of its commands.
pub fn man() -> anyhow::Result<Status> {
    let mut page = Vec::new();
    let mut command = with_all_help(Args::command().disable_help_subcommand(true));
    command.build();
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    sections(&mut page, &command)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let man = clap_mangen::Man::new(sub.clone());
        writeln!(page, ".SH \"{}\"", format!("jettison {}", sub.get_name()).to_uppercase())?;
        man.render_description_section(&mut page)?;
        if AS_FIX.contains(&sub.get_name()) {
            writeln!(page, "The options are those of `jettison fix`, without those that write.")?;
        } else {
            man.render_options_section(&mut page)?;
        }
        sections(&mut page, sub)?;
    }
    man.render_version_section(&mut page)?;
    io::stdout().lock().write_all(&page)?;
    Ok(Status::Clean)
}
