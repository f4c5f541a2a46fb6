//! Whether a package manager's own configuration may say something: a file that the base image lacks and an instruction writes or copies.

use crate::context::Surroundings;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::ManagerSetting;
use crate::syntax::{Body, Instruction};

impl Facts<'_> {
    /// Whether a setting may be set where a RUN runs: an instruction before it, or the RUN itself, names it together with a file that can
    /// hold it, or copies such a file.
    pub fn may_be_set(
        &self,
        setting: &ManagerSetting,
        run: &RunFacts<'_>,
        around: &dyn Surroundings,
    ) -> bool {
        let names = |text: &str, name: &str| text.to_ascii_lowercase().contains(&name.to_ascii_lowercase());
        let writes = |one: &Instruction<'_>| {
            let text = one.full.of(self.file.text);
            names(text, &setting.name) && names(text, &setting.file)
        };
        let copies = |item: usize, one: &Instruction<'_>| {
            let (Body::Copy(transfer) | Body::Add(transfer)) = &one.body else { return false };
            let mut paths = transfer.sources.iter().chain([&transfer.destination]);
            paths.any(|path| names(&format!("/{path}"), &setting.file))
                || self.copies_file(item, setting, around)
        };
        writes(run.instruction)
            || self.before(run.item).any(|(item, one)| match one.body {
                Body::Run(_) => writes(one),
                _ => copies(item, one),
            })
    }

    /// Whether a copied directory has a file that can hold the setting.
    fn copies_file(&self, item: usize, setting: &ManagerSetting, around: &dyn Surroundings) -> bool {
        let Ok(context) = around.context() else { return false };
        let can_hold = |path: &str| format!("/{path}").contains(&setting.file);
        let mut files = context.entries.iter().filter(|entry| can_hold(&entry.path)).peekable();
        if files.peek().is_none() {
            return false;
        }
        let Some(copied) = self.copied(item, context) else { return false };
        files.any(|entry| copied.image_path(&entry.path).is_some_and(|path| path.starts_with("/etc/")))
    }
}
