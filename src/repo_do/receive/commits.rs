//! The commits that each ref of a push gets, for its event. They are read before the push is
//! published, and bounded in every direction; commits that cannot be read are left out, and the event says
//! so.

use std::rc::Rc;

use futures::FutureExt as _;
use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::finish::PushJob;
use super::pre_receive;
use super::push::CommitsByRef;
use crate::git::content::commit::{CommitText, Person};
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::Connected;
use crate::git::graph::peel::end_of_tags;
use crate::git::receive_pack::brought::{Brought, BroughtWalk};
use crate::git::store::ObjectSource;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::steps::Steps;
use crate::storage::event_payload::{COMMITS_MAX, CommitPayload, PersonPayload, PushedCommits};
use crate::storage::fault_log;
use crate::storage::time::iso_8601;

/// Refs of one push whose commits are looked for.
pub(crate) const REFS_MAX: usize = 64;

/// Bytes of a message in an event.
const MESSAGE_BYTES_MAX: usize = 1 << 10;

/// Bytes of a name or an address.
const PERSON_BYTES_MAX: usize = 255;

/// Parents of one commit.
const PARENTS_MAX: usize = 64;

/// Bytes of the messages in all events of one push: an update whose messages exceed it has no commits.
const PUSH_BYTES_MAX: usize = 1 << 20;

/// Commits that are looked at between two pauses: about 10 ms of CPU.
const STEP_COMMITS: usize = 20_000;

/// An update whose commits are looked for.
pub(crate) struct Moved {
    /// Its ref.
    pub(crate) name: BString,
    /// Where that was.
    pub(crate) old: Option<ObjectId>,
    /// Where it goes.
    pub(crate) new: ObjectId,
}

/// What is looked for.
pub(crate) struct Wanted {
    /// By the updates.
    pub(crate) moved: Vec<Moved>,
    /// Commits that a hook is told of, over all updates together. An event has its own bound.
    pub(crate) more: usize,
}

impl PushJob {
    /// Looks for the commits of the updates that are open.
    pub(super) async fn note_commits(
        &mut self,
        steps: Steps<'_>,
        graph: &Rc<CommitGraph>,
        connected: Option<&Connected>,
        objects: &dyn ObjectSource,
    ) {
        let open = self.push.updates.open();
        let moved = open.filter_map(|update| {
            Some(Moved {
                name: update.command.name.clone(),
                old: update.command.old,
                new: update.command.new?,
            })
        });
        let moved: Vec<_> = moved.take(REFS_MAX).collect();
        // A hook hears of more of them than an event.
        let more = self.hook().map_or(0, |_| pre_receive::COMMITS_MAX);
        let wanted = Wanted { moved, more };
        // Boxed: it is large, and would be a part of every future around it.
        let found = commits_by_ref(steps, graph, connected, objects, wanted).boxed_local();
        match found.await {
            Ok(commits) => self.push.commits = commits,
            // The push goes on without them.
            Err(error) => fault_log::warning("commits of a push", &error),
        }
    }
}

/// Finds the commits of each update; there is nothing to say of those that it leaves out.
pub(crate) async fn commits_by_ref(
    steps: Steps<'_>,
    graph: &Rc<CommitGraph>,
    connected: Option<&Connected>,
    objects: &dyn ObjectSource,
    Wanted { moved, mut more }: Wanted,
) -> Result<CommitsByRef, IntakeError> {
    let (graph, has_segment) = match connected {
        Some(connected) if connected.stats.commits > 0 => {
            (Rc::new(graph.with_segment(&connected.graph_part)?), true)
        }
        _ => (Rc::clone(graph), false),
    };
    let (mut commits, mut room) = (CommitsByRef::new(), PUSH_BYTES_MAX);
    for Moved { name, old, new } in moved {
        if old.is_none() && !has_segment {
            commits.insert(name, PushedCommits::default());
            continue;
        }
        let peel = |id: ObjectId| steps.read(move || Ok(end_of_tags(objects, id)?));
        let old_commit = match old {
            Some(old) if graph.lookup(&old)?.is_none() => Some(peel(old).await?),
            old => old,
        };
        let new = match graph.lookup(&new)? {
            Some(_) => new,
            None => peel(new).await?,
        };
        let newest_max = COMMITS_MAX.max(more);
        let walk = BroughtWalk::new(&graph, has_segment, (old_commit, new), newest_max)?;
        let known_old = old_commit.map(|old| graph.lookup(&old)).transpose()?;
        let mut brought = Brought {
            // An object that is not a commit has no descendants.
            forced: old.is_some() && old_commit != Some(new),
            ..Brought::default()
        };
        if let Some(mut walk) = walk {
            let mut found = None;
            let step = || {
                found = walk.step(STEP_COMMITS)?;
                Ok(found.is_some())
            };
            steps.run(step).await?;
            let found = found.unwrap_or_default();
            brought = Brought {
                forced: if known_old.flatten().is_some() {
                    found.forced
                } else {
                    brought.forced
                },
                ..found
            };
        }
        let told = told(steps, objects, brought, &mut room).await?;
        more = more.saturating_sub(told.commits.len());
        commits.insert(name, told);
    }
    Ok(commits)
}

