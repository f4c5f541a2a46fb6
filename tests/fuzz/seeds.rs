//! The texts to mutate: all Dockerfiles of the project, and those of `JETTISON_FUZZ_FOLDER`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::random::Random;

/// Longer files are not better seeds.
const MOST_BYTES: u64 = 16 << 10;

/// A collection to pick from by consistent hashing: if a fixture is added, nearly all seeds still
/// generate the same case.
pub struct Ring<T>(Vec<(usize, T)>);

impl<T> Ring<T> {
    /// Each with its name.
    pub fn of(all: impl Iterator<Item = (String, T)>) -> Self {
        let mut all: Vec<(usize, T)> = all.map(|(name, value)| (place(&name), value)).collect();
        all.sort_by_key(|(place, _)| *place);
        Self(all)
    }

    /// One of them.
    pub fn pick(&self, random: &mut Random) -> &T {
        let at = random.below(usize::MAX);
        let next = self.0.partition_point(|(place, _)| *place < at);
        &self.0[next % self.0.len()].1
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The place of a name on the ring (FNV-1a, mixed).
fn place(name: &str) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let seed = Random::new(hash).below(usize::MAX);
    Random::new(seed as u64).below(usize::MAX)
}

/// The texts.
pub fn dockerfiles() -> &'static Ring<String> {
    static TEXTS: OnceLock<Ring<String>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        for folder in ["tests/fixtures", "examples"] {
            files(&root.join(folder), &mut paths);
        }
        paths.retain(|path| path.to_string_lossy().ends_with("Dockerfile"));
        if let Some(folder) = std::env::var_os("JETTISON_FUZZ_FOLDER") {
            files(Path::new(&folder), &mut paths);
        }
        let texts = Ring::of(paths.iter().filter_map(|path| Some((name(path), read(path)?))));
        assert!(texts.len() > 500, "{} Dockerfiles", texts.len());
        texts
    })
}

/// A path that does not depend on where the project is.
pub fn name(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display().to_string()
}

/// The text of a file, unless it is long or not text.
pub fn read(path: &Path) -> Option<String> {
    let is_short = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= MOST_BYTES);
    fs::read_to_string(path).ok().filter(|_| is_short)
}

/// All files below a folder, in order.
pub fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}
