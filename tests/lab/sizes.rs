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

/// The effect of `--verify`, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Verified {
    /// The size of all images afterwards, unpacked.
    pub after: u64,
    /// The size of the files that the checks executed or read in the original images.
    pub read: u64,
}

impl Verified {
    /// How many bytes are kept for each byte that is read.
    #[allow(clippy::cast_precision_loss)]
    pub fn kept_per_read(self) -> f64 {
        self.after as f64 / self.read as f64
    }
}

/// Fixes an application with `--verify`, and runs its smoke test on the result. The program under
/// test does not know the smoke test: it only knows the HEALTHCHECK and the start of the container.
pub fn verified(application: &'static Application) -> Result<Verified> {
    let workspace = Workspace::of(application)?;
    let report = workspace.verify()?;
    let mut read = 0;
    for service in application.services {
        let path = workspace.context(service).join("Dockerfile").to_string_lossy().into_owned();
        let mut files = report["files"].as_array().into_iter().flatten();
        let file = files.find(|file| file["path"] == path.as_str());
        let verified = &file.with_context(|| format!("{path} is not in the report"))?["verified"];
        ensure!(verified["untraced"].is_null(), "{path}: {}", verified["untraced"]);
        read += verified["used_size"].as_u64().with_context(|| format!("{path} was not verified"))?;
    }
    let services = application.services.iter();
    let images: Vec<Image> =
        services.map(|service| workspace.build(service, "verified", false)).collect::<Result<_>>()?;
    smoke::test(application, &images).context("with --verify")?;
    Ok(Verified { after: bytes(&images)?, read })
}

/// Fixes an application with `--verify` and a check, with and without `--minimize`, and runs its smoke
/// test on both results. Returns their sizes.
pub fn minimized(application: &'static Application, check: &str) -> Result<Sizes> {
    let build = |more: &[&str]| -> Result<(Vec<Image>, String)> {
        let workspace = Workspace::of(application)?;
        workspace.fix_file("Dockerfile", &[&["--verify", "--smoke", check], more].concat())?;
        let services = application.services.iter();
        let images: Vec<Image> =
            services.map(|service| workspace.build(service, "minimized", false)).collect::<Result<_>>()?;
        smoke::test(application, &images).with_context(|| format!("with --verify {more:?}"))?;
        Ok((images, std::fs::read_to_string(workspace.file("Dockerfile"))?))
    };
    let (images, _) = build(&[])?;
    let before = bytes(&images)?;
    let (images, text) = build(&["--minimize"])?;
    ensure!(text.contains("uninstall -y pip"), "{}: nothing is removed:\n{text}", application.name);
    Ok(Sizes { before, after: bytes(&images)? })
}

fn bytes(images: &[Image]) -> Result<u64> {
    let size = |image: &Image| -> Result<u64> {
        Ok(engine::docker(&["image", "inspect", "--format", "{{.Size}}", &image.tag])?.parse()?)
    };
    images.iter().map(size).sum()
}
