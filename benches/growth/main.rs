//! How the time to fix a file grows with its length: for every kind, it must be proportional to the
//! length and not to its square.
//!
//! `cargo bench --bench growth [-- PART-OF-A-NAME]`. Fails if the exponent is too large.

mod kinds;
mod measure;

use std::process::ExitCode;
use std::time::Duration;

use kinds::{KINDS, Kind};
use measure::{MODES, exponent, fix, settings};

/// Two numbers of instructions, commands or stages.
const SIZES: (usize, usize) = (1_000, 10_000);
/// A larger number, for some of the kinds.
const LARGEST: usize = 100_000;
const OF_LARGEST: &[&str] = &["copies", "pip", "RUN and ENV", "a chain of stages", "of everything"];
/// The limit of the exponent. Sorting turns 1 into 1.1, and a file that outgrows the processor's
/// caches reaches 1.2; the rest is for disturbances. Quadratic time is 2.
const MOST: f64 = 1.25;
/// Shorter times are not significant.
const LEAST: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted =
        |(name, _): &&Kind| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let mut is_well = true;
    for mode in MODES {
        let settings = settings(mode);
        println!("{mode}: seconds for {} and {} instructions, exponent", SIZES.0, SIZES.1);
        for (name, text) in KINDS.iter().filter(is_wanted) {
            let (small, large) = (text(SIZES.0), text(SIZES.1));
            // A disturbance can only make a measurement longer.
            let best = |text: &str| (0..3).map(|_| fix(text, &settings).0).min().unwrap_or_default();
            let times = (best(&small), best(&large));
            let power = exponent(SIZES, times);
            let fails = power > MOST && times.1 > LEAST;
            is_well &= !fails;
            let seconds = (times.0.as_secs_f64(), times.1.as_secs_f64());
            print!("{name:40} {:9.4} {:9.4} {power:6.2}", seconds.0, seconds.1);
            if OF_LARGEST.contains(name) {
                print!("; {LARGEST}: {:.2}", fix(&text(LARGEST), &settings).0.as_secs_f64());
            }
            println!("{}", if fails { "  TOO MUCH" } else { "" });
        }
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
