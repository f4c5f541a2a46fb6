//! The Docker CLI plugin `docker jettison`: under the name `docker-jettison`, in one of the
//! directories that Docker's command line searches, the program behaves like a plugin. (Docker CLI,
//! `cli-plugins/metadata` and `cli-plugins/manager`.)

use std::ffi::OsString;
use std::path::Path;

use serde_json::json;

/// The argument with which Docker requests the metadata of a plugin.
const METADATA: &str = "docker-cli-plugin-metadata";

/// How the program was started.
pub enum Called {
    /// With these arguments, by this name.
    By { name: &'static str, arguments: Vec<OsString> },
    /// To print its metadata.
    Introduced(String),
}

/// Reads the arguments of the process, including the program name.
pub fn called(arguments: impl IntoIterator<Item = OsString>) -> Called {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let name = arguments.first().and_then(|name| Path::new(name).file_stem()).unwrap_or_default();
    if name != "docker-jettison" {
        return Called::By { name: "jettison", arguments };
    }
    if arguments.get(1).is_some_and(|first| first == METADATA) {
        return Called::Introduced(introduction());
    }
    // Docker repeats the plugin's name.
    if arguments.get(1).is_some_and(|first| first == "jettison") {
        arguments.remove(1);
    }
    Called::By { name: "docker jettison", arguments }
}

fn introduction() -> String {
    json!({
        "SchemaVersion": "0.1.0",
        "Vendor": "Jettison",
        "Version": env!("CARGO_PKG_VERSION"),
        "ShortDescription": "Rewrite Dockerfiles for smaller images and faster rebuilds",
    })
    .to_string()
}
