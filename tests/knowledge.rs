//! Consistency of the knowledge base: names, verbs and sources.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use jettison::knowledge::model::{Language, List, Lists};
use jettison::knowledge::{Knowledge, Manager};

#[test]
fn every_file_is_named_after_its_manager() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge/managers");
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let stem = entry
            .expect("a readable entry")
            .path()
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(Knowledge::embedded().manager(&stem).is_some(), "{stem}.yaml does not name its manager");
    }
}

#[test]
fn the_managers_that_people_use_are_there() {
    let expected = "apt-get apk dnf dnf5 microdnf yum tdnf zypper pacman pip pipx pipenv poetry uv conda mamba micromamba npm yarn pnpm \
                    bun gem bundler composer cargo go maven gradle dotnet nuget cpan cpanm luarocks opam r";
    for name in expected.split_whitespace() {
        assert!(Knowledge::embedded().manager(name).is_some(), "{name}");
    }
    for program in ["apt", "aptitude", "pip3.11", "mvn", "bundle"] {
        assert!(Knowledge::embedded().manager_of(program).is_some(), "{program}");
    }
}

#[test]
fn every_claim_has_a_source() {
    for manager in Knowledge::embedded().managers() {
        let Manager {
            caches,
            avoid,
            without_recommended,
            mounts,
            keep,
            offline,
            linked,
            uncached,
            moved,
            ..
        } = manager;
        let Manager { project, production, prune, repeated, by_name, .. } = manager;
        let modes = [offline, linked, uncached, moved].into_iter().flatten();
        let sources = caches.iter().map(|claim| &claim.source);
        let sources = sources
            .chain(avoid.iter().map(|claim| &claim.source))
            .chain(without_recommended.iter().map(|claim| &claim.source));
        let sources = sources
            .chain(mounts.iter().map(|claim| &claim.source))
            .chain(keep.iter().map(|claim| &claim.source))
            .chain(project.iter().map(|claim| &claim.source))
            .chain(production.iter().map(|claim| &claim.source))
            .chain(prune.iter().map(|claim| &claim.source))
            .chain(repeated.iter().map(|claim| &claim.source))
            .chain(by_name.iter().map(|claim| &claim.source))
            .chain(modes.map(|claim| &claim.source));
        for source in sources {
            assert!(
                source.len() > 8 && !source.contains("memory"),
                "{}: {source:?} is not a source",
                manager.name
            );
        }
    }
    for image in Knowledge::embedded().images() {
        assert!(image.source.len() > 8, "{}", image.name);
    }
    for starter in Knowledge::embedded().starters() {
        assert!(starter.source.len() > 8, "{}", starter.name);
    }
    for line in Knowledge::embedded().command_lines() {
        assert!(line.source.contains(['(', ',', '\'']), "{:?}", line.programs);
    }
}

#[test]
fn verbs_that_claims_name_are_listed() {
    for manager in Knowledge::embedded().managers() {
        let verbs: HashSet<&str> = manager.all_verbs().collect();
        let cache_verbs = manager
            .caches
            .iter()
            .flat_map(|cache| cache.filled_by.iter().chain(&cache.cleaned_by).chain(&cache.needed_by));
        let option_verbs = manager
            .avoid
            .iter()
            .flat_map(|avoid| &avoid.verbs)
            .chain(manager.without_recommended.iter().flat_map(|option| &option.verbs));
        for verb in cache_verbs.chain(option_verbs).chain(&manager.default_verb) {
            assert!(verbs.contains(verb.as_str()), "{}: the verb {verb:?} is not listed", manager.name);
        }
    }
}

/// An option has one meaning, and a program has one entry.
#[test]
fn options_of_commands_are_listed_once() {
    let mut programs = HashSet::new();
    for line in Knowledge::embedded().command_lines() {
        assert!(line.programs.iter().all(|program| programs.insert(program)), "{:?}", line.programs);
        let mut options = HashSet::new();
        for option in line.options.values().flatten() {
            assert!(options.insert(option), "{:?}: {option} is listed twice", line.programs);
        }
    }
}

#[test]
fn no_program_belongs_to_two_managers() {
    let mut seen = HashSet::new();
    for manager in Knowledge::embedded().managers() {
        for program in &manager.programs {
            assert!(seen.insert(program), "{program} is claimed twice");
        }
    }
}

