//! .NET: the SDK publishes an application that runs on ASP.NET's own image of the same version.
//!
//! The image with ASP.NET contains everything that the image with only the .NET runtime has, so it
//! does not matter which one the application needs. (learn.microsoft.com, "dotnet publish";
//! dotnet/dotnet-docker, the Dockerfiles of sdk and aspnet.)

use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::dotnet::VERBS_WITHOUT_OUTPUT;
use crate::reasons::{self, Reason};
use crate::runtime::outputs::{Output, StageOutputs, Step, is_shared_folder};
use crate::runtime::view::StageView;
use crate::syntax::shell::Word;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps, in_folder};
use crate::transforms::support::new_instruction::NewInstruction;

/// Whether a stage on the SDK publishes an application.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    let mut runs = facts.runs_of(stage.index).iter();
    is_sdk(image)
        && runs.any(|run| {
            let mut all = run.invocations.iter();
            all.any(|call| {
                call.is("dotnet") && call.arguments().first().is_some_and(|verb| verb.raw == "publish")
            })
        })
}

fn is_sdk(image: &ImageName) -> bool {
    matches!(image.repository.as_str(), "mcr.microsoft.com/dotnet/sdk" | "mcr.microsoft.com/dotnet/core/sdk")
}

/// The recipe for a .NET stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(view, output_of, finish)
}

#[derive(Default)]
struct Done {
    /// Output directories of `dotnet publish`.
    published: Vec<String>,
    /// Working directories of the SDK's commands.
    sources: Vec<String>,
}

fn output_of(
    done: &mut Done,
    view: &StageView<'_, '_>,
    step: &Step<'_, '_>,
) -> Option<Result<Output, Reason>> {
    if !step.invocation.is("dotnet") {
        return None;
    }
    done.sources.extend(step.directory.clone());
    let arguments = step.invocation.arguments();
    match arguments.first().map(Word::text) {
        Some(verb) if VERBS_WITHOUT_OUTPUT.contains(&verb) => {}
        Some("publish") => {
            let is_output = |word: &Word| matches!(word.raw.as_str(), "-o" | "--output");
            let target = arguments.windows(2).find(|pair| is_output(&pair[0])).map(|pair| &pair[1]);
            if let Some(target) = target {
                let Some(path) = step.path(view.facts, target) else {
                    return Some(Err(reasons::unknown_publish_output()));
                };
                done.published.push(path.clone());
                return Some(Ok(if paths::within(&path, &view.folder) {
                    Output::Folder
                } else {
                    Output::Path(path)
                }));
            }
        }
        Some("tool") => return Some(Err(reasons::dotnet_tool())),
        _ => {
            return Some(Err(reasons::program_with_sdk()));
        }
    }
    let directory = step.directory.clone();
    Some(match directory {
        // Another project of the same solution.
        Some(directory) if paths::within(&directory, &view.folder) => Ok(Output::Folder),
        Some(_) => Ok(Output::Nothing),
        None => Err(reasons::unknown_directory("a step")),
    })
}

fn finish(view: &StageView<'_, '_>, done: &Done, mut work: StageOutputs) -> Result<Recipe, Reason> {
    let words = view.start.words();
    let ["dotnet", assembly, ..] = words[..] else {
        return Err(reasons::starts_no_assembly());
    };
    if !assembly.ends_with(".dll") || view.start.needs_shell() {
        return Err(reasons::assembly_not_published());
    }
    let path = in_folder(view, assembly);
    let own = done.published.iter().find(|published| paths::within(&path, published));
    // An application reads its settings from its working directory. (learn.microsoft.com, "Content
    // root".)
    let starts_there = own.is_some_and(|own| *own == view.folder);
    let mut copies = Vec::new();
    if !starts_there {
        if is_shared_folder(&view.folder) {
            return Err(reasons::shared_directory(&view.folder));
        }
        copies.push(Copy::of(view.folder.clone(), "the working directory with its settings"));
    }
    match own {
        Some(own) if starts_there || !paths::within(own, &view.folder) => {
            copies.insert(0, Copy::of(own.clone(), "the published application"));
        }
        Some(_) => {}
        None if paths::within(&path, &view.folder) && path.contains("/publish/") => {}
        None => return Err(reasons::path_not_published(&path)),
    }
    if starts_there {
        // The published application does not need its sources.
        work.gone.extend(done.sources.iter().filter(|directory| !paths::within(&path, directory)).cloned());
    }
    let (base, version) = base(view)?;
    // The SDK's image unsets the port on which ASP.NET's image listens.
    let variable = if version < 8 { "ASPNETCORE_URLS" } else { "ASPNETCORE_HTTP_PORTS" };
    let is_set =
        ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS"].iter().any(|name| view.facts.file.text.contains(name));
    let port = NewInstruction {
        comment: "same port as before: the SDK image sets none".into(),
        text: format!("ENV {variable}="),
    };
    let runtime = if is_set { Vec::new() } else { vec![port] };
    Ok(Recipe {
        language: ".NET",
        base,
        has_shell: true,
        keeps_fetching: true,
        runtime,
        copies,
        work,
        ..Recipe::default()
    })
}

/// The runtime image, and its major version. Its tags contain no SDK version.
fn base(view: &StageView<'_, '_>) -> Result<(String, u32), Reason> {
    let tag = view.image.tag.as_deref().unwrap_or_default();
    let (version, variant) =
        tag.split_once('-').map_or((tag, String::new()), |(version, rest)| (version, format!("-{rest}")));
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return Err(reasons::unknown_dotnet_version());
    };
    let repository = view.image.repository.replace("/sdk", "/aspnet");
    Ok((format!("{repository}:{major}.{minor}{variant}"), major))
}
