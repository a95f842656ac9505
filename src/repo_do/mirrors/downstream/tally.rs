//! The results of a push, ref by ref.

use gix_hash::ObjectId;

use crate::git::send_client::report::Report;
use crate::git::send_client::updates::{Refused, Update};
use crate::storage::repository::downstreams::{PushOutcome, PushReport, PushedRef, RefFate};

/// Refs of a push that its record names, and the bytes of their names.
const REFS_MAX: usize = 100;
const NAMES_BYTES_MAX: usize = 64 << 10;

/// The results of the refs so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    done: Vec<PushedRef>,
    rejected: Vec<PushedRef>,
    name_bytes: usize,
    report: PushReport,
    /// Whether the remote refused a change that it may take later.
    is_refused_there: bool,
}

impl Tally {
    /// Adds changes that Cairn did not send.
    pub(super) fn refused(&mut self, refused: &[Refused]) {
        for Refused { update, reason } in refused {
            self.add(update, Err(reason.to_string()));
        }
    }

    /// Adds changes that Cairn held back because another ref was refused.
    pub(super) fn kept<'u>(&mut self, updates: impl IntoIterator<Item = &'u Update>) {
        for update in updates {
            self.add(
                update,
                Err("another ref is refused, and the push is atomic".to_owned()),
            );
        }
    }

    /// Adds the results that the remote reports for the sent changes.
    pub(super) fn reported(&mut self, updates: &[Update], report: &Report) {
        if let Some(Err(why)) = &report.unpack {
            self.report.error = Some(format!("the remote could not unpack: {why}"));
        }
        if !report.messages.is_empty() {
            self.report.messages.clone_from(&report.messages);
        }
        for update in updates {
            let said = report.refs.get(&update.name).cloned();
            let outcome = match (&report.unpack, said) {
                (Some(Ok(())), Some(outcome)) => outcome,
                (Some(Ok(())), None) => Err("the remote says nothing of it".to_owned()),
                (_, Some(Err(reason))) => Err(reason),
                _ => Err("unpacker error".to_owned()),
            };
            self.is_refused_there |= outcome.is_err();
            self.add(update, outcome);
        }
    }

    /// Adds the results for a remote that gives no reports: `now` is the target that it lists for a ref.
    pub(super) fn listed(&mut self, updates: &[Update], now: impl Fn(&Update) -> Option<ObjectId>) {
        for update in updates {
            let outcome = if now(update) == update.new {
                Ok(())
            } else {
                Err("the remote did not change it, and does not say why".to_owned())
            };
            self.is_refused_there |= outcome.is_err();
            self.add(update, outcome);
        }
    }

    /// Counts bytes that were sent.
    pub(super) fn sent(&mut self, bytes: u64) {
        self.report.sent_bytes = self.report.sent_bytes.saturating_add(bytes);
    }

    fn add(&mut self, update: &Update, outcome: Result<(), String>) {
        self.report.ref_count = self.report.ref_count.saturating_add(1);
        let status = match (&outcome, update.old, update.new) {
            (Err(_), ..) => RefFate::Rejected,
            (Ok(()), _, None) => RefFate::Deleted,
            (Ok(()), None, Some(_)) => RefFate::Created,
            (Ok(()), ..) if update.is_forced => RefFate::Forced,
            (Ok(()), ..) => RefFate::Updated,
        };
        let list = if status == RefFate::Rejected {
            self.report.rejected_count = self.report.rejected_count.saturating_add(1);
            &mut self.rejected
        } else {
            &mut self.done
        };
        self.name_bytes = self.name_bytes.saturating_add(update.name.len());
        if list.len() >= REFS_MAX || self.name_bytes > NAMES_BYTES_MAX {
            return;
        }
        let hex = |id: Option<ObjectId>| id.map(|id| id.to_string());
        list.push(PushedRef {
            name: update.name.to_string(),
            source: update.source.as_ref().map(ToString::to_string),
            old: hex(update.old),
            new: hex(update.new),
            status,
            reason: outcome.err(),
        });
    }

    /// Whether the remote refused a change that it may take later.
    pub(super) fn is_refused_there(&self) -> bool {
        self.is_refused_there
    }

    /// Whether the push had no changes.
    pub(super) fn is_empty(&self) -> bool {
        self.report.ref_count == 0
    }

    /// The outcome of the push and its report, rejected refs first.
    pub(super) fn finish(self) -> (PushOutcome, PushReport) {
        let mut report = self.report;
        report.refs = self.rejected;
        report.refs.extend(self.done);
        report.refs.truncate(REFS_MAX);
        let outcome = match (report.rejected_count, report.ref_count) {
            (0, _) => PushOutcome::Pushed,
            (rejected, all) if rejected == all && report.error.is_some() => PushOutcome::Failed,
            _ => PushOutcome::Refused,
        };
        (outcome, report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::send_client::updates::RefusedBecause;

    fn update(name: &str, old: Option<u8>, new: Option<u8>) -> Update {
        let id = |number: u8| ObjectId::from_bytes_or_panic(&[number; 20]);
        Update {
            source: new.map(|_| name.into()),
            name: name.into(),
            old: old.map(id),
            new: new.map(id),
            may_force: false,
            is_forced: false,
        }
    }

    fn report(unpack: Option<Result<(), String>>, refs: &[(&str, Result<(), &str>)]) -> Report {
        let refs = refs.iter().map(|(name, outcome)| {
            let outcome = outcome.map_err(str::to_owned);
            ((*name).into(), outcome)
        });
        Report {
            unpack,
            refs: refs.collect(),
            messages: String::new(),
        }
    }

    #[test]
    fn a_ref_that_the_remote_does_not_name_did_not_change() {
        let updates = [
            update("refs/heads/a", None, Some(1)),
            update("refs/heads/b", Some(1), Some(2)),
            update("refs/heads/c", Some(1), None),
            update("refs/heads/d", Some(1), Some(2)),
        ];
        let said = [
            ("refs/heads/a", Ok(())),
            ("refs/heads/b", Err("hook declined")),
            ("refs/heads/c", Ok(())),
            ("refs/heads/other", Ok(())),
        ];
        let mut tally = Tally::default();
        let reason = RefusedBecause::NotForward;
        tally.refused(&[Refused {
            update: update("refs/heads/e", Some(2), Some(1)),
            reason,
        }]);
        assert!(!tally.is_refused_there());
        tally.reported(&updates, &report(Some(Ok(())), &said));
        assert!(tally.is_refused_there());
        let (outcome, report) = tally.finish();
        assert_eq!(outcome, PushOutcome::Refused);
        let told: Vec<_> = report
            .refs
            .iter()
            .map(|found| (found.name.as_str(), found.status))
            .collect();
        assert_eq!(
            told,
            [
                ("refs/heads/e", RefFate::Rejected),
                ("refs/heads/b", RefFate::Rejected),
                ("refs/heads/d", RefFate::Rejected),
                ("refs/heads/a", RefFate::Created),
                ("refs/heads/c", RefFate::Deleted),
            ]
        );
        assert_eq!((report.ref_count, report.rejected_count), (5, 3));
    }

    #[test]
    fn where_the_pack_failed_nothing_changed_whatever_is_said_of_refs() {
        let updates = [update("refs/heads/a", None, Some(1))];
        let mut tally = Tally::default();
        let failed = Some(Err("index-pack failed".to_owned()));
        tally.reported(&updates, &report(failed, &[("refs/heads/a", Ok(()))]));
        let (outcome, report) = tally.finish();
        assert_eq!(outcome, PushOutcome::Failed);
        assert_eq!(
            report.error.as_deref(),
            Some("the remote could not unpack: index-pack failed")
        );
        assert_eq!(report.refs[0].reason.as_deref(), Some("unpacker error"));
    }

    #[test]
    fn without_reports_the_list_of_refs_decides_and_records_have_a_bound() {
        let updates: Vec<_> = (0..300)
            .map(|number| update(&format!("refs/heads/{number}"), None, Some(1)))
            .collect();
        let mut tally = Tally::default();
        tally.listed(&updates, |update| update.new);
        let (outcome, report) = tally.finish();
        assert_eq!((outcome, report.ref_count), (PushOutcome::Pushed, 300));
        assert_eq!(report.refs.len(), REFS_MAX);
        let mut tally = Tally::default();
        tally.listed(&updates[..1], |_| None);
        assert_eq!(tally.finish().0, PushOutcome::Refused);
    }
}
