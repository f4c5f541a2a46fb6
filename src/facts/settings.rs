//! Whether a package manager's configuration may have a setting: in a file that is not in the base
//! image and that an instruction writes or copies.

use crate::context::ContextSource;
use crate::facts::copied::Copied;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::ManagerSetting;
use crate::syntax::{Body, Instruction};

impl Facts<'_> {
    /// Whether a setting may apply to a RUN: an earlier instruction, or the RUN itself, names the
    /// setting together with a file that can contain it, or copies such a file.
    pub fn may_be_set(
        &self,
        setting: &ManagerSetting,
        run: &RunFacts<'_>,
        context_source: &dyn ContextSource,
    ) -> bool {
        let mut kept = self.kept.set_by.borrow_mut();
        let items = kept
            .entry((setting.name.clone(), setting.file.clone()))
            .or_insert_with(|| self.items_that_may_set(setting, context_source));
        items.binary_search(&run.item).is_ok()
            || self.lineage.nearest(&self.stages, items, run.item).is_some()
    }

    /// The instructions that may set it, in order.
    fn items_that_may_set(&self, setting: &ManagerSetting, context_source: &dyn ContextSource) -> Vec<usize> {
        let (name, file) = (setting.name.to_ascii_lowercase(), setting.file.to_ascii_lowercase());
        let can_hold = |path: &str| contains_from_root(path, &setting.file);
        let sets = |item: usize, instruction: &Instruction<'_>| match &instruction.body {
            Body::Run(_) => {
                let text = instruction.full.of(self.file.text).to_ascii_lowercase();
                text.contains(&name) && text.contains(&file)
            }
            Body::Copy(transfer) | Body::Add(transfer) => {
                let mut paths = transfer.sources.iter().chain([&transfer.destination]);
                // A copied directory may contain a file with the setting.
                let brings = || {
                    let context = context_source.context().ok()?;
                    let copied = self.copied(item, context).filter(Copied::may_reach_etc)?;
                    let entries = context.entries.iter().filter(|entry| can_hold(&entry.path));
                    let mut places = entries.filter_map(|entry| copied.image_path(&entry.path));
                    places.find(|path| path.starts_with("/etc/"))
                };
                paths.any(|path| contains_from_root(&path.to_ascii_lowercase(), &file)) || brings().is_some()
            }
            _ => false,
        };
        let all = self.file.instructions().filter(|(item, instruction)| sets(*item, instruction));
        all.map(|(item, _)| item).collect()
    }
}

/// Whether a path contains a part with this name. A name with a leading slash matches from the
/// root.
fn contains_from_root(path: &str, part: &str) -> bool {
    path.contains(part) || part.strip_prefix('/').is_some_and(|part| path.starts_with(part))
}
