//! Makes the deltas of an incoming pack into objects, in bounded memory.
//!
//! After the input ends, some deltas are left: their base was no longer in memory, is named by
//! id, or is not resolved itself. They are resolved from their bases upward. Each resolved entry
//! with deltas on it is a root, and its tree of deltas is walked depth first. All deltas on a
//! base are resolved while it is in memory. Then the walk descends to each of them that is a base
//! in turn. When it descends to the last one it drops the base, so that a chain without branches
//! holds two objects, however long it is. A base that is needed again goes into the cache, and is
//! made again from its chain if the cache drops it. When no root is left, the resolver looks for
//! bases outside the pack.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::object::ObjectKind;
use super::super::store::{Quarantine, Shared, StoreError};
use super::delta;
use super::entries::{Base, EntryTable};
use super::incoming::objects::{BaseAtHand, IncomingObjects, Observer, Progress, Sources};
use super::parser::error::PackError;
use children::Children;
use large::{LargeDelta, Scratch, StepStores};

mod children;
mod large;
mod large_steps;

/// The cost of looking at one entry, in bytes of a step's budget.
const LOOK_COST: u64 = 16;

/// The cost of a piece of work on a large delta, in bytes of a step's budget: it inflates,
/// copies, hashes and deflates some 64 KiB to a chunk.
const LARGE_COST: u64 = 128 << 10;

/// Room of the delta buffer that is kept from one delta to the next.
const DELTA_ROOM_BYTES: usize = 1 << 20;

/// Whether a step finished the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// Every object of the pack is known.
    Done,
}

/// Resolves the deltas that the parser left.
pub struct Resolver {
    objects: IncomingObjects,
    children: Children,
    /// Bases with deltas still to be resolved, each built on the one before.
    path: Vec<Frame>,
    /// The content of the last base of `path`, when it is at hand.
    at_hand: Option<Content>,
    phase: Phase,
    instructions: Vec<u8>,
    /// A delta that is applied piece by piece, and the large base that was inflated last.
    large: Option<LargeDelta>,
    scratch: Option<Scratch>,
}

/// A base's kind and content; all its deltas are of its kind.
type Content = (ObjectKind, Shared);

/// A base whose deltas are being resolved.
#[derive(Debug)]
struct Frame {
    base: Base,
    kind: ObjectKind,
    /// Bytes of the base. One above `Limits::delta_bytes_max` is never at hand.
    size_bytes: u64,
    depth: u16,
    /// The next of its ofs-deltas in the list of [`Children`].
    next_ofs: u32,
    /// The group of its ref-deltas there.
    ref_group: Option<u32>,
    /// Its deltas that are resolved and wait to be descended to.
    descents: Vec<u32>,
}

/// The stages of the search for the next root.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The deltas are not listed yet.
    Begin,
    /// Among the entries of the pack, from this position on.
    Inside(u32),
    /// Outside the pack, from this ref-delta on.
    Outside(u32),
    Done,
}

impl Resolver {
    /// Takes over from the parser.
    pub fn new(objects: IncomingObjects) -> Self {
        Self {
            objects,
            children: Children::default(),
            path: Vec::new(),
            at_hand: None,
            phase: Phase::Begin,
            instructions: Vec::new(),
            large: None,
            scratch: None,
        }
    }

    /// How far the pack has come.
    pub fn progress(&self) -> Progress {
        self.objects.progress
    }

    /// Entries that name the base of their delta by its id, before the first step.
    pub(crate) fn ref_deltas(&self) -> usize {
        self.objects.table.external_bases.len()
    }

    /// Works until about `budget_bytes` (at least 1) were inflated and made, or nothing is left.
    /// When a base outside the pack is cold it can be called again once it is here.
    pub fn step(
        &mut self,
        budget_bytes: u64,
        sources: Sources<'_>,
        quarantine: &dyn Quarantine,
        observer: &mut dyn Observer,
    ) -> Result<Step, PackError> {
        let stores = StepStores {
            sources,
            quarantine,
        };
        let start = self.objects.work_bytes();
        let mut looked = 0_u64;
        while self.objects.work_bytes() - start + looked < budget_bytes {
            looked += LOOK_COST;
            if let Some(large) = self.large.take() {
                looked += LARGE_COST;
                self.work_on(large, stores)?;
                continue;
            }
            match (self.next_child()?, self.phase) {
                (Some(child), _) => self.resolve(child, stores, observer)?,
                (None, _) if !self.path.is_empty() => self.descend(sources)?,
                (None, Phase::Begin) => self.list_deltas()?,
                (None, Phase::Inside(position)) => self.look_inside(position)?,
                (None, Phase::Outside(number)) => self.look_outside(number, sources)?,
                (None, Phase::Done) => {
                    self.objects.hash(observer)?;
                    self.drop_scratch(quarantine)?;
                    self.objects.table.check()?;
                    self.check_complete()?;
                    // The sort needs the room, and nothing waits any more.
                    self.children = Children::default();
                    self.objects
                        .renew_cache(self.objects.limits.base_cache_bytes);
                    let is_sorted =
                        !self.objects.table.is_spilled() || self.objects.table.sort_some();
                    self.objects.table.check()?;
                    return Ok(if is_sorted { Step::Done } else { Step::More });
                }
            }
        }
        self.objects.table.check()?;
        Ok(Step::More)
    }

