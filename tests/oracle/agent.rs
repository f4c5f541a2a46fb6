//! The throwaway root and the process that runs scripts in it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use crate::names::Needed;
use crate::steps::Run;
use crate::support::throwaway::{Connection, Request, Shared, compile, copy_shell, take_number, take_text};
use crate::trace::{Record, Trace};

/// The tools that all roots share: the compiled stub, and the shells with their libraries.
struct Tools {
    directory: TempDir,
}

/// A root, and the server that runs in it.
pub struct Agent {
    connection: Connection,
    /// Whether `sh` is bash, as on Fedora, and not dash.
    pub sh_is_bash: bool,
    _tools: Arc<Tools>,
}

/// Which command is made to fail.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The key that the stub compares with its own call.
    pub key: Vec<u8>,
    /// The number of earlier commands with the same key, which succeed.
    pub occurrence: u32,
}

/// Runs before each script. A directory is created when a script enters it, since the commands that
/// would have created it are stubs; and each `cd` is recorded like any other command.
const PRELUDE: &str = "cd() { /.oracle/cd \"$@\" || return 1; command cd \"$@\"; }\n";
const PRELUDE_BASH: &str = "pushd() { /.oracle/cd \"$@\" || return 1; builtin pushd \"$@\"; }\n";

/// The tools, compiled once and removed with the last agent.
static TOOLS: Shared<Tools> = Shared::new();

impl Tools {
    fn new() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("jettison-oracle-").tempdir()?;
        let to = directory.path();
        compile(&to.join("agent"), "oracle", &["agent.c"])?;
        std::os::unix::fs::symlink("agent", to.join("cd"))?;
        let libraries = to.join("lib");
        std::fs::create_dir(&libraries)?;
        for library in copy_shell("dash", to)?.into_iter().chain(copy_shell("bash", to)?) {
            let name = Path::new(&library).file_name().unwrap_or_default();
            let is_loader = name.to_string_lossy().starts_with("ld-");
            std::fs::copy(&library, if is_loader { to.join("ld.so") } else { libraries.join(name) })?;
        }
        Ok(Self { directory })
    }
}

impl Agent {
    /// Starts an agent. The error says why this machine can't run one.
    pub fn start() -> Result<Self, String> {
        let tools = TOOLS.get(Tools::new)?;
        let mut command = Command::new(tools.directory.path().join("agent"));
        command.arg("--serve-the-oracle");
        let connection =
            Connection::start(command, tools.directory.path()).map_err(|error| error.to_string())?;
        let mut agent = Self { connection, sh_is_bash: false, _tools: tools };
        agent
            .execute(&[], &Needed::default(), None, 5)
            .map_err(|error| format!("no throwaway root: {error}"))?;
        Ok(agent)
    }

    /// Runs scripts in order, in a new root, until one fails.
    pub fn execute(
        &mut self,
        runs: &[&Run],
        needed: &Needed,
        fault: Option<&Fault>,
        seconds: u32,
    ) -> io::Result<(Trace, usize)> {
        let mut chosen = Vec::new();
        if let Some(fault) = fault {
            chosen.extend(fault.occurrence.to_le_bytes());
            chosen.extend(&fault.key);
        }
        let relative: Vec<u8> = needed.relative.iter().flat_map(|path| path.bytes().chain([0])).collect();
        let request = Request::default().number(seconds * 1000).bytes(&chosen);
        let request = request.texts(&needed.stubs).texts(&needed.files).texts(&needed.directories);
        let count = u32::try_from(runs.len()).expect("requests are small");
        let mut request = request.bytes(&relative).number(count);
        // dash does not know pipefail, so this `sh` must be bash.
        let sh_is_bash = self.sh_is_bash
            || runs.iter().any(|run| {
                run.script.contains("pipefail") || run.shell.iter().any(|word| word == "pipefail")
            });
        for run in runs {
            let env: Vec<String> = run.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.bytes(run.cwd.as_bytes()).texts(command_line(run, sh_is_bash)).texts(env);
        }
        self.connection.send(&request);
        self.answer(runs)
    }

    fn answer(&mut self, runs: &[&Run]) -> io::Result<(Trace, usize)> {
        let status = self.connection.number()?.cast_signed();
        let done = self.connection.number()? as usize;
        let ends = (0..done)
            .map(|_| self.connection.number().map(|end| end as usize))
            .collect::<io::Result<Vec<_>>>()?;
        let trace = self.connection.bytes()?;
        let mut records = Vec::new();
        let mut rest = &trace[..];
        while !rest.is_empty() {
            let at = trace.len() - rest.len();
            let run = ends.iter().position(|&end| at < end).unwrap_or(done.saturating_sub(1));
            let mut record = Record { run, context: runs[run].context.clone(), ..Record::default() };
            for field in [&mut record.cwd, &mut record.out, &mut record.notes] {
                *field = take_text(&mut rest);
            }
            for list in [&mut record.argv, &mut record.env] {
                let count = take_number(&mut rest);
                *list = (0..count).map(|_| take_text(&mut rest)).collect();
            }
            records.push(record);
        }
        let out = String::from_utf8_lossy(&self.connection.bytes()?).into_owned();
        let files = String::from_utf8_lossy(&self.connection.bytes()?).into_owned();
        Ok((Trace { records, out, files, status, late: status == -1 }, done))
    }
}

fn command_line(run: &Run, sh_is_bash: bool) -> Vec<String> {
    let bash = run.shell[0].ends_with("bash");
    let shell = if bash || sh_is_bash { "bash" } else { "dash" };
    let loader = ["/.oracle/ld.so", "--library-path", "/.oracle/lib"].map(PathBuf::from);
    let mut argv: Vec<String> = loader.iter().map(|path| path.display().to_string()).collect();
    argv.push(format!("/.oracle/{shell}"));
    if !bash && sh_is_bash {
        argv.push("--posix".into());
    }
    argv.extend_from_slice(&run.shell[1..]);
    argv.push(format!("{PRELUDE}{}{}", if bash { PRELUDE_BASH } else { "" }, run.script));
    argv
}
