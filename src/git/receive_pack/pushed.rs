//! The objects of a push, as the walks of its check see them: those of the incoming pack first,
//! those of the live packs behind.

use std::cell::RefCell;
use std::collections::BTreeSet;

use gix_hash::{ObjectId, oid};

use super::super::graph::connectivity::Incoming;
use super::super::graph::peel::end_of_tags;
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::CommitFacts;
use super::super::pack::incoming::objects::{IncomingObjects, Sources};
use super::super::pack::parser::error::PackError;
use super::super::pack::reader::LivePacks;
use super::super::store::{ObjectSource, PackStore, ReadError, Shared};
use super::findings::FsckRefusal;
use super::inspection::Inspection;
use super::secret_paths::{PathSearch, Positions};
use super::secrets::{Allowed, FoundSecret, SecretRefusal, SecretSearch};

/// Bytes of resolved objects kept for the walks: trees that are compared with the next commit's.
const WALK_CACHE_BYTES: usize = 4 << 20;

/// The objects of a resolved pack before the live ones.
pub struct Pushed<'a, S> {
    incoming: RefCell<IncomingObjects>,
    inspection: Inspection,
    /// How many of the special blobs are checked.
    specials_checked: usize,
    /// How many blobs that the inspection did not see are searched for secrets.
    unshown_searched: usize,
    live: &'a LivePacks<S>,
    limits: Limits,
}

impl<'a, S: PackStore> Pushed<'a, S> {
    /// `incoming` is resolved and its table sorted; `inspection` has seen its objects.
    pub fn new(
        mut incoming: IncomingObjects,
        mut inspection: Inspection,
        live: &'a LivePacks<S>,
        limits: &Limits,
    ) -> Self {
        inspection.finish();
        incoming.renew_cache(WALK_CACHE_BYTES);
        Self {
            incoming: RefCell::new(incoming),
            inspection,
            specials_checked: 0,
            unshown_searched: 0,
            live,
            limits: *limits,
        }
    }

    /// Whether the incoming pack holds this commit.
    pub(crate) fn has_commit(&self, id: &oid) -> bool {
        matches!(self.locate(id), Some((_, ObjectKind::Commit)))
    }

    /// The bytes of the incoming pack; none if it has no objects.
    pub(crate) fn pack_bytes(&self) -> u64 {
        let incoming = self.incoming.borrow();
        match incoming.table.count() {
            0 => 0,
            _ => incoming.pack.pack_bytes(),
        }
    }

    /// Hands the pack's objects and the inspection back.
    pub fn into_parts(self) -> (IncomingObjects, Inspection) {
        (self.incoming.into_inner(), self.inspection)
    }

    /// Checks the blobs that trees named as `.gitmodules` or `.gitattributes`; what is wrong with
    /// them is [`Self::refusal`]'s. After a failure to read it can be called again.
    pub fn check_specials(&mut self) -> Result<(), PackError> {
        let specials: Vec<_> = self.inspection.specials().collect();
        for (special, id) in specials.into_iter().skip(self.specials_checked) {
            match self.read(&id) {
                Ok(Some((kind, content))) => {
                    self.inspection.check_special(special, &id, kind, &content);
                }
                // A missing blob is the connectivity walk's to refuse.
                Ok(None) => {}
                Err(ReadError::TooLarge { .. }) => {
                    self.inspection.refuse_large_special(special, &id);
                }
                Err(error) => return Err(PackError::Base(error)),
            }
            self.specials_checked += 1;
        }
        Ok(())
    }

    /// Searches for secrets in the blobs that the inspection did not see. After a failure to read it can
    /// be called again.
    pub fn search_unshown(&mut self) -> Result<(), ReadError> {
        if self.inspection.secrets().is_none() {
            return Ok(());
        }
        let unshown = self.incoming.borrow().unshown().to_vec();
        for position in unshown.into_iter().skip(self.unshown_searched) {
            if let Some((id, _)) = self.at(position)
                && let Some((_, content)) = self.read(&id)?
                && let Some(secrets) = self.inspection.secrets_mut()
            {
                secrets.search(position, &content);
            }
            self.unshown_searched += 1;
        }
        Ok(())
    }

