//! Judges one test case: fixes it in every mode, builds the original and the fixed file, and
//! reports differences that are not permitted.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jettison::config::{Caches, Config, MergeRuns, Settings};
use jettison::context::{BuildContext, ContextSource, Entry};
use jettison::pipeline;

use crate::builder::{Build, Input, build};
use crate::case::{Case, ContextFile};
use crate::compare::{Difference, differences};
use crate::declared;
use crate::random::Random;
use crate::server::{Fault, Server};

/// A way to run Jettison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Without options.
    Default,
    /// With `merge-runs: all`.
    AllMerges,
    /// With `caches: mount`.
    Mounts,
    /// With the group `tidy`, too.
    Tidy,
}

/// All modes.
pub const MODES: [Mode; 4] = [Mode::Default, Mode::AllMerges, Mode::Mounts, Mode::Tidy];

/// A harmful difference.
#[derive(Debug, Clone)]
pub struct Finding {
    pub mode: Mode,
    /// The transforms that made the fixed file.
    pub transforms: Vec<&'static str>,
    pub fixed: String,
    pub ignore_file: Option<String>,
    /// The command that the test made to fail, if any.
    pub fault: Option<Fault>,
    pub differences: Vec<Difference>,
}

/// How much to test.
#[derive(Debug, Clone)]
pub enum Depth {
    /// No command is made to fail.
    Plain,
    /// This many random commands are made to fail, one after the other.
    Some(usize, Random),
    /// Every command is made to fail, in this mode only.
    Every(Mode),
    /// This mode only, with no command made to fail.
    Only(Mode),
}

/// Counts of the work done.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub builds: usize,
    pub changed: usize,
    pub faults: usize,
    /// Whether the original builds.
    pub is_built: bool,
    /// The transforms that changed something.
    pub transforms: BTreeSet<&'static str>,
}

/// The result of Jettison for a case.
struct Fixed {
    text: String,
    ignore_file: Option<String>,
    transforms: Vec<&'static str>,
    undone: Vec<String>,
}

/// Returns the first harmful difference.
pub fn judge(
    server: &mut Server,
    case: &Case,
    depth: &mut Depth,
    tally: &mut Tally,
) -> io::Result<Option<Finding>> {
    let text = case.text();
    let full = case.full_context();
    let mut seen: Vec<(String, Option<String>)> = Vec::new();
    let mut candidates = Vec::new();
    // A rolled-back step is harmless, so it is reported only if there is nothing worse.
    let mut undone = None;
    for mode in MODES {
        if matches!(depth, Depth::Every(only) | Depth::Only(only) if *only != mode) {
            continue;
        }
        let contexts =
            if case.leftovers.is_empty() { vec![&case.context] } else { vec![&full, &case.context] };
        for context in contexts {
            let Ok(fixed) = catch_unwind(AssertUnwindSafe(|| fix(&text, context, case, mode))) else {
                let differences = vec![Difference::engine("jettison panics")];
                let finding = Finding {
                    mode,
                    transforms: Vec::new(),
                    fixed: String::new(),
                    ignore_file: None,
                    fault: None,
                    differences,
                };
                return Ok(Some(finding));
            };
            if !fixed.undone.is_empty() && undone.is_none() {
                undone = Some(Finding {
                    mode,
                    transforms: fixed.transforms.clone(),
                    fixed: fixed.text.clone(),
                    ignore_file: fixed.ignore_file.clone(),
                    fault: None,
                    differences: fixed.undone.iter().map(|reason| Difference::engine(reason)).collect(),
                });
            }
            let key = (fixed.text.clone(), fixed.ignore_file.clone());
            if (fixed.text == text && fixed.ignore_file.is_none()) || seen.contains(&key) {
                continue;
            }
            seen.push(key);
            tally.transforms.extend(&fixed.transforms);
            candidates.push((mode, fixed));
        }
    }
    if candidates.is_empty() {
        return Ok(undone);
    }
    tally.changed += 1;
    let originals = originals(server, case, &text, None, tally)?;
    tally.is_built = originals[0].failed.is_none();
    if let Some((instruction, status)) =
        originals[0].failed.as_ref().filter(|_| std::env::var_os("JETTISON_DIFFERENTIAL_VERBOSE").is_some())
    {
        println!("FAILS {status} {}", instruction.replace('\n', " "));
    }
    let trace = if matches!(depth, Depth::Some(..) | Depth::Every(_)) {
        server.prepare_trace(None);
        build(server, Input { is_traced: true, ..input(&text, &full, &case.ignore_file, case) })?;
        server.trace()?
    } else {
        Vec::new()
    };
    let faults = chosen(&trace, depth);
    for fault in std::iter::once(None).chain(faults.into_iter().map(Some)) {
        let originals = match &fault {
            None => originals.clone(),
            Some(fault) => self::originals(server, case, &text, Some(fault), tally)?,
        };
        tally.faults += usize::from(fault.is_some());
        // The record of a command that fails has its words, which `tidy` may change: the oracle
        // makes such commands fail.
        let judged = candidates.iter().filter(|(mode, _)| fault.is_none() || *mode != Mode::Tidy);
        for (mode, fixed) in judged {
            let differences = compared(server, case, fixed, fault.as_ref(), &originals, tally)?;
            // A difference that depends on timing does not count.
            if differences.is_empty() || is_by_chance(server, case, &text, fixed, fault.as_ref(), tally)? {
                continue;
            }
            return Ok(Some(Finding {
                mode: *mode,
                transforms: fixed.transforms.clone(),
                fixed: fixed.text.clone(),
                ignore_file: fixed.ignore_file.clone(),
                fault,
                differences,
            }));
        }
    }
    Ok(undone)
}

