//! The arguments, as `--help` shows them.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ColorChoice, Parser, Subcommand, ValueEnum};

/// Rewrites Dockerfiles so that images get smaller and builds hit the cache, without changing what they do.
#[derive(Debug, Parser)]
#[command(version, color = ColorChoice::Auto, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fix Dockerfiles: print a diff, or write them with --write
    Fix(Fix),
    /// Show a transform's manual page: why, safety, when it is silent, examples
    Explain(Explain),
    /// List the transforms
    List,
}

#[derive(Debug, ClapArgs)]
pub struct Fix {
    /// Files, directories to search for Dockerfiles, or - for standard input [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub mode: Mode,
    /// Also apply unsafe fixes: those that take away what a program might lean on
    #[arg(long)]
    pub r#unsafe: bool,
    /// Write no comments about what new instructions are for
    #[arg(long)]
    pub no_comments: bool,
    /// Run only these transforms
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Leave these transforms out
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// The directory that the build is given [default: what a compose or bake file says, else the Dockerfile's own]
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,
    /// What becomes of package managers' caches: emptied, or kept in cache mounts outside the image
    #[arg(long, value_enum)]
    pub caches: Option<Caches>,
    /// Which variant of its base image a stage may be given: slim, or that on Alpine Linux (with --unsafe)
    #[arg(long, value_enum)]
    pub bases: Option<Bases>,
    /// Use this configuration file instead of the nearest .jettison.yaml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How to print results [default: diff, with --check and --write human]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Print results and errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also print each step with its reason, and each refusal with the guard behind it
    #[arg(short, long)]
    pub verbose: bool,
}

/// What to do with the result; a diff is printed where nothing is said.
#[derive(Debug, ClapArgs)]
#[group(multiple = false)]
pub struct Mode {
    /// Replace the files
    #[arg(long, short)]
    pub write: bool,
    /// Print what would change and why
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// The transform's id
    pub id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Diff,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Caches {
    Clean,
    Mount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bases {
    Slim,
    Alpine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}
