//! `POST …/refs`: refs made, moved, deleted, by the rules of a push.
//!
//! | file | what |
//! |---|---|
//! | `asked` | the caller's body, checked as far as that needs no repository |
//! | `tags` | annotated tags made |
//! | `pointer` | where a field stands in the body |
//! | `report` | the result of each ref, and the answer |

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice as _};

use self::asked::{Asked, AskedUpdate, RefsBody};
use self::pointer::pointer;
use self::report::{Planned, Report};
use super::publish::ATTEMPTS_MAX;
use super::request::WriteRequest;
use super::{body, publish};
use crate::git::edit::new_objects::NewObjects;
use crate::git::limits::Limits;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::receive::by_rest::{AnswerOf, RefChanges};
use crate::repo_do::request::answer::{self, Answer};

mod asked;
mod pointer;
mod report;
mod tags;

/// Bytes of a body.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Bytes of the tag objects that one request makes.
const OBJECT_BYTES_MAX: u64 = 4 << 20;

/// Changes the refs that the body names.
pub(super) async fn update(write: WriteRequest) -> Answer {
    let (body, _held): (RefsBody, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let asked = Asked::new(body, &write.authorized)?;
    let mut attempts = 0_usize;
    loop {
        attempts = attempts.saturating_add(1);
        let report = attempt(&write, &asked).await?;
        if !report.has_changed() && attempts < ATTEMPTS_MAX && has_lost_a_race(&asked, &report) {
            continue;
        }
        return Ok(answer::json(report.answer()?)?);
    }
}

/// Whether a ref moved that the caller does not guard: its change is asked for again.
fn has_lost_a_race(asked: &Asked, report: &Report) -> bool {
    let mut updates = asked.updates.iter().zip(report.rejections());
    updates.any(|(update, rejection)| {
        update.guard.is_none() && matches!(rejection, Some(Rejection::Stale { .. }))
    })
}

/// Judges the guards, makes the tags, and publishes.
async fn attempt(write: &WriteRequest, asked: &Asked) -> Result<Report, ErrorReply> {
    let mut objects = NewObjects::new(OBJECT_BYTES_MAX, &Limits::DEFAULT);
    let targets = targets(write, asked)?;
    let targets = tags::make(write, asked, targets, &mut objects).await?;
    let mut planned = Vec::with_capacity(targets.len());
    for (update, new) in asked.updates.iter().zip(targets) {
        let before = head(write, update.name.as_bstr())?;
        planned.push(Planned {
            name: update.name.clone(),
            before,
            new,
            rejection: stale(update, before),
        });
    }
    let mut report = Report::new(planned, asked.atomic);
    let commands: Vec<_> = report.to_publish().map(command).collect();
    if commands.is_empty() {
        return Ok(report);
    }
    let for_answer = report.clone();
    let changes = RefChanges {
        commands,
        atomic: asked.atomic,
        push_options: asked.push_options.clone(),
        answer: Some(AnswerOf::by(move |rejections| {
            let mut report = for_answer.clone();
            report.settle(rejections);
            Some((200, report.answer().ok()?))
        })),
    };
    let rejections = publish::publish(&write.writer(), &objects, changes).await?;
    report.settle(&rejections);
    Ok(report)
}

fn command(planned: &Planned) -> PushCommand {
    PushCommand {
        name: planned.name.clone(),
        old: planned.before,
        new: planned.new,
    }
}

/// The ids that the refs get, except tags that are still to be made.
fn targets(write: &WriteRequest, asked: &Asked) -> Result<Vec<Option<ObjectId>>, ErrorReply> {
    let updates = asked.updates.iter().enumerate();
    let target = |(number, update): (usize, &AskedUpdate)| {
        let Some(revision) = &update.new else {
            return Ok(None);
        };
        let found = write.store.resolve(BStr::new(revision))?;
        let unknown = || {
            let message = format!("'{revision}' names nothing in the repository");
            ErrorReply::at(ErrorCode::NotFound, pointer(number, "new"), message)
        };
        found.ok_or_else(unknown).map(Some)
    };
    updates.map(target).collect()
}

fn head(write: &WriteRequest, name: &BStr) -> Result<Option<ObjectId>, ErrorReply> {
    Ok(write.store.find_ref(name)?.map(|found| found.target))
}

/// The rejection of an update whose guard names another value than the one that is there.
fn stale(update: &AskedUpdate, before: Option<ObjectId>) -> Option<Rejection> {
    let null = ObjectId::null(gix_hash::Kind::Sha1);
    let expected = update.guard.filter(|expected| *expected != before)?;
    Some(Rejection::Stale {
        actual: before.unwrap_or(null),
        expected: expected.unwrap_or(null),
    })
}
