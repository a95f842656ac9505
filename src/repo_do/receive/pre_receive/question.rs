//! The question to a hook, as JSON: the changes of a push, its pusher, and its commits.

use std::collections::HashMap;

use gix_object::bstr::{BStr, BString, ByteSlice as _};
use serde::Serialize;

use super::super::push::CommitsByRef;
use crate::git::receive_pack::updates::PushUpdate;
use crate::storage::event::{EventActor, EventOrigin};
use crate::storage::event_payload::{CommitPayload, NO_ID};
use crate::storage::time::iso_8601;

/// Updates of one question. A push with more of them that a hook judges is refused: a question with
/// some left out could not be answered.
pub(super) const UPDATES_MAX: usize = 1000;

/// Commits of one question.
pub(crate) const COMMITS_MAX: usize = 100;

/// The paths that an update changes, as far as there was room for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ChangedPaths {
    /// The paths, in Git's order.
    pub(super) paths: Vec<String>,
    /// Whether there are more.
    pub(super) truncated: bool,
}

/// The facts about the push.
pub(super) struct Facts<'a> {
    /// The pusher and the repository.
    pub(super) origin: &'a EventOrigin,
    /// The updates that the hook judges.
    pub(super) updates: &'a [&'a PushUpdate],
    /// The commits that they bring.
    pub(super) commits: &'a CommitsByRef,
    /// The paths that they change.
    pub(super) paths: HashMap<BString, ChangedPaths>,
    /// As `git push -o` sends them.
    pub(super) push_options: &'a [BString],
    /// All or none.
    pub(super) atomic: bool,
    /// The time, in unix milliseconds.
    pub(super) now_ms: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    r#type: &'static str,
    timestamp: String,
    repository: Repository<'a>,
    actor: &'a EventActor,
    request_id: Option<&'a str>,
    atomic: bool,
    push_options: Vec<String>,
    updates: Vec<Update<'a>>,
}

#[derive(Serialize)]
struct Repository<'a> {
    id: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Update<'a> {
    #[serde(rename = "ref")]
    ref_name: String,
    before: String,
    after: String,
    forced: bool,
    commits: &'a [CommitPayload],
    total_commits_count: u64,
    commits_truncated: bool,
    changed_paths: Vec<String>,
    changed_paths_truncated: bool,
}

/// Bytes that an update has in a question beside its name: two ids, and the names of the fields.
const UPDATE_BYTES: usize = 320;

/// The same of a commit, beside its texts.
const COMMIT_BYTES: usize = 320;

/// How often the texts of a question are held while it is asked: here, in a JSON text that may have
/// twice the room, and in JavaScript with two bytes a character.
const HELD_TIMES: usize = 5;

/// Bytes that the paths of a question and its answer have at most.
const PATHS_AND_ANSWER_BYTES: usize = 192 << 10;

/// The memory that a question needs from when it is made until its answer was read.
pub(super) fn held_bytes<'a>(
    updates: impl Iterator<Item = &'a PushUpdate>,
    commits: &CommitsByRef,
    push_options: &[BString],
) -> u64 {
    let names = updates.map(|update| update.command.name.len().saturating_add(UPDATE_BYTES));
    let commits = commits.values().flat_map(|pushed| &pushed.commits);
    let texts = commits.map(|commit| {
        let people = [&commit.author, &commit.committer];
        let people = people.map(|person| person.name.len().saturating_add(person.email.len()));
        let parents = commit.parents.iter().map(String::len).sum::<usize>();
        let people = people.into_iter().sum::<usize>();
        let all = [commit.message.len(), people, parents, COMMIT_BYTES];
        all.into_iter().sum::<usize>()
    });
    let options = push_options.iter().map(|option| option.len());
    let all = names.chain(texts).chain(options);
    let all = all.fold(PATHS_AND_ANSWER_BYTES, usize::saturating_add);
    all.saturating_mul(HELD_TIMES) as u64
}

