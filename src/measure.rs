//! Real builds: image size, build time, rebuild time, and whether the image still works.
//!
//! The only module that starts the command line of a container engine. It does not judge what the
//! figures mean for a Dockerfile.

pub mod build;
pub mod engine;
mod error;
pub mod leftovers;
mod process;
mod progress;
pub mod rebuild;
pub mod tracer;
pub mod transport;
pub mod verify;
pub mod workspace;

pub use build::{BuildError, Built, Plan};
pub use engine::Engine;
pub use error::Error;
pub use process::is_stopping;
pub use progress::{Activity, Step};

use std::time::{Duration, Instant};

use crate::image::{self, Image, ReadError, Tree};
use rebuild::Touch;
use transport::Transport;
use workspace::Workspace;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// The number of timed runs of each build; results are medians. `None` repeats short builds until
    /// the ranges of the two versions are apart.
    pub runs: Option<usize>,
    /// Whether to compress the layers to measure their transfer size.
    pub compression: bool,
}

/// The figures of one image.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The unpacked size of all layers in bytes.
    pub size: u64,
    /// The size of the files that a container sees: the size if squashed.
    pub squashed: u64,
    /// The layers, the lowest first.
    pub layers: Vec<Figure>,
    /// The compressed sizes of its layers, if requested.
    pub transport: Option<Transport>,
    /// A clean build, without cached steps.
    pub cold: Times,
    /// Rebuilds after a change to a file, by kind of file.
    pub rebuilds: Vec<Rebuild>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The instruction that created it.
    pub created_by: String,
    /// The unpacked size of its files in bytes.
    pub size: u64,
}

/// The duration of each run.
#[derive(Debug, Clone, Default)]
pub struct Times(pub Vec<Duration>);

/// The cost of a change to a file.
#[derive(Debug, Clone)]
pub struct Rebuild {
    /// The kind of file: "source file", "manifest".
    pub what: &'static str,
    /// The path of the file in the build context.
    pub path: String,
    /// The build times.
    pub took: Times,
    /// The number of cached steps that create layers, in the last build.
    pub cached: usize,
    /// The number of steps that create layers.
    pub steps: usize,
    /// The time that the cached steps took in the clean build.
    pub spared: Duration,
    /// The number of steps that were not cached although no copied file is above them: the engine
    /// has lost its build cache.
    pub lost: usize,
}

/// The current action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// A description for people.
    pub what: String,
    /// The number of finished steps.
    pub done: usize,
    /// The number of all steps; zero if unknown.
    pub total: usize,
}

impl Times {
    /// The median; for an even number of runs, the mean of the two in the middle.
    pub fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        match (sorted.len(), sorted.len() / 2) {
            (0, _) => Duration::ZERO,
            (count, middle) if count % 2 == 1 => sorted[middle],
            (_, middle) => (sorted[middle - 1] + sorted[middle]) / 2,
        }
    }

    /// Whether a duration of one may also be one of the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ((low, high), (other_low, other_high)) = (self.spread(), other.spread());
        low <= other_high && other_low <= high
    }

    /// The shortest and the longest.
    pub fn spread(&self) -> (Duration, Duration) {
        (self.0.iter().min().copied().unwrap_or_default(), self.0.iter().max().copied().unwrap_or_default())
    }
}

/// Builds and measures several Dockerfiles in turn, so that changes in the machine's load affect
/// all of them alike.
pub fn compare(
    engine: &Engine,
    workspaces: &[Workspace],
    options: &Options,
    say: &dyn Fn(&Progress),
) -> Result<Vec<Figures>, Error> {
    let round: usize = workspaces.iter().map(|workspace| 1 + workspace.touches.len()).sum();
    let total = std::cell::Cell::new(round * options.runs.unwrap_or(1) + workspaces.len());
    let done = std::cell::Cell::new(0);
    let say = |what: String| {
        say(&Progress { what, done: done.get(), total: total.get() });
        done.set(done.get() + 1);
    };
    let mut all: Vec<Vec<Timed>> = workspaces.iter().map(|_| Vec::new()).collect();
    let mut images: Vec<Option<Built>> = workspaces.iter().map(|_| None).collect();
    let start = Instant::now();
    for run in 1.. {
        for (index, workspace) in workspaces.iter().enumerate() {
            let name = &workspace.name;
            say(format!("{name}: clean build, run {run}"));
            let built = build_version(engine, workspace, true)?;
            let mut timed = Timed { cold: built.took, rebuilds: Vec::new() };
            for touch in &workspace.touches {
                say(format!("{name}: rebuild after a change to {}, run {run}", touch.path));
                timed.rebuilds.push(one_rebuild(engine, workspace, touch, &built)?);
            }
            all[index].push(timed);
            images[index] = Some(built);
        }
        match options.runs {
            Some(runs) if run >= runs => break,
            Some(_) => {}
            None if !repeats(run, start.elapsed(), &all) => break,
            None => total.set(total.get() + round),
        }
    }
    let mut figures = Vec::new();
    for ((workspace, timed), built) in workspaces.iter().zip(all).zip(images) {
        let built = built.ok_or(Error::NoRuns)?;
        say(format!("{}: reading the image", workspace.name));
        figures.push(figures_of(engine, workspace, &built, &timed, options)?);
    }
    Ok(figures)
}

