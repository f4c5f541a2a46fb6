//! Runs of the program over mutated folders: it ends in time with a documented exit status, and
//! changes only files that it may change.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use crate::folder::{self, BESIDE, Folder};
use crate::image;
use crate::random::Random;
use crate::session::{self, Finding};
use crate::shrink;
use crate::support;

/// The number of cases without `JETTISON_FUZZ_CASES` and `JETTISON_FUZZ_SECONDS`.
const CASES: usize = 60;
/// Far more than any run needs, even on a busy machine.
const MOST_TIME: Duration = Duration::from_mins(1);
/// The memory limit of a run in kilobytes.
const MOST_KILOBYTES: i64 = 500_000;

#[test]
fn program() {
    session::run(
        "program",
        CASES,
        |seed, counts| {
            let case = Case::of(seed);
            for code in case.check()? {
                *counts.entry(["status 0", "status 1", "status 2"][code]).or_default() += 1;
            }
            *counts.entry(case.command[0]).or_default() += 1;
            Ok(())
        },
        |seed, found| {
            let case = Case::of(seed).smallest(found);
            format!("jettison {:?}\n{:?}\n{:#?}", case.command, case.folder.dockerfile, case.folder)
        },
    );
}

/// A folder, and the arguments of the runs in it.
#[derive(Clone)]
struct Case {
    folder: Folder,
    command: Vec<&'static str>,
    image: Option<Vec<u8>>,
    /// The damage to the output of one command before the next command reads it.
    damage: u64,
}

const FIX: &[&[&str]] = &[
    &[],
    &["--unsafe"],
    &["--caches", "mount"],
    &["--unsafe", "--caches", "mount", "--bases", "alpine"],
    &["--unsafe", "--no-comments"],
    &["-v"],
    &["-q"],
    &["--select", "split-stages,slim-base", "--unsafe"],
    &["--context", "."],
    &["--context", ".."],
    &["--time-limit", "5"],
];

const ENDS: &[&[&str]] = &[
    &["--write", "Dockerfile"],
    &["--write", "Dockerfile"],
    &["--write", "."],
    &["--check", "Dockerfile"],
    &["--check", "."],
    &["-"],
    &["Dockerfile"],
    &["--format", "json", "Dockerfile"],
    &["--format", "human", "."],
    &["--format", "diff", "Dockerfile"],
    &["--format", "sarif", "Dockerfile"],
    &["--format", "github", "Dockerfile"],
    &["--format", "gitlab", "."],
    &["--format", "markdown", "."],
    &["--from-hadolint", "report.json", "Dockerfile"],
    &["--since", "HEAD", "Dockerfile"],
    &["--color", "always", "Dockerfile"],
];

const REPORT: &str = r#"[{"file":"Dockerfile","line":2,"column":1,"level":"warning","code":"DL3009","message":"x"},{"file":"./Dockerfile","line":3,"column":1,"level":"info","code":"DL3015","message":"y"}]"#;

