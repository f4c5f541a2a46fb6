//! Packages and downloads.

use super::reasons;

reasons! {
    "Packages and downloads", "Why packages, dev dependencies or downloaded files stay.";

    /// The command installs newer versions of packages of the base image, whose layers keep the old ones.
    upgrade_stores_packages_twice(manager: &str, verb: &str) = "`{manager} {verb}` stores new versions, and the old ones stay in the layers of the base image; a newer base image has them already";

    /// A command of git may need earlier versions of the repository.
    git_may_need_history(verb: &str) = "`git {verb}` may need the history";

    /// A build may ask git for the history or the last tag of the repository that it runs in.
    build_may_ask_git(program: &str) = "{program} may ask git for the history, or for the last tag";

    /// A later RUN can't be read, and may ask git for the history of the repository.
    unread_run_may_ask_git() = "a later RUN can't be read, and may need the history";

    /// A program may change what the package lists are downloaded from.
    may_change_package_sources(program: &str) = "{program} may change the sources of packages";

    /// A package manager recommends the compilers that it needs for packages without wheels.
    recommended_compilers(package: &str, other: &str) = "{package} recommends compilers, and pip may compile {other}; install build-essential and python3-dev by name if it does";

    /// A script calls a compiler, so the compilers may be needed.
    script_calls_compiler(path: &str, compiler: &str) = "{path} calls `{compiler}`";

    /// The install command would have no packages left.
    no_packages_left() = "the install command would have no packages left; try to remove the whole RUN";

    /// The command has an escaped blank, so its words can't be removed one by one.
    escaped_blank() = "the command has an escaped blank";

    /// More instructions follow the install than Jettison looks at.
    too_many_follow_install(most: usize) = "more than {most} instructions follow, and one of them may need them";

    /// A copy has a flag that is not analyzed, so the source of a file is unknown.
    source_unknown(path: &str, flag: &str) = "the source of {path} is unknown: copies with --{flag} are not analyzed";

    /// The build context can't be read, so what the image loads is unknown.
    context_unreadable_for_loads() = "the build context can't be read, so the files that the image loads are unknown";

    /// The workspace has several manifests.
    several_manifests() = "the workspace has several manifests";

    /// Whether the manifest has dev dependencies is unknown.
    unknown_dev_dependencies(manifest: &str) = "whether {manifest} has dev dependencies is unknown";

    /// npm before version 7 has no `--omit`.
    npm_too_old() = "npm before version 7 has no --omit";

    /// The install runs a script, which may need the dev dependencies.
    install_runs_script(script: &str) = "the install runs the script `{script}`, which may need them";

    /// A later step calls a program that may need the dev dependencies.
    later_step_calls(program: &str) = "a later step calls `{program}`, which may need them";

    /// The command that the image starts may be a dev dependency.
    start_may_be_dev_dependency() = "the command that the image starts may be one of them";

    /// A file that ships names a dev dependency.
    file_names_dev_dependency(path: &str, package: &str) = "{path} names {package}, which is a dev dependency";

    /// A check of the built image has read a file of a dev dependency.
    check_reads_dev_dependency(path: &str, package: &str) = "a check of the original image reads {path} of {package}, which is a dev dependency";

    /// A step or a file that the build runs may write into `node_modules`.
    writes_into_modules(file: &str, what: &str) = "{file} may write into node_modules ({what})";

    /// A package that stays may load a dev dependency, which it lists as a peer.
    peer_of_production(package: &str, name: &str) = "{package} may load {name}, a dev dependency that it lists as a peer";

    /// A source file loads a module whose name it computes: it may be a dev dependency.
    loads_computed_module(file: &str) = "{file} loads a module whose name it computes, which may be a dev dependency";

    /// A source file may load a dev dependency.
    source_may_load(package: &str) = "a source file may load {package}, which is a dev dependency";

    /// APP_ENV does not select production.
    environment_not_production() = "APP_ENV does not select production, so the application may load them";

    /// Poetry before 1.2 has no `--only`.
    poetry_too_old() = "poetry before 1.2 has no --only";

    /// The image starts a dev dependency.
    start_is_dev_dependency(package: &str) = "the image starts {package}, which is a dev dependency";

    /// A source file can't be read, and may load a dev dependency.
    unreadable_source() = "a source file can't be read, and may load them";

    /// The command that the image starts may call a dev dependency.
    start_may_call(package: &str) = "the command that the image starts may call {package}";

    /// A later step can't be read, and may need the dev dependencies.
    later_step_unreadable() = "a later step can't be read, and may need them";

    /// The same command installs packages that are not build tools.
    mixed_install() = "the same command installs packages that are not build tools";

    /// The install is conditional, or shares its statement with other commands.
    conditional_install() = "their install command is conditional, or shares its statement with other commands";

    /// An earlier RUN installs the same package.
    installed_before(package: &str) = "an earlier RUN installs {package} too";

    /// A later RUN may build something.
    later_run_may_build() = "a later RUN may build something";

    /// The script has more commands than Jettison looks at.
    too_many_commands_for_downloads(most: usize) = "the script has more than {most} commands";

    /// The name of the download is not literal.
    name_not_literal() = "its name is not literal";

    /// The path of the download has characters that the shell might interpret.
    unusual_path() = "its path has characters that the shell might interpret";

    /// The script changes to another directory after the download.
    script_changes_directory() = "the script changes to another directory";

    /// The file has more instructions than Jettison looks at.
    too_many_may_name(most: usize) = "one of the more than {most} other instructions may name it";

    /// Another instruction names the file.
    named_by_instruction(keyword: &str) = "{keyword} names it";

    /// Another instruction may use the file.
    may_be_used_by_instruction(keyword: &str) = "{keyword} may use it";

    /// A later COPY may copy the file.
    may_be_copied() = "a later COPY may copy it";

    /// A later RUN may refer to the file through a variable.
    used_through_variable() = "a later RUN may refer to it through a variable";

    /// A later RUN may refer to the file by a pattern or a list.
    used_by_pattern() = "a later RUN may refer to it by a pattern or a list";

    /// A later loop may use the file.
    used_in_loop() = "a later loop may use it";

    /// A later RUN can't be read, and may use the file.
    unreadable_run_after() = "a later RUN can't be read";

    /// A script that is started names the file.
    named_by_script(script: &str) = "{script} names it";

    /// A source in the build context names the file, its directory, or a pattern for it.
    named_by_source(path: &str) = "{path} may open it";

    /// A source in the build context reads a variable with the file's directory.
    directory_in_variable(path: &str, variable: &str) = "{path} reads {variable}, which names its directory";

    /// A server serves all files in this directory.
    in_served_directory(directory: &str) = "all files in {directory} are served";

    /// What the image starts names the directory of the file.
    its_directory_named(who: &str) = "{who} names its directory";

    /// A script that is started can't be read, and may use the file.
    unreadable_script(script: &str, why: &str) = "{script} can't be read: it {why}";

    /// A script that is started can't be parsed reliably, and may use the file.
    unparsed_script(script: &str) = "{script} can't be parsed reliably";

    /// ADD downloads an archive into a layer, and a later RUN unpacks it.
    download_in_layer_of_add(name: &str) = "{name} stays in the layer of this ADD after a later RUN has used it; download it in that RUN";

    /// An archive is copied into a layer, and a later RUN unpacks it.
    archive_in_layer(name: &str) = "{name} stays in the layer of this instruction after a later RUN has used it; mount it in that RUN (--mount=type=bind)";

    /// An archive is copied from another stage into a layer, and a later RUN unpacks it.
    archive_of_other_stage(name: &str) = "{name} stays in the layer of this instruction after a later RUN has used it; mount it in that RUN (--mount=type=bind,from=…), or unpack it in the other stage";

    /// The command has linker options of its own.
    own_linker_options(option: &str) = "the command has linker options of its own; add {option} to them";

    /// Two installs run with different variables, programs or users.
    installs_run_differently() = "the two installs run with different variables, programs or users";

    /// Only one of two installs has an option.
    install_has_option(option: &str) = "only one of the two installs has `{option}`";

    /// A word of an install is not just the name of a package.
    not_only_a_name(word: &str) = "`{word}` is not just the name of a package";

    /// apt may need a package of the first install to download those of the second one.
    needed_for_downloads(package: &str) = "apt may need {package} to download the packages of the second install";
}
