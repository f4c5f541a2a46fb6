//! Every file of the corpus that Jettison changes.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jettison::config::{MergeRuns, Settings};
use jettison::pipeline;

use crate::agent::Agent;
use crate::judge::{Verdict, judge};
use crate::support::{corpus_folder, need};

const THREADS: usize = 2;

#[test]
fn corpus() {
    everything("corpus", &Settings::default(), None);
}

#[test]
fn corpus_with_all_merges() {
    let mut settings = Settings::default();
    settings.config.merge_runs = MergeRuns::All;
    // A result that is the same with the default settings has been judged by `corpus`.
    everything("corpus_with_all_merges", &settings, Some(&Settings::default()));
}

#[test]
fn corpus_with_tidy() {
    let mut settings = Settings::default();
    settings.config.select = Some(vec!["tidy".to_owned()]);
    everything("corpus_with_tidy", &settings, None);
}

/// Judges the results with these settings, except those that are the same with the other settings.
fn everything(test: &str, settings: &Settings, other: Option<&Settings>) {
    let Some(files) = need(test, files()) else { return };
    if need(test, Agent::start()).is_none() {
        return;
    }
    let start = Instant::now();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut agent = Agent::start().expect("it started a moment ago");
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Ok(text) = std::fs::read_to_string(path) else { continue };
                    let outcome = pipeline::fix(&text, settings);
                    let Some(new) = outcome.text() else { continue };
                    if other.is_some_and(|other| pipeline::fix(&text, other).text() == Some(new)) {
                        continue;
                    }
                    let began = Instant::now();
                    let verdict = judge(&mut agent, &text, new);
                    if began.elapsed().as_secs() >= 10 {
                        println!("slow: {:?} {}", began.elapsed(), path.display());
                    }
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    results.lock().expect("no thread panics").push((name, verdict));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no thread panics");
    results.sort_by(|left, right| left.0.cmp(&right.0));
    let failed = print(&results);
    println!("{:.0} s", start.elapsed().as_secs_f64());
    assert_eq!(failed, 0, "files whose behaviour changes");
}

fn print(results: &[(String, Verdict)]) -> usize {
    let sum = |of: fn(&Verdict) -> usize| results.iter().map(|(_, verdict)| of(verdict)).sum::<usize>();
    for (name, verdict) in results {
        for failure in &verdict.failures {
            println!("FAILED {name}: {failure}");
        }
    }
    for (name, verdict) in results {
        for why in &verdict.skipped {
            println!("skipped in {name}: {why}");
        }
    }
    if std::env::var_os("ORACLE_VERBOSE").is_some() {
        let all =
            results.iter().flat_map(|(name, verdict)| verdict.cut_short.iter().map(move |how| (name, how)));
        all.for_each(|(name, how)| println!("cut short in {name}: {how}"));
    }
    let failed = results.iter().filter(|(_, verdict)| !verdict.failures.is_empty()).count();
    println!(
        "{} changed files, {} RUNs executed, {} faults injected, {} groups that fail on their own, {} skipped, {failed} files failed",
        results.len(),
        sum(|verdict| verdict.runs),
        sum(|verdict| verdict.faults),
        sum(|verdict| verdict.cut_short.len()),
        sum(|verdict| verdict.skipped.len()),
    );
    failed
}

/// The files of the corpus that are selected.
pub fn files() -> Result<Vec<PathBuf>, String> {
    let directory = corpus_folder()?.join("files");
    let entries = std::fs::read_dir(&directory).map_err(|error| error.to_string())?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.file_name().is_some_and(|name| is_wanted(&name.to_string_lossy())));
    files.sort();
    Ok(files)
}

/// Whether a file is selected: its name contains the value of ORACLE_ONLY, or that is not set.
pub fn is_wanted(name: &str) -> bool {
    std::env::var("ORACLE_ONLY").map_or(true, |only| name.contains(&only))
}
