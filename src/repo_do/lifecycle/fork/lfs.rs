//! The objects of Git LFS that a fork takes over: those that pointers name among the objects its refs reach.
//! A fork of one branch must not open objects that only other branches name.

use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::wire::Frame;
use crate::git::graph::commits::CommitGraph;
use crate::git::lfs::LfsOid;
use crate::git::limits::Limits;
use crate::git::pack::reader::LivePacks;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::contract::ExportFork;
use crate::repo_do::lfs::search::{NamedObjects, PointerSearch};
use crate::repo_do::object::RepoObject;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::storage::repository::lfs_life::LFS_PAGE;
use crate::storage::repository::ref_record::RefRecord;
use crate::storage::repository::store::RepositoryRecord;

/// The objects that are still to be sent, in the packs and refs of the moment of the fork.
pub(super) struct LfsRows {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    packs: LivePacks<Rc<Store>>,
    graph: Rc<CommitGraph>,
    roots: Vec<ObjectId>,
    /// The outcome of the search, once it was made.
    named: Option<NamedObjects>,
    /// The last object that was sent.
    after: Option<LfsOid>,
}

impl LfsRows {
    /// Notes where to search; `None` in a repository without such objects.
    pub(super) fn of(
        object: &Rc<RepoObject>,
        store: &Rc<Store>,
        record: &RepositoryRecord,
        asked: &ExportFork,
    ) -> Result<Option<Self>, StoreError> {
        if !store.has_lfs_objects()? {
            return Ok(None);
        }
        let mut roots = Vec::new();
        let mut add = |found: &RefRecord| {
            let name = found.name.as_bstr();
            if refname::check_storable(name).is_ok() && !refname::is_ephemeral(name) {
                roots.push(found.target);
            }
        };
        if asked.default_branch_only {
            store.find_ref(record.head.as_ref())?.iter().for_each(add);
        } else {
            store.visit_refs(b"refs/", |found| {
                add(found);
                ControlFlow::Continue(())
            })?;
        }
        roots.sort_unstable();
        roots.dedup();
        Ok(Some(Self {
            object: Rc::clone(object),
            packs: LivePacks::open(Rc::clone(store), &Limits::DEFAULT)?,
            graph: object.graph.current(store)?,
            store: Rc::clone(store),
            roots,
            named: None,
            after: None,
        }))
    }

    /// The next frame; `None` after the last. The first is asked for once the fork holds the packs:
    /// the search may take its time.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, Failure> {
        let named = match self.named.take() {
            Some(named) => named,
            None => self.search().await?,
        };
        let frame = self.page(&named);
        self.named = Some(named);
        Ok(frame?)
    }

    async fn search(&self) -> Result<NamedObjects, Failure> {
        let mut named = NamedObjects::of(&self.store)?;
        let mut search = PointerSearch::new(&self.object, &self.store, &self.packs, &self.graph);
        search.add_roots(&self.roots).await?;
        search.find(&mut named).await?;
        Ok(named)
    }

    fn page(&mut self, named: &NamedObjects) -> Result<Option<Frame>, StoreError> {
        loop {
            let page = self.store.lfs_objects(self.after.as_ref(), LFS_PAGE)?;
            let Some(last) = page.last() else {
                return Ok(None);
            };
            self.after = Some(last.oid);
            let named = page.iter().filter(|object| named.contains(&object.oid));
            let named: Vec<_> = named.map(|object| (object.oid, object.bytes)).collect();
            if !named.is_empty() {
                return Ok(Some(Frame::Lfs(named)));
            }
        }
    }
}
