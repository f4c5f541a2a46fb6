//! Build arguments before the first FROM, which FROM and `--from` may use in the names of images
//! and stages.

use std::collections::HashMap;

use crate::syntax::{Body, Dockerfile};

/// The defaults of a file's global build arguments.
#[derive(Debug, Default)]
pub(super) struct Globals<'a>(HashMap<&'a str, &'a str>);

impl<'a> Globals<'a> {
    /// Reads the defaults. If there are two for an argument, the first one counts.
    pub(super) fn of(file: &'a Dockerfile<'_>) -> Self {
        let mut defaults = HashMap::new();
        for (_, instruction) in
            file.instructions().take_while(|(_, instruction)| !matches!(instruction.body, Body::From(_)))
        {
            let Body::Arg(all) = &instruction.body else { continue };
            for (at, assignment) in all.iter().enumerate() {
                let is_first = !all[..at].iter().any(|earlier| earlier.key == assignment.key);
                if let Some(value) = assignment.value.as_deref().filter(|_| is_first) {
                    defaults.entry(assignment.key.as_str()).or_insert(value);
                }
            }
        }
        Self(defaults)
    }

    /// The default of an argument.
    pub(super) fn default(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }
}
