//! The objects that the repository's refs and reflog reach, kept from one request to the next.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::oid;

use super::store::Store;
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::reachable::Reachable;
use crate::git::pack::reader::LivePacks;
use crate::git::store::ReadError;
use crate::repo_do::contract::Actor;
use crate::repo_do::runtime::clock::now_ms;
use crate::storage::db::cache::Lru;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(1) };
    static KEPT: RefCell<KeptByObject> = RefCell::new(Lru::new(KEPT_BYTES_MAX));
}

/// How long anybody may name a ref's former object: a client may have seen the tip just before
/// it was replaced, and its clone must not fail for that.
pub(crate) const FRESH_MS: i64 = 10 * 60 * 1000;

/// Bytes that an isolate keeps of this, graphs included.
const KEPT_BYTES_MAX: usize = 11 << 20;

/// How long the finding for strangers is kept: entries of the reflog age meanwhile.
const PUBLIC_KEPT_MS: i64 = 60 * 1000;

/// The same for callers with a token.
const MEMBER_KEPT_MS: i64 = 60 * 60 * 1000;

/// Bound on the roots with which a search begins. A push and a fetch of a few commits name commits that HEAD
/// reaches, or the branch that they are about, so that most searches end there.
const FIRST_ROOTS_MAX: usize = 1_000;

/// Entries of the reflog read at once.
const REFLOG_ROWS: u32 = 5_000;

/// By the object's number, and the audience.
pub(crate) type KeptByObject = Lru<(u64, Audience), Rc<RefCell<Kept>>>;

/// Evicts until `bytes` of the bound are free, for an operation that needs the room now.
pub(crate) fn make_room(bytes: usize) {
    with(|kept| kept.make_room(bytes));
}

/// The audience that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Audience {
    /// Every client: sees the objects that refs reach, and those that they named in the last [`FRESH_MS`].
    Public,
    /// A caller with a token, and the operator: sees all that refs and the kept reflog reach.
    Member,
}

impl Audience {
    /// The audience to which this actor belongs.
    pub(crate) fn of(actor: Actor) -> Self {
        match actor {
            Actor::Anonymous => Self::Public,
            _ => Self::Member,
        }
    }
}

/// The sets of one object, by a number that is never given twice.
#[derive(Debug)]
pub(crate) struct KeptReach(pub u64);

impl KeptReach {
    /// Drops everything: reached objects may be gone.
    pub(crate) fn clear(&self) {
        for audience in [Audience::Public, Audience::Member] {
            with(|kept| kept.remove(&(self.0, audience)));
        }
    }
}

impl Default for KeptReach {
    fn default() -> Self {
        Self(NEXT.with(|next| next.replace(next.get().wrapping_add(1))))
    }
}

impl Drop for KeptReach {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The objects that the refs of a repository reach.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) reach: Reachable,
    audience: Audience,
    /// The last entry of the reflog that was known.
    reflog_seq: i64,
    /// Whether all refs are roots. At first HEAD's branch and few others are.
    has_refs: bool,
    /// Whether the entries before it are roots as well.
    has_reflog: bool,
    made_ms: i64,
}

impl Kept {
    pub(crate) fn new(
        store: &Store,
        graph: &Rc<CommitGraph>,
        audience: Audience,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            reach: Reachable::new(graph),
            audience,
            reflog_seq: store.last_reflog_seq()?,
            has_refs: false,
            has_reflog: false,
            made_ms: now_ms(),
        })
    }

    /// Makes every ref a root.
    fn add_refs(&mut self, store: &Store, packs: &LivePacks<Rc<Store>>) -> Result<(), ReadError> {
        let (reach, mut added) = (&mut self.reach, Ok(()));
        store.visit_refs(b"refs/", |record| {
            added = reach.add_root(packs, record.target, record.peeled);
            match added {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        added
    }

    /// Whether it still holds, with later pushes taken in.
    pub(crate) fn renew(
        &mut self,
        store: &Store,
        packs: &LivePacks<Rc<Store>>,
        graph: &Rc<CommitGraph>,
    ) -> Result<bool, ReadError> {
        let kept_ms = match self.audience {
            Audience::Public => PUBLIC_KEPT_MS,
            Audience::Member => MEMBER_KEPT_MS,
        };
        if now_ms().saturating_sub(self.made_ms) > kept_ms || !self.reach.extend(graph) {
            return Ok(false);
        }
        let reflog_seq = store.last_reflog_seq()?;
        if reflog_seq == self.reflog_seq {
            return Ok(true);
        }
        if self.audience == Audience::Public {
            return Ok(false);
        }
        // The reflog now names the objects that refs named before the change, so every object
        // that was reached still is.
        self.add_entries(store, packs, self.reflog_seq.saturating_add(1), i64::MIN)?;
        self.reflog_seq = reflog_seq;
        Ok(true)
    }

    fn add_entries(
        &mut self,
        store: &Store,
        packs: &LivePacks<Rc<Store>>,
        from: i64,
        since_ms: i64,
    ) -> Result<(), ReadError> {
        let mut from = Some(from);
        while let Some(seq) = from {
            let mut ids = Vec::new();
            from = store.reflog_ids(seq, since_ms, REFLOG_ROWS, |id| ids.push(id))?;
            for id in ids {
                self.reach.add_root(packs, id, None)?;
            }
        }
        Ok(())
    }

    pub(crate) fn reaches(
        &mut self,
        store: &Store,
        packs: &LivePacks<Rc<Store>>,
        id: &oid,
    ) -> Result<bool, ReadError> {
        if !self.has_refs {
            if self.reach.surely_reaches(packs, id)? {
                return Ok(true);
            }
            for target in store.some_targets()?.iter().take(FIRST_ROOTS_MAX) {
                self.reach.add_commit_root(target)?;
            }
            if self.reach.surely_reaches(packs, id)? {
                return Ok(true);
            }
            self.add_refs(store, packs)?;
            self.has_refs = true;
        }
        if self.reach.reaches(packs, id)? {
            return Ok(true);
        }
        if self.has_reflog {
            return Ok(false);
        }
        match self.audience {
            Audience::Public => {
                let mut ids = Vec::new();
                let since_ms = now_ms().saturating_sub(FRESH_MS);
                store.recent_reflog_ids(since_ms, REFLOG_ROWS, |id| ids.push(id))?;
                for id in ids {
                    self.reach.add_root(packs, id, None)?;
                }
            }
            Audience::Member => {
                let kept_ms = store.retention()?.reflog_ms(false);
                self.add_entries(store, packs, 1, now_ms().saturating_sub(kept_ms))?;
            }
        }
        self.has_reflog = true;
        self.reach.reaches(packs, id)
    }
}

/// Runs `act` on the kept sets; `None` while the thread ends or they are in use.
pub(crate) fn with<T>(act: impl FnOnce(&mut KeptByObject) -> T) -> Option<T> {
    KEPT.try_with(|kept| kept.try_borrow_mut().ok().map(|mut kept| act(&mut kept)))
        .ok()?
}
