//! Compound commands: groups, conditions, loops and cases.

use super::words::name_length;
use super::{Closer, Read, Reader, Unsupported};
use crate::shell::{Branching, CommandKind, List};

/// What is nested deeper is left to the other parser.
const DEEPEST: usize = 10;

impl Reader<'_, '_> {
    /// The compound command that starts here; `None` if it is a simple one.
    pub(super) fn compound(&mut self) -> Read<Option<CommandKind>> {
        let kind = match self.rest() {
            [b'(', next, ..] if *next != b'(' => CommandKind::Subshell(self.bracketed()?),
            [b'{', b' ' | b'\t', ..] => {
                self.at += 1;
                let list = self.nested(Closer::Brace)?;
                self.at += 1;
                CommandKind::Group(list)
            }
            [b'i' | b'w' | b'u' | b'f' | b'c', ..] => {
                let branching = if self.takes("if") {
                    self.conditional()?
                } else if self.takes("while") || self.takes("until") {
                    self.repeated()?
                } else if self.takes("for") {
                    self.counted()?
                } else if self.takes("case") {
                    self.cases()?
                } else {
                    return Ok(None);
                };
                CommandKind::Branching(branching)
            }
            _ => return Ok(None),
        };
        Ok(Some(kind))
    }

    /// `( … )`
    pub(super) fn bracketed(&mut self) -> Read<List> {
        self.at += 1;
        self.brackets += 1;
        let list = self.nested(Closer::Bracket)?;
        self.brackets -= 1;
        self.at += 1;
        Ok(list)
    }

    /// What follows `if`.
    fn conditional(&mut self) -> Read<Branching> {
        let condition = self.before(&["then"])?;
        let mut branches = Vec::new();
        loop {
            branches.push(self.before_any(&["elif", "else", "fi"])?);
            if self.takes("elif") {
                branches.push(self.before(&["then"])?);
            } else if self.takes("else") {
                branches.push(self.before(&["fi"])?);
                break;
            } else {
                self.required("fi")?;
                break;
            }
        }
        Ok(Branching { condition, branches, ..Branching::default() })
    }

    /// What follows `while` and `until`.
    fn repeated(&mut self) -> Read<Branching> {
        let condition = self.before(&["do"])?;
        let branches = vec![self.before(&["done"])?];
        Ok(Branching { condition, branches, ..Branching::default() })
    }

    /// What follows `for`: a name, `in`, the words, and the loop.
    fn counted(&mut self) -> Read<Branching> {
        self.blanks();
        let length = name_length(self.rest()).ok_or(Unsupported)?;
        let variable = Some(self.source[self.at..self.at + length].to_owned());
        self.at += length;
        self.blanks();
        self.required("in")?;
        self.blanks();
        let mut words = Vec::new();
        while let Some((range, substitutions)) = self.word()? {
            words.push(self.word_of(range, substitutions));
            self.blanks();
        }
        self.required_byte(b';')?;
        self.blanks();
        self.required("do")?;
        let branches = vec![self.before(&["done"])?];
        Ok(Branching { branches, words, variable, ..Branching::default() })
    }

    /// What follows `case`: a word, `in`, and the branches.
    fn cases(&mut self) -> Read<Branching> {
        self.blanks();
        let (range, substitutions) = self.word()?.ok_or(Unsupported)?;
        let words = vec![self.word_of(range, substitutions)];
        self.blanks();
        self.required("in")?;
        let mut branches = Vec::new();
        loop {
            self.blanks();
            if self.takes("esac") {
                break;
            }
            self.patterns()?;
            self.blanks();
            let is_empty = self.rest().starts_with(b";;");
            branches.push(if is_empty { List::default() } else { self.nested(Closer::Branch)? });
            if self.rest().starts_with(b";;") {
                self.at += 2;
            }
        }
        Ok(Branching { branches, words, ..Branching::default() })
    }

    /// The patterns of a branch, and the `)` after them.
    fn patterns(&mut self) -> Read<()> {
        let is_of_pattern = |byte: &&u8| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'_' | b'.' | b'*' | b'?' | b'/' | b'+' | b':' | b',' | b'@' | b'%' | b'-' | b'='
                )
        };
        loop {
            self.blanks();
            let quote = self.rest().first().filter(|byte| matches!(byte, b'\'' | b'"')).copied();
            self.at += usize::from(quote.is_some());
            let length = self.rest().iter().take_while(is_of_pattern).count();
            if length == 0 {
                return Err(Unsupported);
            }
            self.at += length;
            quote.map_or(Ok(()), |quote| self.required_byte(quote))?;
            self.blanks();
            match self.rest() {
                [b'|', ..] => self.at += 1,
                _ => return self.required_byte(b')'),
            }
        }
    }

    /// The list before a word, which is consumed.
    fn before(&mut self, word: &'static [&'static str; 1]) -> Read<List> {
        let list = self.before_any(word)?;
        self.at += word[0].len();
        Ok(list)
    }

    fn before_any(&mut self, words: &'static [&'static str]) -> Read<List> {
        self.nested(Closer::Words(words))
    }

    fn nested(&mut self, closer: Closer) -> Read<List> {
        if self.depth == DEEPEST {
            return Err(Unsupported);
        }
        self.depth += 1;
        let list = self.list(closer)?;
        self.depth -= 1;
        Ok(list)
    }

    fn required(&mut self, word: &str) -> Read<()> {
        if self.takes(word) { Ok(()) } else { Err(Unsupported) }
    }

    fn required_byte(&mut self, byte: u8) -> Read<()> {
        let is_here = self.rest().first() == Some(&byte);
        self.at += 1;
        if is_here { Ok(()) } else { Err(Unsupported) }
    }
}
