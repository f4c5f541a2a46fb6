//! Judges whether two Dockerfiles behave the same.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::agent::{Agent, Fault};
use crate::compare::{Alignment, compare, compare_unordered};
use crate::missing_lists;
use crate::names::Needed;
use crate::order;
use crate::steps::{Run, Step, stages};
use crate::trace::{Record, Trace};

/// The largest number of commands in a group of steps that are made to fail, one after the other.
const MOST_FAULTS: usize = 25;
/// A script of the original that takes longer is not judged.
const SECONDS: u32 = 5;
/// A difference counts only if every try shows it.
const TRIES: usize = 4;

/// The results of a comparison.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The number of scripts of the original that were executed.
    pub runs: usize,
    /// The number of commands that were made to fail.
    pub faults: usize,
    /// Groups of steps in which a script of the original fails on its own, so that later scripts
    /// were not executed.
    pub cut_short: Vec<String>,
    /// Reasons why the file, or part of it, was not judged.
    pub skipped: Vec<String>,
    /// The differences between the two versions.
    pub failures: Vec<String>,
}

/// Two corresponding groups of steps, one of each version.
struct Group<'a> {
    old: &'a [Step],
    new: &'a [Step],
    /// Whether `sh` is bash.
    sh_is_bash: bool,
}

/// Compares the behaviour of two Dockerfiles.
pub fn judge(agent: &mut Agent, before: &str, after: &str) -> Verdict {
    let mut verdict = Verdict::default();
    let (old, new) = (stages(before), stages(after));
    if old.len() != new.len() {
        verdict.failures.push("the number of stages differs".into());
        return verdict;
    }
    for (old, new) in old.iter().zip(&new) {
        match order::without_moved_copies(old, new) {
            Ok((old, new)) => stage(agent, &old, &new, &mut verdict),
            Err(how) => verdict.failures.push(how),
        }
    }
    verdict.failures.extend(missing_lists::harm(&old, &new));
    verdict
}

/// Steps that are equal in every respect behave the same, so only the steps between them are
/// executed. This also reaches changes after a script that fails in the bare root.
fn stage(agent: &mut Agent, old: &[Step], new: &[Step], verdict: &mut Verdict) {
    stage_with(agent, old, new, false, verdict);
    let has_sh = old.iter().filter_map(Step::run).any(|run| !run.shell[0].ends_with("bash"));
    if has_sh && verdict.failures.is_empty() && verdict.skipped.is_empty() {
        let runs = verdict.runs;
        stage_with(agent, old, new, true, verdict);
        verdict.runs = runs;
    }
}

fn stage_with(agent: &mut Agent, old: &[Step], new: &[Step], sh_is_bash: bool, verdict: &mut Verdict) {
    let groups: Vec<Group<'_>> = capture_diff_slices(Algorithm::Myers, old, new)
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| Group { old: &old[op.old_range()], new: &new[op.new_range()], sh_is_bash })
        .collect();
    if groups.is_empty() {
        return;
    }
    let mut narrow = Verdict::default();
    groups.iter().for_each(|group| group.judge(agent, &mut narrow));
    if !narrow.failures.is_empty() {
        // Repeated steps may be paired wrongly; the comparison of the whole decides.
        let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let room = old.len().min(new.len()) - same;
        let tail =
            old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(old, new)| old == new).count();
        let mut wide = Verdict::default();
        Group { old: &old[same..old.len() - tail], new: &new[same..new.len() - tail], sh_is_bash }
            .judge(agent, &mut wide);
        if wide.failures.is_empty() && groups.len() > 1 && wide.cut_short.is_empty() {
            narrow = wide;
        }
    }
    verdict.runs += narrow.runs;
    verdict.faults += narrow.faults;
    verdict.cut_short.append(&mut narrow.cut_short);
    verdict.skipped.append(&mut narrow.skipped);
    verdict.failures.append(&mut narrow.failures);
}

