//! What a text with variables comes to, as the builder fills them in; and the directory in force, by that.
//!
//! Only plain `$NAME` and `${NAME}` are filled in, from values that stand in the file. All else is unknown, not guessed.

use crate::facts::environment::Variable;
use crate::facts::{Facts, paths};
use crate::syntax::{Body, Item};

/// Values may refer to each other; more steps than this are not followed.
const MOST_STEPS: usize = 8;

impl Facts<'_> {
    /// The text with its quotes taken off and its variables filled in, where it stands at `item`. A build argument is unknown: anything
    /// may be passed for it.
    pub fn expanded(&self, item: usize, text: &str) -> Option<String> {
        self.expanded_within(item, text, MOST_STEPS)
    }

    fn expanded_within(&self, item: usize, text: &str, steps: usize) -> Option<String> {
        let text = text.trim_matches(['"', '\'']);
        if text.contains(['\\', '`', '"', '\'']) {
            return None;
        }
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let (name, behind) = match after.strip_prefix('{') {
                Some(inside) => inside.split_once('}')?,
                None => {
                    let end =
                        after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    after.split_at(end)
                }
            };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return None;
            }
            let value = match self.variable(item, name) {
                Variable::Set(value) => value,
                Variable::Argument(_) | Variable::NotInFile => return None,
            };
            let steps = steps.checked_sub(1)?;
            // `ENV PATH=$PATH:/x` refers to what was before; following that from here would not end.
            let refers_to_itself =
                value.contains(&format!("${name}")) || value.contains(&format!("${{{name}"));
            result.push_str(&self.expanded_within(item, &value, steps).filter(|_| !refers_to_itself)?);
            rest = behind;
        }
        result.push_str(rest);
        Some(result)
    }

    /// The absolute path that a path in an instruction at `item` stands for.
    pub fn path_at(&self, item: usize, path: &str) -> Option<String> {
        let path = self.expanded(item, path)?;
        if path.starts_with('/') {
            tidy(&path)
        } else {
            tidy(&format!("{}/{path}", self.directory_at(item)?))
        }
    }

    /// The directory in force just behind an item.
    pub fn directory_after(&self, item: usize) -> Option<String> {
        match &self.file.items[item] {
            Item::Instruction(instruction) => match &instruction.body {
                Body::Workdir(directory) => self.path_at(item, directory),
                _ => self.directory_at(item),
            },
            _ => self.directory_at(item),
        }
    }

    /// The directories that the WORKDIR instructions before an item name, as far as they are known: each is there by then.
    pub fn workdirs_before(&self, item: usize) -> Vec<String> {
        let named = self.before(item).filter_map(|(at, instruction)| match &instruction.body {
            Body::Workdir(_) => self.directory_after(at),
            _ => None,
        });
        named.collect()
    }

    /// The directory in force just before an item.
    pub fn directory_at(&self, item: usize) -> Option<String> {
        // The WORKDIRs up to here whose directories are not known yet, the last one first.
        let mut open = Vec::new();
        let mut from = item;
        let mut directory = loop {
            let Some(at) = self.nearest(&self.workdirs, from) else { break None };
            if let Some(known) = self.kept.directories.borrow().get(&at) {
                break known.clone();
            }
            open.push(at);
            from = at;
        };
        while let Some(at) = open.pop() {
            let named = match &self.file.items[at] {
                Item::Instruction(one) => match &one.body {
                    Body::Workdir(directory) => self.expanded(at, directory),
                    _ => None,
                },
                _ => None,
            };
            directory = named.and_then(|named| match (named.starts_with('/'), directory) {
                (true, _) => tidy(&named),
                (false, around) => tidy(&format!("{}/{named}", around?)),
            });
            directory = directory.filter(|directory| directory.len() < paths::LONGEST);
            self.kept.directories.borrow_mut().insert(at, directory.clone());
        }
        directory
    }
}

/// A path without what does not matter in it; none where it climbs up.
pub fn tidy(path: &str) -> Option<String> {
    let mut result = String::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            return None;
        }
        result.push('/');
        result.push_str(part);
    }
    Some(if result.is_empty() { "/".to_owned() } else { result })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn directory(text: &str) -> Option<String> {
        let file = Dockerfile::parse(text);
        Facts::of(&file, Knowledge::embedded()).directory_after(file.items.len() - 1)
    }

    #[test]
    fn directories_follow_variables_and_stages() {
        assert_eq!(directory("FROM a\nWORKDIR /x\nWORKDIR y/\nRUN z\n").as_deref(), Some("/x/y"));
        assert_eq!(directory("FROM a\nENV H=/h\nENV A=${H}/a\nWORKDIR $A\n").as_deref(), Some("/h/a"));
        assert_eq!(directory("FROM a AS b\nWORKDIR /x\nFROM b\nRUN z\n").as_deref(), Some("/x"));
        assert_eq!(directory("FROM a\nWORKDIR $UNKNOWN\n"), None);
        assert_eq!(directory("FROM a\nENV P=$P:/x\nWORKDIR $P\n"), None);
        assert_eq!(directory("FROM a\nRUN z\n"), None);
    }
}
