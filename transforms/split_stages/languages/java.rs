//! Java: compilers and build tools create a jar or classes, which need only a runtime of the same
//! version. (docker-library/official-images, library/eclipse-temurin, library/maven and
//! library/gradle.)

use crate::facts::base_image::ImageName;
use crate::facts::{Facts, Stage, paths};
use crate::knowledge::languages::java::{
    BUILDERS, DETECTED_BUILDERS, DIRECTORIES_OF_BUILDERS, FILES_OF_BUILDERS, GRADLE_PLUGINS_OF_FAT_JARS,
    MAVEN_PLUGINS_OF_FAT_JARS, PACKAGES_OF_BUILDERS,
};
use crate::reasons::{self, Reason};
use crate::runtime::assets;
use crate::runtime::outputs::{Output, StageOutputs, Step, is_shared_folder};
use crate::runtime::view::StageView;
use crate::transforms::split_stages::jre;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps};

/// Whether Java programs are built in a stage on Java.
pub(crate) fn detects(facts: &Facts<'_>, stage: &Stage, image: &ImageName) -> bool {
    let mut runs = facts.runs_of(stage.index).iter();
    let builds = runs.any(|run| {
        run.invocations.iter().any(|invocation| DETECTED_BUILDERS.iter().any(|tool| invocation.is(tool)))
    });
    builds && version(image).is_some()
}

/// The version of Java in an image's tag.
fn version(image: &ImageName) -> Option<u32> {
    let tag = image.tag.as_deref()?;
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    let after = |word: &str| tag.find(word).and_then(|at| number(&tag[at + word.len()..]));
    let found = match image.repository.as_str() {
        "eclipse-temurin" | "openjdk" if !tag.contains("jre") => number(tag),
        "maven" => after("temurin-").or_else(|| after("openjdk-")).or_else(|| after("jdk-")),
        "gradle" => after("jdk"),
        _ => None,
    };
    // Eclipse Temurin has runtimes for 8, 11 and all versions from 17 on.
    found.filter(|version| matches!(version, 8 | 11 | 17..))
}

/// The recipe for a Java stage.
pub(crate) fn recipe(view: &StageView<'_, '_>) -> Result<Recipe, Reason> {
    from_steps(
        view,
        |classes: &mut Vec<String>, view, step| {
            classes.extend(classes_of(view, step));
            output_of(view, step)
        },
        |view, classes, work| finish(view, classes, work),
    )
}

