//! The grammar of random test cases. Patterns that have broken images before are frequent: working
//! directories with variables, removals of the working directory, scripts that install packages
//! when they start, offline modes.

mod commands;
mod documents;
mod packages;
mod projects;
mod scripts;
mod stages;
mod states;
mod words;

use crate::case::{Case, ContextFile, Instruction};
use crate::images::{IMAGES, Image};
use crate::random::Random;

/// A random case.
pub fn case(random: &mut Random) -> Case {
    let image = IMAGES[random.weighted(&[10, 3, 4, 2, 6, 2, 5, 2, 3, 2, 1])];
    let mut world = World {
        random,
        case: Case::default(),
        image,
        variables: Vec::new(),
        workdir: image.workdir().to_owned(),
        users: vec!["root".into()],
        is_bash: false,
        project: None,
        stages: Vec::new(),
    };
    world.all();
    world.case
}

/// The state of the grammar while it generates a case.
struct World<'r> {
    random: &'r mut Random,
    case: Case,
    image: Image,
    /// The variables of the Dockerfile, with their probable values.
    variables: Vec<(String, String)>,
    /// The probable working directory of the next instruction.
    workdir: String,
    users: Vec<String>,
    /// Whether scripts run in bash.
    is_bash: bool,
    project: Option<projects::Project>,
    /// The names of the previous stages.
    stages: Vec<String>,
}

impl World<'_> {
    fn plain(&mut self, line: impl Into<String>) {
        self.case.instructions.push(Instruction::Plain(line.into()));
    }

    fn file(&mut self, path: &str, text: impl Into<String>, is_executable: bool) {
        if self.case.context.iter().all(|file| file.path != path) {
            self.case.context.push(ContextFile { path: path.into(), text: text.into(), is_executable });
        }
    }

    fn leftover(&mut self, path: &str, text: &str) {
        self.case.leftovers.push(ContextFile { path: path.into(), text: text.into(), is_executable: false });
    }

    fn has(&self, program: &str) -> bool {
        self.image.programs.contains(&program)
    }
}
