//! Tidying.

use super::reasons;

reasons! {
    "Tidying", "Why an instruction keeps the form that a linter advises against.";

    /// The value of an ENV or LABEL can't be read with certainty.
    unclear_value(name: &str) = "the value of {name} can't be read with certainty";

    /// A comment belongs to an instruction that would be removed.
    comment_about_it(keyword: &str) = "a comment belongs to the {keyword} that would be removed";

    /// A path has quotes, backslashes or other characters that JSON would read in another way.
    unclear_path(path: &str) = "JSON may read {path} in another way";

    /// A comment is between the lines of an instruction that would be changed.
    comment_between(name: &str) = "a comment is within the {name}, so its lines stay as they are";

    /// The comment above a stage or a build argument means something to a linter, which expects it there.
    comment_for_linter() = "the comment above it tells a linter what to ignore, so it has to stay there";

    /// Without its registry, the name of the image would mean a stage, or the empty image.
    name_of_stage(name: &str) = "{name} would not be the image of this name, but a stage or the empty image";

    /// A stage has no name, so a build can only name it by its number.
    stage_without_name() = "the stage has no name, so builds may name it by its number";

    /// A part of the stage can't be parsed.
    stage_near_error() = "a line of the stage can't be parsed";

    /// An instruction names a stage by its number, which changes when another stage is removed, or by a variable.
    stage_by_number() = "an instruction refers to a stage by its number or by a variable";

    /// Files of the repository that may build the stage can't all be read.
    unread_repository(why: &str) = "something may build the stage: {why}";

    /// A file of the repository mentions a target of builds that is, or may be, the stage.
    may_build_stage(path: &str, name: &str) = "{path} may build the stage {name}";

    /// The file has a label for authors, or MAINTAINER is written on several lines.
    has_label_for_authors() = "the file has a label for authors, or MAINTAINER can't be read";

    /// The stage has both CMD and ENTRYPOINT: Docker combines them, and differently if one of them is an array.
    with_other_command() = "CMD and ENTRYPOINT of the stage would be combined in another way";

    /// A SHELL instruction chooses the shell that starts the program.
    started_by_shell(keyword: &str) = "a SHELL instruction chooses the shell of {keyword}";

    /// The command needs a shell for variables, patterns, redirections, operators or a builtin.
    needs_shell(command: &str) = "`{command}` needs a shell";

    /// Where the user is not root, or sudo has options, removing it would change more than the environment.
    sudo_may_matter() = "the user may not be root, or sudo has options";

    /// A SHELL instruction, or a stage that is built from another one, decides about the shell.
    shell_of_several_stages() = "SHELL, or another stage, decides about the shell";

    /// The shell of the base image may lack `-o pipefail`, or the image may set another shell.
    shell_without_pipefail() = "the base image may set another shell, or have none with `-o pipefail`";

    /// A later script of the stage can't be read, so it may do something else in another shell.
    unreadable_for_other_shell() = "a later script of the stage can't be read, and may need its shell";

    /// A part of a pipeline may end before it has read everything, which would fail the build.
    ends_pipeline_early(program: &str) = "{program} may end a pipeline early, which would fail the build";

    /// `echo` treats options and backslashes in another way in another shell.
    echo_of_other_shell() = "`echo` treats options and backslashes in another way in another shell";

    /// The install has an option that `npm ci` lacks, or that may mean something else there.
    not_of_npm_ci(option: &str) = "{option} may mean something else to npm ci";

    /// Another install is before this one: `npm ci` would delete what it installed.
    after_another_install() = "npm ci would delete what an earlier npm command installed";

    /// The manifest and the lockfile are not known to be in the directory of the install.
    lockfile_not_copied() = "package.json and package-lock.json are not known to be in the directory of the install";

    /// The lockfile does not list the dependencies as the manifest does.
    lockfile_does_not_fit() = "package-lock.json is old, or does not fit package.json";

    /// The version of Bundler may be another one than that of the base image, or the base image is not an official one of Ruby.
    unknown_bundler() = "the version of Bundler is unknown, or it does not remember options";

    /// The value of an option has a variable or a pattern.
    unclear_setting(option: &str) = "the value of {option} can't be read with certainty";

    /// A temporary directory may be used after the RUN, or by a program that gets its name.
    directory_may_be_used(name: &str) = "something that gets the name ${name} may refer to the directory later";

    /// A failure of the command may be ignored, so an option that lets it succeed would change what the build does.
    failure_may_be_ignored(command: &str) = "a failure of `{command}` may be ignored, or it has its own input";

    /// `apt` has a command that `apt-get` lacks, or that means something else there.
    other_meaning_for_apt_get(verb: &str) = "`apt {verb}` has no equivalent in apt-get";

    /// A package is given by a pattern, which apt and apt-get treat in different ways.
    pattern_for_apt(pattern: &str) = "apt and apt-get treat the pattern {pattern} in different ways";

    /// The program `wget` may be BusyBox's, which lacks the option.
    another_wget() = "wget may be BusyBox's, which lacks --progress=dot:giga";

    /// The directory in which a relative path starts is unknown.
    unknown_start_of_path(path: &str) = "the directory in which {path} starts is unknown";

    /// A source of ADD is given by a variable or a pattern, so what it names is unknown.
    sources_not_named(source: &str) = "{source} does not name a file or a directory of the build context";

    /// The content of a source of ADD is an archive, or can't be read.
    may_be_archive(source: &str) = "{source} is or may be an archive, which ADD unpacks";

    /// A source of ADD is not in the build context.
    not_in_context(source: &str) = "{source} is not in the build context";
}
