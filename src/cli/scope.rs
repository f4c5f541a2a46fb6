//! The part of each file that may change: all of it, the changes since a git revision, or the
//! findings of hadolint or BuildKit.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::cli::args::Fix;
use crate::cli::hadolint::Findings;
use crate::cli::limits::Limits;
use crate::config::{Scope, Settings, overlap};
use crate::embedded::EmbeddedDockerfile;
use crate::git::{CommitId, Git};
use crate::span::LineIndex;
use crate::syntax::Dockerfile;

/// The requested scope.
pub enum Scopes {
    /// All of every file.
    Whole,
    /// The changes since a commit.
    Since(Git, CommitId),
    /// The findings of hadolint or BuildKit.
    Found(Findings),
}

impl Scopes {
    /// Checks what the command line says.
    pub fn new(args: &Fix) -> anyhow::Result<Self> {
        let found = match (&args.from_hadolint, &args.from_check) {
            (Some(report), _) => Some((report, Findings::read(report)?)),
            (None, Some(report)) => Some((report, Findings::read_check(report, &args.paths)?)),
            (None, None) => None,
        };
        if let Some((report, findings)) = found {
            // A report from elsewhere may name any file.
            if args.paths.is_empty() {
                let limits = Limits::here("to fix it, name it on the command line")?;
                for file in findings.files() {
                    let allowed = limits.allow(file, |_| true);
                    allowed.with_context(|| format!("{}: {}", report.display(), file.display()))?;
                }
            }
            return Ok(Self::Found(findings));
        }
        let Some(revision) = &args.since else { return Ok(Self::Whole) };
        let git = Git::containing(args.paths.first().map_or(Path::new("."), PathBuf::as_path))?;
        let commit = git.commit_of(revision)?;
        Ok(Self::Since(git, commit))
    }

    /// The settings for a Dockerfile in a host, with the part of it that may change.
    pub fn within_host(
        &self,
        settings: Arc<Settings>,
        path: &Path,
        host: &str,
        dockerfile: &EmbeddedDockerfile,
    ) -> Result<Arc<Settings>, String> {
        let lines = match self {
            Self::Whole => return Ok(settings),
            Self::Since(git, commit) => {
                let changed = git.changed_lines(commit, path, host).map_err(anyhow::Error::from);
                let Some(changed) = changed.map_err(|error| format!("{error:#}"))? else {
                    return Ok(settings);
                };
                let before = dockerfile.lines_before;
                let in_host = |lines: &RangeInclusive<usize>| lines.start() + before..=lines.end() + before;
                let is_changed = |lines: &RangeInclusive<usize>| {
                    changed.iter().any(|range| overlap(range, &in_host(lines)))
                };
                instructions(&dockerfile.text).into_iter().filter(is_changed).collect()
            }
            // Neither hadolint nor BuildKit reports lines of a host.
            Self::Found(_) => Vec::new(),
        };
        Ok(Arc::new(Settings { scope: Some(Scope::Lines(lines)), ..Settings::clone(&settings) }))
    }

    /// The settings for a file, with the part of it that may change.
    pub fn within(&self, settings: Arc<Settings>, path: &Path, text: &str) -> Result<Arc<Settings>, String> {
        let scope = match self {
            Self::Whole => return Ok(settings),
            Self::Since(git, commit) => {
                let changed = git.changed_lines(commit, path, text).map_err(anyhow::Error::from);
                match changed.map_err(|error| format!("{error:#}"))? {
                    // A new file has changed completely.
                    None => return Ok(settings),
                    Some(changed) => Scope::Lines(
                        instructions(text)
                            .into_iter()
                            .filter(|lines| changed.iter().any(|range| overlap(range, lines)))
                            .collect(),
                    ),
                }
            }
            Self::Found(findings) => {
                let instructions = instructions(text);
                let whole = |line: usize| {
                    instructions.iter().find(|lines| lines.contains(&line)).cloned().unwrap_or(line..=line)
                };
                Scope::Found(
                    findings.of(path).map(|finding| (whole(finding.line), finding.code.clone())).collect(),
                )
            }
        };
        Ok(Arc::new(Settings { scope: Some(scope), ..Settings::clone(&settings) }))
    }
}

/// The lines of each instruction.
fn instructions(text: &str) -> Vec<RangeInclusive<usize>> {
    let lines = LineIndex::of(text);
    let file = Dockerfile::parse(text);
    file.instructions().map(|(_, instruction)| lines.lines(instruction.full)).collect()
}
