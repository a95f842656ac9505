//! Whether some roots, such as the refs of a repository, reach an object.
//!
//! A fork shares its source's packs, and objects that a force push left behind stay for a while.
//! So a stored object proves nothing about who may have it. To find a commit, this paints the
//! graph from the roots, no further down than the question needs. For a tree or a blob it looks
//! for the commit that introduced it first. Only if the roots do not reach that commit, it reads
//! all introduced lists once, into a bit for each object, and answers every later question from
//! that table.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use gix_hash::{Kind, ObjectId, oid};

use super::super::object::{ObjectKind, facts};
use super::super::pack::reader::{LivePacks, Location};
use super::super::pack::selection::Selection;
use super::super::store::{ObjectSource as _, PackStore, ReadError, StoreError};
use super::commits::{CommitGraph, CommitNode};
use super::introductions::Introductions;
use super::paint::{Cuts, Paint};
use super::peel::{TAG_CHAIN_MAX, end_of_tags, target_of};
use super::segment::Segment;

/// The objects that the roots reach. Holds one byte a commit and, once all lists were read, one
/// bit an object.
#[derive(Debug)]
pub struct Reachable {
    graph: Rc<CommitGraph>,
    paint: Paint,
    /// Annotated tags among the roots, by their peeled targets.
    tags: BTreeSet<(ObjectId, ObjectId)>,
    /// Trees and blobs among the roots, and those that tags lead to.
    others: BTreeSet<ObjectId>,
    /// By entry: whether it is reached, once that was found out for all.
    entries: Option<Selection>,
}

impl Reachable {
    /// Nothing is reached yet.
    pub fn new(graph: &Rc<CommitGraph>) -> Self {
        Self {
            graph: Rc::clone(graph),
            paint: Paint::unpainted(Rc::clone(graph), Cuts::default()),
            tags: BTreeSet::new(),
            others: BTreeSet::new(),
            entries: None,
        }
    }

    /// Bytes held beside the graph.
    pub fn bytes(&self) -> usize {
        let ids = self.tags.len().saturating_mul(2) + self.others.len();
        let entries = self.entries.as_ref().map_or(0, Selection::bytes);
        self.graph.len() + entries + ids.saturating_mul(2 * Kind::Sha1.len_in_bytes())
    }

    /// Goes on over a graph that begins with the packs of the former one. False, and nothing
    /// changed, when it does not.
    pub fn extend(&mut self, graph: &Rc<CommitGraph>) -> bool {
        if Rc::ptr_eq(&self.graph, graph) {
            return true;
        }
        if !graph.pack_ids().starts_with(&self.graph.pack_ids()) {
            return false;
        }
        self.graph = Rc::clone(graph);
        self.paint.extend(Rc::clone(graph));
        self.entries = None;
        true
    }

