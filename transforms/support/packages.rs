//! The instruction that installs the packages of the final image.

use crate::context::RequiredPackage;
use crate::facts::Stage;
use crate::reasons::{self, Reason};
use crate::transforms::support::new_instruction::NewInstruction;

/// The step that installs packages on the release that a stage is built on, or `None` if there is
/// nothing to install.
pub(crate) fn install_on(stage: &Stage, needs: &[RequiredPackage]) -> Result<Option<NewInstruction>, Reason> {
    let Some(names) = names(needs) else { return Ok(None) };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "+-._:=~".contains(c);
    if let Some(odd) = needs.iter().find(|need| !need.package.chars().all(is_of_name)) {
        return Err(reasons::odd_package_name(&odd.package));
    }
    let words = names.replace(", ", " ");
    let text = match stage.release.as_ref().map(|release| release.family.as_str()) {
        Some("debian" | "ubuntu") => format!(
            "RUN apt-get update \\\n    && apt-get install -y --no-install-recommends {words} \\\n    && rm -rf /var/lib/apt/lists/*"
        ),
        Some("alpine") => format!("RUN apk add --no-cache {words}"),
        _ => return Err(reasons::unknown_install_command(&names)),
    };
    Ok(Some(text.into()))
}

/// The packages as text for a sentence, or `None` if there are none.
pub(crate) fn names(needs: &[RequiredPackage]) -> Option<String> {
    let names: Vec<&str> = needs.iter().map(|need| need.package.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
