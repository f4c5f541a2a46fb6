//! Use COPY instead of ADD for files and directories of the build context.
//!
//! # Why
//! ADD also downloads URLs and unpacks archives, so a reader has to check what it does. COPY does one
//! thing. hadolint warns about it (DL3020).
//!
//! # Safety
//! Apart from downloading and unpacking, the builder treats both in the same way. It unpacks a file
//! if its content is an archive, whatever its name is: so Jettison reads the first bytes of each
//! file. ADD never unpacks the files in a directory.
//!
//! # When it does nothing
//! A source is a URL or a repository, has a variable or a pattern, is a symlink, or is not in the
//! build context; it is or may be an archive; or a flag is there that only ADD has.
//!
//! # Examples
//! ```dockerfile before
//! FROM debian:12
//! ADD . /app
//! ```
//! ```dockerfile after
//! FROM debian:12
//! COPY . /app
//! ```

use crate::edit::Edits;
use crate::facts::near_error;
use crate::reasons::{self, Reason};
use crate::syntax::Body;
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "copy-not-add",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("copy_not_add.rs"),
    hadolint: &["DL3020"],
    contract: Contract::COPY_FOR_ADD,
    run,
};

/// The flags that ADD and COPY have in common.
const COMMON_FLAGS: &[&str] = &["chown", "chmod", "link", "exclude"];

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for (item, instruction) in ctx.file.instructions() {
        let Body::Add(add) = &instruction.body else { continue };
        let is_of_add = instruction.flags.iter().any(|flag| !COMMON_FLAGS.contains(&flag.name.as_str()))
            || add.sources.iter().any(|source| is_remote(source) || source.starts_with("<<"));
        if is_of_add || near_error(ctx.file, item) {
            continue;
        }
        if let Some(reason) = add.sources.iter().find_map(|source| is_unpacked(ctx, source).err()) {
            fixes.refuse(instruction.text, reason);
            continue;
        }
        let keyword = instruction.keyword_span.of(ctx.file.text);
        let is_lower = keyword.starts_with(|c: char| c.is_ascii_lowercase());
        let mut edits = Edits::new();
        edits.replace(instruction.keyword_span, if is_lower { "copy" } else { "COPY" });
        let title = "use COPY instead of ADD, which may also download or unpack";
        fixes.propose(Applicability::Safe, instruction.text, title, edits);
    }
}

/// Whether ADD downloads or clones a source. (BuildKit's `gitutil.ParseGitRef` and `isHTTPSource`.)
fn is_remote(source: &str) -> bool {
    let path = source.split_once('#').map_or(source, |(path, _)| path);
    source.contains("://")
        || source.contains('@')
        || path.ends_with(".git")
        || path.starts_with("github.com/")
}

/// Whether ADD unpacks a source; the error says that it does, or that this is unknown.
fn is_unpacked(ctx: &Context<'_>, source: &str) -> Result<(), Reason> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/+ ".contains(c);
    if !source.chars().all(is_plain) || source.split('/').any(|part| part == "..") {
        return Err(reasons::sources_not_named(source));
    }
    let parts: Vec<&str> = source.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    if path.is_empty() {
        return Ok(());
    }
    let context = ctx.build_context()?;
    match context.file(&path) {
        Some(entry) if entry.is_link => Err(reasons::may_be_archive(source)),
        Some(_) if context.may_be_archive(&path) => Err(reasons::may_be_archive(source)),
        Some(_) => Ok(()),
        None if context.below(&path).next().is_some() => Ok(()),
        None => Err(reasons::not_in_context(source)),
    }
}
