//! The transforms: one file each, which contains its manual page, its tests and its code.
//!
//! This file lists the transforms in the order in which they run, and contains the code that some
//! of them share. Stages come first, since stages that only build need no cleanup. Layer boundaries
//! are next, since a cleanup must be in the layer that creates the files. Then come cache mounts
//! (if the user wants them), options that disable caches, and cleanups. Those of the group `tidy`
//! are last.

mod absolute_paths;
mod answer_prompts;
mod apt_get_in_scripts;
mod apt_no_install_recommends;
mod avoid_package_caches;
mod bundler_settings;
mod cache_mounts;
mod clean_package_caches;
mod combine_installs;
mod command_array;
mod consistent_case;
mod continuation_lines;
mod copy_manifests_first;
mod copy_not_add;
mod copy_ownership;
mod description_comments;
mod dnf_no_weak_deps;
mod drop_build_packages;
mod fetch_dependencies_first;
mod key_value_syntax;
mod maintainer_label;
mod merge_runs;
mod npm_ci;
mod order_layers;
mod ordering;
mod pipefail;
mod port_mappings;
mod production_dependencies;
mod prune_stage;
mod purge_build_packages;
mod redundant_platform;
mod redundant_sudo;
mod remove_downloads;
mod repeated_entries;
mod shallow_clones;
mod short_image_names;
mod sink_metadata;
mod slim_base;
pub(crate) mod split_stages;
mod strip_artifacts;
mod superseded_settings;
pub(crate) mod support;
mod temporary_directories;
mod trim_environment;
mod unused_stages;
mod update_index_once;
mod useradd_no_log_init;
mod volume_array;
mod wget_progress;
mod write_dockerignore;
mod zypper_no_recommends;

use crate::spelling;
use crate::transform::{Group, Transform};

/// All transforms, in the order in which they run.
pub const ALL: &[Transform] = &[
    split_stages::TRANSFORM,
    slim_base::TRANSFORM,
    drop_build_packages::TRANSFORM,
    trim_environment::TRANSFORM,
    merge_runs::TRANSFORM,
    update_index_once::TRANSFORM,
    combine_installs::TRANSFORM,
    order_layers::TRANSFORM,
    copy_manifests_first::TRANSFORM,
    prune_stage::TRANSFORM,
    sink_metadata::TRANSFORM,
    copy_ownership::TRANSFORM,
    production_dependencies::TRANSFORM,
    apt_no_install_recommends::TRANSFORM,
    dnf_no_weak_deps::TRANSFORM,
    zypper_no_recommends::TRANSFORM,
    cache_mounts::TRANSFORM,
    avoid_package_caches::TRANSFORM,
    purge_build_packages::TRANSFORM,
    clean_package_caches::TRANSFORM,
    fetch_dependencies_first::TRANSFORM,
    remove_downloads::TRANSFORM,
    shallow_clones::TRANSFORM,
    useradd_no_log_init::TRANSFORM,
    strip_artifacts::TRANSFORM,
    write_dockerignore::TRANSFORM,
    unused_stages::TRANSFORM,
    continuation_lines::TRANSFORM,
    key_value_syntax::TRANSFORM,
    consistent_case::TRANSFORM,
    redundant_platform::TRANSFORM,
    short_image_names::TRANSFORM,
    description_comments::TRANSFORM,
    superseded_settings::TRANSFORM,
    port_mappings::TRANSFORM,
    repeated_entries::TRANSFORM,
    volume_array::TRANSFORM,
    copy_not_add::TRANSFORM,
    absolute_paths::TRANSFORM,
    apt_get_in_scripts::TRANSFORM,
    answer_prompts::TRANSFORM,
    wget_progress::TRANSFORM,
    bundler_settings::TRANSFORM,
    temporary_directories::TRANSFORM,
    maintainer_label::TRANSFORM,
    command_array::TRANSFORM,
    redundant_sudo::TRANSFORM,
    pipefail::TRANSFORM,
    npm_ci::TRANSFORM,
];

/// The transform with this id.
pub fn find(id: &str) -> Option<&'static Transform> {
    ALL.iter().find(|transform| transform.id == id)
}

/// Whether `select` accepts a name: the id of a transform, or a group.
pub fn is_selector(name: &str) -> bool {
    find(name).is_some() || Group::parse(name).is_some()
}

/// Whether `ignore` accepts a name: one that `select` accepts, or a code that a transform covers.
pub fn can_be_ignored(name: &str) -> bool {
    is_selector(name) || !for_code(name).is_empty()
}

/// The transforms that cover a code of hadolint or a check of BuildKit, in any case.
pub fn for_code(code: &str) -> Vec<&'static Transform> {
    let covers = |transform: &&Transform| transform.hadolint.iter().any(|own| own.eq_ignore_ascii_case(code));
    ALL.iter().filter(covers).collect()
}

/// The transforms of a group, in the order in which they run.
pub fn of_group(group: Group) -> impl Iterator<Item = &'static Transform> {
    ALL.iter().filter(move |transform| transform.group == group)
}

/// The id or group that is most similar to an unknown one; `None` if none is similar enough.
pub fn nearest(id: &str) -> Option<&'static str> {
    let groups = Group::ALL.iter().map(|group| group.name());
    spelling::nearest(id, ALL.iter().map(|transform| transform.id).chain(groups))
}
