//! The throwaway root and the process that runs scripts in it.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use tempfile::TempDir;

use crate::names::Needed;
use crate::steps::Run;
use crate::trace::{Record, Trace};

/// What all roots have in common: the compiled stub and the shells with their libraries.
struct Tools {
    directory: TempDir,
}

/// A root with a server in it.
pub struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// Whether `sh` is bash, as on Fedora, and not dash.
    pub sh_is_bash: bool,
    _root: TempDir,
    _tools: Arc<Tools>,
}

/// Which command is to fail.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What the stub compares.
    pub key: Vec<u8>,
    /// How many such commands go well before.
    pub occurrence: u32,
}

/// Before each script: directories that commands would have made come into being when a script enters them, and `cd`
/// is a command with a record like any other.
const PRELUDE: &str = "cd() { /.oracle/cd \"$@\" || return 1; command cd \"$@\"; }\n";
const PRELUDE_BASH: &str = "pushd() { /.oracle/cd \"$@\" || return 1; builtin pushd \"$@\"; }\n";

/// The tools, made once and removed with the last agent.
fn tools() -> Result<Arc<Tools>, String> {
    static TOOLS: Mutex<Weak<Tools>> = Mutex::new(Weak::new());
    let mut known = TOOLS.lock().map_err(|error| error.to_string())?;
    if let Some(tools) = known.upgrade() {
        return Ok(tools);
    }
    let tools = Arc::new(Tools::new().map_err(|error| error.to_string())?);
    *known = Arc::downgrade(&tools);
    Ok(tools)
}

impl Tools {
    fn new() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("jettison-oracle-").tempdir()?;
        let to = directory.path();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/agent.c");
        let mut compile = Command::new("cc");
        run(compile.args(["-static", "-O1", "-o"]).arg(to.join("agent")).arg(source))?;
        std::os::unix::fs::symlink("agent", to.join("cd"))?;
        let libraries = to.join("lib");
        std::fs::create_dir(&libraries)?;
        for shell in ["dash", "bash"] {
            let path = run(Command::new("sh").args(["-c", &format!("command -v {shell}")]))?;
            std::fs::copy(path.trim(), to.join(shell))?;
            let listed = run(Command::new("ldd").arg(path.trim()))?;
            for library in listed.split_whitespace().filter(|word| word.starts_with('/')) {
                let name = Path::new(library).file_name().unwrap_or_default();
                let is_loader = name.to_string_lossy().starts_with("ld-");
                std::fs::copy(library, if is_loader { to.join("ld.so") } else { libraries.join(name) })?;
            }
        }
        Ok(Self { directory })
    }
}

fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?} failed")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Agent {
    /// Starts one; the error says why this machine can't.
    pub fn start() -> Result<Self, String> {
        let shared = tools()?;
        let tools = shared.directory.path();
        let root =
            tempfile::Builder::new().prefix("jettison-root-").tempdir().map_err(|error| error.to_string())?;
        let mut command = Command::new(tools.join("agent"));
        command
            .arg("--serve-the-oracle")
            .arg(root.path())
            .arg(tools)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipes".into());
        };
        let mut agent =
            Self { child, input: Some(input), output, sh_is_bash: false, _root: root, _tools: shared };
        agent
            .execute(&[], &Needed::default(), None, 5)
            .map_err(|error| format!("no throwaway root: {error}"))?;
        Ok(agent)
    }

    /// Runs scripts in order until one fails, in a fresh root.
    pub fn execute(
        &mut self,
        runs: &[&Run],
        needed: &Needed,
        fault: Option<&Fault>,
        seconds: u32,
    ) -> io::Result<(Trace, usize)> {
        let mut request = Vec::new();
        number(&mut request, seconds * 1000);
        let mut chosen = Vec::new();
        if let Some(fault) = fault {
            chosen.extend(fault.occurrence.to_le_bytes());
            chosen.extend(&fault.key);
        }
        string(&mut request, &chosen);
        strings(&mut request, &needed.stubs);
        strings(&mut request, &needed.files);
        strings(&mut request, &needed.directories);
        let relative: Vec<u8> = needed.relative.iter().flat_map(|path| path.bytes().chain([0])).collect();
        string(&mut request, &relative);
        number(&mut request, length(runs.len()));
        // An `sh` that knows pipefail is not dash.
        let sh_is_bash = self.sh_is_bash
            || runs.iter().any(|run| {
                run.script.contains("pipefail") || run.shell.iter().any(|word| word == "pipefail")
            });
        for run in runs {
            string(&mut request, run.cwd.as_bytes());
            let argv = command_line(run, sh_is_bash);
            number(&mut request, length(argv.len()));
            argv.iter().for_each(|word| string(&mut request, word.as_bytes()));
            number(&mut request, length(run.env.len()));
            run.env
                .iter()
                .for_each(|(name, value)| string(&mut request, format!("{name}={value}").as_bytes()));
        }
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(&request)?;
        input.flush()?;
        self.answer(runs)
    }

    fn answer(&mut self, runs: &[&Run]) -> io::Result<(Trace, usize)> {
        let status = self.number()?.cast_signed();
        let done = self.number()? as usize;
        let ends =
            (0..done).map(|_| self.number().map(|end| end as usize)).collect::<io::Result<Vec<_>>>()?;
        let trace = self.bytes()?;
        let mut records = Vec::new();
        let mut at = 0;
        while at < trace.len() {
            let run = ends.iter().position(|&end| at < end).unwrap_or(done.saturating_sub(1));
            let mut record = Record { run, context: runs[run].context.clone(), ..Record::default() };
            for field in [&mut record.cwd, &mut record.out, &mut record.notes] {
                *field = text_at(&trace, &mut at);
            }
            for list in [&mut record.argv, &mut record.env] {
                let count = number_at(&trace, &mut at);
                *list = (0..count).map(|_| text_at(&trace, &mut at)).collect();
            }
            records.push(record);
        }
        let out = String::from_utf8_lossy(&self.bytes()?).into_owned();
        let files = String::from_utf8_lossy(&self.bytes()?).into_owned();
        Ok((Trace { records, out, files, status, late: status == -1 }, done))
    }

    fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.output.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.number()? as usize];
        self.output.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // The server ends with its input.
        self.input = None;
        let _ = self.child.wait();
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

fn length(count: usize) -> u32 {
    u32::try_from(count).expect("requests are small")
}

fn number(to: &mut Vec<u8>, number: u32) {
    to.extend(number.to_le_bytes());
}

fn string(to: &mut Vec<u8>, text: &[u8]) {
    number(to, length(text.len()));
    to.extend(text);
}

fn strings(to: &mut Vec<u8>, all: &BTreeSet<String>) {
    number(to, length(all.len()));
    all.iter().for_each(|one| string(to, one.as_bytes()));
}

fn number_at(bytes: &[u8], at: &mut usize) -> usize {
    let number = u32::from_le_bytes(bytes[*at..*at + 4].try_into().expect("four bytes"));
    *at += 4;
    number as usize
}

fn text_at(bytes: &[u8], at: &mut usize) -> String {
    let length = number_at(bytes, at);
    *at += length;
    String::from_utf8_lossy(&bytes[*at - length..*at]).into_owned()
}