impl Group<'_> {
    fn judge(&self, agent: &mut Agent, verdict: &mut Verdict) {
        let needed = Needed::by(self.old.iter().chain(self.new).filter_map(Step::run));
        let traces = self.execute(agent, &needed, None);
        let (old, new, alignment) = match traces {
            Ok(traces) => traces,
            Err(Problem::Skip(why)) => return verdict.skipped.push(why),
            Err(Problem::Differs(how)) => return verdict.failures.push(self.describe("all goes well", &how)),
        };
        verdict.runs += self.old.iter().filter(|step| step.run().is_some()).count();
        if old.status != 0 {
            let last = old.records.last().map(ToString::to_string).unwrap_or_default();
            verdict.cut_short.push(self.describe(&format!("status {} after {last}", old.status), ""));
        }
        let chosen = alignment.iter().enumerate().filter_map(|(at, other)| Some((at, (*other)?)));
        for (old_at, new_at) in chosen.filter(|(at, _)| !old.records[*at].is_step()).take(MOST_FAULTS) {
            let faults = [fault(&old.records, old_at), fault(&new.records, new_at)];
            verdict.faults += 1;
            match self.execute(agent, &needed, Some(&faults)) {
                Ok(_) => {}
                Err(Problem::Skip(why)) => verdict.skipped.push(why),
                Err(Problem::Differs(how)) => {
                    let when = format!("command {} fails: {}", old_at + 1, old.records[old_at]);
                    verdict.failures.push(self.describe(&when, &how));
                    // Other failures would show the same difference.
                    break;
                }
            }
        }
    }

    fn execute(
        &self,
        agent: &mut Agent,
        needed: &Needed,
        faults: Option<&[Fault; 2]>,
    ) -> Result<(Trace, Trace, Alignment), Problem> {
        agent.sh_is_bash = self.sh_is_bash;
        let mut seconds = SECONDS;
        let mut how = String::new();
        for _ in 0..TRIES {
            let old = run(agent, self.old, needed, faults.map(|both| &both[0]), seconds)?;
            if old.late {
                return Err(Problem::Skip("a script of the original takes too long".into()));
            }
            let new = run(agent, self.new, needed, faults.map(|both| &both[1]), seconds)?;
            let compared = match compare(&old, &new) {
                Err(_) if self.runs_side_by_side() => compare_unordered(&old, &new),
                compared => compared,
            };
            match compared {
                Ok(alignment) => return Ok((old, new, alignment)),
                Err(difference) => how = difference,
            }
            seconds = SECONDS * 3;
        }
        Err(Problem::Differs(how))
    }

    /// Whether a script has background jobs or process substitutions, whose commands run in no
    /// fixed order.
    fn runs_side_by_side(&self) -> bool {
        self.old.iter().filter_map(Step::run).any(|run| {
            let plain = run.script.replace("&&", "").replace(">&", "").replace("&>", "").replace("<&", "");
            plain.contains('&') || plain.contains("<(") || plain.contains(">(")
        })
    }

    fn describe(&self, when: &str, how: &str) -> String {
        let show = |steps: &[Step]| steps.iter().map(|step| format!("    {step}\n")).collect::<String>();
        let sh = if self.sh_is_bash { " (and sh is bash)" } else { "" };
        format!(
            "when {when}{sh}\n{how}\n  steps before:\n{}  steps after:\n{}",
            show(self.old),
            show(self.new)
        )
    }
}

enum Problem {
    Skip(String),
    Differs(String),
}

/// Runs the scripts among the steps. The other steps become records when they are reached.
fn run(
    agent: &mut Agent,
    steps: &[Step],
    needed: &Needed,
    fault: Option<&Fault>,
    seconds: u32,
) -> Result<Trace, Problem> {
    let runs: Vec<&Run> = steps.iter().filter_map(Step::run).collect();
    let executed = agent.execute(&runs, needed, fault, seconds);
    let (mut trace, done) = executed.map_err(|error| Problem::Skip(format!("the root broke: {error}")))?;
    let mut own = std::mem::take(&mut trace.records).into_iter().peekable();
    let mut number = 0;
    for step in steps {
        match step {
            Step::Run(_) => {
                while let Some(record) = own.next_if(|record| record.run == number) {
                    trace.records.push(record);
                }
                number += 1;
            }
            // Reached only if all earlier scripts succeeded.
            Step::Copy { text, .. } | Step::Other(text) | Step::Settings(text)
                if number < done || number == runs.len() && trace.status == 0 || number == 0 =>
            {
                trace.records.push(Record::of_step(text));
            }
            Step::Copy { .. } | Step::Other(_) | Step::Settings(_) => {}
        }
    }
    Ok(trace)
}

fn fault(records: &[Record], at: usize) -> Fault {
    let key = records[at].key();
    let before = records[..at].iter().filter(|record| !record.is_step() && record.key() == key).count();
    Fault { key, occurrence: u32::try_from(before).unwrap_or(u32::MAX) }
}
