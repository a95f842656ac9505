//! Judges each ref update on its own, in git's words (`update()` and `check_refs` of git's
//! `builtin/receive-pack.c`).
//!
//! The publisher judges everything that depends on the refs at the moment of publishing (old ids,
//! names that conflict with each other).

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice};

use super::super::limits::Limits;
use super::super::protocol::push_commands::PushCommand;
use super::super::refname::{self, RefnameError};
use super::super::refspec::Refspecs;
use super::ephemeral::TtlError;
use super::ref_rules::{ForbiddenChange, RefOp, RulesInForce};

/// The repository's settings for a push.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Every push is refused.
    pub read_only: bool,
    /// Git's `receive.denyDeletes`.
    pub deny_deletes: bool,
    /// Git's `receive.denyNonFastForwards`.
    pub deny_non_fast_forwards: bool,
    /// The branch that HEAD names: it cannot be deleted.
    pub head: &'a BStr,
    /// The rules about refs, of the repository and of the caller's token.
    pub rules: RulesInForce<'a>,
    /// The refs that only the repository's upstream changes.
    pub mirrored: Option<&'a Refspecs>,
}

/// Why one ref update is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    /// The repository takes no pushes.
    #[error("repository is read-only")]
    ReadOnly,
    /// The repository follows another one, and takes this ref from there.
    #[error("read-only: the ref is mirrored from the repository's upstream")]
    Mirrored,
    /// The pusher may not push any more: the token ended or was revoked while the push ran.
    #[error("{reason}")]
    NotPermitted {
        /// Why, in the words of the refusal.
        reason: String,
    },
    /// No ref can have this name.
    #[error("funny refname")]
    FunnyRefname,
    /// The name is longer than clients can store.
    #[error(transparent)]
    LongRefname(RefnameError),
    /// A rule about refs forbids it.
    #[error(transparent)]
    Forbidden(ForbiddenChange),
    /// Branches may not be deleted here.
    #[error("deletion prohibited")]
    DeletionProhibited,
    /// The branch that HEAD names may not be deleted.
    #[error("deletion of the current branch prohibited")]
    DeletionOfHead,
    /// A branch may only move forward here.
    #[error("non-fast-forward")]
    NonFastForward,
    /// The tip reaches objects that are missing.
    #[error("missing necessary objects")]
    MissingObjects,
    /// The pusher's repository is shallow, and the commits that it lacks are not here either.
    #[error("shallow update not allowed")]
    ShallowUpdate,
    /// A branch may only name a commit.
    #[error("trying to write non-commit object {id} to a branch")]
    NotACommit {
        /// The object.
        id: ObjectId,
    },
    /// The pack, or the check of all tips together, was refused.
    #[error("unpacker error")]
    Unpacker,
    /// Another update of the same atomic push was refused.
    #[error("atomic push failure")]
    Atomic,
    /// The ref is not at the id that the pusher saw.
    #[error("stale info: is at {actual} but expected {expected}")]
    Stale {
        /// Its id, or the null id.
        actual: ObjectId,
        /// The id that the client saw, or the null id.
        expected: ObjectId,
    },
    /// Another ref stands in the way.
    #[error("'{with}' exists; cannot create '{name}'")]
    Conflict {
        /// The name of the other ref.
        with: String,
        /// This ref.
        name: String,
    },
    /// The objects of the push are more than a bound on bytes allows.
    #[error("quota exceeded")]
    QuotaExceeded,
    /// A push option asks for a lifetime that no ref may have.
    #[error(transparent)]
    Lifetime(TtlError),
    /// The hook that was asked before publication refuses it.
    #[error("pre-receive hook declined: {}", one_line(.message))]
    HookDeclined {
        /// Why, in the hook's words, without characters that control a terminal.
        message: String,
    },
    /// The hook gave no judgement, and the repository wants one.
    #[error("pre-receive hook failed: {reason}")]
    HookFailed {
        /// The failure.
        reason: String,
    },
    /// The repository has as many refs as it may have.
    #[error("{0}")]
    TooManyRefs(String),
}

/// The effect of a command on its ref. It does not say whether a move is forced.
pub(crate) fn op(command: &PushCommand) -> RefOp {
    match (&command.old, &command.new) {
        (_, None) => RefOp::Delete,
        (None, Some(_)) => RefOp::Create,
        (Some(_), Some(_)) => RefOp::Update,
    }
}

/// A text of several lines in one: the report of a push has one for each ref.
fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// Judges as much as possible before the pack is read.
pub(crate) fn before_pack(
    command: &PushCommand,
    settings: &Settings<'_>,
    limits: &Limits,
) -> Result<(), Rejection> {
    if settings.read_only {
        return Err(Rejection::ReadOnly);
    }
    let name = command.name.as_bstr();
    if command.new.is_some() {
        refname::check_update(name, limits.refname_bytes_max).map_err(|error| match error {
            RefnameError::TooLong { .. } | RefnameError::ComponentTooLong { .. } => {
                Rejection::LongRefname(error)
            }
            _ => Rejection::FunnyRefname,
        })?;
    } else {
        refname::check_delete(name, limits.refname_bytes_max)
            .map_err(|_| Rejection::FunnyRefname)?;
    }
    if settings.mirrored.is_some_and(|refs| refs.leads_to(name)) {
        return Err(Rejection::Mirrored);
    }
    forbidden(name, op(command), settings)?;
    if command.new.is_none() {
        if settings.deny_deletes && name.starts_with_str(refname::HEADS) {
            return Err(Rejection::DeletionProhibited);
        }
        if name == settings.head && command.old.is_some() {
            return Err(Rejection::DeletionOfHead);
        }
    }
    Ok(())
}