/// The question.
pub(super) fn json(facts: Facts<'_>) -> Result<String, serde_json::Error> {
    let Facts {
        origin, mut paths, ..
    } = facts;
    let mut commits_left = COMMITS_MAX;
    let updates = facts.updates.iter().map(|update| {
        let paths = paths.remove(&update.command.name);
        shown(update, facts.commits, paths, &mut commits_left)
    });
    let question = Question {
        r#type: "pre_receive",
        timestamp: iso_8601(facts.now_ms),
        repository: Repository {
            id: &origin.repository_id,
            namespace: &origin.namespace,
            name: &origin.repo_name,
        },
        actor: &origin.actor,
        request_id: origin.request_id.as_deref(),
        atomic: facts.atomic,
        push_options: facts
            .push_options
            .iter()
            .map(|text| lossy(text.as_bstr()))
            .collect(),
        updates: updates.collect(),
    };
    serde_json::to_string(&question)
}

fn shown<'a>(
    update: &PushUpdate,
    commits: &'a CommitsByRef,
    paths: Option<ChangedPaths>,
    commits_left: &mut usize,
) -> Update<'a> {
    let command = &update.command;
    let id = |id: Option<gix_hash::ObjectId>| id.map_or(NO_ID.to_owned(), |id| id.to_string());
    let brings = command.new.is_some();
    let known = commits.get(&command.name);
    let all = known.map_or(&[][..], |known| &known.commits);
    // The newest are at the end.
    let start = all.len().saturating_sub(*commits_left);
    let newest = all.get(start..).unwrap_or_default();
    *commits_left = commits_left.saturating_sub(newest.len());
    let is_cut = known.map_or(brings, |known| known.truncated) || start > 0;
    // An update whose paths nobody looked for may change anything.
    let paths = paths.unwrap_or(ChangedPaths {
        truncated: brings,
        ..ChangedPaths::default()
    });
    Update {
        ref_name: lossy(command.name.as_bstr()),
        before: id(command.old),
        after: id(command.new),
        forced: known.is_some_and(|known| known.forced),
        commits: newest,
        total_commits_count: known.map_or(0, |known| known.total),
        commits_truncated: is_cut,
        changed_paths: paths.paths,
        changed_paths_truncated: paths.truncated,
    }
}

