//! Shrinks a failing test case while it fails in the same way.

use crate::case::{Case, Command, Instruction, Joiner, Layout, Script};

/// The smallest case found for which `fails` is true. `budget` limits the number of candidates.
pub fn shrink(case: Case, mut budget: usize, mut fails: impl FnMut(&Case) -> bool) -> Case {
    let mut smallest = case;
    loop {
        let mut is_smaller = false;
        for candidate in candidates(&smallest) {
            if budget == 0 {
                return smallest;
            }
            budget -= 1;
            if fails(&candidate) {
                smallest = candidate;
                is_smaller = true;
                break;
            }
        }
        if !is_smaller {
            return smallest;
        }
    }
}

/// Slightly smaller cases, those with the largest reductions first.
fn candidates(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let count = case.instructions.len();
    let mut with = |instructions: Vec<Instruction>| all.push(Case { instructions, ..case.clone() });
    for size in [count / 2, count / 4, 1] {
        for start in (0..count).step_by(size.max(1)).filter(|_| size > 0) {
            let mut instructions = case.instructions.clone();
            instructions.drain(start..(start + size).min(count));
            with(instructions);
        }
    }
    for (index, instruction) in case.instructions.iter().enumerate() {
        for smaller in smaller_instructions(instruction) {
            let mut instructions = case.instructions.clone();
            instructions[index] = smaller;
            with(instructions);
        }
    }
    for index in 0..case.context.len() {
        let mut smaller = case.clone();
        smaller.context.remove(index);
        all.push(smaller);
    }
    for index in 0..case.leftovers.len() {
        let mut smaller = case.clone();
        smaller.leftovers.remove(index);
        all.push(smaller);
    }
    for index in 0..case.arguments.len() {
        let mut smaller = case.clone();
        smaller.arguments.remove(index);
        all.push(smaller);
    }
    if !case.ignore_file.is_empty() {
        all.push(Case { ignore_file: String::new(), ..case.clone() });
    }
    for (index, file) in case.context.iter().enumerate().filter(|(_, file)| file.text.lines().count() > 1) {
        for line in 0..file.text.lines().count() {
            let mut smaller = case.clone();
            let kept = file.text.lines().enumerate().filter(|(at, _)| *at != line);
            smaller.context[index].text = kept.map(|(_, text)| format!("{text}\n")).collect();
            all.push(smaller);
        }
    }
    all
}

fn smaller_instructions(instruction: &Instruction) -> Vec<Instruction> {
    match instruction {
        Instruction::Plain(line) => {
            // A line of a here-document.
            let lines: Vec<&str> = line.lines().collect();
            (1..lines.len().saturating_sub(1))
                .map(|left_out| {
                    let kept =
                        lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, text)| *text);
                    Instruction::Plain(kept.collect::<Vec<_>>().join("\n"))
                })
                .collect()
        }
        Instruction::Run { flags, script, layout } => {
            let run = |script, layout| Instruction::Run { flags: flags.clone(), script, layout };
            let mut all: Vec<Instruction> =
                smaller_scripts(script).into_iter().map(|script| run(script, *layout)).collect();
            if *layout != Layout::Line {
                all.push(run(script.clone(), Layout::Line));
            }
            if !flags.is_empty() {
                all.push(Instruction::Run { flags: String::new(), script: script.clone(), layout: *layout });
            }
            all
        }
    }
}

fn smaller_scripts(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    for index in 0..script.0.len() {
        if script.0.len() > 1 {
            let mut smaller = script.clone();
            smaller.0.remove(index);
            all.push(smaller);
        }
        let (command, joiner) = &script.0[index];
        for inner in inner_scripts(command) {
            let mut smaller = script.clone();
            smaller.0.splice(index..=index, inner.0.iter().cloned());
            all.push(smaller);
        }
        for command in smaller_commands(command) {
            let mut smaller = script.clone();
            smaller.0[index].0 = command;
            all.push(smaller);
        }
        if *joiner != Joiner::And {
            let mut smaller = script.clone();
            smaller.0[index].1 = Joiner::And;
            all.push(smaller);
        }
    }
    all
}

/// The scripts inside a compound command, without the command around them.
fn inner_scripts(command: &Command) -> Vec<Script> {
    match command {
        Command::Simple(_) | Command::Document(..) => Vec::new(),
        Command::Within(_, script, _) => vec![script.clone()],
        Command::Either(_, first, _, second, _) => vec![first.clone(), second.clone()],
    }
}

fn smaller_commands(command: &Command) -> Vec<Command> {
    match command {
        Command::Simple(words) => (1..words.len())
            .map(|index| {
                let mut words = words.clone();
                words.remove(index);
                Command::Simple(words)
            })
            .collect(),
        Command::Document(..) => Vec::new(),
        Command::Within(before, script, after) => {
            let within = |script| Command::Within(before.clone(), script, after.clone());
            smaller_scripts(script).into_iter().map(within).collect()
        }
        Command::Either(before, first, middle, second, after) => {
            let either =
                |first, second| Command::Either(before.clone(), first, middle.clone(), second, after.clone());
            let firsts = smaller_scripts(first).into_iter().map(|first| either(first, second.clone()));
            firsts
                .chain(smaller_scripts(second).into_iter().map(|second| either(first.clone(), second)))
                .collect()
        }
    }
}
