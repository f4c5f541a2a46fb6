//! The transforms: one file each, which contains its manual page, its tests and its code.
//!
//! This file lists the transforms in the order in which they run, and contains the code that some
//! of them share. Stages come first, since stages that only build need no cleanup. Layer boundaries
//! are next, since a cleanup must be in the layer that creates the files. Then come cache mounts
//! (if the user wants them), options that disable caches, and cleanups.

mod apt_no_install_recommends;
mod avoid_package_caches;
mod cache_mounts;
mod clean_package_caches;
mod combine_installs;
mod copy_manifests_first;
mod copy_ownership;
mod dnf_no_weak_deps;
mod drop_build_packages;
mod fetch_dependencies_first;
mod merge_runs;
mod order_layers;
mod ordering;
mod production_dependencies;
mod prune_stage;
mod purge_build_packages;
mod remove_downloads;
mod sink_metadata;
mod slim_base;
pub(crate) mod split_stages;
mod strip_artifacts;
pub(crate) mod support;
mod update_index_once;
mod useradd_no_log_init;
mod write_dockerignore;
mod zypper_no_recommends;

use crate::spelling;
use crate::transform::Transform;

/// All transforms, in the order in which they run.
pub const ALL: &[Transform] = &[
    split_stages::TRANSFORM,
    slim_base::TRANSFORM,
    drop_build_packages::TRANSFORM,
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
    useradd_no_log_init::TRANSFORM,
    strip_artifacts::TRANSFORM,
    write_dockerignore::TRANSFORM,
];

/// The transform with this id.
pub fn find(id: &str) -> Option<&'static Transform> {
    ALL.iter().find(|transform| transform.id == id)
}

/// The id that is most similar to an unknown one; `None` if no id is similar enough.
pub fn nearest(id: &str) -> Option<&'static str> {
    spelling::nearest(id, ALL.iter().map(|transform| transform.id))
}
