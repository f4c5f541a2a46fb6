//! Whether a package manager is in a mode: it works offline, links installed packages into its
//! cache, or keeps no cache. Options, variables and configuration files enable modes; `knowledge/`
//! lists them.

use crate::facts::commands::Invocation;
use crate::facts::configured::{is_on, switches_on};
use crate::facts::execution::ScriptStates;
use crate::facts::packages::Call;
use crate::facts::traced::At;
use crate::facts::{Facts, RunFacts};
use crate::knowledge::{Act, Manager, Mode, Setting, Switch};
use crate::syntax::shell::{Word, base_name};
use crate::syntax::{Assignment, Body, Instruction};

impl Facts<'_> {
    /// What enables a mode for one of a manager's calls, to display. `at` is where its script
    /// starts, and `script` its commands.
    pub(crate) fn mode_of_call(
        &self,
        mode: &Mode,
        at: At,
        script: (&[Invocation<'_>], &ScriptStates),
        call: &Call<'_>,
    ) -> Option<String> {
        let option = mode.options.iter().find(|option| call.has_option(std::slice::from_ref(option)));
        option
            .cloned()
            .or_else(|| {
                let (invocations, states) = script;
                let is_set = |switch: &&Switch| {
                    let value = invocations[call.invocation].value_for(&switch.name);
                    let earlier = || states.assigned_before(call.invocation, &switch.name).cloned();
                    value.or_else(earlier).is_some_and(|value| is_on(&switch.on, value.known()))
                };
                let variable = mode.variables.iter().find(is_set);
                variable.map(|switch| switch.name.clone())
            })
            .or_else(|| self.mode_at(mode, at, call.manager))
    }

    /// What enables a mode for all calls of a manager from a place on: a variable, or a
    /// configuration file.
    pub(super) fn mode_at(&self, mode: &Mode, at: At, manager: &Manager) -> Option<String> {
        // Most files set no mode at all; then no place needs to be checked.
        let key = std::ptr::from_ref(mode) as usize;
        let known = self.modes.borrow().get(&key).copied();
        let is_possible = known.unwrap_or_else(|| {
            let all: Vec<_> = self.file.instructions().collect();
            let names = |all: &[Assignment]| {
                let mut keys = all.iter().map(|assignment| &assignment.key);
                keys.any(|key| mode.variables.iter().any(|switch| key.eq_ignore_ascii_case(&switch.name)))
            };
            let found = all.iter().any(|(_, instruction)| match &instruction.body {
                Body::Env(all) | Body::Arg(all) => names(all),
                _ => false,
            }) || mode.settings.iter().any(|setting| self.is_configured_by(setting, &all))
                || self.mode_by_command(mode, &all, manager).is_some();
            self.modes.borrow_mut().insert(key, found);
            found
        });
        if !is_possible {
            return None;
        }
        let before: Vec<_> = self.back_from(at).collect();
        let variable = mode.variables.iter().find(|switch| is_set_by(switch, &before));
        variable
            .map(|switch| switch.name.clone())
            .or_else(|| {
                mode.settings.iter().find(|setting| self.is_configured_by(setting, &before)).map(named)
            })
            .or_else(|| self.mode_by_command(mode, &before, manager))
    }

    /// What enables a mode for any call of a manager in a RUN.
    pub(crate) fn mode_in(
        &self,
        mode: Option<&Mode>,
        run: &RunFacts<'_>,
        manager: &Manager,
    ) -> Option<String> {
        let at = At { stage: run.stage, end: run.item };
        let calls = run.calls_to(manager);
        let mode = mode?;
        calls.into_iter().find_map(|call| self.mode_of_call(mode, at, run.script_states(), call))
    }

    /// Whether a file in the image sets the mode: a file of the build context, or a here-document.
    fn is_configured_by(&self, setting: &Setting, before: &[(usize, &Instruction<'_>)]) -> bool {
        let mut copies = false;
        for (_, instruction) in before {
            let (Body::Copy(transfer) | Body::Add(transfer)) = &instruction.body else { continue };
            copies = true;
            let wanted = base_name(&setting.file);
            let is_setting =
                |name: &str| base_name(&transfer.destination) == wanted || base_name(name) == wanted;
            let mut bodies = instruction.heredocs.iter().filter(|heredoc| is_setting(&heredoc.name));
            if bodies.any(|heredoc| switches_on(setting, heredoc.content.of(self.file.text))) {
                return true;
            }
        }
        copies && self.context_texts(&setting.file).into_iter().any(|text| switches_on(setting, text))
    }

    /// Whether a RUN sets the mode with the manager's own command, or writes it to a file: `npm
    /// config set offline true`, `go env -w GOPROXY=off`, `echo offline=true >> .npmrc`.
    fn mode_by_command(
        &self,
        mode: &Mode,
        before: &[(usize, &Instruction<'_>)],
        manager: &Manager,
    ) -> Option<String> {
        let keys = || mode.settings.iter().map(|setting| setting.key.rsplit('.').next().unwrap_or_default());
        let names = || {
            keys()
                .filter(|key| !key.is_empty())
                .chain(mode.variables.iter().map(|switch| switch.name.as_str()))
        };
        let says = |words: &[Word]| {
            let words: Vec<&str> = words.iter().map(Word::text).collect();
            names().find(|name| {
                let at = words
                    .iter()
                    .position(|word| word.to_ascii_lowercase().contains(&name.to_ascii_lowercase()));
                at.is_some_and(|at| {
                    let values =
                        [words[at].split_once('=').map(|(_, value)| value), words.get(at + 1).copied()];
                    !values.into_iter().flatten().any(|value| matches!(value, "false" | "0" | "no"))
                })
            })
        };
        for (item, _) in before {
            let Some(run) = self.run_at(*item) else { continue };
            let by_call = run.calls_to(manager).find_map(|call| {
                let words = run.invocations[call.invocation].words;
                let configures =
                    words.iter().any(|word| matches!(word.text(), "config" | "env" | "c" | "set"));
                if configures { says(words) } else { None }
            });
            let files = || mode.settings.iter().map(|setting| base_name(&setting.file));
            let by_file = run.invocations.iter().find_map(|invocation| {
                let mut written =
                    invocation.actions.known().iter().filter(|action| action.act == Act::Writes);
                let is_setting = written.any(|action| {
                    files().any(|file| base_name(action.file.name.text().trim_matches('"')) == file)
                });
                if is_setting { says(invocation.words) } else { None }
            });
            if let Some(name) = by_call.or(by_file) {
                return Some(name.to_owned());
            }
        }
        None
    }
}

/// The name of a setting.
fn named(setting: &Setting) -> String {
    if setting.key.is_empty() { setting.file.clone() } else { format!("{} in {}", setting.key, setting.file) }
}

/// The value that the nearest ENV or ARG gives a variable.
fn is_set_by(switch: &Switch, before: &[(usize, &Instruction<'_>)]) -> bool {
    let is_switch = |key: &str| key.eq_ignore_ascii_case(&switch.name);
    let set = before.iter().find_map(|(_, instruction)| match &instruction.body {
        Body::Env(all) => {
            let assignment = all.iter().rfind(|assignment| is_switch(&assignment.key))?;
            Some(is_on(&switch.on, assignment.value.as_deref()))
        }
        // The builder may pass any value for it.
        Body::Arg(all) => all.iter().any(|assignment| is_switch(&assignment.key)).then_some(true),
        _ => None,
    });
    set.unwrap_or(false)
}
