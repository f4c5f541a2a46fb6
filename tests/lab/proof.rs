//! The proof for one application: its images before and after, compared in files, configuration and behaviour.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::allowed::{self, Trees};
use crate::applications::{Application, Service};
use crate::build::{Image, Workspace};
use crate::engine;
use crate::filesystem::{self, Kind, Tree};
use crate::smoke;

/// Builds, fixes, builds again; the error lists all that differs and must not.
pub fn of(application: &'static Application) -> Result<()> {
    let (original, fixed) = (Workspace::of(application)?, Workspace::of(application)?);
    fixed.fix()?;
    let mut before = Vec::new();
    let mut after = Vec::new();
    let mut complaints = Vec::new();
    for service in application.services {
        let first = original.build(service, "before", false)?;
        // The second build of the original shows what differs anyway, so nothing may come from the cache.
        let again = original.build(service, "again", true)?;
        let result = fixed.build(service, "after", false)?;
        let own = allowed::rewritten(&original.files(service)?, &fixed.files(service)?)?;
        let (old, twin, new) = (filesystem::of(&first)?, filesystem::of(&again)?, filesystem::of(&result)?);
        let trees = Trees { before: &old, again: &twin, after: &new };
        let noise = trees.unexplained_noise();
        let harm = trees.harm(&own);
        let name = service_name(application, service);
        eprintln!(
            "{name}: {} files of {} bytes before, {} of {} after",
            old.len(),
            bytes(&old),
            new.len(),
            bytes(&new)
        );
        complaints.extend(noise.iter().map(|one| format!("{name}: built twice as written, {one}")));
        complaints.extend(harm.iter().map(|one| format!("{name}: {one}")));
        if configuration(&first)? != configuration(&result)? {
            complaints.push(format!(
                "{name}: the configuration was {}\n  and is {}",
                configuration(&first)?,
                configuration(&result)?
            ));
        }
        before.push(first);
        after.push(result);
    }
    // The original first: if it does not work, nothing is proven by the other.
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

/// The configuration that a container of the image starts with.
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