    /// Hands over the objects; their table is sorted. To be called when a step was
    /// [`Step::Done`].
    pub fn finish(mut self) -> IncomingObjects {
        if !self.objects.table.is_spilled() {
            self.objects.table.sort();
        }
        self.objects
    }

    fn list_deltas(&mut self) -> Result<(), StoreError> {
        let waiting = self.objects.progress.waiting();
        self.children = Children::of_unresolved(&mut self.objects.table, waiting)?;
        self.phase = if self.children.is_empty() {
            Phase::Done
        } else {
            Phase::Inside(0)
        };
        Ok(())
    }

    /// The next delta on the last base of the path that is not resolved yet.
    fn next_child(&mut self) -> Result<Option<u32>, StoreError> {
        match self.path.last_mut() {
            Some(frame) => next_child(frame, &mut self.children, &self.objects.table),
            None => Ok(None),
        }
    }

    /// Takes the entry at `position` as a root, if it is an object that deltas wait for.
    fn look_inside(&mut self, position: u32) -> Result<(), StoreError> {
        let Some(entry) = self.objects.table.get(position) else {
            self.phase = Phase::Outside(0);
            return Ok(());
        };
        self.phase = Phase::Inside(position + 1);
        if entry.kind.is_some() {
            let frame = self.frame_of(position)?;
            self.path.extend(frame);
        }
        Ok(())
    }

    /// Looks outside the pack for the base of the ref-delta with this number in its list.
    fn look_outside(&mut self, number: u32, sources: Sources<'_>) -> Result<(), PackError> {
        let Some((child, base_id)) = self.children.ref_delta(number) else {
            self.phase = Phase::Done;
            return Ok(());
        };
        self.phase = Phase::Outside(number + 1);
        if self.objects.entry(child)?.kind.is_some() {
            return Ok(());
        }
        let Some(facts) = sources.bases.facts(&base_id)? else {
            // The other deltas on the same base lack it as well.
            self.phase = Phase::Outside(self.children.refs_after(&base_id));
            return Ok(());
        };
        self.objects.charge(facts.size_bytes)?;
        let external_bases = &mut self.objects.table.external_bases;
        external_bases.push(base_id);
        let base_number = u32::try_from(external_bases.len() - 1).unwrap_or(u32::MAX);
        self.path.push(Frame {
            base: Base::External(base_number),
            kind: facts.kind,
            size_bytes: facts.size_bytes,
            depth: facts.depth,
            next_ofs: 0,
            ref_group: self.children.ref_group(&base_id),
            descents: Vec::new(),
        });
        Ok(())
    }

    /// The frame of the object at `position`; `None` when no delta waits for it.
    fn frame_of(&mut self, position: u32) -> Result<Option<Frame>, StoreError> {
        let table = &self.objects.table;
        let entry = table.get(position);
        let Some((entry, kind)) = entry.and_then(|entry| Some((entry, entry.kind?))) else {
            return Ok(None);
        };
        let mut frame = Frame {
            base: Base::Position(position),
            kind,
            size_bytes: u64::from(entry.size_bytes),
            depth: entry.depth,
            next_ofs: self.children.first_ofs(position)?,
            ref_group: self.children.ref_group(&entry.id),
            descents: Vec::new(),
        };
        let child = next_child(&mut frame, &mut self.children, table)?;
        Ok(child.map(|_| frame))
    }

    /// Makes an object of a delta on the last base of the path.
    fn resolve(
        &mut self,
        child: u32,
        stores: StepStores<'_>,
        observer: &mut dyn Observer,
    ) -> Result<(), PackError> {
        let Some(&Frame {
            base,
            depth,
            kind,
            size_bytes,
            ..
        }) = self.path.last()
        else {
            return Ok(());
        };
        let sources = stores.sources;
        let limit = self.objects.limits.delta_bytes_max;
        let (header, ..) = self.objects.stored_entry(child, sources.store)?;
        if size_bytes > limit || header.size_bytes > limit {
            return self.begin_large(child, stores);
        }
        self.instructions.clear();
        self.instructions.shrink_to(DELTA_ROOM_BYTES);
        self.objects
            .inflate_entry(child, &mut self.instructions, sources.store)?;
        let sizes = delta::sizes(&self.instructions);
        if kind == ObjectKind::Blob && sizes.is_ok_and(|(_, result)| result > limit) {
            return self.begin_large(child, stores);
        }
        let (_, content) = self.base_content(base, sources)?;
        let at_hand = BaseAtHand {
            base,
            kind,
            depth,
            content: &content,
        };
        let result = self
            .objects
            .record_delta(child, &at_hand, &self.instructions, observer)?;
        if self.objects.ends_chain(base, depth) {
            let mut appended = self.objects.append_whole(child, kind, result.len() as u64);
            self.objects
                .append_content(&mut appended, &result, stores.quarantine)?;
            self.objects.append_end(appended, stores.quarantine)?;
        }
        self.at_hand = Some((kind, content));
        if self.children.has_ref_deltas() {
            // They name the object by its id.
            self.objects.hash(observer)?;
        }
        if let Some(frame) = self.frame_of(child)? {
            let is_only = self.path.last().is_none_or(|up| up.descents.is_empty());
            if is_only && self.next_child()?.is_none() {
                self.path.pop();
                self.path.push(frame);
                self.at_hand = Some((kind, result));
            } else {
                self.objects.keep(child, kind, &result);
                self.wait_for_descent(child);
            }
        }
        Ok(())
    }

