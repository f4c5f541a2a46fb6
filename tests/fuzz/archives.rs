//! Mutated image archives through `inspect`: the result is an image or an error, within limits of
//! time and memory.

use std::cell::Cell;
use std::rc::Rc;

use jettison::image;
use jettison::inspect::Inspection;
use jettison::knowledge::Knowledge;
use nix::sys::resource::{UsageWho, getrusage};

use crate::caught::caught;
use crate::image::{Change, archive};
use crate::random::Random;
use crate::session::{self, Finding};
use crate::shrink;

/// The number of cases without `JETTISON_FUZZ_CASES` and `JETTISON_FUZZ_SECONDS`.
const CASES: usize = 500;
/// The time limit, as a number of checks. Archives are small, but holes in them may be large.
const MOST_READS: usize = 5_000_000;
/// The memory limit of this process in kilobytes, other tests included.
const MOST_KILOBYTES: i64 = 1_000_000;

#[test]
fn archives() {
    session::run(
        "archives",
        CASES,
        |seed, counts| {
            let (base, changes) = case(seed);
            let read = check(&archive(base, &changes))?;
            *counts.entry(if read { "read" } else { "refused" }).or_default() += 1;
            Ok(())
        },
        |seed, found| {
            let (base, changes) = case(seed);
            let fails = |bytes: &[u8]| check(bytes).err().is_some_and(|other| other.kind == found.kind);
            let changes = shrink::list(changes, |changes| fails(&archive(base, changes)));
            let bytes = archive(base, &changes);
            let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("archive-{seed}.tar"));
            std::fs::write(&path, bytes).expect("it can be written");
            format!("{} changes are enough; the archive is {}", changes.len(), path.display())
        },
    );
}

fn case(seed: u64) -> (u64, Vec<Change>) {
    let mut random = Random::new(seed);
    let changes = (0..random.below(6)).map(|number| Change(seed.wrapping_mul(1_000) + number as u64));
    (random.below(1 << 20) as u64, changes.collect())
}

/// Whether the archive was read to its end.
fn check(bytes: &[u8]) -> Result<bool, Finding> {
    let asked = Rc::new(Cell::new(0));
    let is_late = {
        let asked = asked.clone();
        move || asked.replace(asked.get() + 1) > MOST_READS
    };
    let image = caught(|| image::read(bytes, is_late))?;
    if asked.get() > MOST_READS {
        return Err(Finding::of("reading never ends"));
    }
    if let Ok(image) = &image {
        let found = caught(|| Inspection::of(image, Knowledge::embedded()))?;
        if found.seen > found.size || found.wasted() > found.size {
            return Err(Finding::of("the figures do not add up"));
        }
    }
    let peak = getrusage(UsageWho::RUSAGE_SELF).expect("it is known").max_rss();
    if peak > MOST_KILOBYTES {
        return Err(Finding::of(format!("it takes more than {MOST_KILOBYTES} kB")));
    }
    Ok(image.is_ok())
}
