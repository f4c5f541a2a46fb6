//! Which copies an install from manifests does not need, if several instructions copy the files of
//! its project.
//!
//! `Layout` is the part of the image that the instructions above the install copy from the build
//! context. The install is analyzed as if that was the build context, so a file that is not copied
//! does not count.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::context::{BuildContext, Entry};
use crate::facts::{FURTHEST, Facts, paths};
use crate::knowledge::Confidence;
use crate::syntax::{Body, Instruction};
use crate::transforms::support::early_copy::installed_before;
use crate::transforms::support::manifests::{self, Project};

/// What the installs of a file read and create, found once for each.
pub struct Installs<'f, 'a> {
    facts: &'f Facts<'a>,
    context: &'f BuildContext,
    known: RefCell<HashMap<usize, Option<Rc<Install>>>>,
}

/// A RUN that installs from manifests.
struct Install {
    layout: Layout,
    projects: Vec<Project>,
}

/// That a copy may move below an install.
pub struct Pass {
    /// Context paths of the files that the install reads and no other instruction copies: they must
    /// be copied before it.
    pub needs: Vec<String>,
    /// How certain it is that the install does not read the copied files.
    pub confidence: Confidence,
    /// Context paths that the install creates and the copy could contain: the ignore file must
    /// exclude them.
    pub makes: BTreeSet<String>,
}

impl<'f, 'a> Installs<'f, 'a> {
    pub fn of(facts: &'f Facts<'a>, context: &'f BuildContext) -> Self {
        Self { facts, context, known: RefCell::default() }
    }

    /// Whether a copy may move below an install, and under which conditions.
    pub fn pass(&self, copy: usize, install: usize) -> Option<Pass> {
        let (facts, context) = (self.facts, self.context);
        let (own, effects) = (facts.effects(copy), facts.effects(install));
        if effects.unknown.is_some() || !own.commute_but_for_installs(effects) {
            return None;
        }
        let found = self.install(install)?;
        // The directory exists without the copy if the manifests are in it.
        let has_directory = |path: &str| {
            let mut reads = found.projects.iter().flat_map(|project| &project.reads);
            !own.may_write(path)
                || facts.directory_at(copy).is_some_and(|directory| paths::within(&directory, path))
                || reads.any(|read| paths::within(read, path.trim_matches('/')))
        };
        if !effects.entered().all(has_directory) {
            return None;
        }
        let mut pass = Pass { needs: Vec::new(), confidence: Confidence::Safe, makes: BTreeSet::new() };
        for project in &found.projects {
            pass.confidence = pass.confidence.max(project.confidence);
            for path in &project.reads {
                let needs = found.layout.needed(facts, path, copy);
                pass.needs
                    .extend(needs.into_iter().filter(|path| !pass.needs.contains(path)).collect::<Vec<_>>());
            }
            for path in &project.makes {
                match may_contain(facts, copy, path, context) {
                    Ok(inner) => pass.makes.extend(inner),
                    Err(Unknown) => return None,
                }
            }
        }
        Some(pass)
    }

    /// Whether an instruction installs from manifests that are all known.
    pub fn is_known(&self, item: usize) -> bool {
        !self.facts.effects(item).installs.is_empty() && self.install(item).is_some()
    }

    fn install(&self, item: usize) -> Option<Rc<Install>> {
        if let Some(known) = self.known.borrow().get(&item) {
            return known.clone();
        }
        let found = self.install_anew(item).map(Rc::new);
        self.known.borrow_mut().insert(item, found.clone());
        found
    }

    fn install_anew(&self, item: usize) -> Option<Install> {
        let facts = self.facts;
        let run = facts.run_at(item)?;
        let installs = &facts.effects(item).installs;
        let directories: Vec<&str> =
            installs.iter().map(|install| install.directory.as_deref()).collect::<Option<_>>()?;
        let layout = Layout::above(facts, item, &directories, self.context)?;
        let mut projects = Vec::new();
        for (install, directory) in installs.iter().zip(directories) {
            let call = &run.calls[install.call];
            let invocation = &run.invocations[call.invocation];
            let origin = |path: &str| {
                let path = path.trim_start_matches('/');
                layout.origins.contains_key(path).then(|| path.to_owned())
            };
            let place = manifests::Place {
                folder: Some(directory.trim_matches('/')),
                origin: &origin,
                as_module: invocation.simple.words.iter().any(|word| word.raw == "-m"),
                installed: &|| installed_before(facts, item),
                context: &layout.context,
                known: facts.known,
            };
            let project = manifests::project(call, &place)?.ok()?;
            // The file that a symlink leads to is needed, too.
            let is_link = |path: &String| layout.context.below(path).any(|entry| entry.is_link);
            if project.reads.iter().any(is_link) {
                return None;
            }
            projects.push(project);
        }
        (!projects.is_empty()).then_some(Install { layout, projects })
    }
}

