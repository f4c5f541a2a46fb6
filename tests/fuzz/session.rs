//! A run over many cases: seeds, duration, counts and findings.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The stack of the program's own threads.
const STACK: usize = 16 << 20;
/// How often a long run prints its progress.
const PROGRESS: Duration = Duration::from_mins(1);
/// The number of findings of one kind that are minimised and shown.
const SHOWN: usize = 1;

/// The number of cases of each kind.
pub type Counts = BTreeMap<&'static str, usize>;

/// What is wrong with a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The same for all findings of this kind.
    pub kind: String,
    /// Details for the reader.
    pub detail: String,
}

impl Finding {
    /// A finding without details.
    pub fn of(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), detail: String::new() }
    }
}

/// A value from the environment.
pub fn wanted<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Runs cases of consecutive seeds: a number of them, or as many as there is time for. `check`
/// returns what is wrong with a case, and `smallest` shows the smallest case that fails in the same
/// way.
pub fn run(
    name: &str,
    cases: usize,
    check: impl Fn(u64, &mut Counts) -> Result<(), Finding> + Sync,
    smallest: impl Fn(u64, &Finding) -> String + Sync,
) {
    let first: u64 = wanted("JETTISON_FUZZ_SEED").unwrap_or(1);
    let time = wanted("JETTISON_FUZZ_SECONDS").map(Duration::from_secs);
    let most = match (wanted("JETTISON_FUZZ_CASES"), time) {
        (Some(most), _) => most,
        (None, Some(_)) => usize::MAX,
        (None, None) => cases,
    };
    let (start, mut said) = (Instant::now(), Instant::now());
    let (mut counts, mut kinds, mut done) = (Counts::new(), BTreeMap::<String, usize>::new(), 0);
    for seed in (first..).take(most) {
        if time.is_some_and(|time| start.elapsed() > time) {
            break;
        }
        if let Err(found) = on_a_large_stack(|| check(seed, &mut counts)) {
            let times = kinds.entry(found.kind.clone()).or_default();
            *times += 1;
            if *times <= SHOWN {
                let smallest = on_a_large_stack(|| smallest(seed, &found));
                eprintln!("{name}, seed {seed}: {} {}\n{smallest}\n", found.kind, found.detail);
            }
        }
        done += 1;
        if said.elapsed() > PROGRESS {
            said = Instant::now();
            eprintln!("{name}: {done} cases to seed {seed}, {counts:?}, {kinds:?}");
        }
    }
    println!("{name}: {done} cases from seed {first} in {:?}: {counts:?}", start.elapsed());
    assert!(kinds.is_empty(), "{name}: {kinds:#?}");
}

/// Runs a function with the stack that the program uses, because scripts may nest deeply.
fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.expect("a thread starts").join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