    /// Adds a root: the object that a ref names, and the object that it peels to if it is known to be a tag.
    /// An object that is not here, or was never proved to be complete, leads nowhere.
    pub fn add_root<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        id: ObjectId,
        peeled: Option<ObjectId>,
    ) -> Result<(), ReadError> {
        if let Some(node) = self.graph.lookup(&id)? {
            return Ok(self.add_commit(node)?);
        }
        let end = match peeled {
            Some(peeled) => peeled,
            None => match packs.kind(&id)? {
                Some(ObjectKind::Tag) => end_of_tags(packs, id)?,
                Some(ObjectKind::Tree | ObjectKind::Blob) => id,
                Some(ObjectKind::Commit) | None => return Ok(()),
            },
        };
        if end != id {
            self.tags.insert((end, id));
        }
        match self.graph.lookup(&end)? {
            Some(node) => self.add_commit(node)?,
            None => {
                if self.others.insert(end) {
                    self.entries = None;
                }
            }
        }
        Ok(())
    }

    /// Adds a root if it is a commit whose closure is here; anything else is left out.
    pub(crate) fn add_commit_root(&mut self, id: &oid) -> Result<(), StoreError> {
        match self.graph.lookup(id)? {
            Some(node) => self.add_commit(node),
            None => Ok(()),
        }
    }

    fn add_commit(&mut self, node: CommitNode) -> Result<(), StoreError> {
        if self.paint.add_have(node)? {
            self.entries = None;
        }
        Ok(())
    }

    /// Whether a root is or leads to the object. `packs` must be those of the graph, or those with
    /// which it began. After a failure to read it can be asked again.
    pub fn reaches<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        id: &oid,
    ) -> Result<bool, ReadError> {
        if let Some(node) = self.graph.lookup(id)? {
            return Ok(self.paint.is_common(node)?);
        }
        match packs.kind(id)? {
            None | Some(ObjectKind::Commit) => Ok(false),
            Some(ObjectKind::Tag) => self.reaches_tag(packs, id.to_owned()),
            Some(ObjectKind::Tree | ObjectKind::Blob) => self.reaches_content(packs, id),
        }
    }

    /// Whether a quick look finds that the roots reach the object. `true` is the answer of [`Self::reaches`].
    /// After `false` a root may still reach it: this does not list the objects that the roots reach.
    pub(crate) fn surely_reaches<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        id: &oid,
    ) -> Result<bool, ReadError> {
        if let Some(node) = self.graph.lookup(id)? {
            return Ok(self.paint.is_common(node)?);
        }
        match packs.kind(id)? {
            Some(ObjectKind::Tree | ObjectKind::Blob) => {
                let places = places(packs, id)?;
                self.is_introduced(packs, &places)
            }
            _ => Ok(false),
        }
    }

    /// Whether a commit that is reached introduced the object at one of these places.
    fn is_introduced<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        places: &[Location],
    ) -> Result<bool, ReadError> {
        let introductions = Introductions::of(&self.graph);
        for at in places {
            let introducer = introductions.introducer(packs.store(), &self.graph, *at)?;
            if let Some(node) = introducer
                && self.paint.is_common(node)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a tag is a root or stands between a root and the object that it peels to.
    fn reaches_tag<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        id: ObjectId,
    ) -> Result<bool, ReadError> {
        let end = end_of_tags(packs, id)?;
        if self.tags.contains(&(end, id)) {
            return Ok(true);
        }
        let null = ObjectId::null(Kind::Sha1);
        let same_end = self
            .tags
            .range((end, null)..)
            .take_while(|tag| tag.0 == end);
        for (_, tag_id) in same_end {
            let mut at = *tag_id;
            for _ in 0..TAG_CHAIN_MAX {
                match target_of(packs, at)? {
                    Some(target) if target == id => return Ok(true),
                    Some(target) => at = target,
                    None => break,
                }
            }
        }
        Ok(false)
    }

    fn reaches_content<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        id: &oid,
    ) -> Result<bool, ReadError> {
        let places = places(packs, id)?;
        let is_of = |entries: &Selection| entries.pack_count() == packs.pack_count();
        if !self.entries.as_ref().is_some_and(is_of) {
            if self.is_introduced(packs, &places)? {
                return Ok(true);
            }
            self.entries = Some(self.all_entries(packs)?);
        }
        let Some(entries) = &self.entries else {
            return Ok(false);
        };
        let has = |at: &Location| entries.contains(at.pack, at.position);
        Ok(places.iter().any(has))
    }

    /// Goes through the lists of all commits that are reached, and through trees that are roots.
    fn all_entries<S: PackStore>(&mut self, packs: &LivePacks<S>) -> Result<Selection, ReadError> {
        self.paint.finish()?;
        let graph = &self.graph;
        let introductions = Introductions::of(graph);
        let mut entries = packs.select_none();
        let mut elsewhere = HashSet::new();
        for pack in 0..packs.pack_count() {
            for number in 0..graph.segment(pack).map_or(0, Segment::len) {
                let Some(node) = graph.node(pack, number) else {
                    continue;
                };
                if !self.paint.is_painted(node) {
                    continue;
                }
                let stored = |at: Location| {
                    entries.insert(at.pack, at.position);
                };
                introductions.for_each(packs.store(), graph, node, stored, |id| {
                    elsewhere.insert(id);
                })?;
            }
        }
        for id in elsewhere {
            insert(packs, &mut entries, &id)?;
        }
        let mut open: Vec<ObjectId> = self.others.iter().copied().collect();
        while let Some(id) = open.pop() {
            let is_new = insert(packs, &mut entries, &id)?;
            if !is_new || packs.kind(&id)? != Some(ObjectKind::Tree) {
                continue;
            }
            let Some((_, content)) = packs.read(&id)? else {
                continue;
            };
            let below = facts::tree_entries(&content).map_while(Result::ok);
            let below = below.filter(|entry| !entry.mode.is_gitlink());
            open.extend(below.map(|entry| entry.id.to_owned()));
        }
        Ok(entries)
    }
}

/// Marks the object; whether it was not marked before. One that is not here is not.
fn insert<S: PackStore>(
    packs: &LivePacks<S>,
    entries: &mut Selection,
    id: &oid,
) -> Result<bool, StoreError> {
    let at = packs.find(id)?;
    Ok(at.is_some_and(|at| entries.insert(at.pack, at.position)))
}

/// Every copy of the object.
fn places<S: PackStore>(packs: &LivePacks<S>, id: &oid) -> Result<Vec<Location>, StoreError> {
    let mut places = Vec::new();
    for pack in 0..packs.pack_count() {
        let position = packs.find_in(id, pack)?;
        places.extend(position.map(|position| Location { pack, position }));
    }
    Ok(places)
}
