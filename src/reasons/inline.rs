//! Inline Dockerfiles of Compose files: services that are left out, and files with a mistake.

use super::reasons;

reasons! {
    "Inline Dockerfiles", "The Dockerfile in a Compose file (`dockerfile_inline`) is left as it is.";

    /// The Compose file can't be parsed.
    invalid_compose_file(problem: &str) = "is not valid YAML: {problem}";

    /// A service has both `dockerfile` and `dockerfile_inline`, which Compose rejects.
    two_dockerfiles(service: &str) =
        "service `{service}` has both dockerfile and dockerfile_inline, which Compose rejects; remove one";

    /// The inline Dockerfile is not a literal block in its service: it is folded, quoted or merged.
    no_literal_block(service: &str) =
        "`{service}` is not fixed: write its Dockerfile as a block in the service (dockerfile_inline: |)";

    /// An alias repeats the inline Dockerfile in another place.
    shared_inline_dockerfile(service: &str, anchor: &str) =
        "`{service}` is not fixed: its Dockerfile is used again by *{anchor}; move it to a file";

    /// The service extends another one, or another one extends it with a build of its own.
    extended_inline_dockerfile(service: &str) =
        "`{service}` is not fixed: extends changes its build; move its Dockerfile to a file";

    /// The lines of the inline Dockerfile can't be determined.
    unclear_lines(service: &str) =
        "`{service}` is not fixed: it is unclear where its Dockerfile ends; move it to a file";

    /// Compose replaces a variable in the inline Dockerfile before the build.
    replaced_by_compose(service: &str, variable: &str) =
        "`{service}` is not fixed: Compose would substitute {variable}; write ${variable} if the Dockerfile should see it";

    /// The Compose file has too many inline Dockerfiles.
    too_many_inline_dockerfiles(service: &str, most: usize) =
        "`{service}` and others are not fixed: Jettison reads {most} inline Dockerfiles of a file";

    /// Fixes of two services change the ignore files of two build contexts; a run changes one.
    second_ignore_file(path: &str) =
        "{path} is not changed in this run; write the other changes, and run jettison again";

    /// The new Compose file would differ in more than its inline Dockerfiles: a bug in Jettison.
    not_put_back() = "the fixed Dockerfiles can't be written into this file; please report this";

    /// The option works only with Dockerfiles: no engine builds a service of a Compose file.
    needs_dockerfile(option: &str) =
        "is a Compose file; {option} works only with Dockerfiles: leave it out, or pass a Dockerfile";
}
