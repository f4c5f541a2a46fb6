//! Caches of package managers.

use super::reasons;

reasons! {
    "Caches of package managers", "Why a cache is not deleted, not avoided, or not moved to a cache mount.";

    /// Yarn 2 and later can run packages directly from the cache.
    may_be_yarn_2() = "it may be Yarn 2 or later, which can run packages directly from its cache";

    /// An option moves the cache, or reads from it.
    option_uses_cache() = "an option moves the cache, or reads from it";

    /// An option moves or disables the cache, or reads from it.
    option_changes_cache() = "an option moves or disables the cache, or reads from it";

    /// Installed packages may be links into the cache.
    linked_into_cache(why: &str) = "what is installed may be linked into the cache ({why})";

    /// A change of the owner or mode of the cached files is also one of the installed files.
    changed_through_links() = "installed files may be hard links to files in the cache, and a command changes the owner or mode of those";

    /// Installed packages may be links into the cache, which the option would remove.
    linked_into_own_cache(why: &str) = "what is installed may be linked into the cache ({why})";

    /// The install works offline, so it downloads nothing.
    offline_install(why: &str) = "it works offline ({why}) and downloads nothing";

    /// The install works offline, so it needs the cache.
    works_offline(why: &str) = "it works offline ({why})";

    /// The install works offline with files that the mount would hide.
    offline_with_earlier_files(why: &str) = "it works offline ({why}) with files of an earlier layer, which the mount would hide";

    /// The RUN has no network, so it downloads nothing.
    nothing_downloaded() = "the RUN has no network, so nothing is downloaded";

    /// The RUN has no network, so it needs the cache.
    no_network() = "the RUN has no network";

    /// A variable moves or disables the cache.
    variable_moves_cache(variable: &str) = "{variable} moves or disables the cache";

    /// The package manager's configuration moves the cache.
    configuration_moves_cache() = "the package manager's configuration moves the cache";

    /// A configuration file of the package manager moves the cache.
    configuration_file_moves_cache(file: &str) = "the package manager's configuration moves the cache ({file})";

    /// The location of the cache is known only if a variable has a certain value.
    location_depends_on_variable(variable: &str, value: &str) = "the location of the cache is known only if {variable} is {value}";

    /// The rules of sudo may not allow the cleanup.
    sudo_may_be_limited() = "sudo may not be allowed for the cleanup";

    /// The RUN's user may not delete the cache.
    no_permission() = "the RUN's user has no permission to delete the cache";

    /// Which home directory contains the cache depends on sudo's configuration.
    home_chosen_by_sudo() = "the cache belongs to root, and sudo decides which home directory it is in";

    /// The script sets HOME, so the location of the cache is unknown.
    script_sets_home() = "the script sets HOME";

    /// `keep` in Jettison's configuration protects the files.
    protected_by_configuration() = "the configuration protects these files";

    /// Nothing uses the files: the step that creates them can be removed.
    useless_step(manager: &str, verb: &str) = "no later step uses the download: `{manager} {verb}` has no effect here, and the step can be removed";

    /// The package manager runs as another user.
    runs_as_other_user() = "it runs as another user";

    /// The package manager is called both with and without sudo.
    mixed_sudo() = "it is called both with and without sudo";

    /// The script can succeed without the package manager, so it may not be installed.
    manager_may_be_missing(manager: &str) = "the script can succeed without {manager}, so {manager} may not be installed";

    /// The package manager is called with a different PATH or HOME.
    different_environment(manager: &str) = "{manager} is called with a different PATH or HOME";

    /// The package manager installs another version of itself.
    manager_replaces_itself(manager: &str) = "{manager} replaces itself, and nothing shows whether the new version works";

    /// A command may remove the package manager, or the working directory.
    manager_may_be_removed(program: &str, manager: &str) = "{program} may remove {manager}, or the working directory";

    /// The working directory may not exist any more at the end of the script.
    directory_may_be_removed(manager: &str) = "the working directory may not exist any more when {manager} runs";

    /// The script redirects its output to a file.
    redirected_output(manager: &str) = "the script redirects its output to a file, and the output of {manager} would end up in it";

    /// Packages are removed, and the package manager may be one of them.
    packages_removed(manager: &str) = "packages are removed after it, and {manager} may be one of them";

    /// Repositories that the package manager needs may be removed.
    repositories_removed(manager: &str) = "repositories that {manager} needs may be removed by then";

    /// PATH may change after the package manager was called.
    path_changes(manager: &str) = "PATH may change after {manager} was called";

    /// The package manager is called in a subshell with a different PATH.
    path_in_subshell(manager: &str) = "{manager} is called in a subshell with a different PATH";

    /// The package manager is called by another name.
    called_by_other_name(manager: &str) = "{manager} is called by another name";

    /// The package manager is called by a relative path.
    called_by_relative_path(manager: &str) = "{manager} is called by a relative path";

    /// The package manager is called by a path that can't be repeated in another command.
    called_by_unusual_path(manager: &str) = "{manager} is called by a path that can't be repeated";

    /// The package manager is called by a path that another program prints.
    called_by_printed_path(manager: &str) = "{manager} is called by a path that another program prints";

    /// The distribution's release is too old for the option.
    release_too_old(family: &str) = "this release of {family} is too old for it";

    /// The installed version of the package manager does not have the option.
    version_without_option(version: &str) = "{version} does not support it";

    /// Another command in the same RUN names the cache.
    cache_named_in_run() = "another command in the same RUN names the cache and may fail without it";

    /// A command after the install reads the package index.
    index_read_after(manager: &str, verb: &str) = "`{manager} {verb}` after it reads the index";

    /// A program after the install can't be read, and may need the package index.
    index_may_be_needed(program: &str) = "{program} after it can't be read, and may need the index";

    /// HOME names a directory that only the cache may create.
    home_of_cache_only(home: &str) = "HOME is {home}, a directory that only the cache may create";

    /// The `# syntax=` line names another frontend than Docker's.
    foreign_frontend(syntax: &str) = "`# syntax={syntax}` is not Docker's frontend, and may not support it";

    /// The `# syntax=` line names a release that may be too old.
    old_frontend(syntax: &str) = "`# syntax={syntax}` may be too old for it; use docker/dockerfile:1";

    /// The RUN calls the package manager in a nested shell too, whose calls are not edited.
    called_in_other_shell(manager: &str) = "it calls {manager} in another shell too";

    /// Another RUN has the mount already, and may install from it without a download of its own.
    mount_shared() = "a RUN that has this mount already may install from it without downloading it";

    /// A stage is named scratch, and cache mounts would start from it.
    stage_named_scratch() = "a stage is named scratch, and BuildKit would start cache mounts from that stage";

    /// The directory contains files that are not a cache.
    precious_files(path: &str, why: &str) = "{path} is in this directory: {why}";

    /// A command may remove the mount's target, and would fail on it.
    mount_may_be_removed(program: &str, target: &str) = "{program} may remove {target} or a parent directory, and would fail on a mount there";

    /// The cleanup may also remove files that an earlier RUN left.
    cleanup_of_earlier_files() = "its cleanup may also remove files that an earlier RUN left in the image";

    /// The package manager runs as another user, whose home directory is unknown.
    unknown_home_with_sudo() = "it runs through sudo or as another user, whose home directory is unknown";

    /// BuildKit creates the parent directory of a mount as root.
    parent_owned_by_root(target: &str) = "the parent directory of {target} would belong to root during the RUN, and the RUN's user couldn't write anything else there";

    /// The mount would hide files that another instruction creates.
    mount_hides_copy(keyword: &str) = "the mount would hide files that {keyword} creates";

    /// An earlier RUN uses the directory, and the mount would hide its files.
    mount_hides_used_files() = "an earlier RUN uses these files, and the mount would hide them";

    /// The stage has more RUN instructions than Jettison looks at.
    too_many_runs(most: usize) = "the stage has more than {most} other RUNs, and one of them may need its contents";

    /// The package manager stores files in the directory that exist nowhere else.
    only_copy_in_cache(package: &str) = "`{package}` stores files there that exist nowhere else";

    /// Another RUN of the stage needs the files, and can't use the mount.
    other_run_needs_cache() = "another RUN of this stage needs its contents and can't use the mount";

    /// A later RUN can't be read, and may need the files.
    unreadable_run_may_need_cache() = "a later RUN can't be read, and may need its contents";

    /// A command after the cleanup may not download the package index again.
    stale_index(manager: &str, verb: &str) = "`{manager} {verb}` after the cleanup may run without another download";

    /// A command before the first download may read files of an earlier layer.
    earlier_files_may_be_read() = "a command before the first download may read files of an earlier layer";

    /// A command may read a package index that its RUN did not download, and the mount would hide it.
    earlier_index_read(manager: &str, verb: &str) = "`{manager} {verb}` may read an index that this RUN did not download, and the mount would hide it";

    /// A program reads files of an earlier layer, which the mount would hide.
    earlier_files_read() = "a program reads files of an earlier layer, which the mount would hide";

    /// A command names the directory, and may behave differently with a mount.
    directory_named(program: &str) = "`{program}` names the directory, and may behave differently with a mount there";

    /// The cleanups can't be removed from the script, because they overlap.
    cleanups_overlap() = "its cleanups can't be removed from the script";

    /// The cleanup may fail, and so may the RUN.
    cleanup_may_fail(manager: &str, verb: &str) = "`{manager} {verb}` without --force may fail, so it can't be removed";

    /// The script deletes a path that contains the mount.
    removal_in_mount(path: &str) = "`rm {path}` would delete from the mount, or may fail";

    /// Without the cleanup, the script would fail in other cases.
    removal_changes_failure() = "removing its cleanup would change when the script fails";

    /// A word can't be removed from its command.
    word_not_removable(word: &str) = "`{word}` can't be removed";

    /// An option has a value, so the command may fail.
    option_with_value(option: &str) = "`{option}` has a value, so that it may fail";

    /// The cleanup is unsafe, so it needs `--unsafe`.
    unsafe_cleanup(why: &str) = "{why}";
}
