//! Splitting into stages.

use super::reasons;

reasons! {
    "Splitting into stages", "Why a stage is not split into a build stage and a runtime stage.";

    /// The RUN can't be parsed, and may leave files that the program needs.
    unparsed_run() = "this RUN can't be parsed, and may leave files that the running program needs";

    /// The RUN mounts another image, whose content is unknown.
    mounts_other_image() = "this RUN mounts another image, whose content is unknown";

    /// The Dockerfile configures its own source of system packages.
    own_package_source(word: &str) = "the Dockerfile configures its own source of system packages ({word})";

    /// The path that a command writes to is unknown.
    unknown_target_path(word: &str) = "the target path `{word}` is unknown";

    /// A file that may belong to an installed package is removed, and the package is installed again.
    file_of_package_removed(path: &str) = "`{path}` is removed, and may belong to a package that is installed again in the final image";

    /// The effect of a command is unknown.
    unknown_command(program: &str) = "the effect of `{program}` is unknown; it may leave files that the running program needs";

    /// Whether a command runs is unknown.
    may_not_run(program: &str) = "whether `{program}` runs is unknown";

    /// The package that is installed is unknown.
    unknown_package(manager: &str, word: &str) = "the package that {manager} installs for `{word}` is unknown";

    /// The path of a command is unknown.
    unknown_path(program: &str, word: &str) = "the path in `{program} {word}` is unknown";

    /// The path of a link is unknown.
    unknown_link(command: &str) = "the path of the link in `{command}` is unknown";

    /// Whether `ln` runs is unknown.
    link_may_not_run() = "whether `ln` runs is unknown";

    /// The files that a command adds can't be distinguished from those already there.
    mixed_files(program: &str, path: &str) = "the files that {program} adds to {path} can't be distinguished from those already there";

    /// The new owner of files is unknown.
    unknown_owner() = "the new owner of the files is unknown";

    /// The path in a `chmod` is unknown.
    unknown_chmod_path(word: &str) = "the path in `chmod {word}` is unknown";

    /// The path of a download is unknown.
    unknown_download_path() = "the target path of a download is unknown";

    /// The directory that an archive is extracted to is unknown.
    unknown_extraction(program: &str) = "the directory that {program} extracts to is unknown";

    /// The extracted files can't be distinguished from those already there.
    mixed_extraction(program: &str, path: &str) = "the files that {program} extracts to {path} can't be distinguished from those already there";

    /// No instruction builds anything.
    builds_nothing() = "no instruction builds anything";

    /// Accounts can't be created in an image without a shell.
    accounts_without_shell() = "accounts can't be created in an image without a shell";

    /// Symlinks can't be created in an image without a shell.
    links_without_shell() = "symlinks can't be created in an image without a shell";

    /// The working directory is unknown.
    unknown_workdir() = "the working directory is unknown";

    /// The files that the build adds can't be distinguished from the base image's.
    added_files_mixed(path: &str) = "files that the build adds to {path} can't be distinguished from the base image's";

    /// COPY would interpret a path as a pattern.
    path_is_pattern(path: &str) = "the path {path} has characters that COPY interprets as a pattern";

    /// A directory changes owner without its contents.
    owner_without_contents(path: &str) = "{path} changes owner without its contents, which a copy between stages can't preserve";

    /// A directory changes owner, and the final image has no shell for that.
    owner_without_shell(path: &str) = "{path} changes owner, and the final image has no shell that could change it";

    /// The working directory changes its mode, which a copy into it does not change.
    mode_of_directory(path: &str) = "the mode of {path} changes, which a copy into the directory does not do";

    /// The destination of a copy is unknown.
    unknown_destination(path: &str) = "the destination {path} is unknown";

    /// A copy from another stage may copy a file or a directory.
    file_or_directory(path: &str) = "a copy from another stage into {path} may copy a file or a directory; write the full target path";

    /// Copied files can't be distinguished from the base image's.
    copied_files_mixed(path: &str) = "files copied into {path} can't be distinguished from the base image's";

    /// The compiler's output path is unknown.
    unknown_compiler_output() = "the compiler's output path is unknown";

    /// DESTDIR redirects the installation.
    destdir() = "DESTDIR redirects the installation";

    /// Installed files can't be distinguished from the base image's.
    installed_files_mixed(path: &str) = "files installed into {path} can't be distinguished from the base image's";

    /// /usr/local contains the compiler, so installed files can't be distinguished.
    compiler_in_usr_local() = "/usr/local contains the compiler";

    /// The program that CMD and ENTRYPOINT start is unknown.
    unknown_start() = "the program that CMD and ENTRYPOINT start is unknown; write it in exec form";

    /// A path of the start command is in a directory that a step of the build makes, and would not be copied.
    named_path_not_copied(keyword: &str, path: &str) = "{keyword} names {path}, which a step of the build may make";

    /// The path of the program is unknown.
    unknown_program_path(program: &str) = "the path of `{program}` is unknown";

    /// The files that the program reads at run time are unknown.
    unknown_read_files(directory: &str) = "the files that the program reads in {directory} are unknown";

    /// No step builds the program that the image starts.
    program_not_built(program: &str) = "no step builds `{program}`";

    /// Programs of the compiler need its own libstdc++.
    own_libstdcxx() = "programs of this compiler need its own libstdc++";

    /// The output directory of `dotnet publish` is unknown.
    unknown_publish_output() = "the output directory of `dotnet publish` is unknown";

    /// A .NET tool needs the SDK.
    dotnet_tool() = "a .NET tool is installed, which needs the SDK";

    /// A step runs a program with the SDK, and the files that it creates are unknown.
    program_with_sdk() = "a step runs a program with the SDK, and the files that it creates are unknown";

    /// The image does not start `dotnet` with an assembly.
    starts_no_assembly() = "the image does not start `dotnet` with an assembly, so the files that it needs are unknown";

    /// The image starts an assembly that no step publishes.
    assembly_not_published() = "the image starts an assembly that no step publishes";

    /// The application shares its directory with other files.
    shared_directory(directory: &str) = "the application shares {directory} with other files; give it its own WORKDIR";

    /// The classes share their directory with other files.
    classes_share_directory(directory: &str) = "the classes share {directory} with other files; give them their own WORKDIR";

    /// The application's directory contains other files.
    directory_has_other_files() = "the application's directory contains other files; give it its own WORKDIR";

    /// No step publishes the assembly that the image starts.
    path_not_published(path: &str) = "no step publishes {path}";

    /// The .NET version is unknown.
    unknown_dotnet_version() = "the .NET version is unknown; put it in the tag";

    /// The files that a command creates are unknown.
    unknown_output(command: &str) = "the files that `{command}` creates are unknown";

    /// The image compiles the program when it starts.
    compiles_at_start(command: &str) = "`{command}` compiles when the image runs; start the program itself";

    /// The output path of `go build` is unknown.
    unknown_output_path(word: &str) = "the output path `-o {word}` is unknown";

    /// The name of the program that `go build` creates is unknown.
    unknown_program_name() = "the name of the program that `go build` creates is unknown; pass it with -o";

    /// No runtime image is known for the build image.
    no_runtime_image(image: &str) = "no runtime image is known for programs built on {image}";

    /// CMD and ENTRYPOINT do not name `java`; a script may start it.
    java_not_started() = "neither CMD nor ENTRYPOINT names `java`, so the files that it needs are unknown";

    /// JSP pages are compiled at run time.
    jsp_pages() = "JSP pages are compiled at run time, which needs a compiler";

    /// The Java version is unknown.
    unknown_java_version() = "the Java version is unknown";

    /// The files that a command creates are unknown.
    unknown_output_of_command(program: &str, directory: &str) = "the files that `{program}` creates in {directory} are unknown";

    /// A package installs a browser that needs files outside its directory.
    installs_browser(package: &str) = "{package} installs a browser that needs files outside its directory";

    /// The name of a package has characters that no package's name has.
    odd_package_name(package: &str) = "`{package}` is not the name of a package";

    /// A registry is configured, which a repeated global install would need as well.
    registry_configured(word: &str) = "{word} configures a registry, which the final stage would need to repeat a global install";

    /// The image starts a package manager that corepack fetched during the build.
    fetched_by_corepack(manager: &str) = "the image starts {manager}, which corepack fetched into the home directory of another user or an unknown one";

    /// A package links libraries that only the full image has.
    links_full_image(package: &str) = "{package} links libraries that are only in the full image";

    /// package.json can't be read, so the program's system dependencies are unknown.
    unreadable_package_json(directory: &str) = "{directory}/package.json can't be read, so the program's system dependencies are unknown";

    /// The final image has no package manager, and packages may be needed.
    no_package_manager(packages: &str) = "the final image has no package manager, and {packages} may be needed";

    /// Globally installed packages can't be distinguished from the system's files.
    global_packages() = "globally installed packages can't be distinguished from the system's files";

    /// The libraries that PHP's extensions link on Alpine are unknown.
    alpine_extensions() = "the libraries that the extensions link on Alpine are unknown";

    /// The run-time library of a PHP extension is unknown for the release.
    unknown_extension_library(name: &str) = "the run-time library of {name} is unknown for this release; put the release in the tag (-bookworm)";

    /// The program's working directory is not in the file.
    no_workdir() = "the program's working directory is not in the file; add a WORKDIR";

    /// The stage has more instructions than Jettison looks at.
    too_many_instructions(most: usize) = "the stage has more than {most} instructions";

    /// The name of the stage continues on the next line.
    name_over_lines() = "the name of the stage continues on the next line";

    /// The line can't be parsed.
    unreadable_line() = "this line can't be read";

    /// An ONBUILD trigger is meant for an image that can build.
    onbuild_needs_builder() = "an ONBUILD trigger is meant for an image that can build";

    /// The RUN runs as a user who may not exist in the final image.
    unknown_build_user() = "this RUN runs as a user who may not exist in the final image; build as root, and set USER after it";

    /// The platform of the final image is unknown.
    unknown_platform() = "the platform of the final image is unknown";

    /// The files that the instruction copies are unknown.
    unknown_copied_files() = "the files that this copies are unknown";

    /// Neither CMD nor ENTRYPOINT says what runs.
    nothing_started() = "neither CMD nor ENTRYPOINT says what runs";

    /// Packages of another package manager can't be distinguished from the system's files.
    packages_of_other_manager(manager: &str) = "packages installed by {manager} can't be distinguished from the system's files";

    /// The path of the virtual environment is unknown.
    unknown_virtual_environment() = "the path of the virtual environment is unknown";

    /// Code of the project runs in the build and may write to a path that a source names.
    may_write_elsewhere(file: &str, path: &str) = "{file} names {path}, where a step of the build may write";

    /// A file calls a program by its path, which changes.
    named_by_path(file: &str, path: &str) = "{file} calls {path}, and the packages would be in another directory";

    /// A script or the start command searches programs on another path.
    replaces_path(file: &str, how: &str) = "{file} searches programs on another path ({how}), which lacks those of the packages";

    /// A Python program downloads something to an unknown place.
    unknown_download() = "a Python program downloads something to an unknown place";

    /// pip is called by its path, so it installs for the system.
    pip_by_path(program: &str) = "`{program}` is called by its path, so it installs for the system";

    /// An option makes pip install elsewhere.
    pip_elsewhere(option: &str) = "{option} makes pip install elsewhere";

    /// Poetry keeps its environment in its cache directory.
    poetry_in_cache() = "poetry keeps its environment in its cache directory; set virtualenvs.create or virtualenvs.in-project";

    /// The program is started by its path, and would not see a virtual environment.
    started_by_path(program: &str) = "`{program}` is started by its path, and would not see packages in a virtual environment";

    /// An instruction names the directory of installed packages.
    names_site_packages() = "an instruction names the directory of installed packages";

    /// An ENV sets PATH without its previous value.
    path_dropped() = "ENV PATH drops the previous PATH";

    /// Packages may also be installed at another place.
    packages_outside(path: &str) = "packages may also be installed outside {path}";

    /// The requirements can't be read, so their system dependencies are unknown.
    unreadable_requirements() = "the requirements can't be read, so their system dependencies are unknown";

    /// An option makes gem install elsewhere.
    gem_elsewhere() = "an option makes gem install elsewhere";

    /// A gem is built against unknown system libraries.
    gem_with_unknown_libraries() = "a gem is built against unknown system libraries";

    /// Bundler's install path is unknown.
    unknown_bundle_path() = "Bundler's install path is unknown";

    /// Gemfile.lock can't be read, so the gems' system dependencies are unknown.
    unreadable_gemfile_lock() = "Gemfile.lock can't be read, so the gems' system dependencies are unknown";

    /// The output path of `cargo install --root` is unknown.
    unknown_cargo_root() = "the output path of `cargo install --root` is unknown";

    /// Without the build context, the files that the program reads are unknown.
    no_context() = "the files that the program reads are unknown without the build context; pass it with --context";

    /// A build argument above the install would be unknown in the later stages.
    argument_above_install(name: &str) = "the build argument {name} is declared above the install, and a new stage would not have it";

    /// The directory, the user or the shell changes between the install and the removal.
    changes_between(keyword: &str) = "{keyword} changes between the install and the removal";

    /// A command, a script or a package may change installed packages.
    may_change_modules(name: &str) = "`{name}` may change files in node_modules";

    /// The build context has several manifests.
    two_manifests(path: &str, other: &str) = "the build context has `{path}` and `{other}`";

    /// The manifest is the root of a workspace.
    workspace_root(path: &str) = "`{path}` is the root of a workspace";

    /// The manifest lists no production dependencies.
    no_production_dependencies(path: &str) = "`{path}` lists no production dependencies";

    /// The final image does not copy the directory of the project as a whole.
    copies_other_parts(directory: &str) = "the final stage does not copy `{directory}` once and as a whole";
}