fn output_of(view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Option<Result<Output, Reason>> {
    if !BUILDERS.iter().any(|tool| step.invocation.is(tool)) {
        return None;
    }
    let Some(directory) = &step.directory else {
        return Some(Err(reasons::unknown_directory("a step")));
    };
    Some(if paths::within(directory, &view.folder) {
        Ok(Output::Nothing)
    } else {
        Ok(Output::Path(directory.clone()))
    })
}

/// Where `javac` puts the classes.
fn classes_of(view: &StageView<'_, '_>, step: &Step<'_, '_>) -> Option<String> {
    let mut pairs = step.invocation.arguments().windows(2);
    let directory = pairs.find(|pair| step.invocation.is("javac") && pair[0].raw == "-d")?;
    step.path(view.facts, &directory[1])
}

fn finish(view: &StageView<'_, '_>, classes: &[String], mut work: StageOutputs) -> Result<Recipe, Reason> {
    let words = view.start.words();
    if words.contains(&"-jar") {
        // The jar contains them.
        work.paths.retain(|(path, _)| !classes.contains(path));
    }
    let absolute = |path: &str| {
        if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{}", view.folder.trim_end_matches('/'), path.trim_start_matches("./"))
        }
    };
    let flat: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let at = flat.iter().position(|word| *word == "java" || word.ends_with("/bin/java"));
    let jar = flat
        .iter()
        .position(|word| *word == "-jar")
        .and_then(|at| flat.get(at + 1))
        .map(|path| absolute(path.trim_matches(['"', '\''])));
    let mut copies = Vec::new();
    let pom = view.context.and_then(|context| view.text_at(context, &format!("{}/pom.xml", view.folder)));
    let gradle = ["build.gradle", "build.gradle.kts"].iter().find_map(|name| {
        view.context.and_then(|context| view.text_at(context, &format!("{}/{name}", view.folder)))
    });
    // These plugins put everything into one jar.
    let is_fat = pom.is_some_and(|pom| MAVEN_PLUGINS_OF_FAT_JARS.iter().any(|name| pom.contains(name)))
        || gradle.is_some_and(|gradle| GRADLE_PLUGINS_OF_FAT_JARS.iter().any(|name| gradle.contains(name)));
    let needs_whole = is_shared_folder(&view.folder);
    match (at, jar) {
        (Some(_), Some(jar)) => {
            let (directory, name) = jar.rsplit_once('/').unwrap_or(("", &jar));
            let is_output = directory.ends_with("/target") || directory.ends_with("/build/libs");
            let is_sure = !name.contains(['*', '?', '$', '[']) && (is_fat || !is_output);
            if directory.contains(['*', '?', '$', '[']) || name.contains('$') {
                return Err(reasons::unknown_program_path(&jar));
            }
            if !is_sure && directory == view.folder {
                return Err(reasons::unknown_program_path(&jar));
            }
            copies.push(if is_sure {
                Copy::of(jar.clone(), "the program")
            } else {
                Copy::of(directory, "the program and files next to it")
            });
            let known = assets::assets(view, &is_source);
            match known {
                Some(found) if found.is_empty() => {}
                Some(found) => {
                    copies.push(Copy { paths: found, ..Copy::of("", "files read at run time") });
                }
                None if needs_whole => {
                    return Err(reasons::unknown_read_files(&view.folder));
                }
                None => {
                    copies = vec![Copy::of(view.folder.clone(), "the program and files read at run time")];
                }
            }
            if !paths::within(&jar, &view.folder)
                && !copies.iter().any(|copy| copy.paths.iter().any(|path| paths::within(&jar, path)))
            {
                copies.insert(0, Copy::of(jar, "the program"));
            }
        }
        (Some(_), None) if needs_whole => {
            return Err(reasons::classes_share_directory(&view.folder));
        }
        (Some(_), None) => {
            copies.push(Copy::of(view.folder.clone(), "the classes and files read at run time"));
        }
        (None, _) => {
            return Err(reasons::java_not_started());
        }
    }
    if pom.is_some_and(|pom| pom.contains("jasper") || pom.contains("jsp-api")) {
        return Err(reasons::jsp_pages());
    }
    let version = version(view.image).ok_or(reasons::unknown_java_version())?;
    let tag = view.image.tag.as_deref().unwrap_or_default();
    let ending = match view.image.repository.as_str() {
        "eclipse-temurin" => {
            tag.split('-').skip(1).filter(|word| *word != "jdk").map(|word| format!("-{word}")).collect()
        }
        _ if tag.contains("alpine") => "-alpine".to_owned(),
        _ => String::new(),
    };
    work.packages.retain(|name| !PACKAGES_OF_BUILDERS.contains(&name.as_str()));
    if let Some(own) = jre::own_runtime(view, version, &work) {
        copies.insert(0, own.copy);
        return Ok(Recipe {
            language: "Java",
            base: own.base,
            has_shell: true,
            runtime: vec![own.settings.into()],
            at_start: vec![own.made],
            copies,
            work: StageOutputs { packages: Vec::new(), ..work },
            ..Recipe::default()
        });
    }
    Ok(Recipe {
        language: "Java",
        base: format!("eclipse-temurin:{version}-jre{ending}"),
        has_shell: true,
        keeps_fetching: false,
        copies,
        work,
        ..Recipe::default()
    })
}

/// Files that only compilers and build tools read.
fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let first = path.split('/').next().unwrap_or_default();
    path.ends_with(".java")
        || path.ends_with(".kt")
        || FILES_OF_BUILDERS.contains(&name)
        || DIRECTORIES_OF_BUILDERS.contains(&first)
}