/// The time after which builds are not repeated, unless the user asks for it.
const LIMIT: Duration = Duration::from_mins(2);

/// Whether builds are short enough, and their durations uncertain enough, to be repeated.
fn repeats(run: usize, spent: Duration, all: &[Vec<Timed>]) -> bool {
    let runs = u32::try_from(run).unwrap_or(u32::MAX);
    if run >= 5 || spent + spent / runs > LIMIT {
        return false;
    }
    let times = |timed: &[Timed]| Times(timed.iter().map(|timed| timed.cold).collect());
    run < 3 || all.windows(2).any(|pair| times(&pair[0]).overlaps(&times(&pair[1])))
}

/// The result of one run.
struct Timed {
    cold: Duration,
    rebuilds: Vec<TimedRebuild>,
}

/// The result of one rebuild: see [`Rebuild`].
#[derive(Debug, Clone, Copy, Default)]
struct TimedRebuild {
    took: Duration,
    cached: usize,
    steps: usize,
    spared: Duration,
    lost: usize,
}

/// Builds one of several versions; the error names it.
fn build_version(engine: &Engine, workspace: &Workspace, fresh: bool) -> Result<Built, Error> {
    build::build(engine, &workspace.plan(), fresh)
        .map_err(|source| Error::Version { version: workspace.name.clone(), source: Box::new(source) })
}

fn one_rebuild(
    engine: &Engine,
    workspace: &Workspace,
    touch: &Touch,
    cold: &Built,
) -> Result<TimedRebuild, Error> {
    touch.change()?;
    let again = build_version(engine, workspace, false);
    touch.restore()?;
    let again = again?;
    let layers = || again.steps.iter().filter(|step| step.makes_a_layer);
    let cached: Vec<&Step> = layers().filter(|step| step.cached).collect();
    let spared = cached
        .iter()
        .filter_map(|step| cold.steps.iter().find(|other| other.name == step.name))
        .map(|step| step.took);
    Ok(TimedRebuild {
        took: again.took,
        cached: cached.len(),
        steps: layers().count(),
        spared: spared.sum(),
        lost: progress::lost(&again.steps),
    })
}

fn figures_of(
    engine: &Engine,
    workspace: &Workspace,
    built: &Built,
    timed: &[Timed],
    options: &Options,
) -> Result<Figures, Error> {
    let image = read(engine, &built.image.tag)?;
    let rebuilds = workspace.touches.iter().enumerate().map(|(index, touch)| {
        let each = || timed.iter().map(|timing| timing.rebuilds[index]);
        let TimedRebuild { cached, steps, spared, .. } = each().next_back().unwrap_or_default();
        Rebuild {
            what: touch.what,
            path: touch.path.clone(),
            took: Times(each().map(|rebuild| rebuild.took).collect()),
            cached,
            steps,
            spared,
            lost: each().map(|rebuild| rebuild.lost).max().unwrap_or_default(),
        }
    });
    Ok(Figures {
        size: image.size(),
        squashed: Tree::of(&image).size(),
        layers: image
            .layers
            .iter()
            .map(|layer| Figure { created_by: layer.created_by.clone(), size: layer.size() })
            .collect(),
        transport: if options.compression { Some(transport::of(engine, &built.image.tag)?) } else { None },
        cold: Times(timed.iter().map(|timing| timing.cold).collect()),
        rebuilds: rebuilds.collect(),
    })
}

/// The time after which reading an image is aborted: 10 GB take a minute or two.
pub const PATIENCE: Duration = Duration::from_mins(30);

/// Reads an image from the engine.
pub fn read(engine: &Engine, tag: &str) -> Result<Image, Error> {
    let mut saving = engine.stream(["image", "save", tag])?;
    let start = Instant::now();
    let image = image::read(saving.output(), move || start.elapsed() > PATIENCE);
    saving.finish()?;
    image.map_err(|error| match error {
        ReadError::ZstdDisabled => Error::ZstdDisabled(tag.to_owned()),
        source => Error::Image { tag: tag.to_owned(), source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        let times = |all: &[u64]| Times(all.iter().copied().map(Duration::from_secs).collect());
        assert_eq!(times(&[5, 1, 9]).median(), Duration::from_secs(5));
        assert_eq!(times(&[4, 2]).median(), Duration::from_secs(3));
        assert_eq!(times(&[4, 2, 7]).spread(), (Duration::from_secs(2), Duration::from_secs(7)));
        assert_eq!(times(&[]).median(), Duration::ZERO);
    }

    #[test]
    fn short_builds_are_repeated() {
        let timed = |seconds: u64| Timed { cold: Duration::from_secs(seconds), rebuilds: Vec::new() };
        let all = |before: &[u64], after: &[u64]| -> Vec<Vec<Timed>> {
            [before, after].iter().map(|times| times.iter().copied().map(timed).collect()).collect()
        };
        let spent = Duration::from_secs;
        assert!(repeats(1, spent(20), &all(&[9], &[4])));
        assert!(!repeats(1, spent(70), &all(&[30], &[30])));
        assert!(!repeats(3, spent(60), &all(&[9, 8, 9], &[4, 4, 5])));
        assert!(repeats(3, spent(60), &all(&[9, 8, 9], &[4, 4, 8])));
        assert!(!repeats(5, spent(60), &all(&[9; 5], &[9; 5])));
    }
}
