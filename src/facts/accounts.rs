//! The accounts of a stage: UID and home directory, if the file or a known base image gives them.
//!
//! Nothing is guessed: a UID that the file does not contain is unknown.

mod changed;
mod replaced;

pub(crate) use changed::AccountChange;

use crate::facts::environment::{User, Variable};
use crate::facts::{Base, Facts, Invocation, RunFacts};
use crate::knowledge::Act;
use crate::reasons::{self, Reason};

/// The account that runs a RUN's commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The home directory.
    pub home: String,
    /// The UID; `None` for root.
    pub uid: Option<u32>,
    /// The GID, if it is known.
    pub gid: Option<u32>,
}

impl<'a> Facts<'a> {
    /// The account that runs a RUN's commands. The error says what is unknown, and completes the
    /// clause "because …".
    pub fn account(&self, run: &RunFacts<'a>) -> Result<Account, Reason> {
        let changed = reasons::account_changed;
        let account = match &run.user {
            User::Root if self.changes_account(run, "root") => return Err(changed("root")),
            User::Other(name) if self.changes_account(run, name) => return Err(changed(name)),
            User::Unknown => return Err(reasons::unknown_user()),
            User::Root => Account { home: "/root".into(), uid: None, gid: None },
            User::Other(name) => {
                self.known_account(run, name).ok_or_else(|| reasons::unknown_account(name))?
            }
        };
        let image = self.root_image(run.stage).ok_or(reasons::unknown_home_of_image())?;
        match (self.variable(run.item, "HOME"), image.environment.get("HOME")) {
            (Variable::NotInFile, None) => Ok(account),
            (Variable::NotInFile, Some(home)) => Ok(Account { home: home.clone(), ..account }),
            (Variable::Set(home), _) if home == account.home => Ok(account),
            // BuildKit removes the directories that it creates for a mount, so the home directory
            // must exist without it.
            (Variable::Set(home), _) if account.uid.is_none() && is_plain(&home) => {
                if !self.is_there(run.stage, run.item, &home) {
                    return Err(reasons::home_may_not_exist(&home));
                }
                Ok(Account { home, ..account })
            }
            _ => Err(reasons::unknown_home()),
        }
    }

    fn known_account(&self, run: &RunFacts<'a>, name: &str) -> Option<Account> {
        if self.root_image(run.stage)?.name == "node" && matches!(name, "node" | "1000") {
            // docker-node, Dockerfile templates: `useradd --uid 1000 --gid node --shell /bin/bash
            // --create-home node`.
            return Some(Account { home: "/home/node".into(), uid: Some(1000), gid: Some(1000) });
        }
        if self.is_far_down(run.item) {
            return None;
        }
        let commands = self.runs_up_to(run).flat_map(|other| &other.invocations);
        let accounts: Vec<(&str, Account)> = commands.filter_map(created_account).collect();
        let mut fitting = accounts
            .iter()
            .filter(|(own, account)| *own == name || account.uid.is_some_and(|uid| uid.to_string() == name));
        let (_, account) = fitting.next()?;
        fitting.next().is_none().then(|| account.clone())
    }

