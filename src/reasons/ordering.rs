//! Copying manifests first.

use super::reasons;

reasons! {
    "Copying manifests first", "Why the manifests are not copied before the sources.";

    /// A line can't be parsed.
    effects_of_unreadable_line() = "a line can't be read";

    /// A stage starts at the instruction.
    effects_of_stage() = "a stage starts there";

    /// A RUN in exec form calls a program that is not analyzed.
    exec_form_calls(program: &str) = "a RUN in exec form calls {program}";

    /// A RUN can't be read, so what it uses is unknown.
    unreadable_run(why: &str) = "a RUN can't be read: {why}";

    /// A RUN is before the first FROM.
    run_outside_stages() = "a RUN is outside of all stages";

    /// A RUN defines a function, which is not analyzed.
    function_in_run(name: &str) = "a RUN defines a function `{name}`";

    /// A RUN uses `[[` or `((`, which are not analyzed.
    test_in_run() = "a RUN uses `[[` or `((`";

    /// The file that a command writes to is unknown.
    unknown_target(word: &str) = "the target of `{word}` is unknown";

    /// A RUN uses `for ((`, which is not analyzed.
    arithmetic_loop() = "a RUN uses `for ((`";

    /// A variable names a file in the working directory.
    variable_names_file(variable: &str) = "{variable} names a file in the working directory";

    /// The paths that a variable passes to programs are unknown.
    unknown_paths(variable: &str) = "the paths that {variable} gives to programs are unknown";

    /// `xargs` passes arguments that are unknown.
    xargs() = "`xargs` passes on unknown arguments";

    /// A program runs other programs.
    runs_other_programs(program: &str) = "{program} runs other programs";

    /// A RUN calls a program that may use any file.
    may_use_any_file(program: &str) = "a RUN calls {program}, which may use any file";

    /// More variables may redirect programs than Jettison looks at.
    too_many_variables(most: usize) = "more than {most} variables may redirect programs";

    /// The script changes to an unknown directory.
    changes_to_unknown_directory() = "the script changes to an unknown directory";

    /// `git` may read the working directory.
    git_may_read_directory() = "`git` may read the working directory";

    /// `corepack` may read the working directory.
    corepack_may_read_directory() = "`corepack` may read the working directory";

    /// A command reads a file that an argument names.
    reads_named_file(program: &str) = "{program} reads a file that an argument names";

    /// The user who runs a package manager is unknown.
    unknown_user_of_manager(manager: &str) = "the user who runs {manager} is unknown";

    /// The home directory of the user who runs a package manager is unknown.
    unknown_home_of_manager(manager: &str) = "the home directory of the user who runs {manager} is unknown";

    /// A command may read the working directory.
    may_read_directory(program: &str, verb: &str) = "`{program} {verb}` may read the working directory";

    /// Which files a copy selects is unknown.
    unknown_selection(flag: &str) = "which files a copy with --{flag} selects is unknown";

    /// More instructions follow than Jettison looks at.
    too_many_follow(most: usize) = "more than {most} instructions follow it";

    /// Another instruction above the install changes as often as the sources.
    changes_as_often(instruction: &str) = "`{instruction}` is also above the install and changes as often";

    /// The name of a manifest has unusual characters.
    name_needs_quotes(name: &str) = "the name `{name}` would have to be quoted";

    /// The install reads a file that other checkouts do not have.
    not_under_version_control(file: &str) = "the install reads `{file}`, which is not under version control and so is missing in other checkouts";

    /// A script changes to a directory that only the copy of the sources creates.
    directory_not_yet_there(directory: &str) = "it changes to `{directory}`, which would not exist yet";

    /// Another command in the RUN of the install names the copied files.
    files_named_in_run() = "another command of the same RUN names the copied files";

    /// The files are copied into a directory of the system, where installed programs have files, too.
    files_of_programs(directory: &str, manager: &str) = "{directory} overlaps directories of the system, where `{manager}` may use any file; copy to one like /app";

    /// An option, a mount or a variable of the install names the copied files.
    files_named_by_install(manager: &str) = "an option, a mount or a variable of `{manager}` names the copied files";

    /// The install reads a file that the copy does not contain.
    not_among_copied_files(path: &str) = "`{path}` is not among the copied files";

    /// The ignore file has to exclude files of the host, and can't be written.
    host_files(names: &str, file: &str) = "the later copy could also copy the host's {names}; exclude it in {file}";

    /// The ignore file can't exclude the directories without other files.
    excludes_too_much(file: &str, names: &str) = "{file} would exclude more than {names}";

    /// A name can't be written into the ignore file.
    unusual_name(path: &str, file: &str) = "the name `{path}` can't be written into {file}";

    /// The ignore file includes the path with `!`.
    included_again(file: &str, path: &str) = "{file} includes `{path}` with `!`";

    /// The path is under version control, and the sources would overwrite what was installed.
    under_version_control(path: &str) = "`{path}` is under version control, and the later copy would overwrite what was installed";

    /// A Dockerfile copies the path from the build context.
    copied_from_context(file: &str, path: &str) = "{file} copies `{path}` from the build context";

    /// A copy in a Dockerfile may need the path from the build context.
    may_be_copied_from_context(file: &str, path: &str) = "a COPY in {file} may need `{path}` from the build context";

    /// A RUN mounts the build context and names the path.
    mounted_from_context(file: &str, name: &str) = "a RUN of {file} mounts the build context and names `{name}`";

    /// The Dockerfile configures where dependencies come from, which may need credentials.
    may_be_private(word: &str) = "the Dockerfile contains `{word}`, so the dependencies may be private or in another place";

    /// The dependencies are in the build context.
    dependencies_in_context(directory: &str) = "the build context has the dependencies in `{directory}`";

    /// An option or variable of the build may change what it downloads.
    download_needs_option(option: &str) = "`{option}` may change what the build downloads";

    /// The build calls a package manager in a way that is not analyzed.
    unusual_call(manager: &str) = "the build calls {manager} in an unusual way";

    /// The package manager works offline.
    downloads_nothing(manager: &str) = "{manager} works offline";

    /// The build removes what it downloads, but an earlier layer would keep it.
    build_removes_downloads(manager: &str) = "an earlier layer would keep what {manager} downloads, which the RUN of the build deletes";
}
