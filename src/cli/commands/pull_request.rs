//! `jettison pr`: commits the fixes of a git checkout to a new branch, one commit per transform,
//! and opens or updates a request that describes them.
//!
//! It makes all checks before it pushes, and undoes the push if the request then fails. The work
//! tree, the index and the local branches never change.

mod commits;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};

use crate::cli::Status;
use crate::cli::args::{self, Color, Fix, Mode, PullRequest};
use crate::cli::commands::fix;
use crate::escape;
use crate::forge::{Forge, Kind, Remote, Request, State, Token, Wording, is_private};
use crate::git::{self, Addresses, Git, Login};
use crate::report::pull_request::{self as words, Facts, Mark, TRAILER};
use crate::report::{FileReport, count, diff, human};
use crate::transform::Applicability;
use commits::Commit;

pub fn run(args: PullRequest) -> anyhow::Result<Status> {
    let PullRequest { paths, choice, proof, building, request } = args;
    let (verified, smoke) = (proof.verify, proof.smoke.clone());
    ensure!(
        verified || !choice.flags.r#unsafe,
        "--unsafe requires --verify here: unsafe changes are only proposed if the image was tested with them"
    );
    let first = paths.first().cloned().unwrap_or_else(|| PathBuf::from("."));
    let git = Git::containing(&first)?;
    let dirty = git.dirty()?;
    ensure!(
        dirty.is_empty() || request.dry_run,
        "the work tree has uncommitted changes; commit or stash them first:\n{dirty}"
    );
    let fix_args = Fix {
        paths,
        mode: Mode::default(),
        dry_run: true,
        choice,
        proof,
        building,
        from_hadolint: None,
        from_check: None,
        since: None,
        stdin_filename: None,
        format: None,
        output: None,
        statistics: false,
        exit_zero: false,
        fail_over: None,
        color: Color::Auto,
        quiet: true,
        verbose: false,
    };
    let reports = fix::reports(&fix_args)?;
    complain(&reports)?;
    let unproven =
        reports.iter().flat_map(FileReport::fixes).find(|(_, fix)| fix.applicability != Applicability::Safe);
    if let Some((step, _)) = unproven.filter(|_| !verified) {
        bail!(
            "the configuration enables unsafe fixes ({}), which require --verify here: unsafe changes are only proposed if the image was tested with them",
            step.transform.id
        );
    }
    if !reports.iter().any(FileReport::changed) {
        say(&format!("nothing to change{}", refused(&reports)))?;
        return Ok(Status::Clean);
    }
    let proofs: Vec<String> = words::proof(verified, &smoke).into_iter().collect();
    let signer = request.signoff.then(|| git.committer()).transpose()?;
    let commits = commits::plan(&git, &reports, &proofs, signer.as_deref(), request.dry_run)?;
    let base = match request.base.clone().or_else(|| git.branch()) {
        Some(base) => base,
        None if request.dry_run => "HEAD".to_owned(),
        None => bail!("HEAD is detached; name the branch to merge into with --base"),
    };
    let branch =
        request.branch.clone().unwrap_or_else(|| format!("jettison/{}", subject(&git, &fix_args.paths)));
    let has_errors = reports.iter().any(|report| report.error.is_some());
    let submission = Submission { git, base, branch, reports, commits, verified, smoke };
    let status = if request.dry_run { submission.show() } else { submission.open(&request) }?;
    Ok(if has_errors { Status::Failed } else { status })
}

/// A request that is completely prepared.
struct Submission {
    git: Git,
    base: String,
    branch: String,
    reports: Vec<FileReport>,
    commits: Vec<Commit>,
    verified: bool,
    smoke: Vec<String>,
}

/// What is pushed, and where it is proposed.
struct Proposal<'r> {
    /// The commit that the remote's branch is at, if it exists.
    there: Option<String>,
    open: Option<&'r Request>,
    /// As long as there are no commits, its head is the base.
    mark: Mark,
    forge: &'r Forge,
    kind: Kind,
    token: &'r Token,
}

impl Submission {
    /// Prints it without changing anything.
    fn show(&self) -> anyhow::Result<Status> {
        let head = self.git.head()?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        writeln!(out, "branch {} onto {}\n", self.branch, self.base)?;
        for commit in &self.commits {
            // The characters that prevent mentions are only needed on the forge.
            let message = commit.message.replace('\u{200b}', "");
            let message = escape::lines(&message);
            let indented = message.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n");
            writeln!(out, "commit\n\n{}", indented.collect::<String>())?;
        }
        let mark = Mark { base: head.clone(), head, fixes: words::sum(&self.reports) };
        writeln!(out, "{}\n\n{}", words::title(&self.reports), self.body(&mark))?;
        // For people, not for a program.
        out.write_all(escape::lines(&diff::text(&self.reports)).as_bytes())?;
        out.flush()?;
        Ok(Status::WouldChange)
    }

