//! The command line arguments and their help texts.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, ColorChoice, Parser, Subcommand, ValueEnum};

use crate::config::Flags;
use crate::report::budget::Budget;
use crate::report::{FORMATS, Format};

/// Rewrites Dockerfiles for smaller images and faster rebuilds, without changing what the images
/// do.
///
/// Without a command, shows which Dockerfiles of the repository can be improved.
#[derive(Debug, Parser)]
#[command(
    version,
    color = ColorChoice::Auto,
    max_term_width = 100,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{MORE}"),
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  jettison                        Show which Dockerfiles can be improved
  jettison diff api/Dockerfile    Print the changes of a file
  jettison fix --write            Apply all safe changes
  jettison fix --write --verify   Build before and after, and apply what passes the checks
  jettison explain merge-runs     Say why, and when it does nothing";

const MORE: &str = "\
Exit status:
  0  Nothing needs to change, or the changes were written
  1  Something would change
  2  Error

Files:
  .jettison.yaml  Configuration, in the directory of a Dockerfile or above it (`jettison init`)
  .hadolint.yaml  Findings that hadolint ignores are not fixed

Environment:
  JETTISON_ENGINE  Container engine to use instead of docker, for example podman
  NO_COLOR         Print no colours";

const EXAMPLES_OF_FIX: &str = "\
Examples:
  jettison fix                         Print the changes of all Dockerfiles as a diff
  jettison fix --write api/Dockerfile  Apply them to one file
  jettison fix --select merge-runs     Make fixes of one transform only
  jettison fix -v                      Say why other changes were not made";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fix Dockerfiles: print a diff, or rewrite the files with --write
    #[command(after_help = EXAMPLES_OF_FIX)]
    Fix(Fix),
    /// List what would change; exit with status 1 if anything would
    #[command(
        alias = "lint",
        mut_arg("write", |arg| arg.hide(true)),
        mut_arg("check", |arg| arg.hide(true)),
        mut_arg("dry_run", |arg| arg.hide(true)),
        mut_arg("interactive", |arg| arg.hide(true)),
        mut_arg("format", |arg| arg.help("Output format [default: full on a terminal, else concise]")),
    )]
    Check(Fix),
    /// Print what would change as a diff
    #[command(
        mut_arg("write", |arg| arg.hide(true)),
        mut_arg("check", |arg| arg.hide(true)),
        mut_arg("dry_run", |arg| arg.hide(true)),
        mut_arg("interactive", |arg| arg.hide(true)),
        mut_arg("format", |arg| arg.help("Output format [default: diff]")),
    )]
    Diff(Fix),
    /// Commit the fixes to a branch, one commit per transform, and open a pull or merge request
    #[cfg(feature = "pr")]
    #[command(name = "pr", visible_alias = "mr")]
    PullRequest(Box<PullRequest>),
    #[cfg(not(feature = "pr"))]
    #[command(name = "pr", alias = "mr", hide = true)]
    PullRequest(LeftOut),
    /// Apply edits printed by `fix --format json` to files that have not changed since
    Apply(Apply),
    /// Build a Dockerfile before and after fixing, and compare size, layers, build time and cache
    /// (needs a container engine)
    Measure(Measure),
    /// Build two Dockerfiles, and check that the second image works like the first (needs a
    /// container engine)
    Verify(Verify),
    /// Show what takes up space in an image, and what could be removed
    #[cfg(feature = "inspect")]
    Inspect(Inspect),
    #[cfg(not(feature = "inspect"))]
    #[command(hide = true)]
    Inspect(LeftOut),
    /// Show the manual page of a transform: why, safety, when it does nothing, examples
    Explain(Explain),
    /// List all transforms
    List,
    /// Write a .jettison.yaml that contains all options with their defaults
    Init(Init),
    /// Show the settings for a file or directory, and where each of them comes from
    Config(ShowConfig),
    /// Print what is understood of a Dockerfile, for contributors
    #[command(subcommand, hide = true)]
    Debug(Debug),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (`jettison man | man -l -`)
    Man,
}

#[derive(Debug, Subcommand)]
pub enum Debug {
    /// The syntax tree: instructions, flags, shell commands, and the bytes of each
    Tree {
        /// A Dockerfile, or - for standard input
        file: PathBuf,
    },
    /// The facts: stages, users, directories and variables at each command, effects, caches
    Facts {
        /// A Dockerfile, or - for standard input
        file: PathBuf,
    },
}

/// What follows the name of a command that this build was made without.
#[cfg(not(all(feature = "pr", feature = "inspect")))]
#[derive(Debug, ClapArgs)]
#[command(disable_help_flag = true)]
pub struct LeftOut {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<std::ffi::OsString>,
}

