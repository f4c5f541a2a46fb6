//! The options of `bundle install` that Bundler remembers, with their settings.
//! (bundle-install(1).)

use crate::facts::Invocation;
use crate::knowledge::lists::options::REMEMBERED_BY_BUNDLER;
use crate::reasons::{self, Reason};
use crate::syntax::shell::Word;

/// An option, as a setting.
pub(super) struct Remembered<'a> {
    pub(super) name: &'static str,
    /// The value, as a word of the shell.
    pub(super) value: String,
    /// The words of the command that are removed.
    pub(super) words: Vec<&'a Word>,
}

/// The remembered options of a call, in order.
pub(super) fn remembered<'a>(install: &Invocation<'a>) -> Result<Vec<Remembered<'a>>, Reason> {
    let mut found = Vec::new();
    let mut rest = install.arguments().iter().peekable();
    while let Some(word) = rest.next() {
        let text = word.raw.as_str();
        let (option, value) =
            text.split_once('=').map_or((text, None), |(option, value)| (option, Some(value)));
        let Some((_, name)) = REMEMBERED_BY_BUNDLER.iter().find(|(known, _)| *known == option) else {
            continue;
        };
        let mut words = vec![word];
        let mut values: Vec<&str> = value.into_iter().collect();
        let takes_list = matches!(option, "--without" | "--with");
        let takes_value = takes_list || option == "--path";
        while takes_value && value.is_none() && (takes_list || values.is_empty()) {
            let Some(next) = rest.next_if(|next| !next.is_option()) else { break };
            words.push(next);
            values.push(next.raw.as_str());
        }
        let joined = if takes_value { values.join(" ") } else { "true".to_owned() };
        let value = joined.trim_matches(['"', '\'']);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./: ".contains(c);
        if value.is_empty() || !value.chars().all(is_plain) {
            return Err(reasons::unclear_setting(option));
        }
        let value = if value.contains(' ') { format!("'{value}'") } else { value.to_owned() };
        found.push(Remembered { name, value, words });
    }
    Ok(found)
}
