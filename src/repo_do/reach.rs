//! Which objects may be named by id: those that the repository's own refs reach, and what its own
//! reflog reaches for a while.
//!
//! That an object is stored proves nothing: forks share packs, and a force push leaves behind what
//! it replaced. A ref's own target costs a look at the refs. Everything else is asked of what is
//! kept here from one request to the next.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::contract::Actor;
use super::object::{RepoObject, Store, now_ms};
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::reachable::Reachable;
use crate::git::limits::Limits;
use crate::git::pack::incoming::bases::{BaseFacts, ExternalBase, ExternalBases};
use crate::git::pack::reader::LivePacks;
use crate::git::pack::reader::blob::BlobReader;
use crate::git::store::{Nameable, ReadError, StoreError};
use crate::storage::cache::Lru;

/// How long anybody may name what a ref named before: a client may have seen the tip just before
/// it was replaced, and its clone must not fail for that.
pub const FRESH_MS: i64 = 10 * 60 * 1000;

/// Bytes that an isolate keeps of this, graphs included.
const KEPT_BYTES_MAX: usize = 11 << 20;

/// How long what was found for strangers is kept: entries of the reflog age meanwhile.
const PUBLIC_KEPT_MS: i64 = 60 * 1000;

/// The same for those who hold a token.
const MEMBER_KEPT_MS: i64 = 60 * 60 * 1000;

/// Entries of the reflog read at once.
const REFLOG_ROWS: u32 = 5_000;

/// By the object's number, and for whom it was found.
type KeptByObject = Lru<(u64, Audience), Rc<RefCell<Kept>>>;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(1) };
    static KEPT: RefCell<KeptByObject> = RefCell::new(Lru::new(KEPT_BYTES_MAX));
}

/// Keeps so many bytes less than may be kept, for an operation that needs the room now.
pub fn make_room(bytes: usize) {
    with(|kept| kept.make_room(bytes));
}

/// For whom it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Anybody: what refs reach, and what they named in the last [`FRESH_MS`].
    Public,
    /// Whoever holds a token, and the operator: what refs reach, and the kept reflog.
    Member,
}

impl Audience {
    /// To whom this actor belongs.
    pub fn of(actor: Actor) -> Self {
        match actor {
            Actor::Anonymous => Self::Public,
            _ => Self::Member,
        }
    }
}

/// What is kept of one object, by a number that is never given twice.
#[derive(Debug)]
pub struct KeptReach(u64);

