//! Mix: mix.exs and the configuration are programs. By convention, `mix deps.get` reads only
//! mix.exs and mix.lock.

use super::{InstallCall, Project};
use crate::knowledge::Confidence;
use crate::knowledge::lists::manifests::MIX_WORDS_THAT_READ;
use crate::reasons::{self, Reason};

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    let text = install.text("mix.exs")?;
    let reads = MIX_WORDS_THAT_READ;
    if let Some(word) = reads.iter().find(|word| text.contains(**word)) {
        return Err(reasons::mix_reads_files(word));
    }
    project.confidence = Confidence::Unsafe;
    Ok(())
}
