//! Bundler: a Gemfile is a program; it is taken only where it plainly lists gems.

use super::{Looked, Project};
use crate::knowledge::Confidence;

/// Words with which a Gemfile reads other files, or installs what lies beside it.
const READS_MORE: &[&str] = &[
    "path",
    "gemspec",
    "eval_gemfile",
    "File.",
    "Dir.",
    "IO.",
    "require",
    "load",
    "instance_eval",
    "Pathname",
    "git_source",
    "plugin",
    "__dir__",
    "`",
    "%x",
    "system",
    "exec",
];

pub(super) fn look(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("Gemfile")?;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        // `gem "x", require: false` requires nothing here.
        let line = line.replace("require:", "").replace(":require =>", "");
        if let Some(word) = READS_MORE.iter().find(|word| line.contains(**word)) {
            return Err(format!("the Gemfile uses `{word}`, which may read other files"));
        }
        if line.trim_start().starts_with("ruby ")
            && line.contains("file:")
            && !line.contains(".ruby-version")
            && !line.contains(".tool-versions")
        {
            return Err("the Gemfile takes Ruby's version from a file".into());
        }
    }
    if looked.context.sends(&looked.path(".bundle")) {
        return Err("Bundler reads .bundle, which is not copied".into());
    }
    // Bundler's manual, bundle-cache(1): gems that lie there are taken from there.
    if looked.context.sends(&looked.path("vendor/cache")) {
        return Err("the gems come from vendor/cache, which is not copied".into());
    }
    let is_frozen = looked.has_option(&["--frozen", "--deployment"]);
    if !looked.context.sends_file(&looked.path("Gemfile.lock")) {
        return Err(
            "the build context has no Gemfile.lock, so that the install makes one that is not copied".into(),
        );
    }
    // Otherwise it may rewrite the lock file, which the later copy would bring back.
    if !is_frozen {
        project.confidence = Confidence::Unsafe;
    }
    Ok(())
}
