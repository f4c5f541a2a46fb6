//! Manifests and lockfiles.

use super::reasons;

reasons! {
    "Manifests and lockfiles", "What the install reads is not only its manifest and lockfile.";

    /// A file has the name of a Python module, which `python -m` would load.
    shadowed_module(name: &str) = "`{name}` in the directory has the name of a module, and `python -m` would load it instead";

    /// cargo needs the sources of every target.
    cargo_needs_sources() = "cargo needs the sources of every target, even to fetch";

    /// The files that a package manager reads are unknown.
    unknown_manager(manager: &str) = "the files that {manager} reads are unknown";

    /// An option sends the package manager to another directory.
    other_directory(manager: &str) = "an option sends {manager} to another directory";

    /// The build context does not have the file.
    missing_file(path: &str) = "the build context has no `{path}`";

    /// A configuration file may name other files.
    file_may_name_others(manager: &str, path: &str) = "{manager} reads `{path}`, which may name other files";

    /// A file can't be read.
    unreadable_file(path: &str) = "`{path}` can't be read";

    /// A file is not JSON, YAML or TOML.
    unparsable_file(path: &str, problem: &str) = "`{path}` {problem}";

    /// Composer runs scripts that may need the sources.
    composer_scripts() = "composer.json has scripts, which may need the sources";

    /// Composer reads the project's version from version control.
    composer_version(path: &str) = "composer reads the project's version from `{path}`";

    /// A directory of Composer is outside of the project.
    composer_directory_outside(key: &str) = "composer's {key} is outside of the project";

    /// composer.lock installs a package from a local path.
    composer_local_package(name: &str) = "composer.lock installs `{name}` from a local path";

    /// A package is a Composer plugin, which may need the sources.
    composer_plugin(name: &str) = "`{name}` is a Composer plugin, which may need the sources";

    /// Composer generates its autoloader from the sources.
    composer_autoloader() = "composer generates its autoloader from the sources";

    /// composer.json allows plugins, which may need the sources.
    composer_plugins_allowed() = "composer.json allows plugins, which may need the sources";

    /// The repositories of composer.json have an unknown format.
    composer_repositories() = "the repositories of composer.json have an unknown format";

    /// composer.json installs packages from a local path or an unknown location.
    composer_local_repository() = "composer.json installs packages from a local path or an unknown location";

    /// No project file is found for `dotnet restore`.
    no_project_file() = "no project file is found for `dotnet restore`";

    /// A solution names a file of an unknown type.
    unknown_project_type(path: &str, name: &str) = "`{path}` names `{name}`, which has an unknown type";

    /// A file is outside of the build context.
    outside_of_context(path: &str) = "`{path}` is outside of the build context";

    /// The name of a project is unknown.
    unknown_project_name() = "a project's name is unknown";

    /// A project file has an unknown type.
    project_of_unknown_type(path: &str) = "`{path}` is a project of an unknown type";

    /// A line of a file can't be read.
    unreadable_line_in_file(path: &str, line: &str) = "`{path}` has a line that can't be read: `{line}`";

    /// A solution has a project without a path.
    project_without_path(path: &str) = "`{path}` has a project without a path";

    /// A file is not XML.
    not_xml(path: &str, error: &str) = "`{path}` is not XML ({error})";

    /// pom.xml is not XML.
    pom_not_xml(error: &str) = "pom.xml is not XML ({error})";

    /// A project file imports, runs or sets something that may need other files.
    project_needs_more(path: &str, why: &str) = "`{path}` {why}";

    /// A project file reads other files.
    reads_other_files(path: &str, value: &str) = "`{path}` reads other files: `{value}`";

    /// A project file refers to a computed path.
    computed_reference(path: &str, value: &str) = "`{path}` refers to `{value}`, which is computed";

    /// A file adds options to every call of dotnet.
    dotnet_options(path: &str) = "`{path}` adds options to every call of dotnet";

    /// A file adds projects to every project.
    adds_projects(path: &str) = "`{path}` adds projects to every project";

    /// A file names a local package feed.
    local_feed(path: &str) = "`{path}` names a local feed";

    /// NuGet's configuration has a setting that may name other files.
    nuget_setting(path: &str, key: &str) = "`{path}` sets `{key}`";

    /// NuGet's configuration has a section that may name other files.
    nuget_section(path: &str, name: &str) = "`{path}` has a section `{name}`, which may name other files";

    /// A line of the Gemfile may read other files.
    gemfile_line(line: &str) = "the Gemfile has a line that may read other files: `{line}`";

    /// The build context has no Gemfile.lock.
    no_gemfile_lock() = "the build context has no Gemfile.lock, so the install creates one that is not copied";

    /// Gemfile.lock installs a gem from a local path.
    local_gem() = "Gemfile.lock installs a gem from a local path";

    /// Gemfile.lock has an unknown section.
    gemfile_lock_section(name: &str) = "Gemfile.lock has an unknown section, `{name}`";

    /// A `replace` of go.mod can't be read.
    unreadable_replace(path: &str) = "`{path}` has a `replace` that can't be read";

    /// go.mod replaces a module with a local directory.
    local_module() = "go.mod replaces a module with a local directory";

    /// go.mod has an unknown directive.
    unknown_directive(path: &str, name: &str) = "`{path}` has an unknown directive, `{name}`";

    /// A go.work names other modules.
    go_work() = "a go.work names other modules";

    /// pom.xml has an element that names other files.
    pom_names_files(name: &str) = "pom.xml has `<{name}>`, which names other files";

    /// pom.xml has a parent in another directory.
    pom_parent() = "pom.xml has a parent in another directory";

    /// Maven loads extensions, which may read other files.
    maven_extensions() = ".mvn/extensions.xml loads extensions, which may read other files or call git";

    /// mix.exs may read other files.
    mix_reads_files(word: &str) = "mix.exs uses `{word}`, which may read other files";

    /// A file has an unknown format.
    unknown_format(path: &str) = "`{path}` has an unknown format";

    /// `pnpm fetch` needs a lockfile.
    no_pnpm_lock() = "`pnpm fetch` needs a pnpm-lock.yaml";

    /// The install links programs of the project itself.
    links_programs(path: &str) = "`{path}` has programs (`bin`) that the install links";

    /// A package of the workspace is linked from another directory.
    linked_directory(path: &str) = "`{path}` is linked from another directory (`publishConfig.directory`)";

    /// The project may be part of a workspace in a parent directory.
    workspace_above() = "it may be part of a workspace in a parent directory";

    /// A plugin of Yarn may read other files.
    yarn_plugin(path: &str) = "Yarn's plugin `{path}` may read other files";

    /// The install runs a script of the project, which may need the sources.
    lifecycle_script(path: &str, script: &str) = "`{path}` has a `{script}` script, which may need the sources";

    /// The install compiles a part of the project.
    compiles_project(path: &str) = "the install compiles `{path}`";

    /// The packages of the workspace have an unknown format.
    workspace_packages(path: &str) = "the packages of `{path}` have an unknown format";

    /// The `workspaces` of package.json have an unknown format.
    workspaces_format() = "the `workspaces` of package.json have an unknown format";

    /// The lockfile installs a package from a local path, or has an unknown format.
    lockfile_local_or_unknown(path: &str) = "`{path}` installs a package from a local path, or has an unknown format";

    /// The lockfile has a package in a directory of the project.
    package_in_directory(lockfile: &str, path: &str) = "`{lockfile}` has a package in `{path}`";

    /// The lockfile links a package to a directory.
    linked_package(lockfile: &str, name: &str, target: &str) = "`{lockfile}` links `{name}` to `{target}`";

    /// The lockfile installs a package from a local path or an unknown location.
    package_from(lockfile: &str, name: &str, location: &str) = "`{lockfile}` installs `{name}` from `{location}`";

    /// The lockfile installs a package from a local path.
    local_package(lockfile: &str, name: &str) = "`{lockfile}` installs `{name}` from a local path";

    /// The lockfile replaces a package with a local path.
    replaced_by_local_package(lockfile: &str, name: &str) = "`{lockfile}` replaces `{name}` with a local path";

    /// The patch of a package is not in the build context.
    missing_patch(name: &str) = "the patch of `{name}` is not in the build context";

    /// `npm ci` needs a lockfile.
    npm_ci_without_lockfile() = "`npm ci` needs a lockfile, and the build context has none";

    /// The lockfile belongs to another package manager.
    foreign_lockfile() = "the lockfile belongs to another package manager";

    /// A package has an install script, and the project files that it reads are unknown.
    install_script(name: &str) = "`{name}` has an install script, and the project files that it reads are unknown";

    /// A package has an install script that reads files of the project.
    install_script_needs(name: &str, why: &str) = "`{name}` has an install script: {why}";

    /// `onlyBuiltDependencies` has an unknown format.
    built_dependencies_format() = "`onlyBuiltDependencies` has an unknown format";

    /// A setting has an unknown format.
    setting_format(key: &str, path: &str) = "`{key}` of `{path}` has an unknown format";

    /// A dependency comes from an unknown location.
    unknown_location(path: &str, name: &str) = "`{path}` installs `{name}` from an unknown location";

    /// A dependency comes from a local path or an unknown location.
    dependency_from(path: &str, name: &str, location: &str) = "`{path}` installs `{name}` from {location}";

    /// A package of the workspace is copied into another one.
    injected_package(path: &str) = "`{path}` copies a package of the workspace into another (`injected`)";

    /// A dependency is replaced by a local path or an unknown location.
    replaced_dependency(key: &str, location: &str, path: &str) = "`{key}` replaces a dependency with {location} (`{path}`)";

    /// `poetry install` installs the project itself, which needs the sources.
    poetry_installs_project() = "`poetry install` installs the project itself; pass `--no-root` to skip it";

    /// pyproject.toml installs packages from a local index.
    pyproject_local_index() = "pyproject.toml installs packages from a local index";

    /// pyproject.toml names a license file that is not in the build context.
    missing_license_file() = "pyproject.toml names a license file that is not in the build context";

    /// The version comes from git.
    version_from_git() = "poetry-dynamic-versioning reads the version from git";

    /// A program may be a Poetry plugin that reads other files.
    poetry_plugin(name: &str) = "`{name}` may be a Poetry plugin that reads other project files";

    /// pyproject.toml names a dependency in an unknown format.
    dependency_format() = "pyproject.toml names a dependency in an unknown format";

    /// `uv sync` installs the project itself, which needs the sources.
    uv_installs_project() = "`uv sync` installs the project itself; pass `--no-install-project` to skip it";

    /// pyproject.toml reads the dependencies from another file.
    dynamic_dependencies() = "pyproject.toml reads the dependencies from another file (`dynamic`)";

    /// The build context has no uv.lock.
    no_uv_lock() = "the build context has no uv.lock";

    /// `uv sync` may rewrite uv.lock.
    uv_may_rewrite_lock() = "without `--frozen` or `--locked`, `uv sync` may rewrite uv.lock";

    /// uv has a workspace or settings in a parent directory.
    uv_settings_above() = "uv has a workspace or settings in a parent directory";

    /// pyproject.toml has a workspace.
    uv_workspace() = "pyproject.toml has a workspace";

    /// The Pipfile installs packages from a local index.
    pipfile_local_index() = "Pipfile installs packages from a local index";

    /// The install computes the dependencies, so it builds the project.
    computed_dependencies(path: &str) = "`{path}` computes the dependencies, so the install builds the project";

    /// setup.cfg has a section that old releases of pip read.
    setup_cfg_section(section: &str) = "setup.cfg has a section {section}, which old releases of pip read";

    /// A requirements file has no name.
    unnamed_requirements() = "a requirements file has no name";

    /// pip installs an editable package.
    editable_package() = "pip installs an editable package";

    /// pip searches a local directory for packages.
    local_search() = "pip searches a local directory for packages";

    /// An option of pip reads other files.
    option_reads_files(option: &str) = "`{option}` reads other files";

    /// An option sends pip to another directory.
    option_names_directory(option: &str) = "`{option}` sends pip to another directory";

    /// An argument of pip is, or may be, a local path.
    may_be_local_path(word: &str) = "`{word}` is, or may be, a local path";

    /// The value of an argument is unknown.
    unknown_value(word: &str) = "the value of `{word}` is unknown";

    /// A requirements file is outside of the copied files.
    outside_of_copied_files(path: &str) = "`{path}` is outside of the copied files";

    /// A file is not a requirements file.
    not_requirements(path: &str) = "`{path}` is not a requirements file";

    /// A requirements file installs an editable package.
    editable_requirement(path: &str, line: &str) = "`{path}` installs an editable package: {line}";

    /// A requirements file searches a local directory for packages.
    requirements_local_search(path: &str) = "`{path}` searches a local directory for packages";

    /// A requirements file installs packages from a local index.
    requirements_local_index(path: &str) = "`{path}` installs packages from a local index";

    /// A requirements file has an unknown option.
    unknown_requirement_option(path: &str, line: &str) = "`{path}` has an unknown option: {line}";

    /// A requirements file names a local path or a variable.
    requirement_path(path: &str, line: &str) = "`{path}` names a local path or a variable: {line}";

    /// A setting is a path.
    setting_is_path(path: &str, key: &str, value: &str) = "`{path}` sets `{key}` to a path, {value}";

    /// A setting may name other files.
    setting_may_name_files(path: &str, key: &str) = "`{path}` sets `{key}`, which may name other files";

    /// A setting names a file that is not in the build context.
    setting_names_missing_file(key: &str, path: &str) = "`{key}` of `{path}` names a file that is not in the build context";
}
