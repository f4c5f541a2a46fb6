//! Whether the lockfile next to an install lists the dependencies as the manifest does.

use serde_json::Value;

use crate::context::BuildContext;
use crate::facts::{Call, RunFacts};
use crate::reasons::{self, Reason};
use crate::transform::Context;

/// The parts of a manifest that the lockfile repeats.
const REPEATED: &[&str] = &["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// Checks the files that an install reads.
pub(super) fn fits(ctx: &Context<'_>, run: &RunFacts<'_>, call: &Call<'_>) -> Result<(), Reason> {
    let context = ctx.build_context()?;
    let workdir = run.states.directory(call.invocation).known().ok_or_else(reasons::lockfile_not_copied)?;
    let read = |name: &str| {
        let path = copied_to(ctx, run, context, &format!("{}/{name}", workdir.trim_end_matches('/')));
        let path = path.ok_or_else(reasons::lockfile_not_copied)?;
        let text = context.text(&path).ok_or_else(reasons::lockfile_not_copied)?;
        serde_json::from_str::<Value>(text).map_err(|_| reasons::lockfile_does_not_fit())
    };
    let mut settings = context.by_name(".npmrc").filter_map(|entry| context.text(&entry.path));
    if settings.any(|text| text.contains("package-lock")) {
        return Err(reasons::lockfile_does_not_fit());
    }
    let (manifest, lock) = (read("package.json")?, read("package-lock.json")?);
    let packages = &lock["packages"];
    let is_current = lock["lockfileVersion"].as_u64().is_some_and(|version| version >= 2);
    let is_plain = manifest["workspaces"].is_null() && manifest["overrides"].is_null();
    let is_same = REPEATED.iter().all(|part| manifest[part] == packages[""][part]);
    let is_listed = REPEATED[..2]
        .iter()
        .filter_map(|part| manifest[part].as_object())
        .all(|names| names.keys().all(|name| packages[format!("node_modules/{name}").as_str()].is_object()));
    if is_current && is_plain && is_same && is_listed {
        Ok(())
    } else {
        Err(reasons::lockfile_does_not_fit())
    }
}

/// The file of the context that is at a path of the image before a RUN.
fn copied_to(ctx: &Context<'_>, run: &RunFacts<'_>, context: &BuildContext, path: &str) -> Option<String> {
    for (item, instruction) in ctx.facts.before(run.item) {
        if !matches!(instruction.body, crate::syntax::Body::Copy(_) | crate::syntax::Body::Add(_)) {
            continue;
        }
        let Some(placed) = ctx.facts.placed_files(item, context) else { continue };
        if let Some((from, _)) = placed.into_iter().find(|(_, to)| to == path) {
            return Some(from);
        }
    }
    None
}
