//! Whether a package manager's own configuration may say something: a file that the base image lacks and an instruction writes or copies.

use crate::context::{Entry, Surroundings};
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
        let mut kept = self.kept.set_by.borrow_mut();
        let items = kept
            .entry((setting.name.clone(), setting.file.clone()))
            .or_insert_with(|| self.items_that_may_set(setting, around));
        self.lineage.nearest(&self.stages, items, run.item + 1).is_some()
    }

    /// The instructions that may set it, in order.
    fn items_that_may_set(&self, setting: &ManagerSetting, around: &dyn Surroundings) -> Vec<usize> {
        let (name, file) = (setting.name.to_ascii_lowercase(), setting.file.to_ascii_lowercase());
        let can_hold = |path: &str| format!("/{path}").contains(&setting.file);
        let context = around.context().ok();
        let in_context: Vec<&Entry> = context
            .map(|context| context.entries.iter().filter(|entry| can_hold(&entry.path)).collect())
            .unwrap_or_default();
        let sets = |item: usize, instruction: &Instruction<'_>| match &instruction.body {
            Body::Run(_) => {
                let text = instruction.full.of(self.file.text).to_ascii_lowercase();
                text.contains(&name) && text.contains(&file)
            }
            Body::Copy(transfer) | Body::Add(transfer) => {
                let mut paths = transfer.sources.iter().chain([&transfer.destination]);
                // A copied directory may have a file that can hold it.
                let brings = || {
                    let copied = context.filter(|_| !in_context.is_empty())?;
                    let copied = self.copied(item, copied)?;
                    let mut places = in_context.iter().filter_map(|entry| copied.image_path(&entry.path));
                    places.find(|path| path.starts_with("/etc/"))
                };
                paths.any(|path| format!("/{path}").to_ascii_lowercase().contains(&file))
                    || brings().is_some()
            }
            _ => false,
        };
        let all = self.file.instructions().filter(|(item, instruction)| sets(*item, instruction));
        all.map(|(item, _)| item).collect()
    }
}
