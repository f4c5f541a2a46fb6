//! Whether a C program runs without a distribution: on Google's `distroless/base`, which has the C
//! library, the loader, certificates and time zones, and on the libraries that it was linked to.
//!
//! Only for programs whose sources can all be read and that need nothing else of the system: no
//! shell, no other program, no plugin. C++ is not supported: it needs a runtime library of its
//! compiler. (GoogleContainerTools/distroless, base/README.md.)

use crate::facts::Facts;
use crate::knowledge::languages::c::{
    ASKS_FOR_MORE, ENDINGS_OF_PLAIN_SOURCES, ENDINGS_OF_PROGRAMS, LIBRARIES_OF_LIBC, LINKS_MORE,
};
use crate::runtime::outputs::StageOutputs;
use crate::runtime::package_role::{Role, role_of};
use crate::runtime::view::StageView;
use crate::syntax::Body;
use crate::transforms::split_stages::build_texts;

/// The base image for such a program.
pub(crate) const BASE: &str = "gcr.io/distroless/base-debian12";

/// The files of the libraries that the program loads, by name. `None` if it needs more than the
/// distroless image contains.
pub(crate) fn libraries(
    view: &StageView<'_, '_>,
    work: &StageOutputs,
    is_source: &dyn Fn(&str) -> bool,
) -> Option<Vec<String>> {
    let release = view.stage.release.as_ref()?;
    let context = view.context?;
    let is_bookworm = release.family == "debian" && release.version.first() == Some(&12);
    let has_settings =
        !work.accounts.is_empty() || !work.links.is_empty() || names_an_account(view.facts, view);
    let has_owners = work.owner_of(&view.folder).is_some();
    if !is_bookworm || has_settings || has_owners || view.start.needs_shell() {
        return None;
    }
    // Every file that is sent is either a source that was read, or a file that is only opened.
    let sources = view.sources(ENDINGS_OF_PLAIN_SOURCES)?;
    let is_plain = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        is_source(path) && ["c", "h", "mk"].contains(&name.rsplit('.').next().unwrap_or_default())
            || matches!(name, "Makefile" | "makefile" | "GNUmakefile")
            || !is_source(path) && !ENDINGS_OF_PROGRAMS.iter().any(|ending| path.ends_with(ending))
    };
    let all_plain = context.sent().all(|entry| is_plain(&entry.path) && !entry.is_link);
    if sources.is_empty()
        || !all_plain
        || sources.iter().any(|text| ASKS_FOR_MORE.iter().any(|word| text.contains(word)))
    {
        return None;
    }
    let mut files = Vec::new();
    for package in &work.packages {
        match role_of(package, Some(release), view.facts.known) {
            Role::Runtime(_) => {
                let all = view.facts.known.libraries();
                let library = all.iter().find(|library| {
                    library.dev.iter().any(|dev| dev == package) && !library.files.is_empty()
                })?;
                files.extend(library.files.iter().cloned());
            }
            _ if view.start.names(package) => return None,
            _ => {}
        }
    }
    let is_known = |library: &str| {
        LIBRARIES_OF_LIBC.contains(&library)
            || files.iter().any(|file| file.starts_with(&format!("lib{library}.so")))
    };
    let links_known = |text: &str| build_texts::words(text).filter_map(build_texts::library).all(is_known);
    let builds_plainly = build_texts::texts(view)
        .all(|text| links_known(text) && !LINKS_MORE.iter().any(|word| text.contains(word)));
    builds_plainly.then_some(files)
}

/// Whether USER names a user who may not exist there.
fn names_an_account(facts: &Facts<'_>, view: &StageView<'_, '_>) -> bool {
    let mut all = facts.file.instructions().filter(|(item, _)| view.stage.items.contains(item));
    all.any(|(_, instruction)| matches!(&instruction.body, Body::User(user) if user.contains(|c: char| !c.is_ascii_digit() && c != ':') && user != "root" && user != "nobody"))
}
