//! Dev dependencies that a package which stays lists as its peers, such as the driver of a database:
//! it loads them if they are there.
//!
//! npm's lockfile says which packages it removes (`dev`). pnpm keeps the peers of the packages that
//! stay, and the lockfile of Yarn 1 has none. (docs.npmjs.com, "package-lock.json"; pnpm.io, "How
//! peers are resolved".)

use serde_json::Value;

use crate::context::{BuildContext, Format};
use crate::knowledge::languages::node::LOCKFILES_OF_NPM;
use crate::reasons::{self, Reason};

/// Checks that no package which stays has one of these dev dependencies as a peer.
pub(super) fn names_no_peer(context: &BuildContext, names: &[&str]) -> Result<(), Reason> {
    for name in LOCKFILES_OF_NPM {
        for entry in context.sent_by_name(name) {
            let reading = context.parsed(&entry.path, Format::Json)?;
            let Ok(lockfile) = &*reading else { continue };
            if let Some((package, name)) = peer(lockfile, names) {
                return Err(reasons::peer_of_production(package, name));
            }
        }
    }
    Ok(())
}

/// A package that stays, and the first of its peers that a removal of dev dependencies removes.
fn peer<'l>(lockfile: &'l Value, names: &[&'l str]) -> Option<(&'l str, &'l str)> {
    let packages = lockfile["packages"].as_object()?;
    let is_dev = |package: &Value| package["dev"] == Value::Bool(true);
    let removed: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| packages.get(&format!("node_modules/{name}")).is_some_and(is_dev))
        .collect();
    packages.iter().filter(|(path, package)| !path.is_empty() && !is_dev(package)).find_map(
        |(path, package)| {
            let tables = ["peerDependencies", "peerDependenciesMeta"];
            let is_peer = |name: &&&str| tables.iter().any(|table| package[*table].get(**name).is_some());
            let name = removed.iter().find(is_peer)?;
            Some((path.rsplit_once("node_modules/").map_or(path.as_str(), |(_, name)| name), *name))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_of_packages_that_stay() {
        let lockfile = serde_json::json!({ "packages": {
            "": { "devDependencies": { "pg": "8", "jest": "29" } },
            "node_modules/sequelize": { "peerDependenciesMeta": { "pg": { "optional": true } } },
            "node_modules/pg": { "dev": true },
            "node_modules/jest": { "dev": true },
            "node_modules/ts-jest": { "dev": true, "peerDependencies": { "jest": "29" } },
            "node_modules/zod": {},
            "node_modules/form": { "peerDependencies": { "zod": "3" } },
        }});
        assert_eq!(peer(&lockfile, &["jest", "pg", "zod"]), Some(("sequelize", "pg")));
        assert_eq!(peer(&lockfile, &["jest", "zod"]), None);
    }
}
