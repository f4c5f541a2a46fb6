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
    /// Put the fixes of a git checkout onto a branch, one commit a transform, and open a pull or merge request
    #[cfg(feature = "pr")]
    #[command(name = "pr", visible_alias = "mr")]
    PullRequest(Box<PullRequest>),
    #[cfg(not(feature = "pr"))]
    #[command(name = "pr", alias = "mr", hide = true)]
    PullRequest(LeftOut),
    /// Apply the edits of a JSON document that `fix --format json` made, where the files are still the same
    Apply(Apply),
    /// Build a Dockerfile before and after, and compare size, layers, build time and cache (needs a container engine)
    Measure(Measure),
    /// Build two Dockerfiles, and say whether the second image works as the first does (needs a container engine)
    Verify(Verify),
    /// Show where an image's bytes are, and which of them are in the way
    #[cfg(feature = "inspect")]
    Inspect(Inspect),
    #[cfg(not(feature = "inspect"))]
    #[command(hide = true)]
    Inspect(LeftOut),
    /// Show a transform's manual page: why, safety, when it is silent, examples
    Explain(Explain),
    /// List the transforms
    List,
    /// Print completions for a shell
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
    /// Print the manual page (`jettison man | man -l -`)
    Man,
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
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub proof: Proof,
    #[command(flatten)]
    pub building: Building,
    /// Fix only what hadolint found, by its report (`hadolint --format json`, a file or -), and say what became of the rest
    #[arg(long, value_name = "REPORT.json", conflicts_with = "since")]
    pub from_hadolint: Option<PathBuf>,
    /// Touch only instructions that changed since a git revision
    #[arg(long, value_name = "REVISION")]
    pub since: Option<String>,
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

/// Which fixes are wanted: laid over what .jettison.yaml says.
#[derive(Debug, ClapArgs)]
pub struct Choice {
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
    /// What becomes of package managers' caches: emptied, or kept in cache mounts outside the image
    #[arg(long, value_enum)]
    pub caches: Option<Caches>,
    /// Which variant of its base image a stage may be given: slim, or that on Alpine Linux (with --unsafe)
    #[arg(long, value_enum)]
    pub bases: Option<Bases>,
    /// Leave a file unchanged that takes longer; 0 for any time [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub time_limit: Option<u64>,
    /// Use this configuration file instead of the nearest .jettison.yaml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What a container engine is asked to prove.
#[derive(Debug, ClapArgs)]
pub struct Proof {
    /// Build before and after, and keep only what leaves the image working; unsafe fixes that pass are applied
    #[arg(long)]
    pub verify: bool,
    /// A command that must print the same in both images, and end alike; may be given several times
    #[arg(long, value_name = "COMMAND", requires = "verify")]
    pub smoke: Vec<String>,
    /// Build before and after, and say what changed in size, build time and cache hits
    #[arg(long)]
    pub measure: bool,
}

/// How images are built.
#[derive(Debug, ClapArgs)]
pub struct Building {
    /// The directory that the build is given [default: what a compose or bake file says, else the Dockerfile's own]
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,
    /// Build this stage instead of the last one
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// Set a build argument; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub build_arg: Vec<String>,
    /// Build for these platforms instead of the engine's own
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',')]
    pub platform: Vec<String>,
    /// More options for the build
    #[arg(last = true, value_name = "BUILD OPTION")]
    pub more: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct Measure {
    /// The Dockerfile as it is
    pub before: PathBuf,
    /// The Dockerfile to compare it with [default: as `fix` would leave it]
    pub after: Option<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub building: Building,
    /// How often each build is timed, in turn
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub runs: usize,
    /// Also compress the layers with gzip and zstd, and say what that costs
    #[arg(long)]
    pub compression: bool,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t = MeasureFormat::Human)]
    pub format: MeasureFormat,
    /// Also write the figures into a file, as its name ends: .html, .md, .json or .txt; may be given several times
    #[arg(long, value_name = "FILE")]
    pub save: Vec<PathBuf>,
    /// Print figures and errors only
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// The Dockerfile that is right
    pub before: PathBuf,
    /// The Dockerfile that may not be
    pub after: PathBuf,
    /// A command that must print the same in both images, and end alike; may be given several times
    #[arg(long, value_name = "COMMAND")]
    pub smoke: Vec<String>,
    #[command(flatten)]
    pub building: Building,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = InspectFormat::Human)]
    pub format: InspectFormat,
    /// Print results and errors only
    #[arg(short, long)]
    pub quiet: bool,
}

#[cfg(feature = "inspect")]
#[derive(Debug, ClapArgs)]
pub struct Inspect {
    /// An archive (`docker save`, OCI; as it is or compressed), an OCI layout, or the name of an image
    pub image: String,
    /// The Dockerfile that it was built from: its fixes are listed by what they would save
    #[arg(long, value_name = "FILE")]
    pub dockerfile: Option<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t = InspectFormat::Human)]
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
    /// Ask about each fix on the terminal, and write those that are wanted
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

/// Where a request is opened, and how.
#[cfg(feature = "pr")]
#[derive(Debug, ClapArgs)]
pub struct Request {
    /// Print the branch, the commits, the request's text and the diff, and touch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The branch to be changed [default: the one that is checked out]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// The branch to make [default: jettison/ and what is fixed]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// The remote to push to
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub remote: String,
    /// Which program the remote's server runs [default: told by its name]; the token is that of GITHUB_TOKEN, GITLAB_TOKEN or
    /// GITEA_TOKEN
    #[arg(long, value_enum)]
    pub forge: Option<ForgeKind>,
    /// The repository's name on the server [default: told by the remote's address]
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// The address of the server's API [default: told by the remote's address]
    #[arg(long, value_name = "URL")]
    pub api_url: Option<String>,
    /// Sign the commits off
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
    /// The document, or - for standard input; its paths count from the directory that jettison is run in
    #[arg(value_name = "EDITS.json")]
    pub edits: PathBuf,
    /// Also write files outside of the repository (or, without one, of this directory), and ones that are not called like a
    /// Dockerfile or an ignore file
    #[arg(long)]
    pub unsafe_paths: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// The transform's id
    pub id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line a fix
    Human,
    /// A unified diff
    Diff,
    /// Edits for programs, which `jettison apply` takes
    Json,
    /// A SARIF 2.1.0 log
    Sarif,
    /// Annotations for GitHub Actions, and a summary of the run
    Github,
    /// A code quality report for GitLab
    Gitlab,
    /// A comment for a pull request
    Markdown,
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
