//! The objects that are listed for the current walker, each checked to exist and listed once.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::object::ObjectKind;
use super::super::super::store::{ObjectSource, StoreError};
use super::super::introduced::IntroducedBuilder;
use super::super::made_part::MadePart;
use super::super::spool::Spill;
use super::error::{ConnectivityError, agree};
use super::incoming::Incoming;

/// Most bytes of all introduced lists of one push. A list takes 1 to 2 bytes an object, so only
/// a history that moves the same large trees about over and over comes here.
pub(super) const LIST_BYTES_MAX: usize = 32 << 20;

/// The walker for which objects are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walker {
    /// A commit, by number.
    Commit(u32),
    /// The tips that are trees or blobs, all together: no list is kept for them.
    Tips,
}

impl Walker {
    fn stamp(self) -> u32 {
        match self {
            Self::Commit(number) => number.saturating_add(1),
            Self::Tips => u32::MAX,
        }
    }
}

/// The introduced lists while they are made.
pub(super) struct Lists<'a> {
    objects: &'a dyn ObjectSource,
    incoming: &'a dyn Incoming,
    /// Objects of live packs that count as if they were not here.
    hidden: Rc<HashSet<ObjectId>>,
    walker: Walker,
    /// Positions that the current walker has listed and that an earlier one introduced: few, since the
    /// object's own mark tells the first commit that introduces it.
    listed: HashSet<u32>,
    /// Positions that tips reach without a commit.
    listed_by_tips: HashSet<u32>,
    /// By row of the external objects: the same, and the kind that was found; `None` for one that
    /// is missing.
    external_stamps: Vec<Option<(u32, ObjectKind)>>,
    /// Objects of live packs that tips reach without a commit, and their kinds.
    tip_externals: HashMap<ObjectId, ObjectKind>,
    /// The list of the current commit.
    positions: Vec<u32>,
    externals: Vec<u32>,
    builder: IntroducedBuilder,
    introduced: u64,
}

impl<'a> Lists<'a> {
    pub(super) fn new(objects: &'a dyn ObjectSource, incoming: &'a dyn Incoming) -> Self {
        let object_count = incoming.object_count();
        Self {
            objects,
            incoming,
            hidden: Rc::default(),
            walker: Walker::Tips,
            listed: HashSet::new(),
            listed_by_tips: HashSet::new(),
            external_stamps: Vec::new(),
            tip_externals: HashMap::new(),
            positions: Vec::new(),
            externals: Vec::new(),
            builder: IntroducedBuilder::new(object_count),
            introduced: 0,
        }
    }

    /// These objects of live packs count as if they were not here.
    pub(super) fn hide(&mut self, hidden: &Rc<HashSet<ObjectId>>) {
        self.hidden = Rc::clone(hidden);
    }

    /// Moves tables that grow large there.
    pub(super) fn spill_to(&mut self, spill: &Rc<Spill>) {
        self.builder = IntroducedBuilder::spilling_to(spill, self.incoming.object_count());
    }

    /// Starts the list of the next commit.
    pub(super) fn open(&mut self, number: u32) {
        self.forget_listed();
        self.walker = Walker::Commit(number);
    }

    /// Writes down the list of the current commit, if there is one.
    pub(super) fn close(&mut self) -> Result<(), ConnectivityError> {
        if self.walker == Walker::Tips {
            return Ok(());
        }
        self.introduced += (self.positions.len() + self.externals.len()) as u64;
        self.builder
            .push(&mut self.positions, &mut self.externals)?;
        self.positions.clear();
        self.externals.clear();
        self.walker = Walker::Tips;
        if self.builder.list_bytes() > LIST_BYTES_MAX {
            return Err(ConnectivityError::TooManyIntroduced {
                limit: LIST_BYTES_MAX,
            });
        }
        Ok(())
    }

    /// A set that was large once would take long to clear for each commit that follows.
    fn forget_listed(&mut self) {
        if !self.listed.is_empty() {
            self.listed = HashSet::new();
        }
    }

    /// Drops the list of the current commit.
    pub(super) fn abandon(&mut self) {
        self.forget_listed();
        self.positions.clear();
        self.externals.clear();
        self.walker = Walker::Tips;
    }

    /// The number of a commit of the incoming pack that has a list.
    pub(super) fn introducer(&self, position: u32) -> Result<Option<u32>, StoreError> {
        self.builder.introducer(position)
    }

    /// Checks that an object exists, and lists it. False if the current walker has done so
    /// before.
    pub(super) fn introduce(
        &mut self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<bool, ConnectivityError> {
        let Some((position, found)) = self.incoming.locate(&id) else {
            return self.introduce_external(id, kind, referred_by);
        };
        agree(id, kind, found, referred_by)?;
        let Walker::Commit(number) = self.walker else {
            return Ok(self.listed_by_tips.insert(position));
        };
        let is_new = match self.builder.introducer(position)? {
            Some(first) if first == number => false,
            Some(_) => self.listed.insert(position),
            None => {
                self.builder.note_introducer(position, number)?;
                true
            }
        };
        if is_new {
            self.positions.push(position);
        }
        Ok(is_new)
    }

    /// The same for an object that is not in the incoming pack: it must be in a live one.
    fn introduce_external(
        &mut self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<bool, ConnectivityError> {
        if self.walker == Walker::Tips {
            if let Some(found) = self.tip_externals.get(&id) {
                agree(id, kind, *found, referred_by)?;
                return Ok(false);
            }
            self.check_live(id, kind, referred_by)?;
            self.tip_externals.insert(id, kind);
            return Ok(true);
        }
        let stamp = self.walker.stamp();
        let (row, is_new) = self.builder.external(id);
        if is_new {
            let checked = self.check_live(id, kind, referred_by);
            let found = checked.is_ok().then_some((0, kind));
            self.external_stamps.push(found);
            checked?;
        }
        let slot = usize::try_from(row)
            .ok()
            .and_then(|at| self.external_stamps.get_mut(at));
        let Some(Some((slot, found))) = slot else {
            return Err(ConnectivityError::Missing {
                id,
                kind,
                referred_by,
            });
        };
        agree(id, kind, *found, referred_by)?;
        let is_new = std::mem::replace(slot, stamp) != stamp;
        if is_new {
            self.externals.push(row);
        }
        Ok(is_new)
    }

    /// Checks that an object that is not in the incoming pack is in a live one.
    fn check_live(
        &self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<(), ConnectivityError> {
        let found = if self.hidden.contains(&id) {
            None
        } else {
            self.objects.kind(&id)?
        };
        match found {
            Some(found) => agree(id, kind, found, referred_by),
            None => Err(ConnectivityError::Missing {
                id,
                kind,
                referred_by,
            }),
        }
    }

    /// Entries of all lists, distinct external objects, and the part. The external objects, those
    /// of tips too, are added to `relied_on`.
    pub(super) fn finish(
        self,
        relied_on: &mut HashSet<ObjectId>,
    ) -> Result<(u64, usize, MadePart), StoreError> {
        relied_on.extend(self.builder.externals());
        relied_on.extend(self.tip_externals.keys());
        let externals = self.builder.external_count();
        Ok((self.introduced, externals, self.builder.finish()?))
    }
}
