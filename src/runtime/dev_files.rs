//! The dev dependencies whose files a check of the built image has read. They stay, whatever the
//! sources say: nothing proves a need better.
//!
//! That no check has read a package proves nothing: another request may load it. So this only adds
//! reasons to keep packages.

use serde_json::Value;

use crate::knowledge::languages::node::DIRECTORIES_OF_GLOBAL_PACKAGES;
use crate::reasons::{self, Reason};
use crate::runtime::view::StageView;

/// Checks that no check has read a file of a dev dependency of npm, pnpm or Yarn. npm's lockfile
/// lists those that only dev dependencies need. (npm's manual, package-lock.json, `dev`.)
pub(crate) fn node(view: &StageView<'_, '_>, names: &[&str]) -> Result<(), Reason> {
    let used = used(view);
    if used.is_empty() {
        return Ok(());
    }
    let locks: Vec<Value> = view.context.map_or(Vec::new(), |context| {
        let locks = context.sent_by_name("package-lock.json").filter_map(|entry| context.text(&entry.path));
        locks.filter_map(|text| serde_json::from_str(text).ok()).collect()
    });
    let is_dev = |path: &str| {
        let name = path.rsplit_once("node_modules/").map_or(path, |(_, name)| name);
        let is_locked = |lock: &Value| lock["packages"][path]["dev"] == Value::Bool(true);
        names.contains(&name) || locks.iter().any(is_locked)
    };
    let is_global = |path: &str| DIRECTORIES_OF_GLOBAL_PACKAGES.iter().any(|start| path.starts_with(start));
    for path in used.iter().filter(|path| !is_global(path)) {
        for package in installed(path) {
            if is_dev(package) {
                let name = package.rsplit_once("node_modules/").map_or(package, |(_, name)| name);
                return Err(reasons::check_reads_dev_dependency(path, name));
            }
        }
    }
    Ok(())
}

/// Checks that no check has read a file of a Python package. `modules` are the names under which it
/// can be imported.
pub(crate) fn python(view: &StageView<'_, '_>, name: &str, modules: &[String]) -> Result<(), Reason> {
    let is_its = |path: &&String| {
        let inner = ["/site-packages/", "/dist-packages/"].iter().find_map(|part| path.split_once(part));
        let module = inner.and_then(|(_, inner)| inner.split(['/', '.']).next());
        module.is_some_and(|module| modules.iter().any(|own| own == module))
    };
    refuse(view, name, is_its)
}

/// Checks that no check has read a file of a package of Composer.
pub(crate) fn php(view: &StageView<'_, '_>, name: &str) -> Result<(), Reason> {
    let folder = format!("/vendor/{name}/");
    refuse(view, name, |path| path.contains(&folder))
}

fn refuse(view: &StageView<'_, '_>, name: &str, is_its: impl Fn(&&String) -> bool) -> Result<(), Reason> {
    let found = used(view).iter().find(is_its);
    found.map_or(Ok(()), |path| Err(reasons::check_reads_dev_dependency(path, name)))
}

fn used<'v>(view: &StageView<'v, '_>) -> &'v [String] {
    view.facts.context_source.read_files()
}

/// The packages that contain a file, as npm's lockfile names them: `node_modules/a`, and
/// `node_modules/a/node_modules/b`.
fn installed(path: &str) -> impl Iterator<Item = &str> {
    const FOLDER: &str = "node_modules/";
    let first = path.find("/node_modules/").map(|at| at + 1);
    let path = first.map_or("", |at| &path[at..]);
    path.match_indices(FOLDER).filter_map(move |(at, _)| {
        let name = &path[at + FOLDER.len()..];
        let parts = if name.starts_with('@') { 2 } else { 1 };
        let length = name.match_indices('/').nth(parts - 1)?.0;
        Some(&path[..at + FOLDER.len() + length])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_path() {
        let all = |path| installed(path).collect::<Vec<_>>();
        assert_eq!(all("/app/node_modules/ms/index.js"), ["node_modules/ms"]);
        assert_eq!(
            all("/app/node_modules/@a/b/node_modules/c/x/y.js"),
            ["node_modules/@a/b", "node_modules/@a/b/node_modules/c"]
        );
        assert_eq!(
            all("/node_modules/.pnpm/ms@2.1.3/node_modules/ms/index.js"),
            ["node_modules/.pnpm", "node_modules/.pnpm/ms@2.1.3/node_modules/ms"]
        );
        assert_eq!(all("/app/node_modules/.package-lock.json"), [""; 0]);
        assert_eq!(all("/usr/lib/x"), [""; 0]);
    }
}