#[derive(Debug, ClapArgs)]
pub struct Fix {
    /// Files, directories to search for Dockerfiles, or - for standard input [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub mode: Mode,
    /// Write nothing: the default
    #[arg(long, alias = "diff", conflicts_with_all = ["write", "interactive"])]
    pub dry_run: bool,
    #[command(flatten)]
    pub choice: Choice,
    /// Fix only what a hadolint report (`hadolint --format json`; a file or -) lists, and say why
    /// the rest was not fixed
    #[arg(long, value_name = "REPORT.json", conflicts_with = "since", help_heading = FILES)]
    pub from_hadolint: Option<PathBuf>,
    /// Fix only what a report of BuildKit's checks (`docker build --call=check,format=json`; a file
    /// or -) lists, and say why the rest was not fixed
    #[arg(long, value_name = "REPORT.json", conflicts_with_all = ["since", "from_hadolint"], help_heading = FILES)]
    pub from_check: Option<PathBuf>,
    /// Fix only instructions that changed since a git revision
    #[arg(long, value_name = "REVISION", help_heading = FILES)]
    pub since: Option<String>,
    /// The path of the Dockerfile on standard input, for messages, configuration and build context
    #[arg(long, value_name = "PATH", help_heading = FILES, hide_short_help = true)]
    pub stdin_filename: Option<PathBuf>,
    /// Output format [default: diff; with --check and --write full on a terminal, else concise]
    #[arg(long, aliases = ["output-format", "as"], value_parser = format_parser(), help_heading = OUTPUT)]
    pub format: Option<Format>,
    /// Write the results to a file instead of standard output
    #[arg(long, short, value_name = "FILE", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
    /// Print the number of fixes of each transform instead of the fixes
    #[arg(long, conflicts_with = "format", help_heading = OUTPUT)]
    pub statistics: bool,
    /// Exit with status 0 even if something would change
    #[arg(long, help_heading = OUTPUT)]
    pub exit_zero: bool,
    /// Exit with status 1 only if the fixes of a file save more: 50MB, or 5% with --measure
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["exit_zero", "write", "interactive"], help_heading = OUTPUT)]
    pub fail_over: Option<Budget>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, help_heading = OUTPUT)]
    pub color: Color,
    /// Print only results and errors
    #[arg(short, long, conflicts_with = "verbose", help_heading = OUTPUT)]
    pub quiet: bool,
    /// Also explain every change, and why other changes were not made
    #[arg(short, long, overrides_with = "verbose", help_heading = OUTPUT)]
    pub verbose: bool,
    #[command(flatten)]
    pub proof: Proof,
    #[command(flatten)]
    pub building: Building,
}

/// The headings in the help.
const FIXES: &str = "Which fixes";
const FILES: &str = "Which files";
const OUTPUT: &str = "Output";
const BUILDS: &str = "Builds (need a container engine)";

impl Fix {
    /// Whether the Dockerfile comes from standard input.
    pub fn reads_standard_input(&self) -> bool {
        self.stdin_filename.is_some() || self.paths.iter().any(|path| path == Path::new("-"))
    }
}

/// The fixes to make: overrides .jettison.yaml.
#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = FIXES)]
pub struct Choice {
    #[command(flatten)]
    pub flags: Flags,
    /// Use this configuration file instead of the nearest .jettison.yaml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read no configuration file, neither .jettison.yaml nor .hadolint.yaml
    #[arg(long, conflicts_with = "config", hide_short_help = true)]
    pub no_config: bool,
}

/// The checks that need a container engine.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = BUILDS)]
pub struct Proof {
    /// Build before and after, and keep every fix that passes the checks, including unsafe ones
    #[arg(long)]
    pub verify: bool,
    /// Command to run in both images; its output and exit status must match (repeatable)
    #[arg(long, value_name = "COMMAND", requires = "verify")]
    pub smoke: Vec<String>,
    /// Trace of jettison-trace: the files in it are needed, and those that the checks use are added
    #[arg(long, value_name = "FILE", requires = "verify")]
    pub trace_file: Option<PathBuf>,
    /// Build before and after, and compare size, build time and cache hits
    #[arg(long)]
    pub measure: bool,
    /// How often to time each build [default: until the ranges are apart, if builds are short]
    #[arg(long, value_name = "N", requires = "measure", hide_short_help = true)]
    pub runs: Option<usize>,
}

impl Proof {
    /// Whether any of them is requested, so that images are built.
    pub fn builds(&self) -> bool {
        self.verify || self.measure
    }
}