    /// Pushes the branch and opens the request, or updates both.
    fn open(&self, args: &args::Request) -> anyhow::Result<Status> {
        let remote = args.remote.as_str();
        let addresses = self.git.addresses(remote).with_context(|| {
            format!("no remote `{remote}` to push to; add it (`git remote add`), or name another one with --remote")
        })?;
        check(remote, &addresses)?;
        let (forge, kind, token) = forge(args, &addresses.fetch)?;
        let git = self.git.clone().with_login(login(args, kind, &addresses, &token));
        let head = git.head()?;
        self.check_base(&git, remote, &head)?;
        let requests = forge.requests(&self.branch)?;
        let there = git.remote_branch(remote, &self.branch)?;
        let open = requests.iter().find(|request| request.state == State::Open);
        let fixes = words::sum(&self.reports);
        let mark = Mark { base: head.clone(), head, fixes };
        let finished = match open {
            Some(request) => self.why_not_update(request, there.as_deref(), &mark),
            None => self.why_not_open(&requests, &mark),
        };
        if let Some(message) = finished {
            say(&message)?;
            return Ok(Status::Clean);
        }
        if open.is_none() && there.is_some() {
            self.check_branch(&git, remote, &mark.base)?;
        }
        self.submit(&git, remote, Proposal { there, open, mark, forge: &forge, kind, token: &token })
    }

    /// Checks that the remote has the commit that the request is based on.
    fn check_base(&self, git: &Git, remote: &str, head: &str) -> anyhow::Result<()> {
        match git.remote_branch(remote, &self.base)? {
            Some(there) if there == head => Ok(()),
            Some(there) => bail!(
                "{remote}'s {} is at {}, but this checkout is at {}; pull or push first, so the request contains only jettison's commits",
                self.base,
                short(&there),
                short(head)
            ),
            None => {
                bail!("{remote} has no branch {}; push it first, or name another one with --base", self.base)
            }
        }
    }

    /// Checks that the remote's branch, which no open request has, contains only own commits.
    fn check_branch(&self, git: &Git, remote: &str, head: &str) -> anyhow::Result<()> {
        let trailer = format!("{TRAILER}: ");
        let messages = git.messages_beyond(remote, &self.branch, head)?;
        ensure!(
            messages.iter().all(|message| message.lines().any(|line| line.starts_with(&trailer))),
            "{remote} has a branch {} with other people's commits, which was not changed; name another branch with --branch",
            self.branch
        );
        Ok(())
    }

    /// The message if the open request stays as it is. `mark` has the commit that the new one is
    /// based on.
    fn why_not_update(&self, request: &Request, there: Option<&str>, mark: &Mark) -> Option<String> {
        let own = Mark::find(&request.body).filter(|own| there == Some(&own.head));
        match own {
            None => Some(format!(
                "{} has other people's commits or description, and was not changed: {}",
                self.branch, request.url
            )),
            Some(own) if own.fixes == mark.fixes && own.base == mark.base => {
                Some(format!("{} is up to date: {}", self.branch, request.url))
            }
            Some(_) => None,
        }
    }

    /// The message if the maintainers closed a request with the same changes.
    fn why_not_open(&self, requests: &[Request], mark: &Mark) -> Option<String> {
        let closed = closed_for_the_same(requests, &mark.fixes)?;
        Some(format!(
            "{} was closed for the same changes, and is not opened again: {}",
            self.branch, closed.url
        ))
    }

    /// Pushes the commits, and opens or updates the request.
    fn submit(&self, git: &Git, remote: &str, proposal: Proposal<'_>) -> anyhow::Result<Status> {
        let Proposal { there, open, mut mark, forge, kind, token } = proposal;
        for commit in &self.commits {
            mark.head = git.commit(&mark.head, &commit.changes, &commit.message)?;
        }
        let tip = mark.head.as_str();
        let (title, body) = (words::title(&self.reports), self.body(&mark));
        let wording = Wording { branch: &self.branch, base: &self.base, title: &title, body: &body };
        git.push(remote, &self.branch, there.as_deref(), Some(tip)).map_err(|error| hide(token, error))?;
        let done = match open {
            Some(request) => forge.update(request.number, &wording).map(|()| request.url.clone()),
            None => forge.open(&wording).map(|request| request.url),
        };
        match done.map_err(anyhow::Error::from) {
            Ok(url) => {
                let verb = if open.is_some() { "updated" } else { "opened" };
                writeln!(io::stdout().lock(), "{}", escape::line(&url))?;
                say(&format!("{verb} a {} of {}", kind.request(), count(self.commits.len(), "commit")))?;
                Ok(Status::Clean)
            }
            Err(error) => {
                git.push(remote, &self.branch, Some(tip), there.as_deref()).map_err(|second| {
                    hide(token, second)
                        .context(format!("{error:#}\n  and the branch {} could not be restored", self.branch))
                })?;
                Err(error.context(format!(
                    "the {} was not {}; the branch was restored",
                    kind.request(),
                    if open.is_some() { "updated" } else { "opened" }
                )))
            }
        }
    }

    fn body(&self, mark: &Mark) -> String {
        words::body(&self.reports, Facts { mark, verified: self.verified, smoke: &self.smoke })
    }
}