/// The files of the image that come from the build context. Paths of the image have no leading
/// slash, like those of a build context.
struct Layout {
    context: BuildContext,
    /// Where each file comes from, in the order of the copies.
    origins: BTreeMap<String, Vec<Origin>>,
}

#[derive(Clone)]
struct Origin {
    item: usize,
    path: String,
}

impl Layout {
    /// The files that the instructions above an item copy. `None` if others may copy files into
    /// these directories.
    fn above(facts: &Facts<'_>, item: usize, directories: &[&str], context: &BuildContext) -> Option<Self> {
        let is_copy =
            |instruction: &Instruction<'_>| matches!(instruction.body, Body::Copy(_) | Body::Add(_));
        let mut copies: Vec<usize> = facts
            .before(item)
            .filter(|(_, instruction)| is_copy(instruction))
            .map(|(at, _)| at)
            .take(FURTHEST + 1)
            .collect();
        if copies.len() > FURTHEST {
            return None;
        }
        copies.reverse();
        let mut origins: BTreeMap<String, Vec<Origin>> = BTreeMap::new();
        for item in copies {
            let Some(placed) = facts.placed_files(item, context) else {
                if directories.iter().any(|directory| facts.effects(item).may_write(directory)) {
                    return None;
                }
                continue;
            };
            for (path, place) in placed {
                let place = place.trim_start_matches('/').to_owned();
                origins.entry(place).or_default().push(Origin { item, path });
            }
        }
        let last = |all: &[Origin]| all.last().and_then(|origin| context.file(&origin.path));
        let entries = origins.iter().filter_map(|(place, all)| {
            let entry = last(all)?;
            Some(Entry { path: place.clone(), ..entry.clone() })
        });
        let texts = origins.iter().filter_map(|(place, all)| {
            let text = context.texts.get(&all.last()?.path)?;
            Some((place.clone(), text.clone()))
        });
        let context = BuildContext::of(entries.collect(), texts.collect(), ".dockerignore", None);
        Some(Self { context, origins })
    }

    /// The files at a path, or in a directory, that only this copy copies as the install reads
    /// them.
    fn needed(&self, facts: &Facts<'_>, path: &str, copy: usize) -> Vec<String> {
        let inside = format!("{path}/");
        let own = self.origins.get(path).map(|all| (path, all));
        let below = self.origins.range(inside.clone()..);
        let below = below.take_while(|(place, _)| place.starts_with(&inside));
        let all = own.into_iter().chain(below.map(|(place, all)| (place.as_str(), all)));
        let needed = all.filter_map(|(place, all)| {
            let at = all.iter().position(|origin| origin.item == copy)?;
            let flags = |item: usize| -> Vec<&str> {
                let instruction = facts.instruction_at(item);
                let flags = instruction.into_iter().flat_map(|instruction| &instruction.flags);
                flags.map(|flag| flag.span.of(facts.file.text)).collect()
            };
            let Some(earlier) = at.checked_sub(1).map(|at| &all[at]) else { return Some(&all[at].path) };
            let place = format!("/{place}");
            let is_changed = || {
                facts.before(copy).take_while(|(item, _)| *item > earlier.item).any(|(item, instruction)| {
                    !matches!(instruction.body, Body::Workdir(_)) && facts.effects(item).may_write(&place)
                })
            };
            let differs = earlier.path != all[at].path || flags(earlier.item) != flags(copy) || is_changed();
            differs.then_some(&all[at].path)
        });
        needed.cloned().collect()
    }
}

/// It is unknown what a copy contains.
struct Unknown;

/// The context paths of a file that an install creates, if a copy could contain it.
fn may_contain(
    facts: &Facts<'_>,
    copy: usize,
    made: &str,
    context: &BuildContext,
) -> Result<Vec<String>, Unknown> {
    let made = format!("/{made}");
    if !facts.effects(copy).may_write(&made) {
        return Ok(Vec::new());
    }
    if let Some(copied) = facts.copied(copy, context) {
        if !copied.takes_a_directory() {
            let files = facts.placed_files(copy, context).ok_or(Unknown)?;
            let is_clear = files.iter().all(|(_, place)| !paths::within(place, &made));
            return if is_clear { Ok(Vec::new()) } else { Err(Unknown) };
        }
        let paths = copied.context_paths(&made);
        // The copy may also be in the directory that is created.
        return if paths.is_empty() && paths::within(&copied.destination, &made) {
            Err(Unknown)
        } else {
            Ok(paths)
        };
    }
    // A pattern: the names that it selects in another checkout.
    let Some(Body::Copy(transfer) | Body::Add(transfer)) =
        facts.instruction_at(copy).map(|instruction| &instruction.body)
    else {
        return Err(Unknown);
    };
    let selects_only_files = |source: &String| {
        let name = source.rsplit('/').next().unwrap_or(source);
        name.rsplit_once('.').is_some_and(|(_, ending)| {
            !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphanumeric())
        })
    };
    let has_ending = made.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if transfer.sources.iter().all(selects_only_files) && !has_ending { Ok(Vec::new()) } else { Err(Unknown) }
}
