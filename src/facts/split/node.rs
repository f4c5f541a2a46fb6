//! node.

use crate::facts::base_image::ImageName;
use crate::facts::split::{Answer, Look};
use crate::facts::{Facts, Stage};

/// Whether it is built in the stage.
pub(super) fn is_it(_: &Facts<'_>, _: &Stage, _: &ImageName) -> bool {
    false
}

/// What is known of such a stage.
pub(super) fn recipe(_: &Look<'_, '_>) -> Answer {
    None
}