/// The commits as the event tells them.
async fn told(
    steps: Steps<'_>,
    objects: &dyn ObjectSource,
    brought: Brought,
    room: &mut usize,
) -> Result<PushedCommits, IntakeError> {
    let mut commits = Vec::with_capacity(brought.newest.len());
    for id in &brought.newest {
        let found = steps.read(|| Ok(objects.read(id)?)).await?;
        let text = found
            .as_ref()
            .map(|(_, content)| CommitText::parse(content));
        let shown = text.and_then(Result::ok).map(|text| shown(id, &text));
        if let Some(shown) = shown.filter(|shown| shown.message.len() <= *room) {
            *room = room.saturating_sub(shown.message.len());
            commits.push(shown);
        }
    }
    Ok(PushedCommits {
        forced: brought.forced,
        truncated: (commits.len() as u64) < brought.total,
        commits,
        total: brought.total,
    })
}

fn shown(id: &ObjectId, text: &CommitText<'_>) -> CommitPayload {
    let message = text.message.trim_end();
    let (message, message_truncated) = cut(message, MESSAGE_BYTES_MAX);
    let parents = text.facts.parents.iter().take(PARENTS_MAX);
    CommitPayload {
        id: id.to_string(),
        message,
        message_truncated,
        timestamp: iso_8601(text.committer.time_seconds.saturating_mul(1000)),
        author: person(&text.author),
        committer: person(&text.committer),
        parents: parents.map(ToString::to_string).collect(),
    }
}

fn person(person: &Person<'_>) -> PersonPayload {
    PersonPayload {
        name: cut(person.name, PERSON_BYTES_MAX).0,
        email: cut(person.email, PERSON_BYTES_MAX).0,
    }
}

/// The text, or as much of it as has room; and whether it goes on. Bytes that are not UTF-8 are shown
/// as replacement characters.
fn cut(bytes: &[u8], bytes_max: usize) -> (String, bool) {
    // Looks at no more than that; a character at the cut is left out whole.
    let Some(kept) = bytes.get(..bytes_max).filter(|_| bytes.len() > bytes_max) else {
        return (bytes.to_str_lossy().into_owned(), false);
    };
    let whole = match std::str::from_utf8(kept) {
        Err(error) if error.error_len().is_none() => kept.get(..error.valid_up_to()),
        _ => Some(kept),
    };
    (whole.unwrap_or_default().to_str_lossy().into_owned(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        let cases: [(&[u8], (&str, bool)); 6] = [
            (b"", ("", false)),
            (b"abcd", ("abcd", false)),
            (b"abcde", ("abcd", true)),
            ("abcé".as_bytes(), ("abc", true)),
            ("aéé".as_bytes(), ("aé", true)),
            (b"a\xffbcd", ("a\u{fffd}bc", true)),
        ];
        for (bytes, (text, is_cut)) in cases {
            assert_eq!(cut(bytes, 4), (text.to_owned(), is_cut), "{bytes:?}");
        }
    }

    #[test]
    fn a_commit_as_an_event_shows_it() {
        let message = "x".repeat(MESSAGE_BYTES_MAX + 1);
        let content = format!(
            "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
             parent 4b825dc642cb6eb9a060e54bf8d69288fbee4905\n\
             author A U. Thor <a@example.com> 1700000000 +0100\n\
             committer C <c@example.com> 1700000001 -0000\n\n{message}\n\n"
        );
        let id = ObjectId::null(gix_hash::Kind::Sha1);
        let commit = shown(&id, &CommitText::parse(content.as_bytes()).unwrap());
        assert_eq!(commit.timestamp, "2023-11-14T22:13:21.000Z");
        assert_eq!(commit.author.name, "A U. Thor");
        assert_eq!(commit.committer.email, "c@example.com");
        assert_eq!(commit.message.len(), MESSAGE_BYTES_MAX);
        assert!(commit.message_truncated);
        assert_eq!(commit.parents, ["4b825dc642cb6eb9a060e54bf8d69288fbee4905"]);
    }
}
