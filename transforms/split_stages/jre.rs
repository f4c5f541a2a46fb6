//! A custom Java runtime: `jlink` packs the modules of a JRE, which run on a slim Debian.
//!
//! Only for programs whose sources can all be read and that have no third-party libraries, since
//! those may draw (which needs fonts) or start programs of Eclipse Temurin's image. The runtime has
//! all modules of Temurin's JRE, so it does not matter which of them the program loads. (JDK tool
//! specifications, `jlink`; hub.docker.com/_/eclipse-temurin, "Creating a JRE using jlink";
//! adoptium/temurin-build, the modules of its legacy JRE.)

use crate::knowledge::languages::java::{
    GRADLE_DEPENDENCIES, NEEDS_MORE_THAN_A_RUNTIME, OTHER_VARIANTS, WORDS_ABOUT_THE_RUNTIME,
};
use crate::runtime::outputs::StageOutputs;
use crate::runtime::package_role::{Role, role_of};
use crate::runtime::view::StageView;
use crate::transforms::split_stages::recipe::Copy;
use crate::transforms::support::new_instruction::NewInstruction;

/// How the runtime is created and found.
pub(crate) struct OwnRuntime {
    pub base: String,
    pub made: NewInstruction,
    pub copy: Copy,
    pub settings: String,
}

/// The modules of a JRE of Eclipse Temurin, in addition to those of `java.se`.
const MODULES: &str = "java.se,jdk.accessibility,jdk.charsets,jdk.crypto.cryptoki,jdk.crypto.ec,jdk.dynalink,jdk.httpserver,jdk.jfr,\
jdk.localedata,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.naming.rmi,jdk.net,jdk.sctp,jdk.security.auth,\
jdk.security.jgss,jdk.unsupported,jdk.xml.dom,jdk.zipfs";

/// The directory of Java in Eclipse Temurin's images.
const HOME: &str = "/opt/java/openjdk";

/// A runtime for the program of this stage, or `None` if the JRE's image is the better choice.
pub(crate) fn own_runtime(view: &StageView<'_, '_>, version: u32, work: &StageOutputs) -> Option<OwnRuntime> {
    let tag = view.image.tag.as_deref().unwrap_or_default();
    // The releases whose JRE was checked.
    let is_plain = matches!(version, 11 | 17 | 21)
        && !OTHER_VARIANTS.iter().any(|word| tag.contains(word))
        && view.start.words().first() == Some(&"java")
        && !view.start.needs_shell()
        && !view.facts.file.instructions().any(|(_, instruction)| {
            WORDS_ABOUT_THE_RUNTIME.iter().any(|word| instruction.arguments().contains(word))
        });
    let installs_what_runs = work.packages.iter().any(|name| {
        matches!(role_of(name, view.stage.release.as_ref(), view.facts.known), Role::Runtime(_))
            || view.start.names(name)
    });
    let names_tools = view.start.names("curl") || view.start.names("wget");
    if !is_plain || installs_what_runs || names_tools || !is_self_contained(view)? {
        return None;
    }
    // `zip-6` is the new name of level 2. (JDK 21, release notes of `jlink`.)
    let level = if version < 21 { "2" } else { "zip-6" };
    // Since 17, the generators of `RandomGenerator` are in a module of their own.
    let random = if version < 17 { "" } else { ",jdk.random" };
    let text = format!(
        "RUN jlink --add-modules {MODULES}{random} \\\n        --no-man-pages --no-header-files --compress={level} --output /opt/runtime \\\n    && cp -L \"$JAVA_HOME/lib/security/cacerts\" /opt/runtime/lib/security/cacerts"
    );
    Some(OwnRuntime {
        base: "debian:bookworm-slim".into(),
        made: NewInstruction {
            comment: "a Java runtime with the modules of a JRE, and its certificates".into(),
            text,
        },
        copy: Copy { to: Some(HOME.into()), ..Copy::of("/opt/runtime", "Java, with the modules of a JRE") },
        settings: format!("ENV JAVA_HOME={HOME} PATH={HOME}/bin:$PATH LANG=C.UTF-8"),
    })
}

/// Whether the whole program is compiled from sources that can be read and that need only Java.
/// `None` without a context.
fn is_self_contained(view: &StageView<'_, '_>) -> Option<bool> {
    let context = view.context?;
    let sources = view.sources(&[".java", ".kt", ".scala"])?;
    let has_libraries = context.sent().any(|entry| {
        let is_wrapper = entry.path.contains("wrapper/");
        [".jar", ".so", ".war"].iter().any(|ending| entry.path.ends_with(ending)) && !is_wrapper
    });
    let depends = context.texts.iter().filter(|(path, _)| context.sends_file(path)).any(|(path, text)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name {
            "pom.xml" => {
                text.contains("<parent>")
                    || text.split("<dependency>").skip(1).any(|dependency| {
                        let dependency = dependency.split("</dependency>").next().unwrap_or(dependency);
                        !dependency.contains("<scope>test</scope>")
                    })
            }
            "build.gradle" | "build.gradle.kts" => GRADLE_DEPENDENCIES
                .iter()
                .any(|word| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == *word)),
            _ => false,
        }
    });
    let needs_more =
        sources.iter().any(|text| NEEDS_MORE_THAN_A_RUNTIME.iter().any(|word| text.contains(word)));
    Some(!sources.is_empty() && !has_libraries && !depends && !needs_more)
}
