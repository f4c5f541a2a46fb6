//! Set what Bundler remembers with `bundle config`, not with options of `bundle install`.
//!
//! # Why
//! `bundle install --without test` writes the setting to Bundler's configuration, where later
//! commands find it. Bundler 2.1 and later warn about these options, and Bundler 4 lacks them.
//!
//! # Safety
//! `bundle config set --local` writes the same setting to the same file. The fix is made on
//! official images of Ruby whose Bundler (2.1 to 2.7) still remembers the options.
//!
//! # When it does nothing
//! Another version of Bundler may be installed, a value has a variable or a pattern, a failure of
//! the install may be ignored, or the script can't be read.
//!
//! # Examples
//! ```dockerfile before
//! FROM ruby:3.3
//! WORKDIR /app
//! COPY Gemfile Gemfile.lock ./
//! RUN bundle install --jobs 4 --without development test
//! ```
//! ```dockerfile after
//! FROM ruby:3.3
//! WORKDIR /app
//! COPY Gemfile Gemfile.lock ./
//! RUN bundle config set --local without 'development test' \
//!     && bundle install --jobs 4
//! ```

mod options;

use crate::edit::Edits;
use crate::facts::append::is_proven;
use crate::facts::base_image::ImageName;
use crate::facts::style::Style;
use crate::facts::{Call, Facts, RunFacts, excise};
use crate::reasons::{self, Reason};
use crate::transform::{Applicability, Context, Contract, Fixes, Group, Transform};

/// See the module's documentation.
pub const TRANSFORM: Transform = Transform {
    id: "bundler-settings",
    applicability: Applicability::Safe,
    lowest: Applicability::Safe,
    group: Group::Tidy,
    since: "0.1.0",
    source: include_str!("bundler_settings.rs"),
    hadolint: &[],
    contract: Contract::BUNDLER_SETTINGS,
    run,
};

fn run(ctx: &Context<'_>, fixes: &mut Fixes) {
    for run in ctx.facts.extensible_runs() {
        for call in run.calls.iter().filter(|call| call.manager.name == "bundler" && call.verb == "install") {
            let remembered = options::remembered(&run.invocations[call.invocation]);
            if remembered.as_ref().is_ok_and(Vec::is_empty) {
                continue;
            }
            match remembered.and_then(|remembered| edits(ctx.facts, run, call, &remembered)) {
                Ok(edits) => {
                    let title = "set what Bundler remembers with `bundle config`";
                    fixes.propose(Applicability::Safe, run.instruction.text, title, edits);
                }
                Err(reason) => fixes.refuse(run.instruction.text, reason),
            }
        }
    }
}

fn edits(
    facts: &Facts<'_>,
    run: &RunFacts<'_>,
    call: &Call<'_>,
    remembered: &[options::Remembered<'_>],
) -> Result<Edits, Reason> {
    let invocation = &run.invocations[call.invocation];
    let is_plain = invocation.words.len() == invocation.simple.words.len()
        && invocation.simple.assignments.is_empty()
        && invocation.words[0].raw == "bundle"
        && invocation.place.alone
        && invocation.place.is_certain()
        && !call.options.iter().any(|word| word.raw.starts_with("--gemfile"));
    if !is_plain || !is_proven(run, call.invocation) {
        return Err(reasons::failure_may_be_ignored("bundle install"));
    }
    if !facts.root_name(run.stage).is_some_and(remembers_options) || may_change_bundler(facts) {
        return Err(reasons::unknown_bundler());
    }
    let mut edits = Edits::new();
    let joint = Style::of(facts, run.instruction).joint("&&");
    let mut commands = String::new();
    for option in remembered {
        commands += &format!("bundle config set --local {} {}{joint}", option.name, option.value);
        for word in &option.words {
            let span = excise::word(run, invocation, word).ok_or_else(reasons::unknown_bundler)?;
            edits.delete(span);
        }
    }
    edits.insert(invocation.command.span.start, commands);
    Ok(edits)
}

/// Whether the Bundler of an official image of Ruby remembers options: Ruby 2.7 has Bundler 2.1,
/// and Ruby 4.0 has Bundler 4.
fn remembers_options(image: &ImageName) -> bool {
    let mut numbers = image.tag.as_deref().unwrap_or_default().split(['.', '-']);
    let mut number = || numbers.next().and_then(|number| number.parse::<u32>().ok());
    let version = (number(), number());
    image.repository == "ruby" && matches!(version, (Some(3), _) | (Some(2), Some(7)))
}

/// Whether something may install or choose another Bundler.
fn may_change_bundler(facts: &Facts<'_>) -> bool {
    let installs = |call: &Call<'_>| {
        call.manager.name == "gem"
            && !call.manager.verbs.query.contains(&call.verb)
            && (call.verb == "update" || call.packages.iter().any(|word| word.text().contains("bundler")))
    };
    facts.runs.iter().flat_map(|run| &run.calls).any(installs)
        || ["BUNDLER_VERSION", "BUNDLE_FORGET"].iter().any(|part| facts.is_named(part))
}