/// A cleanup must name a directory that the entry lists, or call the manager itself.
#[test]
fn cleanups_stay_within_their_directories() {
    for manager in Knowledge::embedded().managers() {
        for cache in &manager.caches {
            if let Some(paths) = cache.clean.strip_prefix("rm -rf ") {
                for path in paths.split(' ') {
                    let inside =
                        cache.directories.iter().any(|directory| path.starts_with(directory.as_str()));
                    assert!(inside, "{}: {path} is in none of {:?}", manager.name, cache.directories);
                    let too_wide = [
                        "~",
                        "~/.cache",
                        "~/.local",
                        "~/.config",
                        "/var",
                        "/var/lib",
                        "/var/cache",
                        "/tmp",
                        "/usr",
                        "/opt",
                    ];
                    assert!(
                        !too_wide.contains(&path.trim_end_matches("/*")),
                        "{}: {path} is too wide",
                        manager.name
                    );
                }
            } else {
                assert!(
                    cache.clean_needs_manager,
                    "{}: {} is neither rm -rf nor the manager's own",
                    manager.name, cache.clean
                );
            }
        }
    }
}

/// The lists of a file in `knowledge/`, by name.
fn lists(path: &Path) -> Vec<(String, List)> {
    let text = fs::read_to_string(path).expect("a readable file");
    let refused = format!("{} has the wrong form", path.display());
    if path.parent().is_some_and(|folder| folder.ends_with("languages")) {
        let language: Language = serde_yaml::from_str(&text).expect(&refused);
        let Language {
            tried_last: _,
            build_variables,
            image_variables,
            slim_images,
            alpine_images,
            plain_images,
            images_without_workdir,
            read_sources,
            comments,
            lists,
        } = language;
        let own = lists.into_iter();
        let shared = [build_variables, image_variables, slim_images, alpine_images, plain_images]
            .into_iter()
            .chain([images_without_workdir, read_sources, comments]);
        own.chain(shared.flatten().map(|list| ("of all languages".to_owned(), list))).collect()
    } else {
        serde_yaml::from_str::<Lists>(&text).expect(&refused).into_iter().collect()
    }
}

/// The compiler reports a list that no code uses, since each one becomes a constant.
#[test]
fn lists_are_sorted_and_have_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge");
    for folder in ["lists", "languages"] {
        for entry in fs::read_dir(root.join(folder)).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            for (name, list) in lists(&path) {
                let named = format!("{}: {name}", path.display());
                assert!(list.source.len() > 8 && !list.source.contains("memory"), "{named} has no source");
                assert!(list.about.ends_with('.'), "{named} is not described");
                let words = list.words.iter().map(|word| (word.as_str(), ""));
                let pairs = list.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let table = list.table.iter().map(|(name, _)| (name.as_str(), ""));
                let names: Vec<_> = words.chain(pairs).chain(table).collect();
                let unique: HashSet<_> = names.iter().collect();
                assert!(!names.is_empty() && unique.len() == names.len(), "{named} repeats a name");
                assert!(list.ordered || names.is_sorted(), "{named} is not sorted");
            }
        }
    }
}

#[test]
fn options_against_recommended_packages_belong_to_a_transform() {
    for manager in Knowledge::embedded().managers() {
        let Some(option) = &manager.without_recommended else { continue };
        let is_known = jettison::transforms::ALL.iter().any(|transform| transform.id == option.transform);
        assert!(is_known, "{}: {} is not a transform", manager.name, option.transform);
    }
}

/// Otherwise a transform would add the option again and again.
#[test]
fn options_that_are_added_are_recognized() {
    for manager in Knowledge::embedded().managers() {
        let Manager { avoid, without_recommended, production, .. } = manager;
        let avoid = avoid.iter().map(|avoid| (&avoid.option, &avoid.unless_option));
        let without_recommended =
            without_recommended.iter().map(|without| (&without.option, &without.unless_option));
        let production = production.iter().map(|found| (&found.option, &found.unless_option));
        for (option, unless) in avoid.chain(without_recommended).chain(production) {
            let is_recognized = unless.iter().any(|start| option.starts_with(start.as_str()));
            assert!(is_recognized, "{}: unless-option lacks {option}", manager.name);
        }
    }
}