/// How to build images.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = BUILDS)]
pub struct Building {
    /// Build context [default: from the compose or bake file, otherwise found from the Dockerfile]
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,
    /// Build this stage instead of the last one
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// Set a build argument (repeatable)
    #[arg(long, value_name = "NAME=VALUE", hide_short_help = true)]
    pub build_arg: Vec<String>,
    /// Build for these platforms instead of the engine's default
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',', hide_short_help = true)]
    pub platform: Vec<String>,
    /// Options to pass to the build
    #[arg(last = true, value_name = "BUILD OPTION")]
    pub more: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct Measure {
    /// The original Dockerfile
    pub before: PathBuf,
    /// The Dockerfile to compare with [default: the result of `fix`]
    pub after: Option<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub building: Building,
    /// How often to time each build; the two versions take turns [default: until the ranges are
    /// apart, if builds are short]
    #[arg(long, value_name = "N")]
    pub runs: Option<usize>,
    /// Also compress the layers with gzip and zstd, and report sizes and times
    #[arg(long)]
    pub compression: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = MeasureFormat::Human, help_heading = OUTPUT)]
    pub format: MeasureFormat,
    /// Exit with status 1 if the fixes save more than this, or if AFTER is larger by more than this:
    /// 50MB or 5%
    #[arg(long, value_name = "SIZE", help_heading = OUTPUT)]
    pub fail_over: Option<Budget>,
    /// Also write the figures to a file whose name ends in .html, .md, .json or .txt (repeatable)
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub save: Vec<PathBuf>,
    /// Print only figures and errors
    #[arg(short, long, help_heading = OUTPUT)]
    pub quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// The original Dockerfile
    pub before: PathBuf,
    /// The Dockerfile to check
    pub after: PathBuf,
    /// Command to run in both images; its output and exit status must match (repeatable)
    #[arg(long, value_name = "COMMAND")]
    pub smoke: Vec<String>,
    /// Trace of jettison-trace: the files in it are needed, and those that the checks use are added
    #[arg(long, value_name = "FILE")]
    pub trace_file: Option<PathBuf>,
    #[command(flatten)]
    pub building: Building,
    /// Output format
    #[arg(long, value_enum, default_value_t = InspectFormat::Human, help_heading = OUTPUT)]
    pub format: InspectFormat,
    /// Print only results and errors
    #[arg(short, long, help_heading = OUTPUT)]
    pub quiet: bool,
}

#[cfg(feature = "inspect")]
#[derive(Debug, ClapArgs)]
pub struct Inspect {
    /// An archive (`docker save` or OCI, compressed or not), an OCI layout, or the name of an image
    pub image: String,
    /// The Dockerfile of the image, whose fixes are listed by the size that they would save
    #[arg(long, value_name = "FILE")]
    pub dockerfile: Option<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
    /// Output format
    #[arg(long, value_enum, default_value_t = InspectFormat::Human, help_heading = OUTPUT)]
    pub format: InspectFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MeasureFormat {
    Human,
    Json,
    Markdown,
    Html,
}

/// What to do with the result; the default is to print a diff.
#[derive(Debug, Default, ClapArgs)]
#[group(multiple = false)]
pub struct Mode {
    /// Rewrite the files
    #[arg(long, short)]
    pub write: bool,
    /// List what would change and why
    #[arg(long)]
    pub check: bool,
    /// Ask about each fix on the terminal, and write the accepted ones
    #[arg(long, short)]
    pub interactive: bool,
}

#[cfg(feature = "pr")]
#[derive(Debug, ClapArgs)]
pub struct PullRequest {
    /// Files, or directories to search for Dockerfiles, of one git checkout [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub request: Request,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub proof: Proof,
    #[command(flatten)]
    pub building: Building,
}

/// Where and how to open a request.
#[cfg(feature = "pr")]
#[derive(Debug, ClapArgs)]
pub struct Request {
    /// Print the branch, the commits, the description and the diff, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The branch to merge into [default: the current branch]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// The branch to create [default: jettison/ and the path that is fixed]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// The remote to push to
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub remote: String,
    /// The software of the remote's server [default: from its host name]; the token comes from
    /// GITHUB_TOKEN, GITLAB_TOKEN or GITEA_TOKEN
    #[arg(long, value_enum)]
    pub forge: Option<ForgeKind>,
    /// The repository on the server [default: from the URL of the remote]
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// The URL of the server's API [default: from the URL of the remote]
    #[arg(long, value_name = "URL")]
    pub api_url: Option<String>,
    /// Add a Signed-off-by trailer to the commits
    #[arg(long)]
    pub signoff: bool,
}

#[cfg(feature = "pr")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForgeKind {
    Github,
    Gitlab,
    Gitea,
}

#[derive(Debug, ClapArgs)]
pub struct Apply {
    /// The JSON document, or - for standard input; its paths are relative to the current directory
    #[arg(value_name = "EDITS.json")]
    pub edits: PathBuf,
    /// Also write files outside of the repository (or of the current directory if there is none),
    /// and files that are not named like a Dockerfile or an ignore file
    #[arg(long)]
    pub unsafe_paths: bool,
    /// Print only errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// The id of a transform, a code that `-v` shows, or the code of a hadolint rule
    pub id: String,
}

#[derive(Debug, ClapArgs)]
pub struct Init {
    /// The directory to write it to [default: the top of the repository, otherwise .]
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Import the rules that another linter ignores: .hadolint.yaml, .tally.toml,
    /// droast.toml or .dockerfile-doctor.yaml (repeatable)
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub struct ShowConfig {
    /// A Dockerfile or a directory [default: .]
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
}

/// Accepts the names of the formats.
fn format_parser() -> impl TypedValueParser<Value = Format> {
    let values =
        FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about).aliases(format.alias));
    PossibleValuesParser::new(values).map(|name| {
        let format = FORMATS.iter().find(|format| format.name == name || format.alias == Some(&name));
        *format.expect("the parser accepts only these names")
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}
