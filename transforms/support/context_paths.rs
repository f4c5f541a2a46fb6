//! How a path of the build context gets into the image: by which instructions, and whether they
//! name it.

use crate::context::{BuildContext, Ignore};
use crate::facts::{Facts, paths};
use crate::syntax::{Body, Instruction, Item, Transfer};

/// How an instruction may bring a path of the build context to the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// A copy names the path, or something in it.
    Named,
    /// A copy of a directory contains it, and puts it at this place in the image.
    Copied(String),
    /// The flags or variables of a copy are not analyzed.
    Unknown {
        /// Whether its sources may contain the path.
        may_contain: bool,
    },
    /// A RUN sees the build context.
    Mounted,
    /// An instruction of a later build.
    Later,
}

/// The instructions that may bring a path of the build context to the build.
pub(crate) fn accesses<'f>(
    facts: &'f Facts<'_>,
    context: &'f BuildContext,
    path: &'f str,
) -> impl Iterator<Item = (usize, &'f Instruction<'f>, Access)> {
    facts.file.items.iter().enumerate().filter_map(move |(item, it)| {
        let Item::Instruction(instruction) = it else { return None };
        let access = match &instruction.body {
            Body::Copy(transfer) | Body::Add(transfer) => {
                if instruction.flag("from").is_some() || !instruction.heredocs.is_empty() {
                    return None;
                }
                of_copy(facts, context, path, item, transfer)?
            }
            // Docker's reference, RUN --mount=type=bind: without `from` it shows the build context.
            Body::Run(_) => {
                let mut mounts = paths::mounts(instruction).into_iter();
                mounts.find(|mount| mount.kind == "bind" && mount.from.is_none())?;
                Access::Mounted
            }
            Body::Onbuild(..) => Access::Later,
            _ => return None,
        };
        Some((item, &**instruction, access))
    })
}

fn of_copy(
    facts: &Facts<'_>,
    context: &BuildContext,
    path: &str,
    item: usize,
    transfer: &Transfer,
) -> Option<Access> {
    // The others are URLs.
    let local: Vec<&str> = transfer
        .sources
        .iter()
        .filter(|source| !source.contains("://"))
        .map(|source| source.trim_start_matches("./").trim_matches('/'))
        .collect();
    let names = |source: &&str| {
        !source.is_empty()
            && (paths::within(source, path)
                || source.contains(['*', '?', '[']) && Ignore::parse(source).excludes(path))
    };
    if local.iter().any(names) {
        return Some(Access::Named);
    }
    match facts.copied(item, context) {
        Some(copied) => copied.image_path(path).map(Access::Copied),
        None if local.is_empty() => None,
        None => Some(Access::Unknown {
            may_contain: local.iter().any(|source| {
                *source == "." || source.contains("..") || source.contains('$') || paths::within(path, source)
            }),
        }),
    }
}
