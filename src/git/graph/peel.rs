//! Follows tags to the object that they tag.

use std::collections::HashSet;

use gix_hash::ObjectId;

use super::super::object::{ObjectKind, facts};
use super::super::pack::reader::{LivePacks, Location};
use super::super::store::{ObjectSource, PackStore, ReadError};
use super::commits::{CommitGraph, CommitNode};

/// The object at the end of a chain of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peeled {
    /// A commit of the graph.
    Commit(CommitNode),
    /// A tree.
    Tree(ObjectId, Location),
    /// A blob.
    Blob(Location),
    /// A tag that was followed before.
    SeenTag,
    /// Nothing that is known to be complete: the object is not here, or it is a commit of no
    /// segment, or a tag of such a thing.
    Nothing,
}

/// Follows tags, each of them once.
pub(crate) struct Peeler<'a, S> {
    packs: &'a LivePacks<S>,
    graph: &'a CommitGraph,
    seen: HashSet<ObjectId>,
}

impl<'a, S: PackStore> Peeler<'a, S> {
    /// No tag was followed yet.
    pub(crate) fn new(packs: &'a LivePacks<S>, graph: &'a CommitGraph) -> Self {
        Self {
            packs,
            graph,
            seen: HashSet::new(),
        }
    }

    /// Goes on where another one stopped, which had followed these.
    pub(crate) fn resume(
        packs: &'a LivePacks<S>,
        graph: &'a CommitGraph,
        seen: HashSet<ObjectId>,
    ) -> Self {
        Self { packs, graph, seen }
    }

    /// The tags that were followed.
    pub(crate) fn into_seen(self) -> HashSet<ObjectId> {
        self.seen
    }

    /// Follows `id`; `tag` is called with each tag that was not seen before. After an error the same can
    /// be asked again.
    pub(crate) fn peel(
        &mut self,
        id: ObjectId,
        tag: impl FnMut(Location),
    ) -> Result<Peeled, ReadError> {
        let mut followed = Vec::new();
        let end = self.follow(id, &mut followed, tag)?;
        self.seen.extend(followed);
        Ok(end)
    }

    fn follow(
        &self,
        mut id: ObjectId,
        followed: &mut Vec<ObjectId>,
        mut tag: impl FnMut(Location),
    ) -> Result<Peeled, ReadError> {
        loop {
            if let Some(node) = self.graph.lookup(&id)? {
                return Ok(Peeled::Commit(node));
            }
            let Some(at) = self.packs.find(&id)? else {
                return Ok(Peeled::Nothing);
            };
            match self.packs.row(at)?.kind {
                ObjectKind::Commit => return Ok(Peeled::Nothing),
                ObjectKind::Tree => return Ok(Peeled::Tree(id, at)),
                ObjectKind::Blob => return Ok(Peeled::Blob(at)),
                ObjectKind::Tag if self.seen.contains(&id) => return Ok(Peeled::SeenTag),
                ObjectKind::Tag => {
                    followed.push(id);
                    tag(at);
                    let Some((_, content)) = self.packs.read(&id)? else {
                        return Ok(Peeled::Nothing);
                    };
                    let what = "it does not parse as a tag";
                    let facts =
                        facts::tag(&content).map_err(|_| ReadError::Corrupt { id, what })?;
                    id = facts.target;
                }
            }
        }
    }
}

/// Tags between a name and the object that it stands for, at most.
pub(crate) const TAG_CHAIN_MAX: usize = 100;

/// The target of a tag; `None` when the object is not a tag, or not here.
pub(crate) fn target_of(
    objects: &(impl ObjectSource + ?Sized),
    id: ObjectId,
) -> Result<Option<ObjectId>, ReadError> {
    if objects.kind(&id)? != Some(ObjectKind::Tag) {
        return Ok(None);
    }
    let Some((_, content)) = objects.read(&id)? else {
        return Ok(None);
    };
    let what = "it does not parse as a tag";
    let tag = facts::tag(&content).map_err(|_| ReadError::Corrupt { id, what })?;
    Ok(Some(tag.target))
}

/// The object at the end of a chain of tags.
pub(crate) fn end_of_tags(
    objects: &(impl ObjectSource + ?Sized),
    mut id: ObjectId,
) -> Result<ObjectId, ReadError> {
    for _ in 0..TAG_CHAIN_MAX {
        match target_of(objects, id)? {
            Some(target) => id = target,
            None => break,
        }
    }
    Ok(id)
}
