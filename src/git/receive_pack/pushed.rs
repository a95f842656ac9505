//! The objects of a push, as the walks of its check see them: those of the incoming pack first,
//! those of the live packs behind.

use std::cell::Ref;
use std::collections::BTreeSet;

use gix_hash::{ObjectId, oid};

use super::super::graph::connectivity::Incoming;
use super::super::graph::peel::end_of_tags;
use super::super::graph::unpublished::Unpublished;
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::CommitFacts;
use super::super::pack::incoming::objects::IncomingObjects;
use super::super::pack::parser::error::PackError;
use super::super::pack::reader::LivePacks;
use super::super::store::{ObjectSource, PackStore, ReadError, Shared};
use super::findings::FsckRefusal;
use super::inspection::Inspection;
use super::secret_paths::{PathSearch, Positions};
use super::secrets::{Allowed, FoundSecret, SecretRefusal, SecretSearch};

/// The objects of a resolved pack before the live ones, and the findings about them.
pub struct Pushed<'a, S> {
    objects: Unpublished<'a, S>,
    inspection: Inspection,
    /// How many of the special blobs are checked.
    specials_checked: usize,
    /// How many blobs that the inspection did not see are searched for secrets.
    unshown_searched: usize,
    tree_depth_max: usize,
}

impl<'a, S: PackStore> Pushed<'a, S> {
    /// `incoming` is resolved and its table sorted; `inspection` has seen its objects.
    pub fn new(
        incoming: IncomingObjects,
        mut inspection: Inspection,
        live: &'a LivePacks<S>,
        limits: &Limits,
    ) -> Self {
        inspection.finish();
        Self {
            objects: Unpublished::pushed(incoming, live, limits),
            inspection,
            specials_checked: 0,
            unshown_searched: 0,
            tree_depth_max: limits.tree_depth_max,
        }
    }

    /// Whether the incoming pack holds this commit.
    pub(crate) fn has_commit(&self, id: &oid) -> bool {
        matches!(self.locate(id), Some((_, ObjectKind::Commit)))
    }

    /// The bytes of the incoming pack; none if it has no objects.
    pub(crate) fn pack_bytes(&self) -> u64 {
        let incoming = self.objects.incoming();
        match incoming.table.count() {
            0 => 0,
            _ => incoming.pack.pack_bytes(),
        }
    }

    /// The incoming pack.
    pub(crate) fn incoming(&self) -> Ref<'_, IncomingObjects> {
        self.objects.incoming()
    }

    /// Hands the pack's objects and the inspection back.
    pub fn into_parts(self) -> (IncomingObjects, Inspection) {
        (self.objects.into_incoming(), self.inspection)
    }

    /// Checks the blobs that trees named as `.gitmodules` or `.gitattributes`; [`Self::refusal`] tells their
    /// faults. After a failure to read it can be called again.
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
        let unshown = self.objects.incoming().unshown().to_vec();
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
                && self.objects.before().find(&id)?.is_none()
            {
                blobs.insert(id);
            }
        }
        let depth_max = self.tree_depth_max;
        let count = self.objects.incoming().table.count();
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

    /// The reason to refuse the push because of its objects. Complete once the special blobs are
    /// checked.
    pub fn refusal(&self) -> Option<&FsckRefusal> {
        self.inspection.refusal()
    }

    /// The object at the end of a chain of tags; `None` when `id` is not a tag.
    pub fn peel(&self, id: &ObjectId) -> Result<Option<ObjectId>, ReadError> {
        let end = end_of_tags(self, *id)?;
        Ok((end != *id).then_some(end))
    }
}

impl<S: PackStore> Positions for Pushed<'_, S> {
    fn at(&self, position: u32) -> Option<(ObjectId, Option<ObjectKind>)> {
        let incoming = self.objects.incoming();
        let entry = incoming.table.get(position)?;
        Some((entry.id, entry.kind))
    }
}

impl<S: PackStore> ObjectSource for Pushed<'_, S> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        self.objects.kind(id)
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        self.objects.read(id)
    }
}

impl<S: PackStore> Incoming for Pushed<'_, S> {
    fn object_count(&self) -> u32 {
        self.objects.object_count()
    }

    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)> {
        self.objects.locate(id)
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        self.objects.id(position)
    }

    fn check(&self) -> Result<(), ReadError> {
        self.objects.check()
    }

    fn commit_count(&self) -> usize {
        self.inspection.commit_count()
    }

    fn commit(&self, commit_id: &oid) -> Option<CommitFacts> {
        let (position, _) = self.locate(commit_id)?;
        self.inspection.commit(position)
    }
}
