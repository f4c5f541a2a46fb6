//! Bundler: a Gemfile is a program; it is supported only if each line is one of a few plain
//! statements.

use super::settings::is_path;
use super::{InstallCall, Project};
use crate::knowledge::Confidence;
use crate::knowledge::languages::ruby::{KEYS_OF_GEMS, SECTIONS_OF_LOCKFILES};
use crate::reasons::{self, Reason};

pub(super) fn view(install: &InstallCall<'_, '_>, project: &mut Project) -> Result<(), Reason> {
    for statement in statements(install.text("Gemfile")?) {
        if !is_plain(&statement) {
            return Err(reasons::gemfile_line(&statement));
        }
    }
    if !install.has("Gemfile.lock") {
        return Err(reasons::no_gemfile_lock());
    }
    lockfile(install)?;
    // Otherwise it may rewrite the lockfile, and the later copy would restore the old one.
    if !install.has_option(&["--frozen", "--deployment"]) {
        project.confidence = Confidence::Unsafe;
    }
    Ok(())
}

/// The lockfile's sections, each a line without indentation. (rubygems/bundler,
/// lib/bundler/lockfile_parser.rs.)
fn lockfile(install: &InstallCall<'_, '_>) -> Result<(), Reason> {
    let text = install.text("Gemfile.lock")?;
    let known = SECTIONS_OF_LOCKFILES;
    let headings = text.lines().filter(|line| !line.is_empty() && !line.starts_with(' '));
    match headings.map(str::trim_end).find(|line| !known.contains(line)) {
        Some("PATH") => Err(reasons::local_gem()),
        Some(other) => Err(reasons::gemfile_lock_section(other)),
        None => Ok(()),
    }
}

/// The lines without comments. A line that ends in a comma is joined with the next.
fn statements(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = without_comment(line).trim();
        if line.is_empty() {
            continue;
        }
        match all.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => all.push(line.to_owned()),
        }
        open = line.ends_with([',', '(', '[']);
    }
    all
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return &line[..at],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    line
}

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name, a number, `:symbol`, `true`.
    Word(String),
    /// Text in quotes, without interpolation.
    Text(String),
    /// `name:`, `:name =>`, `"name" =>`.
    Key(String),
    /// A comma, a bracket.
    Mark(char),
}

/// The words of a statement, or `None` if it contains anything else.
fn tokens(statement: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = statement.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = match first {
            '"' | '\'' => {
                let (text, after) = rest[1..].split_once(first)?;
                if text.contains("#{") || text.contains('\\') {
                    return None;
                }
                found.push(Token::Text(text.to_owned()));
                after
            }
            ',' | '(' | ')' | '[' | ']' => {
                found.push(Token::Mark(first));
                &rest[1..]
            }
            '=' if rest.starts_with("=>") => {
                let key = match found.pop()? {
                    Token::Word(word) => word.trim_start_matches(':').to_owned(),
                    Token::Text(text) => text,
                    _ => return None,
                };
                found.push(Token::Key(key));
                &rest[2..]
            }
            '%' if rest.starts_with("%w[") || rest.starts_with("%i[") => {
                let (_, after) = rest.split_once(']')?;
                found.push(Token::Text(String::new()));
                after
            }
            c if c.is_ascii_alphanumeric() || c == '_' || c == ':' => {
                let end = rest[1..]
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')
                    .map_or(rest.len(), |at| at + 1);
                let (word, after) = rest.split_at(end);
                match after.strip_prefix(':').filter(|_| first != ':' && !after.starts_with("::")) {
                    Some(after) => {
                        found.push(Token::Key(word.to_owned()));
                        after
                    }
                    None => {
                        found.push(Token::Word(word.to_owned()));
                        after
                    }
                }
            }
            _ => return None,
        };
        rest = after.trim_start();
    }
    Some(found)
}

fn is_plain(statement: &str) -> bool {
    // Rails writes this line into every Gemfile; it only builds a URL.
    let git_source = statement.starts_with("git_source(:github)")
        && statement.matches("#{").count() == statement.matches("#{repo").count()
        && statement.matches('"').count() == 2
        && statement.contains("\"https://github.com/")
        && !statement.contains(['`', ';', '$']);
    if git_source {
        return true;
    }
    let Some(tokens) = tokens(statement) else { return false };
    let (Some(Token::Word(verb)), rest) = (tokens.first(), &tokens[1..]) else { return false };
    let words_are = |known: &[&str]| {
        rest.iter().all(|token| match token {
            Token::Word(word) => {
                word.starts_with(':')
                    || word.starts_with(|c: char| c.is_ascii_digit())
                    || ["true", "false", "nil"].contains(&word.as_str())
                    || known.contains(&word.as_str())
            }
            Token::Key(key) => KEYS_OF_GEMS.contains(&key.as_str()),
            Token::Text(text) => !is_path(text),
            Token::Mark(_) => true,
        })
    };
    match verb.as_str() {
        "end" => rest.is_empty(),
        "gem" => words_are(&[]),
        "source" => {
            let is_remote = |token: &Token| match token {
                Token::Text(text) => text.starts_with("https://") || text.starts_with("http://"),
                token => {
                    *token == Token::Word(":rubygems".to_owned())
                        || *token == Token::Word("do".to_owned())
                        || matches!(token, Token::Mark(_))
                }
            };
            rest.iter().all(is_remote)
        }
        "ruby" => match rest {
            // Both are copied.
            [Token::Key(key), Token::Text(file)] if key == "file" => {
                matches!(file.as_str(), ".ruby-version" | ".tool-versions")
            }
            _ => words_are(&[]),
        },
        "group" | "platforms" | "platform" | "git" | "github" => words_are(&["do"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_statements() {
        let text = "# frozen_string_literal: true\nsource \"https://rubygems.org\"\ngit_source(:github) { |repo| \"https://github.com/#{repo}.git\" }\n\nruby \"3.3.0\"\nruby file: \".ruby-version\"\ngem 'rails', '~> 7.1', require: false # web\ngem \"bootsnap\", :require => false,\n  platforms: %i[mri windows]\ngroup :development, :test do\n  gem \"debug\", platforms: [:mri, :windows]\nend\nsource 'https://x' do\nend\n";
        for statement in statements(text) {
            assert!(is_plain(&statement), "{statement}");
        }
    }

    #[test]
    fn other_statements() {
        for statement in [
            "gem 'x', path: 'x'",
            "gem 'x', git: '../x'",
            "gem 'x', :path => 'x'",
            "gemspec",
            "eval_gemfile 'x'",
            "eval File.read('x')",
            "ruby File.read('.ruby-version')",
            "ruby file: 'version.txt'",
            "gem 'x', ENV['V']",
            "gem \"x#{`git`}\"",
            "gem 'x', git: `x`",
            "path 'gems' do",
            "plugin 'x'",
            "require 'x'",
            "if File.exist?('x')",
            "source 'file:///x'",
            "git_source(:own) { |repo| File.read(repo) }",
            "gem 'x', '1' if File.exist?('y')",
            "instance_eval(File.read('x'))",
            "gem 'x', install_if: -> { File.exist?('y') }",
        ] {
            assert!(!is_plain(statement), "{statement}");
        }
    }
}
