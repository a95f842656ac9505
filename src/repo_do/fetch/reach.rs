//! The objects that a client may name by id: those that the repository's own refs reach, and for
//! a while those that its own reflog reaches.
//!
//! A stored object proves nothing: forks share packs, and a force push leaves behind the objects
//! that it replaced. To find a ref's own target takes a look at the refs that clients saw, or at most
//! one through the rows of the table. All other answers come from the sets kept here from one request to
//! the next.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use crate::git::graph::commits::CommitGraph;
use crate::git::limits::Limits;
use crate::git::pack::incoming::bases::{BaseFacts, ExternalBase, ExternalBases};
use crate::git::pack::reader::LivePacks;
use crate::git::pack::reader::blob::BlobReader;
use crate::git::store::{Nameable, ReadError};
use crate::repo_do::object::RepoObject;
use crate::repo_do::state::reach_cache::{Audience, Kept, with};
use crate::repo_do::state::store::Store;

/// The objects that the repository's own refs and its own reflog reach now.
pub(crate) struct Reached(Rc<RefCell<Kept>>);

impl Reached {
    /// The objects reached in these packs, the live ones of this moment or of an earlier one.
    pub(crate) fn of(
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
        let made = Kept::new(store, &graph, audience)?;
        Ok(Self(Rc::new(RefCell::new(made))))
    }

    /// Whether the object is among it.
    pub(crate) fn has(&self, packs: &LivePacks<Rc<Store>>, id: &oid) -> Result<bool, ReadError> {
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
    let made = Kept::new(store, graph, audience)?;
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

/// The objects that a client may name by id.
pub(crate) struct Visible<'a> {
    object: &'a RepoObject,
    store: &'a Rc<Store>,
    audience: Audience,
}

impl<'a> Visible<'a> {
    /// As this audience sees them.
    pub(crate) fn to(object: &'a RepoObject, store: &'a Rc<Store>, audience: Audience) -> Self {
        Self {
            object,
            store,
            audience,
        }
    }

    /// Those of the ids that it may not name.
    pub(crate) fn hidden(&self, ids: &[ObjectId]) -> Result<HashSet<ObjectId>, ReadError> {
        let left = self.store.without_targets(ids)?;
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

/// The bases outside of its pack that a push may build on. Any other is as if it were not here: the result of
/// a delta tells the content of its base.
pub(crate) struct VisibleBases<'a> {
    object: &'a RepoObject,
    packs: &'a LivePacks<Rc<Store>>,
    /// Opened for the first base: most pushes have none that would have to be asked for.
    reached: OnceCell<Reached>,
}

impl<'a> VisibleBases<'a> {
    /// Those in these packs.
    pub(crate) fn of(object: &'a RepoObject, packs: &'a LivePacks<Rc<Store>>) -> Self {
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
