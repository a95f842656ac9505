//! The outcome of each ref, in the order of the request, and the answer.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use serde::Serialize;
use serde_json::{Value, json};

use super::pointer::pointer;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::request::answer;
use crate::repo_do::write::refusal;

/// A ref, its former id, and its next one.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) name: BString,
    /// Its target when the request looked.
    pub(super) before: Option<ObjectId>,
    /// Its new target; `None`: it is deleted.
    pub(super) new: Option<ObjectId>,
    /// Why it is refused, as far as that is known.
    pub(super) rejection: Option<Rejection>,
}

/// The refs of one request.
#[derive(Debug, Clone)]
pub(super) struct Report(Vec<Planned>);

/// One ref, as the caller sees it.
#[derive(Serialize)]
struct Shown {
    name: String,
    ok: bool,
    old: Option<String>,
    new: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

#[derive(Serialize)]
struct Updated {
    updates: Vec<Shown>,
}

impl Report {
    /// Before anything is published. One refusal refuses all if all or none are to be changed.
    pub(super) fn new(planned: Vec<Planned>, atomic: bool) -> Self {
        let mut report = Self(planned);
        let is_refused = report.0.iter().any(|planned| planned.rejection.is_some());
        if atomic && is_refused {
            for planned in &mut report.0 {
                planned.rejection.get_or_insert(Rejection::Atomic);
            }
        }
        report
    }

    /// The refs that are not refused.
    pub(super) fn to_publish(&self) -> impl Iterator<Item = &Planned> {
        self.0.iter().filter(|planned| planned.rejection.is_none())
    }

    /// Notes the results of the published refs, in order.
    pub(super) fn settle(&mut self, rejections: &[Option<Rejection>]) {
        let published = self.0.iter_mut();
        let published = published.filter(|planned| planned.rejection.is_none());
        for (planned, rejection) in published.zip(rejections) {
            planned.rejection.clone_from(rejection);
        }
    }

    /// Why each ref was refused.
    pub(super) fn rejections(&self) -> impl Iterator<Item = Option<&Rejection>> {
        self.0.iter().map(|planned| planned.rejection.as_ref())
    }

    /// Whether some ref has the wanted id.
    pub(super) fn has_changed(&self) -> bool {
        self.to_publish().next().is_some()
    }

    /// The envelope; an error if no ref has the wanted id.
    pub(super) fn answer(&self) -> Result<Vec<u8>, ErrorReply> {
        let updates: Vec<_> = self.0.iter().enumerate().map(shown).collect();
        if self.has_changed() {
            let written = answer::envelope(&Updated { updates });
            return written.map_err(|error| ErrorReply::internal("response", &error));
        }
        let mut error = self.error();
        let updates = serde_json::to_value(updates);
        let updates = updates.map_err(|error| ErrorReply::internal("response", &error))?;
        let mut details = error.details.take().unwrap_or_else(|| Box::new(json!({})));
        if let Some(details) = details.as_object_mut() {
            details.insert("updates".to_owned(), updates);
        }
        Err(error.with_details(*details))
    }

