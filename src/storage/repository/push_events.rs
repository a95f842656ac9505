//! The events of a push: one for each ref that it really changes, in the transaction that changes it.

use gix_object::bstr::{BString, ByteSlice};

use super::publication::{Publication, PushEvents, RefUpdate};
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;
use crate::storage::event::EventKind;
use crate::storage::event_payload::{NO_ID, PushedCommits, PushedPayload, raw};

/// Bytes of push options in one event. Each event of a push repeats them.
const OPTION_BYTES_MAX: usize = 4 << 10;

/// Writes the events of one push.
pub(super) struct PushOutbox<'a, D> {
    store: &'a RepoStore<D>,
    events: Option<&'a PushEvents>,
    now_ms: i64,
    push_options: Vec<String>,
    push_options_truncated: bool,
}

impl<'a, D: Database> PushOutbox<'a, D> {
    /// Before the first change.
    pub(super) fn new(store: &'a RepoStore<D>, publication: &'a Publication) -> Self {
        let push_options = shown_options(&publication.push_options);
        Self {
            store,
            events: publication.events.as_ref(),
            now_ms: publication.now_ms,
            push_options_truncated: push_options.len() < publication.push_options.len(),
            push_options,
        }
    }

    /// Tells of the change that was made by the update in this place of the push.
    pub(super) fn append(&self, place: usize, update: &RefUpdate) -> Result<(), StoreError> {
        let Some(events) = self.events else {
            return Ok(());
        };
        let hex = |id: Option<gix_hash::ObjectId>| {
            id.map_or_else(|| NO_ID.to_owned(), |id| id.to_hex().to_string())
        };
        let unknown = PushedCommits {
            truncated: update.new.is_some(),
            ..PushedCommits::default()
        };
        let commits = events.commits.get(place).unwrap_or(&unknown);
        let payload = PushedPayload {
            repo_id: &events.origin.repository_id,
            ref_name: &update.name.to_str_lossy(),
            before: &hex(update.old),
            after: &hex(update.new),
            forced: commits.forced,
            commits: &commits.commits,
            total_commits_count: commits.total,
            commits_truncated: commits.truncated,
            push_options: &self.push_options,
            push_options_truncated: self.push_options_truncated,
        };
        let body = events.origin.body(raw(&payload));
        self.store
            .append_event(EventKind::Pushed, self.now_ms, &body)
    }
}

/// The options as texts, as far as they have room.
fn shown_options(options: &[BString]) -> Vec<String> {
    let mut bytes = 0_usize;
    let fits = |option: &&BString| {
        bytes = bytes.saturating_add(option.len());
        bytes <= OPTION_BYTES_MAX
    };
    let shown = options.iter().take_while(fits);
    shown.map(|option| option.to_str_lossy().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_repeated_as_far_as_they_have_room() {
        let options = |sizes: &[usize]| {
            let options: Vec<BString> = sizes.iter().map(|size| vec![b'x'; *size].into()).collect();
            shown_options(&options).len()
        };
        assert_eq!(options(&[]), 0);
        assert_eq!(options(&[OPTION_BYTES_MAX]), 1);
        assert_eq!(options(&[OPTION_BYTES_MAX + 1, 1]), 0);
        assert_eq!(options(&[OPTION_BYTES_MAX - 1, 1, 1]), 2);
        assert_eq!(shown_options(&[b"a\xff".into()]), ["a\u{fffd}"]);
    }
}
