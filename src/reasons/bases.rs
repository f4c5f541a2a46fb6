//! Base images.

use super::reasons;

reasons! {
    "Base images", "Why a smaller base image is not used.";

    /// The build context can't be read, so files that need glibc are unknown.
    context_unreadable_for_glibc() = "the build context can't be read, so files linked against glibc are unknown";

    /// A file may be linked against glibc.
    may_link_glibc(path: &str) = "{path} may be linked against glibc";

    /// Files from other stages or images may be linked against glibc.
    copies_may_link_glibc() = "files copied from other stages or images may be linked against glibc";

    /// ENV names time zones or libraries that Alpine's image does not contain.
    environment_not_on_alpine() = "ENV names time zones or libraries that are not in Alpine's image";

    /// SHELL names a shell that Alpine's image may not contain.
    shell_not_on_alpine() = "SHELL names a shell that may not be in Alpine's image";

    /// ONBUILD runs in images that are unknown.
    onbuild_elsewhere() = "ONBUILD runs in images that are unknown";

    /// System packages have other names on Alpine.
    packages_named_differently() = "system packages have other names on Alpine; install them with apk";

    /// A program may behave differently on Alpine.
    may_differ_on_alpine(program: &str) = "whether `{program}` behaves the same on Alpine is unknown";

    /// package-lock.json can't be read, so the packages that are compiled are unknown.
    unreadable_package_lock() = "package-lock.json can't be read, so the packages that get compiled are unknown";

    /// A package is compiled, or has prebuilt binaries for each system.
    compiled_package() = "a package is compiled, or has prebuilt binaries for each system";

    /// A Python package may have no wheels for musl.
    unknown_musl_wheels(package: &str) = "whether {package} and its dependencies have wheels for musl is unknown";

    /// A script that the image starts can't be read.
    unreadable_start_script() = "a script that the image starts can't be read";

    /// bash is called, and Alpine's image does not contain it.
    needs_bash() = "bash is called, which is not in Alpine's image";

    /// A program is called that Alpine's image does not contain.
    missing_on_alpine(why: &str, package: &str) = "{why}, and Alpine's image does not contain {package}";

    /// The stage has more instructions than Jettison looks at.
    too_long_for_base(most: usize) = "the stage has more than {most} instructions, and one of them may need something that is only in the full image";

    /// The build context can't be read, so the programs that its scripts call are unknown.
    context_unreadable_for_scripts() = "the build context can't be read, so the programs that its scripts call are unknown";

    /// The image contains something that no slim variant has.
    part_of_image(word: &str) = "`{word}` is in this image but in no slim variant";

    /// An editor opens the image (.devcontainer).
    editor_opens_image() = "an editor opens this image (.devcontainer)";

    /// The path of the Dockerfile says that the image is for development or CI.
    named_for_development(path: &str) = "by its name ({path}), people or a CI service work in this image, and may call any tool";

    /// The base image is one for development or CI.
    based_on_development(image: &str) = "{image} is for development or CI, where any tool may be called";

    /// The image starts only a shell or an interpreter.
    only_a_shell() = "the image has no command of its own and starts a shell or an interpreter, where any tool may be called";

    /// Other builds may use the image as their base image.
    base_of_others() = "other builds may use this image as their base image: it has ONBUILD triggers, or no command to run";

    /// The RUN can't be read, and may call programs that only the full image has.
    unreadable_run_on_slim() = "this RUN can't be read, and may call programs that are only in the full image";

    /// The install may compile packages, which needs compilers.
    may_compile(manager: &str) = "{manager} may compile packages; install build-essential before it, or install in a separate stage";

    /// A program is only in the full image.
    program_in_full_image(program: &str, package: &str) = "`{program}` is only in the full image; install {package} explicitly";

    /// A language is configured, and slim images have no translations.
    language_configured() = "a language is configured, and slim images have no translations";

    /// A command reads documents, which slim images leave out.
    reads_documents(program: &str) = "`{program}` reads documents of packages, which slim images leave out";

    /// A package needs manual pages, which slim images leave out.
    needs_manual_pages(package: &str) = "`{package}` needs manual pages, which slim images leave out";

    /// A tool is only in the JDK.
    tool_in_jdk(tool: &str) = "`{tool}` is only in the JDK";

    /// A source or a build file names a class or a library that needs the JDK.
    needs_jdk(path: &str, name: &str) = "{path} names {name}, which needs the JDK";

    /// A RUN runs something that can't be read, and may call the compiler of the JDK.
    may_call_the_jdk(program: &str) = "`{program}` in a RUN may call a tool that is only in the JDK";

    /// The image starts a script or a table of commands that can't be read.
    start_script_unknown() = "the image starts a script or a table of commands that is not in the build context or can't be read; it may call programs that are only in the full image";

    /// A file in the build context calls a program that only the full image has.
    file_calls_program(package: &str) = "a file in the build context calls a program of {package}, which is only in the full image; install it explicitly";

    /// The start command or the health check calls a program that only the full image has.
    start_calls_program(package: &str) = "the start command or the HEALTHCHECK calls a program of {package}, which is only in the full image; install it explicitly";

    /// ca-certificates is only in the full image.
    certificates_in_full_image() = "ca-certificates is only in the full image; install it explicitly";

    /// A source loads a system library that only the full image may have.
    loads_library(path: &str, call: &str) = "{path} loads a library with {call}, which may be only in the full image";

    /// A source names files or a directory of the system of which only the full image may have all.
    reads_system_files(path: &str, named: &str) = "{path} names {named}, where the full image may have more files";

    /// A package may need libraries that only the full image has.
    needs_full_image(package: &str) = "{package} may need libraries that are only in the full image";

    /// How to install a package in the final image is unknown.
    unknown_install_command(packages: &str) = "how to install {packages} in the final image is unknown";

    /// The tag does not name the Debian release.
    unknown_debian_release(image: &str) = "the Debian release of {image} is unknown; name it in the tag (-bookworm)";
}
