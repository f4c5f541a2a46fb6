//! The effect of `--unsafe`: an application's images before and after, both of which must work. The
//! second one is meant to contain less; the smoke tests show whether anything is missing.

use anyhow::{Context as _, Result, ensure};

use crate::applications::Application;
use crate::build::{Image, Workspace};
use crate::{engine, smoke};

/// The sizes of all images of an application, in bytes, unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub before: u64,
    pub after: u64,
}

impl Sizes {
    /// The reduction: 0.6 means by three fifths.
    #[allow(clippy::cast_precision_loss)]
    pub fn reduction(self) -> f64 {
        1.0 - self.after as f64 / self.before as f64
    }

    /// Fails if the reduction is small: every application was written to contain something that
    /// need not ship.
    pub fn must_shrink(self, application: &Application) -> Result<()> {
        let percent = 100.0 * self.reduction();
        eprintln!(
            "{}: {} bytes, {} with --unsafe, {percent:.1} % less",
            application.name, self.before, self.after
        );
        ensure!(self.reduction() >= 0.03, "{} is only {percent:.1} % smaller", application.name);
        Ok(())
    }
}

/// Builds both versions and runs the smoke test on each.
pub fn of(application: &'static Application) -> Result<Sizes> {
    let (original, fixed) = (Workspace::of(application)?, Workspace::of(application)?);
    fixed.fix(&["--unsafe"])?;
    let build = |workspace: &Workspace, version: &str| -> Result<Vec<Image>> {
        application.services.iter().map(|service| workspace.build(service, version, false)).collect()
    };
    let before = build(&original, "as-written")?;
    let after = build(&fixed, "unsafe").context("with --unsafe")?;
    smoke::test(application, &before).context("as written")?;
    smoke::test(application, &after).context("with --unsafe")?;
    Ok(Sizes { before: bytes(&before)?, after: bytes(&after)? })
}

fn bytes(images: &[Image]) -> Result<u64> {
    let size = |image: &Image| -> Result<u64> {
        Ok(engine::docker(&["image", "inspect", "--format", "{{.Size}}", &image.tag])?.parse()?)
    };
    images.iter().map(size).sum()
}
