//! The types of the knowledge files, `knowledge/**/*.yaml`.
//!
//! Only types. The build script parses the YAML with these types, rejects unknown keys, and embeds
//! the result as JSON, which starts up much faster than a YAML parser. `super` looks entries up.
//! Each module has its path because the build script includes this file from another folder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[path = "model/caches.rs"]
mod caches;
#[path = "model/images.rs"]
mod images;
#[path = "model/lists.rs"]
mod lists;
#[path = "model/manager.rs"]
mod manager;
#[path = "model/modes.rs"]
mod modes;
#[path = "model/options.rs"]
mod options;
#[path = "model/programs.rs"]
mod programs;
#[path = "model/project.rs"]
mod project;
#[path = "model/starters.rs"]
mod starters;

pub use caches::{Cache, Mount, UsualSize};
pub use images::{Image, Library, Runtime};
pub use lists::{Language, List, Lists};
pub use manager::{ByName, Ecosystem, Keep, Kind, Manager, Texts, Verbs};
pub use modes::{Format, Mode, On, Setting, Switch};
pub use options::{
    Avoid, Confidence, ManagerSetting, Production, Prune, Repeated, Unattended, WithoutRecommended,
};
pub use programs::{Act, ArgumentForm, CommandLine, Effects, Programs, Wrapper};
pub use project::{Fetch, InstallScript, Project, SettingsFile, SettingsFormat};
pub use starters::{Starter, StarterFormat};

/// All knowledge, as embedded by the build script.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Everything {
    /// Sorted by file name.
    pub managers: Vec<Manager>,
    /// See [`Programs`].
    pub programs: Programs,
    /// See [`Effects`].
    pub effects: Effects,
    /// See [`CommandLine`].
    pub commands: Vec<CommandLine>,
    /// See [`Image`].
    pub images: Vec<Image>,
    /// See [`Runtime`].
    pub runtime: Runtime,
    /// See [`SettingsFile`].
    pub settings: Vec<SettingsFile>,
    /// See [`InstallScript`].
    pub install_scripts: Vec<InstallScript>,
    /// See [`Starter`].
    pub starters: Vec<Starter>,
    /// See [`List`], by the name of the file.
    pub lists: BTreeMap<String, Lists>,
    /// See [`Language`], by name.
    pub languages: BTreeMap<String, Language>,
}
