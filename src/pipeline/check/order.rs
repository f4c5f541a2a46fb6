//! What a step may do that changes the order of instructions.

use crate::facts::Facts;
use crate::syntax::Dockerfile;

/// Compares two texts around such a step; the error says what is wrong, to follow "afterwards".
pub(super) fn check(old: &Facts<'_>, after: &Dockerfile<'_>) -> Result<(), String> {
    if old.file.text == after.text { Ok(()) } else { Err("the file differs".into()) }
}