impl Case {
    fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut folder = folder::folder(&mut random);
        for _ in 0..random.below(3) {
            let (path, text) = BESIDE[random.below(BESIDE.len())];
            let mut text = text.to_owned();
            if random.chance(60) {
                folder::mutate_text(&mut random, path, &mut text);
            }
            folder.files.push(folder::File::of(path, &text));
        }
        let mut report = REPORT.to_owned();
        if random.chance(60) {
            folder::mutate_text(&mut random, "report.json", &mut report);
        }
        folder.files.push(folder::File::of("report.json", &report));
        let mut command = Vec::new();
        let mut archive = None;
        match random.below(10) {
            0 => {
                command.extend(["inspect", "image.tar"]);
                if random.chance(50) {
                    command.extend(["--dockerfile", "Dockerfile"]);
                }
                let base = random.below(1 << 20) as u64;
                let changes = (0..random.below(5)).map(|number| image::Change(seed * 1_000 + number as u64));
                archive = Some(image::archive(base, &changes.collect::<Vec<_>>()));
            }
            1 => command.extend(["apply", "edits.json"]),
            _ => {
                command.push("fix");
                command.extend(FIX[random.below(FIX.len())]);
                command.extend(ENDS[random.below(ENDS.len())]);
            }
        }
        let damage = random.below(1 << 30) as u64;
        Self { folder, command, image: archive, damage }
    }

    /// The exit statuses of the runs.
    fn check(&self) -> Result<Vec<usize>, Finding> {
        let whole = tempfile::tempdir().expect("a temporary directory");
        let work = whole.path().join("work");
        fs::create_dir(&work).expect("a directory");
        self.folder.write(&work);
        if let Some(image) = &self.image {
            fs::write(work.join("image.tar"), image).expect("it can be written");
        }
        let before = tree(whole.path());
        let mut statuses = Vec::new();
        if self.command[0] == "apply" {
            let (status, mut edits) = run(&work, &["fix", "--format", "json", "Dockerfile"], "")?;
            statuses.push(status);
            folder::mutate_text(&mut Random::new(self.damage), "edits.json", &mut edits);
            fs::write(work.join("edits.json"), edits).expect("it can be written");
        }
        let (status, _) = run(&work, &self.command, &self.folder.dockerfile)?;
        statuses.push(status);
        let after = tree(whole.path());
        let is_writing = self.command.contains(&"--write") || self.command[0] == "apply";
        let mut changed =
            before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
        let is_ours = |path: &str| {
            is_writing
                && (path.contains("ockerfile")
                    || path.contains("ontainerfile")
                    || path.ends_with(".dockerignore"))
        };
        if let Some(path) = changed.find(|path| !is_ours(path) && *path != "work/edits.json") {
            return Err(Finding { kind: "another file is changed".into(), detail: path.clone() });
        }
        if self.command.contains(&"--write") {
            let (status, _) = run(&work, &self.command, "")?;
            statuses.push(status);
            if tree(whole.path()) != after {
                let (first, second) = (after.get("work/Dockerfile"), tree(whole.path()));
                let detail = format!(
                    "\n--- first\n{}\n--- second\n{}",
                    first.map_or("", String::as_str),
                    second["work/Dockerfile"]
                );
                return Err(Finding { kind: "a second run writes again".into(), detail });
            }
        }
        Ok(statuses)
    }

    fn smallest(self, found: &Finding) -> Self {
        let fails = |case: &Case| case.check().err().is_some_and(|other| other.kind == found.kind);
        let mut case = self;
        let with = |case: &Case, files: &[folder::File]| Case {
            folder: Folder { files: files.to_vec(), ..case.folder.clone() },
            ..case.clone()
        };
        case.folder.files = shrink::list(case.folder.files.clone(), |files| fails(&with(&case, files)));
        case.folder.dockerfile = shrink::text(&case.folder.dockerfile, |text| {
            let folder = Folder { dockerfile: text.to_owned(), ..case.folder.clone() };
            fails(&Case { folder, ..case.clone() })
        });
        case
    }
}

/// All files below a folder with their contents; links with their targets.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let inner = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => left.push(path),
                Ok(kind) if kind.is_symlink() => {
                    found.insert(inner, format!("{:?}", fs::read_link(&path)));
                }
                _ => {
                    let bytes = fs::read(&path).unwrap_or_default();
                    found.insert(inner, String::from_utf8_lossy(&bytes).into_owned());
                }
            }
        }
    }
    found
}

/// Runs the program; returns its exit status and output, or what is wrong with them.
fn run(folder: &Path, arguments: &[&str], input: &str) -> Result<(usize, String), Finding> {
    let mut files = [(); 3].map(|()| tempfile::tempfile().expect("a temporary file"));
    std::io::Write::write_all(&mut files[0], input.as_bytes()).expect("it can be written");
    files[0].seek(SeekFrom::Start(0)).expect("it is a file");
    let stdio = |file: &File| Stdio::from(file.try_clone().expect("it can be shared"));
    let mut child = Command::new(support::jettison())
        .args(arguments)
        .current_dir(folder)
        .env("DOCKER_HOST", "unix:///no/engine/here.sock")
        .stdin(stdio(&files[0]))
        .stdout(stdio(&files[1]))
        .stderr(stdio(&files[2]))
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it has a state") {
            break status;
        }
        if start.elapsed() > MOST_TIME {
            child.kill().expect("it ends");
            child.wait().expect("it ends");
            return Err(Finding::of("it takes too long"));
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let [_, out, err] = files.map(|mut file| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).expect("it is a file");
        file.read_to_end(&mut bytes).expect("it can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let found = |kind: String| Err(Finding { kind, detail: err.clone() });
    if let Some(signal) = status.signal() {
        return found(format!("signal {signal}"));
    }
    if err.contains("panicked at") {
        return found("it panics".into());
    }
    if err.contains("mistake in jettison") || out.contains("mistake in jettison") {
        return found("a step undoes itself".into());
    }
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it is known").max_rss();
    if peak > MOST_KILOBYTES {
        return found(format!("it takes more than {MOST_KILOBYTES} kB"));
    }
    match status.code() {
        Some(code @ 0..=2) => Ok((usize::try_from(code).expect("it is small"), out)),
        code => found(format!("status {code:?}")),
    }
}