    fn wait_for_descent(&mut self, child: u32) {
        if let Some(up) = self.path.last_mut() {
            up.descents.push(child);
        }
    }

    /// All deltas on the last base of the path are resolved: goes on from one of them, or back.
    fn descend(&mut self, sources: Sources<'_>) -> Result<(), PackError> {
        let Some(up) = self.path.last_mut() else {
            return Ok(());
        };
        let (base, child, is_last) = (up.base, up.descents.pop(), up.descents.is_empty());
        let below = match child {
            Some(child) => match self.below(base, child, sources) {
                Ok(below) => below,
                Err(error) => {
                    self.wait_for_descent(child);
                    return Err(error);
                }
            },
            None => None,
        };
        if is_last {
            self.path.pop();
            self.at_hand = None;
        }
        if let Some((frame, made)) = below {
            self.path.push(frame);
            let aside = std::mem::replace(&mut self.at_hand, made);
            if let (Base::Position(position), Some((kind, content))) = (base, aside) {
                self.objects.put_aside(position, kind, content);
            }
        }
        Ok(())
    }

    /// The frame and the content of a resolved delta on `base`, if deltas still wait for it.
    fn below(
        &mut self,
        base: Base,
        child: u32,
        sources: Sources<'_>,
    ) -> Result<Option<(Frame, Option<Content>)>, PackError> {
        let Some(frame) = self.frame_of(child)? else {
            return Ok(None);
        };
        if let Some(kept) = self.objects.kept(child) {
            return Ok(Some((frame, Some(kept))));
        }
        if self.objects.entry(child)?.base == Base::None {
            // Stored whole: read when it is asked for, if it can be held at all.
            return Ok(Some((frame, None)));
        }
        let (kind, content) = self.base_content(base, sources)?;
        let made = self.objects.remake(child, &content, sources.store)?;
        self.at_hand = Some((kind, content));
        Ok(Some((frame, Some((kind, made)))))
    }

    /// The content of the last base of the path.
    fn base_content(&mut self, base: Base, sources: Sources<'_>) -> Result<Content, PackError> {
        if let Some((kind, content)) = &self.at_hand {
            return Ok((*kind, Rc::clone(content)));
        }
        match base {
            Base::Position(position) => self.objects.content(position, sources),
            Base::External(number) => {
                let base = self.objects.external(number, sources.bases)?;
                Ok((base.kind, base.content))
            }
            Base::None => Err(PackError::NoEntry { position: u32::MAX }),
        }
    }

    fn check_complete(&self) -> Result<(), PackError> {
        let Progress {
            deltas,
            deltas_resolved,
            ..
        } = self.objects.progress;
        let count = deltas.saturating_sub(deltas_resolved);
        if count == 0 {
            return Ok(());
        }
        let base_id = self
            .children
            .first_ref_delta_where(|child| is_unresolved(child, &self.objects.table));
        let base_id = base_id.unwrap_or(ObjectId::null(gix_hash::Kind::Sha1));
        Err(PackError::Unresolved { count, base_id })
    }
}

/// The next delta on the frame's base that is not resolved yet.
fn next_child(
    frame: &mut Frame,
    children: &mut Children,
    table: &EntryTable,
) -> Result<Option<u32>, StoreError> {
    if let Base::Position(base) = frame.base {
        while let Some(child) = children.ofs_delta(frame.next_ofs, base)? {
            if is_unresolved(child, table) {
                return Ok(Some(child));
            }
            frame.next_ofs += 1;
        }
    }
    let unresolved = |child| is_unresolved(child, table);
    let group = frame.ref_group;
    Ok(group.and_then(|group| children.next_ref_delta(group, unresolved)))
}

fn is_unresolved(position: u32, table: &EntryTable) -> bool {
    table
        .get(position)
        .is_some_and(|entry| entry.kind.is_none())
}

#[cfg(test)]
mod tests;
