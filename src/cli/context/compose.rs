//! The build context that a compose or bake file uses for a Dockerfile, and the services of compose
//! files that run its image.
//!
//! Reads `build` of compose services (the Compose specification, "Compose Build") and `target`
//! blocks of bake files (Docker's manual, "Bake file reference"). A value with a variable is
//! ignored, since its value is unknown.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::cli::folders::Folders;
use crate::cli::input;
use crate::context::compose::{ComposeFile, is_compose_file, services, services_of_inline};
use crate::context::{BuildContext, Service};
use crate::knowledge::lists::files::COMPOSE_FILES;
use crate::yaml;

/// The number of parent directories to search.
const MOST_FOLDERS: usize = 4;
/// Far larger than any real compose or bake file.
const MOST_BYTES: u64 = 1024 * 1024;
const BAKE: &[&str] = &["docker-bake.json", "docker-bake.hcl"];

/// What the compose and bake files of one folder build; an error if one can't be read.
pub type Builds = Result<Arc<Vec<Built>>, String>;

/// A Dockerfile that such a file builds, and with which context, by their full paths.
#[derive(Debug)]
pub struct Built {
    by: PathBuf,
    context: PathBuf,
    dockerfile: PathBuf,
}

/// The context of a Dockerfile, given by its full path, and before it the file that sets it; `None`
/// if no file builds it, an error if several build it with different contexts, or one can't be
/// read.
pub fn context_of<'b>(
    builds: &'b [Builds],
    dockerfile: &Path,
) -> Result<Option<(&'b Path, &'b Path)>, String> {
    let mut found: Vec<&Built> = Vec::new();
    for builds in builds {
        let builds = builds.as_ref().map_err(Clone::clone)?;
        for built in builds.iter().filter(|built| built.dockerfile == dockerfile) {
            if !found.iter().any(|known| known.context == built.context) {
                found.push(built);
            }
        }
    }
    match found[..] {
        [] => Ok(None),
        [built] => Ok(Some((&built.by, &built.context))),
        [first, second, ..] => Err(format!(
            "two build contexts are configured, {} ({}) and {} ({}); name one with --context",
            first.context.display(),
            first.by.display(),
            second.context.display(),
            second.by.display()
        )),
    }
}

/// What the files in a folder, given by its full path, build.
pub fn builds_in(folder: &Path, listed: &Folders) -> Builds {
    let mut found = Vec::new();
    for name in COMPOSE_FILES.iter().chain(BAKE).filter(|name| listed.has(folder, name)) {
        let path = folder.join(name);
        let Some(text) = input::beside(&path, MOST_BYTES)? else { continue };
        let builds = builds(name, &text).map_err(|error| {
            format!("{} can't be read ({error}); name the context with --context", path.display())
        })?;
        for build in builds {
            let context = folder.join(&build.context);
            if let (Ok(context), Ok(dockerfile)) =
                (fs::canonicalize(&context), fs::canonicalize(context.join(&build.dockerfile)))
            {
                found.push(Built { by: path.clone(), context, dockerfile });
            }
        }
    }
    Ok(Arc::new(found))
}

/// The Dockerfiles that a compose or bake file builds, as far as they exist, in its order.
pub fn dockerfiles_of(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let text = input::beside(path, MOST_BYTES).ok().flatten().unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found: Vec<PathBuf> = Vec::new();
    for build in builds(&name, &text).unwrap_or_default() {
        let dockerfile = folder.join(&build.context).join(&build.dockerfile);
        if dockerfile.is_file() && !found.contains(&dockerfile) {
            found.push(dockerfile);
        }
    }
    found
}

/// A folder and those above it in the same repository.
pub fn folders_around<'f>(folder: &'f Path, listed: &Folders) -> impl Iterator<Item = &'f Path> {
    let mut is_inside = true;
    folder
        .ancestors()
        .take(MOST_FOLDERS)
        .take_while(move |folder| std::mem::replace(&mut is_inside, !listed.has(folder, ".git")))
}

/// Compose files by their full paths, each parsed once for all Dockerfiles.
pub type Files = BTreeMap<String, ComposeFile>;

/// The compose files in a folder.
pub fn files_in(folder: &Path, listed: &Folders) -> Files {
    let mut files = Files::new();
    let names = listed.entries(folder).unwrap_or_default();
    for name in names.iter().filter(|name| name.to_str().is_some_and(is_compose_file)) {
        let path = folder.join(name);
        if let (Ok(Some(text)), Some(path)) = (input::beside(&path, MOST_BYTES), path.to_str()) {
            files.insert(path.to_owned(), ComposeFile::of(path, &text));
        }
    }
    files
}

/// The compose files in a context.
pub fn files_within(directory: &Path, context: &BuildContext) -> Files {
    let named = |path: &str| path.rsplit('/').next().is_some_and(is_compose_file);
    let texts = context.texts.iter().filter(|(path, _)| named(path));
    let files = texts.filter_map(|(path, text)| {
        let path = directory.join(path).to_str()?.to_owned();
        let file = ComposeFile::of(&path, text);
        Some((path, file))
    });
    files.collect()
}

/// The services that run the image of a Dockerfile, or of the inline Dockerfile of a service in the
/// file, by these compose files.
pub fn services_of<'f>(
    file: &Path,
    service: Option<&str>,
    files: impl Iterator<Item = &'f Files>,
) -> Vec<Service> {
    let files: BTreeMap<&str, &ComposeFile> =
        files.flatten().map(|(path, file)| (path.as_str(), file)).collect();
    let files = files.into_values();
    match (file.to_str(), service) {
        (Some(path), Some(service)) => services_of_inline(files, path, service),
        (Some(dockerfile), None) => services(files, dockerfile),
        (None, _) => Vec::new(),
    }
}