    /// The search for the paths of new blobs that have secrets; `None` if there are none.
    pub(crate) fn secret_paths(&self) -> Result<Option<PathSearch>, ReadError> {
        let noted = self.inspection.secrets().map(SecretSearch::noted);
        let mut blobs = BTreeSet::new();
        for noted in noted.unwrap_or_default() {
            if let Some((id, _)) = self.at(noted.position)
                && !blobs.contains(&id)
                && self.live.find(&id)?.is_none()
            {
                blobs.insert(id);
            }
        }
        let depth_max = self.limits.tree_depth_max;
        let count = self.incoming.borrow().table.count();
        Ok((!blobs.is_empty()).then(|| PathSearch::new(&blobs, count, depth_max)))
    }

    /// Notes where the secrets stand, once the search for their paths is over.
    pub(crate) fn settle_secrets(&mut self, search: &PathSearch) {
        let noted = self.inspection.secrets().map(SecretSearch::noted);
        let found = noted.unwrap_or_default().iter().filter_map(|noted| {
            let (blob, _) = self.at(noted.position)?;
            search.has(&blob).then(|| FoundSecret {
                path: search.path(&blob).cloned(),
                line: noted.line,
                kind: noted.kind,
                blob,
            })
        });
        let found = found.collect();
        if let Some(secrets) = self.inspection.secrets_mut() {
            secrets.settle(found);
        }
    }

    /// Why the push is refused for secrets that are not allowed.
    pub(crate) fn secret_refusal(&self, allowed: &Allowed) -> Option<SecretRefusal> {
        self.inspection.secrets()?.refusal(allowed)
    }

    /// Why the push is refused for what its objects are. Complete once the special blobs are
    /// checked.
    pub fn refusal(&self) -> Option<&FsckRefusal> {
        self.inspection.refusal()
    }

    /// The object at the end of a chain of tags; `None` when `id` is no tag.
    pub fn peel(&self, id: &ObjectId) -> Result<Option<ObjectId>, ReadError> {
        let end = end_of_tags(self, *id)?;
        Ok((end != *id).then_some(end))
    }
}

impl<S: PackStore> Positions for Pushed<'_, S> {
    fn at(&self, position: u32) -> Option<(ObjectId, Option<ObjectKind>)> {
        let incoming = self.incoming.borrow();
        let entry = incoming.table.get(position)?;
        Some((entry.id, entry.kind))
    }
}

impl<S: PackStore> ObjectSource for Pushed<'_, S> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        if let Some((_, kind)) = self.locate(id) {
            return Ok(Some(kind));
        }
        self.check()?;
        self.live.kind(id)
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        let Some((position, _)) = self.locate(id) else {
            self.check()?;
            return self.live.read(id);
        };
        let size = self
            .incoming
            .borrow()
            .table
            .get(position)
            .map_or(0, |entry| entry.size_bytes);
        let (size, limit) = (u64::from(size), self.limits.control_object_bytes_max);
        if size > limit {
            return Err(ReadError::TooLarge {
                id: id.to_owned(),
                size,
                limit,
            });
        }
        let sources = Sources {
            store: self.live.store(),
            bases: self.live,
        };
        match self.incoming.borrow_mut().content(position, sources) {
            Ok(found) => Ok(Some(found)),
            Err(PackError::Store(error)) => Err(error.into()),
            Err(PackError::Base(error)) => Err(error),
            Err(_) => Err(ReadError::Corrupt {
                id: id.to_owned(),
                what: "the incoming entry does not resolve a second time",
            }),
        }
    }
}

impl<S: PackStore> Incoming for Pushed<'_, S> {
    fn object_count(&self) -> u32 {
        self.incoming.borrow().table.count()
    }

    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)> {
        let incoming = self.incoming.borrow();
        let position = incoming.table.find(id)?;
        Some((position, incoming.table.get(position)?.kind?))
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        self.incoming.borrow().table.id(position)
    }

    fn check(&self) -> Result<(), ReadError> {
        Ok(self.incoming.borrow().table.check()?)
    }

    fn commit_count(&self) -> usize {
        self.inspection.commit_count()
    }

    fn commit(&self, commit_id: &oid) -> Option<CommitFacts> {
        let (position, _) = self.locate(commit_id)?;
        self.inspection.commit(position)
    }
}
