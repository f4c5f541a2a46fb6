//! Files of any length: the time to fix one is proportional to its length and not to its square,
//! and no step rolls back. `benches/growth` measures the same kinds of files more closely.

#[path = "../benches/growth/kinds.rs"]
mod kinds;
#[path = "../benches/growth/measure.rs"]
mod measure;

use std::time::Duration;

use jettison::config::{Deadline, Settings};
use jettison::pipeline::{self, Unapplied};
use kinds::KINDS;
use measure::{MODES, exponent, fix, settings};

/// Two numbers of instructions, commands or stages.
const SIZES: (usize, usize) = (300, 1_500);
/// The limit of the exponent, which is 2 for quadratic time. Questions about pairs search at most
/// 300 instructions, so between these sizes their time still grows faster than the file; the
/// benchmark measures larger files.
const MOST: f64 = 1.8;
/// Shorter times are not significant.
const LEAST: Duration = Duration::from_millis(20);

fn grow(mode: &str) {
    let settings = settings(mode);
    let mut slow = Vec::new();
    for (name, text) in KINDS {
        let (small, large) = (text(SIZES.0), text(SIZES.1));
        let mut times = (Duration::MAX, Duration::MAX);
        // A disturbance can only make a measurement longer.
        let is_well = (0..4).any(|_| {
            let (before, after) = (fix(&small, &settings), fix(&large, &settings));
            let is_undone = |unapplied: &Unapplied| unapplied.reason.code() != "never-finished";
            assert!(!after.1.undone.iter().any(is_undone), "{name}, {mode}: {:?}", after.1.undone);
            times = (times.0.min(before.0), times.1.min(after.0));
            times.1 < LEAST || exponent(SIZES, times) < MOST
        });
        if !is_well {
            slow.push(format!("{name}: {times:?}"));
        }
    }
    assert!(slow.is_empty(), "{mode}, {SIZES:?} instructions: {slow:#?}");
}

#[test]
fn time_grows_with_the_length_by_default() {
    grow(MODES[0]);
}

#[test]
fn time_grows_with_the_length_with_unsafe() {
    grow(MODES[1]);
}

#[test]
fn time_grows_with_the_length_with_mounts() {
    grow(MODES[2]);
}

#[test]
fn a_file_whose_time_is_over_is_left_alone() {
    let text = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n";
    let over = Settings { deadline: Deadline::by(|| true), ..Settings::default() };
    let outcome = pipeline::fix(text, &over);
    assert!(outcome.is_late && outcome.steps.is_empty() && outcome.text().is_none());
    let in_time = Settings { deadline: Deadline::by(|| false), ..Settings::default() };
    let outcome = pipeline::fix(text, &in_time);
    assert!(!outcome.is_late && outcome.text().is_some());
}

#[test]
fn many_installs_become_few_runs() {
    let text = format!("FROM centos:7\n{}", "RUN yum install -y x && yum clean all\n".repeat(1_200));
    let outcome = pipeline::fix(&text, &Settings::default());
    assert!(outcome.undone.is_empty(), "{:?}", outcome.undone);
    let runs = outcome.text().expect("they are merged").matches("RUN ").count();
    assert!(runs <= 1_200 / 60, "{runs} are left");
}

/// Many copies that could be split do not prevent fixes by other transforms.
#[test]
fn a_long_row_of_copies_keeps_no_other_transform_from_its_work() {
    let copies = "COPY . .\nRUN pip install -r requirements.txt\n".repeat(40);
    let text =
        format!("FROM python:3.12\nWORKDIR /s\n{copies}RUN apt-get update && apt-get install -y curl\n");
    let (_, outcome) = fix(&text, &Settings::default());
    assert!(
        !outcome.undone.iter().any(|unapplied| unapplied.reason.code() != "never-finished"),
        "{:?}",
        outcome.undone
    );
    assert!(outcome.text().expect("there is something to clean").contains("rm -rf /var/lib/apt/lists/*"));
}

/// Each merge enables the next one, more than ten times.
#[test]
fn a_long_chain_of_fixes_becomes_stable() {
    let text = format!("FROM d\n{}RUN rm /tmp\n", "RUN for x in a b; do curl -o /tmp; done\n".repeat(30));
    let (_, outcome) = fix(&text, &Settings::default());
    assert!(outcome.undone.is_empty(), "{:?}", outcome.undone);
    assert_eq!(outcome.text().expect("they are merged").matches("RUN ").count(), 1);
}
