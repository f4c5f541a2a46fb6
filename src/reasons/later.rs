//! Later uses.

use super::reasons;

reasons! {
    "Later uses", "Something after the instruction, or the running image, may need what would be removed.";

    /// An ONBUILD trigger may need the files.
    onbuild_trigger() = "an ONBUILD trigger may depend on these files";

    /// A script that is started names the directory.
    start_names_directory(script: &str, directory: &str) = "{script} names {directory}";

    /// A file that is started may read the files.
    start_may_read(script: &str) = "{script} may read these files";

    /// A source in the build context calls the package manager.
    source_may_read(path: &str, manager: &str) = "{path} calls a program of {manager}";

    /// A script that is started can't be parsed reliably, and may read the files.
    start_unparsed(script: &str) = "{script} can't be parsed reliably, and may read these files";

    /// A script that is started can't be read, so it may need the files.
    start_unreadable(script: &str, why: &str) = "{script} can't be read: it {why}";

    /// A script that is started comes from the build context, which is unknown.
    start_without_context(script: &str) = "{script} can't be read: it comes from the build context, which is unknown";

    /// More stages follow than Jettison looks at.
    too_many_stages() = "too many later stages are built from this one";

    /// A later RUN mounts the directory from this stage.
    mounted_later(path: &str) = "a later RUN mounts {path} of this stage";

    /// A later RUN mounts this stage and names the files.
    stage_mounted_later() = "a later RUN mounts this stage, and names these files";

    /// A later COPY copies the directory from this stage.
    copied_later(path: &str) = "a later COPY copies {path} from this stage";

    /// A later RUN can't be read, and names the files or works offline.
    unreadable_run_names_files() = "a later RUN names these files, or works offline";

    /// A later RUN can't be read, and may need the files.
    unreadable_later_run(why: &str) = "a later RUN can't be read: {why}";

    /// A later ENV names the files.
    env_names_files() = "a later ENV names these files";

    /// A later VOLUME names the files.
    volume_names_files() = "a later VOLUME names these files";

    /// A later RUN has no network, and may need the cache.
    later_run_without_network() = "a later RUN has no network, and may need these files";

    /// A later RUN may work offline, and runs a program that can't be read.
    later_run_offline() = "a later RUN may work offline, and runs a program that can't be read";

    /// A later command installs offline, so it needs the cache.
    installs_offline(manager: &str, verb: &str, why: &str) = "calls `{manager} {verb}` offline ({why})";

    /// A later command calls the package manager in a way that may read its files.
    may_read_cache(manager: &str) = "calls {manager} in a way that may read these files";

    /// A later command cleans the cache, and may fail if it is already empty.
    cleans_empty_cache(manager: &str, verb: &str) = "calls `{manager} {verb}`, which may fail on an empty cache";

    /// A later command reads the package index without downloading it again.
    reads_index(manager: &str, verb: &str) = "calls `{manager} {verb}` without another download";

    /// A later command calls a program that reads the files.
    reader_called(program: &str) = "calls {program}, which reads these files";

    /// A later command removes the files as another user.
    unprivileged_removal() = "removes these files as a user who may not be allowed to";

    /// A later command names the files, and may fail without them.
    later_command_names_files() = "names these files, and may fail without them";

    /// A later command runs a program that can't be read and may need the files.
    unreadable_program(program: &str) = "runs {program}, which can't be read";

    /// Another command calls the package manager in a way that may read its files.
    wrapped_call(manager: &str) = "another command calls {manager} in a way that may read these files";
}