/// The forge that a remote belongs to, and the token for it.
fn forge(args: &args::Request, url: &str) -> anyhow::Result<(Forge, Kind, Token)> {
    let remote = Remote::of(url);
    let host = remote.as_ref().and_then(|remote| remote.host.as_deref());
    let kind = match args.forge {
        Some(args::ForgeKind::Github) => Kind::GitHub,
        Some(args::ForgeKind::Gitlab) => Kind::GitLab,
        Some(args::ForgeKind::Gitea) => Kind::Gitea,
        None => host.and_then(Kind::of_host).with_context(|| {
            format!(
                "{} is not a known forge; name its software with --forge github, gitlab or gitea",
                host.unwrap_or("the remote")
            )
        })?,
    };
    let repository = match (&args.repository, &remote) {
        (Some(repository), _) => repository.clone(),
        (None, Some(remote)) => remote.repository.clone(),
        (None, None) => {
            bail!("the URL of the remote does not contain the repository; name it with --repository")
        }
    };
    let api = match (&args.api_url, host) {
        (Some(api), _) => api.clone(),
        (None, Some(host)) => kind.api(host),
        (None, None) => bail!("the remote is on this machine; name the forge's API with --api-url"),
    };
    let variable = kind.variable();
    let token = std::env::var(variable)
        .ok()
        .map(|token| Token::new(&token))
        .filter(|token| !token.secret().is_empty());
    let token = token.with_context(|| format!("no token: set {variable} in the environment"))?;
    Ok((Forge::new(kind, &api, &repository, token.clone())?, kind, token))
}

/// Checks the URLs of a remote: both must name the same repository and be encrypted.
fn check(remote: &str, addresses: &Addresses) -> anyhow::Result<()> {
    for url in [&addresses.fetch, &addresses.push] {
        ensure!(
            is_private(url),
            "{remote} is at {}, which is not encrypted; use https or ssh (`git remote set-url`)",
            git::without_password(url)
        );
    }
    let place = |url: &str| Remote::of(url).map(|it| (it.host_name().map(str::to_owned), it.repository));
    ensure!(
        addresses.fetch == addresses.push || place(&addresses.fetch) == place(&addresses.push),
        "{remote} fetches from {} but pushes to another repository, {}; use --remote to name one that uses the same repository for both",
        git::without_password(&addresses.fetch),
        git::without_password(&addresses.push)
    );
    Ok(())
}

/// The credentials for git over HTTP: the token, if the server of the remote is the one that the
/// token belongs to.
fn login(args: &args::Request, kind: Kind, addresses: &Addresses, token: &Token) -> Option<Login> {
    let remotes = [&addresses.fetch, &addresses.push].map(|url| Remote::of(url));
    let mut asked =
        remotes.iter().flatten().filter_map(|remote| Some((remote.origin()?, remote.host_name()?)));
    let (origin, host) = asked.next()?;
    let is_one = asked.all(|(other, _)| other == origin);
    // A named API may belong to another server, or have a host of its own: `api.example.org`.
    let is_its_own = args.api_url.as_ref().is_none_or(|api| {
        let api = Remote::of(&format!("{}/owner/name", api.trim_end_matches('/')));
        let api = api.as_ref().and_then(Remote::host_name);
        api.is_some_and(|api| api == host || api.strip_prefix("api.") == Some(host))
    });
    (is_one && is_its_own).then(|| Login::new(&origin, user(kind), token.secret()))
}

/// The user name for a token over HTTP.
fn user(kind: Kind) -> &'static str {
    match kind {
        Kind::GitHub => "x-access-token",
        Kind::GitLab | Kind::Gitea => "oauth2",
    }
}

/// A closed request for the same changes.
fn closed_for_the_same<'r>(requests: &'r [Request], fixes: &str) -> Option<&'r Request> {
    requests.iter().find(|request| {
        request.state == State::Closed && Mark::find(&request.body).is_some_and(|mark| mark.fixes == fixes)
    })
}

/// The name of the branch after `jettison/`: the path that is fixed.
fn subject(git: &Git, paths: &[PathBuf]) -> String {
    let [path] = paths else { return "dockerfiles".to_owned() };
    let inner =
        path.canonicalize().ok().and_then(|path| path.strip_prefix(&git.root).ok().map(PathBuf::from));
    let name = inner.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    let slug: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let slug = slug.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if slug.is_empty() { "dockerfiles".to_owned() } else { slug }
}

/// Reports the files that can't be processed; fails if there are no others.
fn complain(reports: &[FileReport]) -> anyhow::Result<()> {
    human::errors(&mut io::stderr().lock(), reports)?;
    ensure!(reports.iter().any(|report| report.error.is_none()), "no Dockerfile could be processed");
    Ok(())
}

fn refused(reports: &[FileReport]) -> String {
    match reports.iter().map(|report| report.refusals().len()).sum() {
        0 => String::new(),
        number => format!("; {number} refused (`jettison fix -v` says why)"),
    }
}

fn hide(token: &Token, error: git::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", token.hidden(&format!("{:#}", anyhow::Error::from(error))))
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

fn say(text: &str) -> io::Result<()> {
    writeln!(anstream::stderr().lock(), "{}", escape::lines(text))
}
