//! The system packages of the final image, each with the reason why it is needed, and the
//! instruction that installs them.

use crate::context::RequiredPackage;
use crate::knowledge::lists::programs::OF_TOOLS_FOR_DEBUGGING;
use crate::reasons::{self, Reason};
use crate::runtime::package_role::{Role, role_of};
use crate::runtime::programs;
use crate::runtime::view::StageView;
use crate::transforms::split_stages::recipe::Recipe;
use crate::transforms::support::new_instruction::NewInstruction;
use crate::transforms::support::packages::{install_on, names};

/// The packages, in the order in which they are installed.
pub(super) fn needs(view: &StageView<'_, '_>, recipe: &Recipe) -> Vec<RequiredPackage> {
    let mut needs: Vec<RequiredPackage> = Vec::new();
    let mut add = |need: RequiredPackage| {
        if !needs.iter().any(|known| known.package == need.package) {
            needs.push(need);
        }
    };
    let is_called = programs::called(view);
    let release = view.release();
    for package in &recipe.work.packages {
        let name = package.split('=').next().unwrap_or(package);
        let own = OF_TOOLS_FOR_DEBUGGING.iter().filter(|(_, package)| *package == name);
        let is_named = || own.clone().map(|(program, _)| *program).chain([name]).any(&is_called);
        match role_of(package, release.as_ref(), view.facts.known) {
            Role::Runtime(packages) => {
                for runtime in packages {
                    let why = if runtime == *package {
                        "the Dockerfile installs it, and it may be needed at run time".to_owned()
                    } else if runtime.starts_with("lib") {
                        format!("run-time library of {package}, which the Dockerfile installs")
                    } else {
                        format!("run-time part of {package}, which the Dockerfile installs")
                    };
                    add(RequiredPackage { package: runtime, why });
                }
            }
            // A health check, or a script that starts the program, may call download tools.
            Role::Download if recipe.keeps_fetching && !is_named() => {
                add(RequiredPackage::of(package, "the Dockerfile installs it, and the program may call it"));
            }
            Role::Download | Role::Debugging | Role::BuildOnly if is_named() => {
                add(RequiredPackage::of(package, "the image's command calls it"));
            }
            _ => {}
        }
    }
    recipe.packages.iter().cloned().for_each(&mut add);
    for program in ["curl", "wget"] {
        if view.start.names(program) {
            add(RequiredPackage::of(program, "the image's command calls it"));
        }
    }
    // TLS clients only recommend ca-certificates, but fail without it. (Debian's packages; Alpine's
    // depend on them.)
    let speaks =
        |need: &RequiredPackage| matches!(need.package.split('=').next(), Some("curl" | "wget" | "git"));
    if recipe.has_shell && is_debian(view) && needs.iter().any(speaks) {
        let certificates = RequiredPackage::of("ca-certificates", "required for HTTPS");
        if !needs.iter().any(|need| need.package == certificates.package) {
            needs.push(certificates);
        }
    }
    needs
}

/// The step that installs them, or `None` if there is nothing to install.
pub(super) fn install(
    view: &StageView<'_, '_>,
    recipe: &Recipe,
    needs: &[RequiredPackage],
) -> Result<Option<NewInstruction>, Reason> {
    if let Some(names) = names(needs).filter(|_| !recipe.has_shell) {
        return Err(reasons::no_package_manager(&names));
    }
    install_on(view.stage, needs)
}

fn is_debian(view: &StageView<'_, '_>) -> bool {
    let release = view.stage.release.as_ref();
    release.is_some_and(|release| matches!(release.family.as_str(), "debian" | "ubuntu"))
}