impl KeptReach {
    /// Keeps nothing: what was reached may be gone.
    pub fn clear(&self) {
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

/// What the refs of a repository reach.
#[derive(Debug)]
struct Kept {
    reach: Reachable,
    audience: Audience,
    /// The last entry of the reflog that was known.
    reflog_seq: i64,
    /// Whether the entries before it are roots as well.
    has_reflog: bool,
    made_ms: i64,
}

impl Kept {
    fn new(
        store: &Store,
        packs: &LivePacks<Rc<Store>>,
        graph: &Rc<CommitGraph>,
        audience: Audience,
    ) -> Result<Self, ReadError> {
        let mut reach = Reachable::new(graph);
        let mut added = Ok(());
        store.visit_refs(b"refs/", |record| {
            added = reach.add_root(packs, record.target, record.peeled);
            match added {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        added?;
        Ok(Self {
            reach,
            audience,
            reflog_seq: store.last_reflog_seq()?,
            has_reflog: false,
            made_ms: now_ms(),
        })
    }

    /// Whether it still holds, with what was pushed since taken in.
    fn renew(
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
        // What refs named before the change, the reflog names now: so nothing is reached no more.
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

    fn reaches(
        &mut self,
        store: &Store,
        packs: &LivePacks<Rc<Store>>,
        id: &oid,
    ) -> Result<bool, ReadError> {
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

/// What the repository's own refs, and its own reflog, reach now.
pub struct Reached(Rc<RefCell<Kept>>);

impl Reached {
    /// Of these packs, the live ones of this moment or of an earlier one.
    pub fn of(
        object: &RepoObject,
        packs: &LivePacks<Rc<Store>>,
        audience: Audience,
    ) -> Result<Self, ReadError> {
        let store = packs.store();
        let graph = object.graph.current(store)?;
        if graph.is_of(packs.records()) {
            return Ok(Self(kept(object, packs, &graph, audience)?));
        }
        let graph = Rc::new(CommitGraph::open(store, packs.records())?);
        let made = Kept::new(store, packs, &graph, audience)?;
        Ok(Self(Rc::new(RefCell::new(made))))
    }

    /// Whether the object is among it.
    pub fn has(&self, packs: &LivePacks<Rc<Store>>, id: &oid) -> Result<bool, ReadError> {
        self.0.borrow_mut().reaches(packs.store(), packs, id)
    }
}

fn kept(
    object: &RepoObject,
    packs: &LivePacks<Rc<Store>>,
    graph: &Rc<CommitGraph>,
    audience: Audience,
) -> Result<Rc<RefCell<Kept>>, ReadError> {
    let (key, store) = ((object.reach.0, audience), packs.store());
    if let Some(kept) = with(|kept| kept.get(&key)).flatten()
        && kept.borrow_mut().renew(store, packs, graph)?
    {
        return Ok(kept);
    }
    let made = Kept::new(store, packs, graph, audience)?;
    let objects: u64 = packs
        .records()
        .iter()
        .map(|pack| u64::from(pack.object_count))
        .sum();
    // Room for the bits too, which are made when they are needed.
    let bits = usize::try_from(objects / 8).unwrap_or(usize::MAX);
    let bytes = made.reach.bytes().saturating_add(graph.bytes());
    let made = Rc::new(RefCell::new(made));
    with(|kept| kept.put(key, Rc::clone(&made), bytes.saturating_add(bits)));
    Ok(made)
}

/// What is kept; `None` while the thread ends or it is in use.
fn with<T>(act: impl FnOnce(&mut KeptByObject) -> T) -> Option<T> {
    KEPT.try_with(|kept| kept.try_borrow_mut().ok().map(|mut kept| act(&mut kept)))
        .ok()?
}

/// What a client may name by id.
pub struct Visible<'a> {
    object: &'a RepoObject,
    store: &'a Rc<Store>,
    audience: Audience,
}

impl<'a> Visible<'a> {
    /// To this audience.
    pub fn to(object: &'a RepoObject, store: &'a Rc<Store>, audience: Audience) -> Self {
        Self {
            object,
            store,
            audience,
        }
    }

    /// Those of the ids that no ref names.
    fn without_tips(&self, ids: &[ObjectId]) -> Result<HashSet<ObjectId>, StoreError> {
        let mut left: HashSet<ObjectId> = ids.iter().copied().collect();
        if left.is_empty() {
            return Ok(left);
        }
        self.store.visit_refs(b"refs/", |record| {
            left.remove(&record.target);
            if left.is_empty() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(left)
    }

    /// Those of the ids that it may not name.
    pub fn hidden(&self, ids: &[ObjectId]) -> Result<HashSet<ObjectId>, ReadError> {
        let left = self.without_tips(ids)?;
        if left.is_empty() {
            return Ok(left);
        }
        let packs = LivePacks::open(Rc::clone(self.store), &Limits::DEFAULT)?;
        let reached = Reached::of(self.object, &packs, self.audience)?;
        let mut hidden = HashSet::new();
        for id in left {
            if !reached.has(&packs, &id)? {
                hidden.insert(id);
            }
        }
        Ok(hidden)
    }
}

impl Nameable for Visible<'_> {
    fn first_hidden(&self, ids: &[ObjectId]) -> Result<Option<ObjectId>, ReadError> {
        let hidden = self.hidden(ids)?;
        Ok(ids.iter().find(|id| hidden.contains(*id)).copied())
    }
}

/// The bases outside of its pack that a push may build on. Any other is as if it were not here: what
/// a delta makes of an object tells what that object is.
pub struct VisibleBases<'a> {
    object: &'a RepoObject,
    packs: &'a LivePacks<Rc<Store>>,
    /// Opened for the first base: most pushes have none that would have to be asked for.
    reached: OnceCell<Reached>,
}

impl<'a> VisibleBases<'a> {
    /// Those in these packs.
    pub fn of(object: &'a RepoObject, packs: &'a LivePacks<Rc<Store>>) -> Self {
        Self {
            object,
            packs,
            reached: OnceCell::new(),
        }
    }
}

impl ExternalBases for VisibleBases<'_> {
    fn facts(&self, id: &oid) -> Result<Option<BaseFacts>, ReadError> {
        let reached = if let Some(reached) = self.reached.get() {
            reached
        } else {
            let reached = Reached::of(self.object, self.packs, Audience::Member)?;
            self.reached.get_or_init(|| reached)
        };
        // Every base is asked for its facts first.
        if !reached.has(self.packs, id)? {
            return Ok(None);
        }
        self.packs.facts(id)
    }

    fn open(&self, id: &oid) -> Result<Option<BlobReader>, ReadError> {
        self.packs.open(id)
    }

    fn next_piece(&self, reader: &mut BlobReader) -> Result<Option<Vec<u8>>, ReadError> {
        self.packs.next_piece(reader)
    }

    fn base(&self, id: &oid) -> Result<Option<ExternalBase>, ReadError> {
        self.packs.base(id)
    }
}
