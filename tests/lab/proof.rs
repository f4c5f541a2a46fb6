//! The test of one application: compares the files, configuration and behaviour of its images
//! before and after.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::allowed::{self, Rewritten, Trees};
use crate::applications::{Application, Service};
use crate::build::{Image, Workspace};
use crate::engine;
use crate::filesystem::{self, Kind, Tree};
use crate::smoke;

/// Builds, fixes, and builds again. The error lists all differences that are not permitted.
pub fn of(application: &'static Application) -> Result<()> {
    let (original, fixed) = (Workspace::of(application)?, Workspace::of(application)?);
    fixed.fix(&[])?;
    let mut before = Vec::new();
    let mut after = Vec::new();
    let mut complaints = Vec::new();
    for service in application.services {
        let first = original.build(service, "before", false)?;
        // The second build of the original shows the differences that occur anyway, so it must not
        // use the cache.
        let again = original.build(service, "again", true)?;
        let result = fixed.build(service, "after", false)?;
        let own = allowed::rewritten(&original.files(service)?, &fixed.files(service)?)?;
        let name = service_name(application, service);
        let found = compare(&name, [&first, &again, &result], &own)?;
        complaints.extend(found.into_iter().map(|complaint| format!("{name}: {complaint}")));
        before.push(first);
        after.push(result);
    }
    // The original is tested first: if it does not work, the fixed version proves nothing.
    for (version, images) in [("as written", &before), ("fixed", &after)] {
        if let Err(error) = smoke::test(application, images) {
            complaints.push(format!("{} {version} fails its smoke test: {error:#}", application.name));
        }
    }
    if !complaints.is_empty() {
        let shown = complaints.len().min(50);
        bail!(
            "{} differences in {}:\n{}",
            complaints.len(),
            application.name,
            complaints[..shown].join("\n")
        );
    }
    Ok(())
}

/// Compares the files and the configuration of one service's images: the original, the original
/// built again, and the fixed one.
fn compare(name: &str, images: [&Image; 3], own: &[Rewritten]) -> Result<Vec<String>> {
    let [before, again, after] = images;
    let (old, twin, new) = (filesystem::of(before)?, filesystem::of(again)?, filesystem::of(after)?);
    let (files, size) = (old.len(), bytes(&old));
    eprintln!("{name}: {files} files of {size} bytes before, {} of {} after", new.len(), bytes(&new));
    let trees = Trees { before: &old, again: &twin, after: &new };
    let noise = trees.unexplained_noise().into_iter().map(|difference| {
        format!(
            "two builds of the original: {difference} (is the build cache older than the registries' packages? \
             `docker builder prune` empties it)"
        )
    });
    let mut found: Vec<String> = noise.collect();
    found.extend(trees.harm(own).iter().map(ToString::to_string));
    let (was, is) = (configuration(before)?, configuration(after)?);
    if was != is {
        found.push(format!("the configuration was {was}\n  and is {is}"));
    }
    Ok(found)
}

/// The configuration with which containers of the image start.
pub fn configuration(image: &Image) -> Result<Value> {
    let text = engine::docker(&["image", "inspect", "--format", "{{json .Config}}", &image.tag])?;
    Ok(serde_json::from_str(&text)?)
}

fn service_name(application: &Application, service: &Service) -> String {
    if application.services.len() == 1 {
        application.name.to_owned()
    } else {
        format!("{}/{}", application.name, service.name)
    }
}

fn bytes(tree: &Tree) -> u64 {
    let size = |kind: &Kind| if let Kind::File { size, .. } = kind { *size } else { 0 };
    tree.values().map(|entry| size(&entry.kind)).sum()
}