    /// Why nothing was done: the first reason that is a reason of its own.
    fn error(&self) -> ErrorReply {
        let first = |is_meant: fn(&Rejection) -> bool| {
            let mut all = self.rejections().enumerate();
            all.find_map(|(number, rejection)| Some((number, rejection.filter(|it| is_meant(it))?)))
        };
        match first(|rejection| *rejection != Rejection::Atomic).or_else(|| first(|_| true)) {
            Some((number, rejection)) => error(number, rejection),
            None => ErrorReply::internal("refs", &"nothing was refused, and nothing done"),
        }
    }
}

fn shown((number, planned): (usize, &Planned)) -> Shown {
    let rejection = planned.rejection.as_ref();
    let is = match rejection {
        None => planned.new,
        Some(Rejection::Stale { actual, .. }) => Some(*actual).filter(|id| !id.is_null()),
        Some(_) => planned.before,
    };
    let hex = |id: Option<ObjectId>| id.map(|id| id.to_string());
    Shown {
        name: planned.name.to_str_lossy().into_owned(),
        ok: rejection.is_none(),
        old: hex(planned.before),
        new: hex(is),
        error: rejection.map(|rejection| told(&error(number, rejection))),
    }
}

/// A refusal, as an envelope has it.
fn told(error: &ErrorReply) -> Value {
    let mut told = json!({
        "code": error.code.number(),
        "message": error.message,
        "pointer": error.pointer,
    });
    if let (Some(told), Some(details)) = (told.as_object_mut(), &error.details) {
        told.insert("details".to_owned(), (**details).clone());
    }
    told
}

fn error(number: usize, rejection: &Rejection) -> ErrorReply {
    let name = match rejection {
        Rejection::NotACommit { .. } | Rejection::MissingObjects | Rejection::ShallowUpdate => {
            pointer(number, "new")
        }
        _ => pointer(number, "name"),
    };
    refusal::reply(rejection, &name, &pointer(number, "old"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::ErrorCode;

    fn id(number: u8) -> ObjectId {
        ObjectId::from([number; 20])
    }

    fn planned(name: &str, rejection: Option<Rejection>) -> Planned {
        Planned {
            name: name.into(),
            before: Some(id(1)),
            new: Some(id(2)),
            rejection,
        }
    }

    fn stale() -> Rejection {
        Rejection::Stale {
            actual: id(3),
            expected: id(1),
        }
    }

    #[test]
    fn refused_refs_stand_beside_those_that_changed() {
        let all = vec![
            planned("refs/heads/a", Some(stale())),
            planned("refs/heads/b", None),
            planned("refs/heads/c", None),
        ];
        let mut report = Report::new(all, false);
        assert_eq!(report.to_publish().count(), 2);
        report.settle(&[None, Some(Rejection::NonFastForward)]);
        let answer: Value = serde_json::from_slice(&report.answer().unwrap()).unwrap();
        let updates = &answer["result"]["updates"];
        assert_eq!(updates[0]["error"]["code"], 10_310);
        assert_eq!(updates[0]["error"]["pointer"], "/updates/0/old");
        assert_eq!(updates[0]["new"], id(3).to_string());
        assert_eq!(updates[1]["ok"], true);
        assert_eq!(updates[1]["new"], id(2).to_string());
        let rule = &updates[2]["error"]["details"]["rule"];
        assert_eq!(
            (updates[2]["ok"].clone(), rule.as_str()),
            (false.into(), Some("deny_non_fast_forwards"))
        );
        assert_eq!(updates[2]["new"], id(1).to_string());
    }

    #[test]
    fn one_refusal_of_all_or_none_is_the_answer() {
        let all = vec![
            planned("refs/heads/a", None),
            planned("refs/heads/b", Some(stale())),
        ];
        let report = Report::new(all, true);
        assert_eq!(report.to_publish().count(), 0);
        let error = report.answer().unwrap_err();
        assert_eq!(error.code, ErrorCode::Conflict);
        assert_eq!(error.pointer.as_deref(), Some("/updates/1/old"));
        let details = error.details.unwrap();
        assert_eq!(details["actual"], id(3).to_string());
        assert_eq!(details["updates"][0]["error"]["details"]["rule"], "atomic");
    }

    #[test]
    fn the_longest_answer_fits_the_row_that_keeps_it() {
        use crate::git::receive_pack::ref_rules::{
            ForbiddenChange, ForbiddenOp, PATTERN_BYTES_MAX, RuleOwner,
        };
        use crate::storage::repository::idempotency::ANSWER_BYTES_MAX;
        // As long as the names may be together: all are in the way of others.
        for (names, bytes) in [(1000, 131), (32, 4096)] {
            let name = |number| format!("refs/heads/{number:04}{}", "x".repeat(bytes - 15));
            let refused = |number| {
                let conflict = Rejection::Conflict {
                    with: format!("{}/x", name(number)),
                    name: name(number),
                };
                planned(&name(number), Some(conflict))
            };
            let forbidden = |number| {
                let forbidden = Rejection::Forbidden(ForbiddenChange {
                    by: RuleOwner::Repository,
                    pattern: "\"".repeat(PATTERN_BYTES_MAX),
                    op: ForbiddenOp::NoForcePush,
                });
                planned(&name(number), Some(forbidden))
            };
            let refused: Vec<_> = (1..names).map(refused).collect();
            for mut all in [refused, (1..names).map(forbidden).collect()] {
                all.push(planned("refs/heads/a", None));
                let length = Report::new(all, false).answer().unwrap().len();
                assert!(length < ANSWER_BYTES_MAX, "{length}");
            }
        }
    }
}