/// Bytes that are not UTF-8 are shown as replacement characters.
pub(super) fn lossy(text: &BStr) -> String {
    text.to_str_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use gix_hash::ObjectId;
    use serde_json::{Value, json as value};

    use super::*;
    use crate::git::protocol::push_commands::{PushCommand, PushCommands};
    use crate::git::receive_pack::updates::PushUpdates;
    use crate::storage::event::ActorKind;
    use crate::storage::event_payload::{PersonPayload, PushedCommits};

    fn commit(number: usize) -> CommitPayload {
        CommitPayload {
            id: format!("{number:040}"),
            message: String::new(),
            message_truncated: false,
            timestamp: String::new(),
            author: PersonPayload::default(),
            committer: PersonPayload::default(),
            parents: Vec::new(),
        }
    }

    fn asked(names: &[(&str, bool)], commits: &CommitsByRef) -> Value {
        let command = |(name, brings): &(&str, bool)| {
            Rc::new(PushCommand {
                name: (*name).into(),
                old: Some(ObjectId::from([1; 20])),
                new: brings.then(|| ObjectId::from([2; 20])),
            })
        };
        let updates = PushUpdates::new(&PushCommands {
            commands: names.iter().map(command).collect(),
            ..PushCommands::default()
        });
        let updates: Vec<_> = updates.open().collect();
        let known = ChangedPaths {
            paths: vec!["a/b".to_owned()],
            truncated: false,
        };
        let json = json(Facts {
            origin: &EventOrigin {
                repository_id: "0123456789abcdef".to_owned(),
                namespace: "acme".to_owned(),
                repo_name: "app".to_owned(),
                actor: EventActor {
                    kind: ActorKind::Operator,
                    ..EventActor::default()
                },
                request_id: Some("r".to_owned()),
                address: None,
            },
            updates: &updates,
            commits,
            paths: HashMap::from([("refs/heads/a".into(), known)]),
            push_options: &["ci.skip".into()],
            atomic: true,
            now_ms: 0,
        });
        serde_json::from_str(&json.unwrap()).unwrap()
    }

    #[test]
    fn a_question_names_everything() {
        let pushed = PushedCommits {
            forced: true,
            commits: vec![commit(1)],
            total: 1,
            truncated: false,
        };
        let commits = CommitsByRef::from([("refs/heads/a".into(), pushed)]);
        let names = [
            ("refs/heads/a", true),
            ("refs/heads/b", true),
            ("refs/heads/c", false),
        ];
        let question = asked(&names, &commits);
        assert_eq!(
            question["repository"],
            value!({"id": "0123456789abcdef", "namespace": "acme", "name": "app"})
        );
        assert_eq!(question["actor"]["kind"], "operator");
        assert_eq!(question["type"], "pre_receive");
        assert_eq!(question["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(question["pushOptions"], value!(["ci.skip"]));
        assert_eq!(question["atomic"], true);
        let [a, b, c] = [0, 1, 2].map(|at| &question["updates"][at]);
        assert_eq!(
            (&a["ref"], &a["before"], &a["after"], &a["forced"]),
            (
                &value!("refs/heads/a"),
                &value!("01".repeat(20)),
                &value!("02".repeat(20)),
                &value!(true)
            )
        );
        assert_eq!(a["commits"][0]["id"], commit(1).id);
        assert_eq!(a["changedPaths"], value!(["a/b"]));
        assert_eq!(
            (&a["commitsTruncated"], &a["changedPathsTruncated"]),
            (&value!(false), &value!(false))
        );
        // Nobody looked for its paths: it may bring anything.
        assert_eq!(
            (&b["commitsTruncated"], &b["changedPathsTruncated"]),
            (&value!(true), &value!(true))
        );
        assert_eq!(c["after"], NO_ID);
        assert_eq!(
            (&c["commitsTruncated"], &c["changedPathsTruncated"]),
            (&value!(false), &value!(false))
        );
    }

    #[test]
    fn a_question_of_ordinary_texts_fits_its_reservation() {
        let mut commit = commit(1);
        commit.message = "why\n".repeat(256);
        commit.parents = vec![NO_ID.to_owned(); 64];
        let pushed = PushedCommits {
            commits: vec![commit; 100],
            total: 100,
            ..PushedCommits::default()
        };
        let commits = CommitsByRef::from([("refs/heads/a".into(), pushed)]);
        let names: Vec<_> = (0..1000).map(|at| format!("refs/heads/{at}")).collect();
        let names: Vec<_> = names.iter().map(|name| (name.as_str(), true)).collect();
        let question = asked(&names, &commits).to_string();
        let command = |name: &str| {
            Rc::new(PushCommand {
                name: name.into(),
                old: None,
                new: None,
            })
        };
        let updates = PushUpdates::new(&PushCommands {
            commands: names.iter().map(|(name, _)| command(name)).collect(),
            ..PushCommands::default()
        });
        let held = held_bytes(updates.open(), &commits, &[]);
        // As JSON that grew here, and in JavaScript.
        assert!(held > 4 * question.len() as u64, "{held}");
        assert!(held < 8 << 20, "{held}");
    }

    #[test]
    fn a_question_has_at_most_100_commits() {
        let of = |count: usize| PushedCommits {
            commits: (0..count).map(commit).collect(),
            total: count as u64,
            ..PushedCommits::default()
        };
        let commits = CommitsByRef::from([
            ("refs/heads/a".into(), of(70)),
            ("refs/heads/b".into(), of(50)),
        ]);
        let question = asked(&[("refs/heads/a", true), ("refs/heads/b", true)], &commits);
        let [a, b] = [0, 1].map(|at| &question["updates"][at]);
        assert_eq!(a["commits"].as_array().unwrap().len(), 70);
        assert_eq!(a["commitsTruncated"], false);
        let newest = b["commits"].as_array().unwrap();
        assert_eq!(
            (newest.len(), &newest[0]["id"]),
            (30, &value!(commit(20).id))
        );
        assert_eq!(b["commitsTruncated"], true);
        assert_eq!(b["totalCommitsCount"], 50);
    }
}
