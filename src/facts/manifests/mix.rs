//! Mix: mix.exs and the configuration are programs. By convention, `mix deps.get` reads only
//! mix.exs and mix.lock.

use super::{Looked, Project};
use crate::knowledge::Confidence;
use crate::knowledge::lists::manifests::MIX_WORDS_THAT_READ;

pub(super) fn look(looked: &Looked<'_, '_>, project: &mut Project) -> Result<(), String> {
    let text = looked.text("mix.exs")?;
    let reads = MIX_WORDS_THAT_READ;
    if let Some(word) = reads.iter().find(|word| text.contains(**word)) {
        return Err(format!("mix.exs uses `{word}`, which may read other files"));
    }
    project.confidence = Confidence::Unsafe;
    Ok(())
}