fn is_by_chance(
    server: &mut Server,
    case: &Case,
    text: &str,
    fixed: &Fixed,
    fault: Option<&Fault>,
    tally: &mut Tally,
) -> io::Result<bool> {
    for _ in 0..2 {
        let originals = originals(server, case, text, fault, tally)?;
        if compared(server, case, fixed, fault, &originals, tally)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The builds of the original: on a developer's machine and, if the case has leftovers, in a clean
/// checkout.
fn originals(
    server: &mut Server,
    case: &Case,
    text: &str,
    fault: Option<&Fault>,
    tally: &mut Tally,
) -> io::Result<Vec<Build>> {
    let full = case.full_context();
    let mut all = Vec::new();
    for context in if case.leftovers.is_empty() { vec![&full] } else { vec![&full, &case.context] } {
        tally.builds += 1;
        server.prepare_trace(fault);
        all.push(build(
            server,
            Input { is_traced: fault.is_some(), ..input(text, context, &case.ignore_file, case) },
        )?);
    }
    Ok(all)
}

/// The differences of the fixed file on a developer's machine from both builds of the original, and
/// then those in a clean checkout.
fn compared(
    server: &mut Server,
    case: &Case,
    fixed: &Fixed,
    fault: Option<&Fault>,
    originals: &[Build],
    tally: &mut Tally,
) -> io::Result<Vec<Difference>> {
    tally.builds += 1;
    server.prepare_trace(fault);
    let full = case.full_context();
    let ignore_file = fixed.ignore_file.as_deref().unwrap_or(&case.ignore_file);
    let new =
        build(server, Input { is_traced: fault.is_some(), ..input(&fixed.text, &full, ignore_file, case) })?;
    let mut all = vec![new];
    if fixed.text.contains("type=cache") && !case.text().contains("type=cache") && fault.is_none() {
        // Builds again, with the caches of the first build.
        tally.builds += 1;
        all.push(build(
            server,
            Input { keeps_caches: true, ..input(&fixed.text, &full, ignore_file, case) },
        )?);
    }
    let new = all
        .iter()
        .find(|new| !differences(&originals[0], new, fault.is_some()).is_empty())
        .unwrap_or(&all[0]);
    let mut found =
        originals.first().map(|original| differences(original, new, fault.is_some())).unwrap_or_default();
    for other in &originals[1..] {
        // A file may be the same as in either build of the original.
        let others = differences(other, new, fault.is_some());
        found.retain(|difference| others.iter().any(|other| other.place == difference.place));
    }
    let [_, clean] = originals else { return Ok(found) };
    if !found.is_empty() {
        return Ok(found);
    }
    // In a clean checkout, the result must be the same as the original's there.
    tally.builds += 1;
    server.prepare_trace(fault);
    let new = build(
        server,
        Input { is_traced: fault.is_some(), ..input(&fixed.text, &case.context, ignore_file, case) },
    )?;
    Ok(differences(clean, &new, fault.is_some()))
}

fn input<'i>(text: &'i str, context: &'i [ContextFile], ignore_file: &'i str, case: &'i Case) -> Input<'i> {
    Input { text, context, ignore_file, arguments: &case.arguments, is_traced: false, keeps_caches: false }
}

/// The commands that are made to fail.
fn chosen(trace: &[Vec<u8>], depth: &mut Depth) -> Vec<Fault> {
    let mut before: BTreeMap<&Vec<u8>, u32> = BTreeMap::new();
    let mut all = Vec::new();
    let mut is_updated = false;
    for record in trace {
        // A repeated update may be dropped.
        if declared::updates_lists(record) && std::mem::replace(&mut is_updated, true) {
            continue;
        }
        let occurrence = before.entry(record).or_default();
        if declared::only_cleans(record) {
            continue;
        }
        all.push(Fault { record: record.clone(), occurrence: *occurrence, works: false });
        *occurrence += 1;
    }
    match depth {
        Depth::Plain | Depth::Only(_) => Vec::new(),
        Depth::Some(count, random) => {
            let mut faults = Vec::new();
            for _ in 0..*count {
                if all.is_empty() {
                    break;
                }
                let mut fault = all.swap_remove(random.below(all.len()));
                fault.works = random.chance(40);
                faults.push(fault);
            }
            faults
        }
        Depth::Every(_) => {
            let works = all.clone().into_iter().map(|fault| Fault { works: true, ..fault });
            all.clone().into_iter().chain(works).take(40).collect()
        }
    }
}

fn fix(text: &str, context: &[ContextFile], case: &Case, mode: Mode) -> Fixed {
    let mut config = Config::default();
    match mode {
        Mode::Default => {}
        Mode::AllMerges => config.merge_runs = MergeRuns::All,
        Mode::Mounts => config.caches = Caches::Mount,
        Mode::Tidy => config.select = Some(vec!["default".to_owned(), "tidy".to_owned()]),
    }
    let settings = Settings { config, ..Settings::default() };
    let entry = |file: &ContextFile| Entry {
        path: file.path.clone(),
        size: u64::try_from(file.text.len()).expect("a short file"),
        is_link: false,
        executable: file.is_executable,
    };
    let texts = context.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
    let ignore_file = (!case.ignore_file.is_empty()).then(|| case.ignore_file.clone());
    let context_source = KnownContext(BuildContext::of(
        context.iter().map(entry).collect(),
        texts,
        ".dockerignore",
        ignore_file,
    ));
    let outcome = pipeline::fix_within(text, &settings, &context_source);
    Fixed {
        text: outcome.text().unwrap_or(text).to_owned(),
        ignore_file: outcome.ignore_file().map(str::to_owned),
        transforms: outcome.steps.iter().map(|step| step.transform.id).collect(),
        undone: outcome.undone.iter().map(|held| held.reason.to_string()).collect(),
    }
}

/// The surroundings of a case's Dockerfile.
struct KnownContext(BuildContext);

impl ContextSource for KnownContext {
    fn context(&self) -> Result<&BuildContext, &str> {
        Ok(&self.0)
    }
}
