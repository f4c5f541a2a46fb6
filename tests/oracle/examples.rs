//! The examples in the manual pages of the transforms, and the fixtures.

use std::path::Path;

use jettison::config::Settings;
use jettison::{pipeline, transforms};

use crate::agent::Agent;
use crate::corpus::is_wanted;
use crate::judge::judge;
use crate::support::need;

#[test]
fn examples() {
    let Some(mut agent) = need("examples", Agent::start()) else { return };
    let mut settings = Settings::default();
    let mut failures = Vec::new();
    let mut faults = 0;
    for (name, text) in texts().into_iter().filter(|(name, _)| is_wanted(name)) {
        let mut judged = None;
        for merge in [jettison::config::MergeRuns::WhereItHelps, jettison::config::MergeRuns::All] {
            settings.config.merge_runs = merge;
            let outcome = pipeline::fix(&text, &settings);
            let Some(new) = outcome.text().map(str::to_owned) else { continue };
            if judged.as_ref() == Some(&new) {
                continue;
            }
            let verdict = judge(&mut agent, &text, &new);
            judged = Some(new);
            faults += verdict.faults;
            failures.extend(verdict.failures.iter().map(|failure| format!("{name}: {failure}")));
        }
    }
    println!("{faults} faults injected");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The names and texts of all examples and fixtures.
pub fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for transform in transforms::ALL {
        let manual = transform
            .source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line));
        let mut block = None::<String>;
        for line in manual {
            match (&mut block, line) {
                (None, "```dockerfile before") => block = Some(String::new()),
                (Some(_), "```") => texts.extend(block.take().map(|text| (transform.id.to_owned(), text))),
                (Some(text), line) => *text += &format!("{line}\n"),
                _ => {}
            }
        }
    }
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), &mut texts);
    texts
}

fn gather(directory: &Path, texts: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            gather(&path, texts);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            texts.push((path.display().to_string(), text));
        }
    }
}