/// A service with an inline Dockerfile.
#[derive(Debug, Clone, Copy)]
pub struct InlineService<'s> {
    /// Its name.
    pub name: &'s str,
    /// Its build context as written; `None` for the directory of the file.
    pub context: Option<&'s str>,
    /// The text of the file.
    pub host: &'s str,
}

impl InlineService<'_> {
    /// The directory of its build context, unless another Compose file in the folder of the file sets
    /// another one.
    pub fn directory<'f>(
        &self,
        file: &Path,
        others: impl Iterator<Item = &'f ComposeFile>,
    ) -> Result<PathBuf, String> {
        let context = self.context.unwrap_or(".");
        if context.contains(['$', ':']) {
            return Err(format!(
                "{} sets the build context {context} of {}, which is not a directory; name the context with --context",
                file.display(),
                self.name
            ));
        }
        let folder = file.parent().unwrap_or(Path::new("/"));
        let full = |path: &str| fs::canonicalize(folder.join(path)).ok();
        let is_other =
            |other: &&str| *other != context && (full(other).is_none() || full(other) != full(context));
        let mut others =
            others.filter_map(|other| Some((&other.path, other.contexts_of(self.name).find(is_other)?)));
        if let Some((path, another)) = others.next() {
            return Err(format!(
                "two build contexts are configured for {}, {context} ({}) and {another} ({path}); name one with --context",
                self.name,
                file.display()
            ));
        }
        Ok(folder.join(context))
    }
}

/// One build in a file, with both paths as written; that of the Dockerfile is relative to the
/// context.
#[derive(Debug, PartialEq, Eq)]
struct Build {
    context: String,
    dockerfile: String,
}

fn builds(name: &str, text: &str) -> Result<Vec<Build>, String> {
    let all = match name {
        name if is_compose_file(name) => compose(text)?,
        "docker-bake.json" => bake_json(text)?,
        _ => bake_hcl(text),
    };
    let is_plain = |build: &Build| !build.context.contains(['$', ':']) && !build.dockerfile.contains('$');
    Ok(all.into_iter().filter(is_plain).collect())
}

fn of(context: Option<&str>, dockerfile: Option<&str>) -> Build {
    Build {
        context: context.unwrap_or(".").to_owned(),
        dockerfile: dockerfile.unwrap_or("Dockerfile").to_owned(),
    }
}

fn compose(text: &str) -> Result<Vec<Build>, String> {
    let value = yaml::value(text).map_err(|error| error.to_string())?;
    let services = value["services"].as_object().into_iter().flatten();
    let build = |(_, service): (&String, &Value)| match &service["build"] {
        Value::String(context) => Some(of(Some(context), None)),
        Value::Object(build) if build.get("dockerfile_inline").is_none() => Some(of(
            build.get("context").and_then(Value::as_str),
            build.get("dockerfile").and_then(Value::as_str),
        )),
        _ => None,
    };
    Ok(services.filter_map(build).collect())
}

fn bake_json(text: &str) -> Result<Vec<Build>, String> {
    let value = serde_json::from_str::<Value>(text).map_err(|error| error.to_string())?;
    let targets = value["target"].as_object().into_iter().flatten();
    Ok(targets.map(|(_, target)| of(target["context"].as_str(), target["dockerfile"].as_str())).collect())
}

/// `target "name" { context = "…" dockerfile = "…" }` without computed values.
fn bake_hcl(text: &str) -> Vec<Build> {
    let mut all = Vec::new();
    for block in text.split("\ntarget ").skip(1).chain(text.strip_prefix("target ")) {
        let body = block.split("\n}").next().unwrap_or_default();
        let value = |key: &str| {
            body.lines().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                (name.trim() == key).then(|| value.trim().trim_matches('"'))
            })
        };
        if !body.contains("inherits") && !body.contains("dockerfile-inline") {
            all.push(of(value("context"), value("dockerfile")));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(context: &str, dockerfile: &str) -> Build {
        of(Some(context), Some(dockerfile))
    }

    #[test]
    fn services_say_how_they_are_built() {
        let text = "services:\n  a:\n    build: ./api\n  b:\n    build:\n      context: .\n      dockerfile: docker/b.Dockerfile\n  c:\n    image: x\n  d:\n    build: ${DIR}\n  e:\n    build:\n      dockerfile_inline: FROM x\n  f:\n    build: https://x/y.git\n";
        assert_eq!(
            builds("compose.yaml", text),
            Ok(vec![build("./api", "Dockerfile"), build(".", "docker/b.Dockerfile")])
        );
        assert!(builds("compose.yaml", ":\n- [").is_err());
    }

    #[test]
    fn targets_say_how_they_are_built() {
        assert_eq!(
            builds("docker-bake.json", r#"{"target": {"a": {"context": "x"}}}"#),
            Ok(vec![build("x", "Dockerfile")])
        );
        let text = "group \"default\" {\n  targets = [\"a\"]\n}\n\ntarget \"a\" {\n  context = \"web\"\n  dockerfile = \"a.Dockerfile\"\n}\ntarget \"b\" {\n  context = \"${DIR}\"\n}\n";
        assert_eq!(builds("docker-bake.hcl", text), Ok(vec![build("web", "a.Dockerfile")]));
    }
}
