//! The conditions that every step must meet, whatever its transform declares: the new text parses
//! as well as the old one, with the same directives. The contract checks the rest.

use crate::facts::Facts;
use crate::knowledge::Knowledge;
use crate::reasons::{self, Reason};
use crate::syntax::{Dockerfile, Item};
use crate::transform::Contract;

/// Parses a text and checks that it has no more errors than the previous one.
pub(super) fn still_reads<'t>(before: &Dockerfile<'_>, text: &'t str) -> Result<Dockerfile<'t>, Reason> {
    let after = Dockerfile::parse_after(text, before);
    if errors(&after) > errors(before) { Err(reasons::no_longer_parses()) } else { Ok(after) }
}

/// Compares the files before and after a step. Returns the facts of the second one, if they were
/// needed and no question about the build context has been answered. The error completes the
/// sentence "after this step, …".
pub(super) fn step<'a>(
    old: &Facts<'_>,
    after: &'a Dockerfile<'a>,
    contract: Contract,
    known: &'a Knowledge,
) -> Result<Option<Facts<'a>>, Reason> {
    let before = old.file;
    if after.directives.len() != before.directives.len() || after.escape != before.escape {
        return Err(reasons::directives_differ());
    }
    (contract.check)(old, after, known)
}

fn errors(file: &Dockerfile<'_>) -> usize {
    file.items.iter().filter(|item| matches!(item, Item::Error(..))).count()
}