/// Judges a move that is forced, or may be.
pub(crate) fn forced(command: &PushCommand, settings: &Settings<'_>) -> Result<(), Rejection> {
    if op(command) != RefOp::Update {
        return Ok(());
    }
    let name = command.name.as_bstr();
    if settings.deny_non_fast_forwards && names_a_branch(name) {
        return Err(Rejection::NonFastForward);
    }
    forbidden(name, RefOp::Force, settings)
}

fn forbidden(name: &BStr, op: RefOp, settings: &Settings<'_>) -> Result<(), Rejection> {
    match settings.rules.forbid(name, op) {
        Some(forbidden) => Err(Rejection::Forbidden(forbidden)),
        None => Ok(()),
    }
}

/// Whether anybody asks if a move is forced.
pub(crate) fn asks_for_force(command: &PushCommand, settings: &Settings<'_>) -> bool {
    let name = command.name.as_bstr();
    forced(command, settings).is_err()
        || (op(command) == RefOp::Update && settings.rules.overridden(name, RefOp::Force).is_some())
}

/// Whether only commits may stand here.
pub(crate) fn names_a_branch(name: &BStr) -> bool {
    name.starts_with_str(refname::HEADS)
}

#[cfg(test)]
mod tests {
    use super::super::ref_rules::RefRules;
    use super::*;

    fn command(name: &str, old: bool, new: bool) -> PushCommand {
        let id = ObjectId::empty_tree(gix_hash::Kind::Sha1);
        PushCommand {
            name: name.into(),
            old: old.then_some(id),
            new: new.then_some(id),
        }
    }

    fn no_rules() -> &'static RefRules {
        static NONE: std::sync::LazyLock<RefRules> = std::sync::LazyLock::new(RefRules::default);
        &NONE
    }

    fn open() -> Settings<'static> {
        Settings {
            read_only: false,
            deny_deletes: false,
            deny_non_fast_forwards: false,
            head: BStr::new("refs/heads/main"),
            rules: RulesInForce {
                token: None,
                repository: no_rules(),
                overrides: false,
            },
            mirrored: None,
        }
    }

    #[track_caller]
    fn check(command: &PushCommand, settings: &Settings<'_>, expect: Option<&Rejection>) {
        let judged = before_pack(command, settings, &Limits::DEFAULT);
        assert_eq!(judged.as_ref().err(), expect);
    }

    #[test]
    fn names_must_be_refs() {
        check(&command("refs/heads/topic", false, true), &open(), None);
        check(&command("refs/notes/commits", false, true), &open(), None);
        for name in [
            "HEAD",
            "main",
            "refs/heads/a..b",
            "refs/heads/a.lock",
            "refs/x",
            "refs//a",
        ] {
            check(
                &command(name, false, true),
                &open(),
                Some(&Rejection::FunnyRefname),
            );
        }
    }

    #[test]
    fn a_name_that_no_client_can_store_is_refused_and_can_be_deleted() {
        let name = format!("refs/heads/{}", "x".repeat(241));
        for old in [false, true] {
            let judged = before_pack(&command(&name, old, true), &open(), &Limits::DEFAULT);
            let reason = judged.unwrap_err().to_string();
            assert!(reason.contains("241 bytes, at most 240"), "{reason}");
        }
        check(&command(&name, true, false), &open(), None);
    }

    #[test]
    fn deletions_follow_the_settings_and_spare_head() {
        check(&command("refs/heads/topic", true, false), &open(), None);
        check(
            &command("refs/heads/main", true, false),
            &open(),
            Some(&Rejection::DeletionOfHead),
        );
        let strict = Settings {
            deny_deletes: true,
            ..open()
        };
        let gone = command("refs/heads/topic", true, false);
        check(&gone, &strict, Some(&Rejection::DeletionProhibited));
        check(&command("refs/tags/v1", true, false), &strict, None);
    }

    #[test]
    fn what_is_mirrored_is_changed_by_its_upstream_alone() {
        let refs = Refspecs::default();
        let settings = Settings {
            mirrored: Some(&refs),
            ..open()
        };
        for (old, new) in [(false, true), (true, true), (true, false)] {
            let command = command("refs/heads/topic", old, new);
            check(&command, &settings, Some(&Rejection::Mirrored));
        }
        check(&command("refs/notes/commits", false, true), &settings, None);
    }

    #[test]
    fn a_read_only_repository_takes_nothing() {
        let settings = Settings {
            read_only: true,
            ..open()
        };
        check(
            &command("refs/heads/topic", false, true),
            &settings,
            Some(&Rejection::ReadOnly),
        );
    }
}
