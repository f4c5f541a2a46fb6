//! Being `docker jettison`: under the name `docker-jettison`, in one of the directories that Docker's command line looks
//! through, the program answers as a plugin does. (Docker CLI, `cli-plugins/metadata` and `cli-plugins/manager`.)

use std::ffi::OsString;
use std::path::Path;

use serde_json::json;

/// What Docker asks a plugin for before it shows it in its help.
const METADATA: &str = "docker-cli-plugin-metadata";

/// How the program was called.
pub enum Called {
    /// With these arguments, by this name.
    By { name: &'static str, arguments: Vec<OsString> },
    /// To say what it is: this.
    Introduced(String),
}

/// Reads the process's arguments, the program's name among them.
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
        "ShortDescription": "Rewrite Dockerfiles so that images get smaller and builds hit the cache",
    })
    .to_string()
}
