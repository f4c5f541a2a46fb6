//! How long fixing takes: one ordinary file, all real ones, and files of growing length, where the
//! cost must be proportional to the length.
//!
//! `cargo bench`. The corpus is measured if it is available.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use divan::{Bencher, counter::ItemsCount};
use jettison::config::Settings;
use jettison::pipeline;
use jettison::syntax::Dockerfile;

fn main() {
    divan::main();
}

/// Some thirty lines in which there is something to do.
const ORDINARY: &str = include_str!("../examples/agents-devbox/Dockerfile");

#[divan::bench]
fn parse_one_file() -> usize {
    Dockerfile::parse(black_box(ORDINARY)).items.len()
}

#[divan::bench]
fn fix_one_file() -> usize {
    pipeline::fix(black_box(ORDINARY), &Settings::default()).steps.len()
}

#[divan::bench]
fn fix_a_fixed_file(bencher: Bencher) {
    let outcome = pipeline::fix(ORDINARY, &Settings::default());
    let fixed = outcome.text().unwrap_or(ORDINARY).to_owned();
    bencher.bench(|| pipeline::fix(black_box(&fixed), &Settings::default()).steps.len());
}

/// A file of so many instructions, half of them RUNs of which every fourth has something to fix.
fn long_file(instructions: usize) -> String {
    let mut text = String::from("FROM debian:12\n");
    for number in 0..instructions / 2 {
        let script = match number % 4 {
            0 => format!("apt-get update && apt-get install -y package{number}"),
            1 => format!("make target{number} && test -e /out/{number}"),
            2 => format!("curl -fsSL https://example.com/{number} | tar -xz -C /opt"),
            _ => format!("useradd -m user{number}"),
        };
        text += &format!("RUN {script}\nENV VARIABLE_{number}=value\n");
    }
    text
}

#[divan::bench(args = [10, 100, 1_000, 10_000])]
fn fix_a_file_of_instructions(bencher: Bencher, instructions: usize) {
    let text = long_file(instructions);
    bencher
        .counter(ItemsCount::new(instructions))
        .bench(|| pipeline::fix(black_box(&text), &Settings::default()).steps.len());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn fix_the_corpus_on_one_core(bencher: Bencher) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/files");
    let Ok(entries) = fs::read_dir(&directory) else {
        eprintln!("skipped: the corpus is not available");
        return;
    };
    let texts: Vec<String> =
        entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok()).collect();
    bencher.counter(ItemsCount::new(texts.len())).bench(|| {
        texts
            .iter()
            .map(|text| pipeline::fix(black_box(text), &Settings::default()).steps.len())
            .sum::<usize>()
    });
}
