//! The trees of a plan.

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;

use super::super::object::facts::{base_name_compare, tree_entries};
use super::change::Object;
use super::places::{Entry, Place, Places, Target};

/// The directories that changes touch: all that is needed to write them, but the ids of new blobs.
#[derive(Debug)]
pub struct Plan {
    places: Places,
    /// Whether anything stands at a place once the changes are made.
    survives: Vec<bool>,
    /// The entry at each place, as far as it is known.
    written: Vec<Option<Entry>>,
    /// The places from here on are written.
    next: usize,
}

/// The trees of a plan cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FinishError<E> {
    /// The caller gave too few ids.
    #[error("blob {number} has no id, {given} were given")]
    NoId {
        /// The number that a change names.
        number: u32,
        /// How many ids there are.
        given: usize,
    },
    /// The caller could not take a tree.
    #[error(transparent)]
    Write(E),
}

impl Plan {
    pub(super) fn new(places: Places) -> Self {
        let mut survives = vec![false; places.len()];
        // Each place comes behind its parent, so from the last on children are known first.
        for (at, place) in places.iter().rev() {
            let is_left = |child: &usize| survives.get(*child) == Some(&true);
            let is_left = place.target.is_some()
                || place.untouched > 0
                || place.children.values().any(is_left);
            if let Some(survives) = survives.get_mut(at) {
                *survives = is_left;
            }
        }
        Self {
            written: vec![None; places.len()],
            next: places.len(),
            survives,
            places,
        }
    }

    /// How many trees [`Plan::finish`] writes: the root's, and that of each changed directory in
    /// which something is left. Equal ones are counted, and written, as often as there are such
    /// directories; any of them may be stored already.
    pub fn trees(&self) -> u32 {
        let is_written = |(at, place): (usize, &Place)| self.is_written(at, place);
        let count = self
            .places
            .iter()
            .filter(|place| is_written(*place))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Writes all trees, each directory after those in it and the root last, and gives the root's
    /// id. `ids` are those of the blobs that changes name by number; `write` takes the content of a
    /// tree and answers its id (`|content| new_objects.add(ObjectKind::Tree, content)`).
    pub fn finish<E>(
        mut self,
        ids: &[ObjectId],
        mut write: impl FnMut(Vec<u8>) -> Result<ObjectId, E>,
    ) -> Result<ObjectId, FinishError<E>> {
        loop {
            if let Some(root) = self.write_some(ids, u32::MAX, &mut write)? {
                return Ok(root);
            }
        }
    }

    /// Writes as many trees as `trees_max`, for callers that pause in between: the root's id once
    /// it is written, and `None` before. Trees that were written before an error stay written.
    fn write_some<E>(
        &mut self,
        ids: &[ObjectId],
        trees_max: u32,
        write: &mut impl FnMut(Vec<u8>) -> Result<ObjectId, E>,
    ) -> Result<Option<ObjectId>, FinishError<E>> {
        let mut trees = 0_u32;
        while let Some(at) = self.next.checked_sub(1) {
            let Some(place) = self.places.get(at) else {
                break;
            };
            let entry = match place.target {
                Some(target) => self.put(place, target, ids)?,
                None if self.is_written(at, place) => {
                    if trees == trees_max {
                        return Ok(None);
                    }
                    trees = trees.saturating_add(1);
                    let id = write(self.content(place)).map_err(FinishError::Write)?;
                    let kind = EntryKind::Tree;
                    Some(Entry { kind, id })
                }
                None => None,
            };
            if let Some(written) = self.written.get_mut(at) {
                *written = entry;
            }
            self.next = at;
        }
        Ok(self.written.first().copied().flatten().map(|root| root.id))
    }

    fn is_written(&self, at: usize, place: &Place) -> bool {
        at == 0 || (place.target.is_none() && self.survives.get(at) == Some(&true))
    }

    /// The entry that a change puts at a place.
    fn put<E>(
        &self,
        place: &Place,
        target: Target,
        ids: &[ObjectId],
    ) -> Result<Option<Entry>, FinishError<E>> {
        let source = target.source.and_then(|source| self.places.get(source));
        let origin = source.unwrap_or(place).standing;
        let named = match target.object {
            Some(Object::Known(id)) => Some(id),
            Some(Object::Later(number)) => {
                let at = usize::try_from(number).unwrap_or(usize::MAX);
                let given = ids.len();
                Some(*ids.get(at).ok_or(FinishError::NoId { number, given })?)
            }
            None => None,
        };
        // Only a file passes its mode on to new content.
        let is_kept = |kind: &EntryKind| {
            source.is_some() || !matches!(kind, EntryKind::Tree | EntryKind::Commit)
        };
        let kept = origin.map(|entry| entry.kind).filter(is_kept);
        let kind = target.kind.or(kept).unwrap_or(EntryKind::Blob);
        let id = named.or(origin.map(|entry| entry.id));
        debug_assert!(id.is_some(), "nothing stands where it is moved from");
        Ok(id.map(|id| Entry { kind, id }))
    }

    /// A directory's tree: its entries that no change names, and the rest of the others.
    fn content(&self, place: &Place) -> Vec<u8> {
        let stored = place.stored.as_ref().map_or(&[][..], |content| content);
        // All of a stored tree parsed when it was read.
        let kept = tree_entries(stored).map_while(Result::ok);
        let kept = kept.filter(|entry| !place.children.contains_key(entry.name));
        let mut entries: Vec<(&[u8], EntryKind, ObjectId)> = kept
            .map(|entry| (&**entry.name, entry.mode.kind(), entry.id.to_owned()))
            .collect();
        for (name, child) in &place.children {
            if let Some(Some(entry)) = self.written.get(*child) {
                entries.push((name, entry.kind, entry.id));
            }
        }
        // Two runs that are in order already are merged.
        entries.sort_by(|(name1, kind1, _), (name2, kind2, _)| {
            let is_tree = |kind: &EntryKind| *kind == EntryKind::Tree;
            base_name_compare(name1, is_tree(kind1), name2, is_tree(kind2))
        });
        let mut content = Vec::with_capacity(stored.len().saturating_add(64));
        for (name, kind, id) in entries {
            push_entry(&mut content, kind, name, id);
        }
        content
    }
}

/// Appends an entry to the content of a tree.
pub(super) fn push_entry(content: &mut Vec<u8>, kind: EntryKind, name: &[u8], id: ObjectId) {
    content.extend_from_slice(kind.as_octal_str());
    content.push(b' ');
    content.extend_from_slice(name);
    content.push(0);
    content.extend_from_slice(id.as_slice());
}