    /// The RUNs before this one, in its stage and in the stages that it is built from, nearest
    /// first.
    pub fn runs_up_to(&self, run: &RunFacts<'a>) -> impl Iterator<Item = &RunFacts<'a>> {
        let item = run.item;
        let below = |stage: &usize| match self.stages[*stage].base {
            Base::Stage(base) => Some(base),
            _ => None,
        };
        std::iter::successors(Some(run.stage), below)
            .map(|stage| self.runs_of(stage))
            .flat_map(move |runs| runs[..runs.partition_point(|other| other.item < item)].iter().rev())
    }
}

fn is_plain(path: &str) -> bool {
    path.starts_with('/') && !path.contains(['$', '"', '\'', '\\', ',', ' '])
}

/// The account that a command is certain to create, with a home directory that it owns.
fn created_account<'i>(invocation: &Invocation<'i>) -> Option<(&'i str, Account)> {
    let of = |wanted: Act| invocation.actions.known().iter().filter(move |action| action.act == wanted);
    let value = |wanted: Act| of(wanted).next().map(|action| action.file.name.text());
    let account = value(Act::AddsHome).filter(|_| invocation.place.is_certain())?;
    let is_only =
        of(Act::AddsHome).count() == 1 && invocation.arguments().iter().all(|word| word.literal().is_some());
    let home = value(Act::Home).map_or_else(|| format!("/home/{account}"), str::to_owned);
    let uid = value(Act::Uid)?.parse().ok()?;
    let gid = value(Act::Gid).and_then(|gid| gid.parse().ok());
    (is_only && is_plain(&home)).then_some((account, Account { home, uid: Some(uid), gid }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::syntax::Dockerfile;

    fn account(text: &str) -> Option<(String, Option<u32>, Option<u32>)> {
        let file = Dockerfile::parse(text);
        let facts = Facts::of(&file, Knowledge::embedded());
        let account = facts.account(facts.runs.last().expect("a RUN")).ok()?;
        Some((account.home, account.uid, account.gid))
    }

    #[test]
    fn accounts_are_read_off_the_file() {
        let zed = Some(("/home/zed".to_owned(), Some(1234), None));
        for command in [
            "useradd -m -u 1234 zed",
            "useradd -mu 1234 zed",
            "useradd --create-home --uid=1234 -s /bin/sh zed",
            "adduser -D -u 1234 zed",
        ] {
            assert_eq!(account(&format!("FROM debian\nRUN {command}\nUSER zed\nRUN x\n")), zed, "{command}");
        }
        assert_eq!(
            account("FROM node\nUSER node\nRUN x\n"),
            Some(("/home/node".into(), Some(1000), Some(1000)))
        );
        assert_eq!(account("FROM debian\nENV HOME=/h\nWORKDIR /h\nRUN x\n"), Some(("/h".into(), None, None)));
        assert_eq!(account("FROM debian\nENV HOME=/h\nRUN x\n"), None);
    }

    #[test]
    fn accounts_that_are_changed_are_not_known() {
        for (start, user) in [
            ("RUN usermod -u 1001 node", "node"),
            ("RUN usermod -d /srv $WHO", "node"),
            ("RUN deluser --remove-home node", "node"),
            ("RUN sed -i s#/root#/tmp/r# /etc/passwd", "root"),
            ("COPY passwd /etc/passwd", "root"),
            ("COPY passwd group /etc/", "root"),
            ("WORKDIR /etc\nCOPY passwd .", "root"),
            ("COPY <<passwd /etc/\nx\npasswd", "root"),
            ("COPY --from=debian / /", "root"),
            ("COPY --from=debian /etc /etc", "root"),
            ("COPY rootfs /", "node"),
            ("ADD rootfs.tar.gz /", "node"),
            ("ADD $FILES /", "node"),
            ("RUN getent passwd > /tmp/p && mv /tmp/p /etc/passwd", "root"),
        ] {
            assert_eq!(account(&format!("FROM node\n{start}\nUSER {user}\nRUN x\n")), None, "{start}");
        }
        for (start, user) in [
            ("RUN usermod -aG audio node", "node"),
            ("RUN userdel zed", "node"),
            ("RUN grep root /etc/passwd", "node"),
            ("COPY entrypoint.sh /", "node"),
            ("COPY passwd /srv/", "node"),
            ("COPY rootfs /", "root"),
        ] {
            assert!(account(&format!("FROM node\n{start}\nUSER {user}\nRUN x\n")).is_some(), "{start}");
        }
    }

    #[test]
    fn what_is_not_written_is_not_known() {
        for command in [
            "useradd -m zed",
            "useradd -u 1234 zed",
            "useradd -rm -u $UID zed",
            "adduser --system --uid 1234 zed",
            "true || useradd -m -u 1 zed",
        ] {
            assert_eq!(account(&format!("FROM debian\nRUN {command}\nUSER zed\nRUN x\n")), None, "{command}");
        }
        assert_eq!(account("FROM example.com/x\nRUN x\n"), None);
        assert_eq!(account("FROM debian\nENV HOME=$X\nRUN x\n"), None);
    }
}
