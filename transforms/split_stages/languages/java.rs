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
use crate::runtime::jdk::needs_jdk;
use crate::runtime::outputs::{Output, StageOutputs, Step, is_shared_folder};
use crate::runtime::view::StageView;
use crate::transforms::split_stages::jre;
use crate::transforms::split_stages::recipe::{Copy, Recipe, from_steps, in_folder};

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
    if view.start.words().contains(&"-jar") {
        // The jar contains them.
        work.paths.retain(|(path, _)| !classes.contains(path));
    }
    // `chmod +x gradlew`: only the build runs it.
    let is_for_the_build = |path: &str| {
        let inner = path.strip_prefix(view.folder.as_str()).map(|inner| inner.trim_start_matches('/'));
        inner.is_some_and(is_source)
    };
    work.paths.retain(|(path, program)| program != "chmod" || !is_for_the_build(path));
    let build = BuildFiles::of(view);
    let mut copies = copies(view, &build)?;
    if build.pom.is_some_and(|pom| pom.contains("jasper") || pom.contains("jsp-api")) {
        return Err(reasons::jsp_pages());
    }
    if let Some(reason) = needs_jdk(view) {
        return Err(reason);
    }
    let version = version(view.image).ok_or(reasons::unknown_java_version())?;
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
        base: format!("eclipse-temurin:{version}-jre{}", ending_of_tag(view.image)),
        has_shell: true,
        keeps_fetching: false,
        copies,
        work,
        ..Recipe::default()
    })
}

/// The texts of the build files in the application's folder.
struct BuildFiles<'v> {
    pom: Option<&'v str>,
    gradle: Option<&'v str>,
}

impl<'v> BuildFiles<'v> {
    fn of(view: &'v StageView<'_, '_>) -> Self {
        let text = |name: &str| {
            view.context.and_then(|context| view.text_at(context, &format!("{}/{name}", view.folder)))
        };
        Self { pom: text("pom.xml"), gradle: ["build.gradle", "build.gradle.kts"].into_iter().find_map(text) }
    }

    /// Whether a plugin puts everything into one jar.
    fn make_fat_jars(&self) -> bool {
        let names_any = |text: Option<&str>, names: &[&str]| {
            text.is_some_and(|text| names.iter().any(|name| text.contains(name)))
        };
        names_any(self.pom, MAVEN_PLUGINS_OF_FAT_JARS) || names_any(self.gradle, GRADLE_PLUGINS_OF_FAT_JARS)
    }
}

/// What the started program consists of.
fn copies(view: &StageView<'_, '_>, build: &BuildFiles<'_>) -> Result<Vec<Copy>, Reason> {
    let words = view.start.words();
    let flat = || words.iter().flat_map(|word| word.split_whitespace());
    if !flat().any(|word| word == "java" || word.ends_with("/bin/java")) {
        return Err(reasons::java_not_started());
    }
    let mut rest = flat();
    let jar = rest.find(|word| *word == "-jar").and_then(|_| rest.next());
    match jar {
        Some(path) => copies_of_jar(view, build, &in_folder(view, path.trim_matches(['"', '\'']))),
        None if is_shared_folder(&view.folder) => Err(reasons::classes_share_directory(&view.folder)),
        None => Ok(vec![Copy::of(view.folder.clone(), "the classes and files read at run time")]),
    }
}

fn copies_of_jar(view: &StageView<'_, '_>, build: &BuildFiles<'_>, jar: &str) -> Result<Vec<Copy>, Reason> {
    let (directory, name) = jar.rsplit_once('/').unwrap_or(("", jar));
    let is_output = directory.ends_with("/target") || directory.ends_with("/build/libs");
    let is_sure = !name.contains(['*', '?', '$', '[']) && (build.make_fat_jars() || !is_output);
    let is_unknown = directory.contains(['*', '?', '$', '[']) || name.contains('$');
    if is_unknown || !is_sure && directory == view.folder {
        return Err(reasons::unknown_program_path(jar));
    }
    let program = if is_sure {
        Copy::of(jar, "the program")
    } else {
        Copy::of(directory, "the program and files next to it")
    };
    let mut copies = match assets::assets(view, &is_source) {
        Some(found) if found.is_empty() => vec![program],
        Some(found) => vec![program, Copy { paths: found, ..Copy::of("", "files read at run time") }],
        None if is_shared_folder(&view.folder) => return Err(reasons::unknown_read_files(&view.folder)),
        None => vec![Copy::of(view.folder.clone(), "the program and files read at run time")],
    };
    let is_copied = copies.iter().any(|copy| copy.paths.iter().any(|path| paths::within(jar, path)));
    if !paths::within(jar, &view.folder) && !is_copied {
        copies.insert(0, Copy::of(jar, "the program"));
    }
    Ok(copies)
}

/// The variant of the image, as the tag of a runtime image ends: "-alpine".
fn ending_of_tag(image: &ImageName) -> String {
    let tag = image.tag.as_deref().unwrap_or_default();
    match image.repository.as_str() {
        "eclipse-temurin" => {
            tag.split('-').skip(1).filter(|word| *word != "jdk").map(|word| format!("-{word}")).collect()
        }
        _ if tag.contains("alpine") => "-alpine".to_owned(),
        _ => String::new(),
    }
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
