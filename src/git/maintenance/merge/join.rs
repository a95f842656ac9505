//! Which objects several sources have: their sorted ids are read side by side.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use gix_hash::ObjectId;

use super::super::super::store::StoreError;
use super::sources::Sources;

/// The next id of a source.
type Head = Reverse<(ObjectId, usize, u32, u32)>;

/// The sources side by side. Holds an id for each of them.
#[derive(Default)]
pub(super) struct Join {
    is_begun: bool,
    /// The id, the source, the index position, the position.
    heads: BinaryHeap<Head>,
    group: Option<Group>,
}

/// The copies of one object.
struct Group {
    id: ObjectId,
    /// The source of the last copy.
    source: usize,
    /// The entry that stands for copies of later sources: the first of the earliest source that has it, if
    /// that one stays.
    standing: Option<u32>,
    /// The same once the next source comes.
    next: Option<u32>,
}

impl Join {
    /// Looks at the next entry; false when there is none. `keeps` tells of a source and a position whether
    /// the entry stays.
    pub(super) fn step(
        &mut self,
        sources: &mut Sources,
        keeps: impl Fn(usize, u32) -> bool,
    ) -> Result<bool, StoreError> {
        if !self.is_begun {
            self.is_begun = true;
            for source in 0..sources.count() {
                self.push(sources, source, 0)?;
            }
        }
        let Some(Reverse((id, source, index_position, position))) = self.heads.pop() else {
            return Ok(false);
        };
        self.push(sources, source, index_position.saturating_add(1))?;
        let global = sources.global(source, position);
        match &mut self.group {
            Some(group) if group.id == id => {
                if group.source != source {
                    group.source = source;
                    group.standing = group.standing.or(group.next);
                    // Only the first copy of a source is ever found.
                    group.next = keeps(source, position).then_some(global);
                }
                if let Some(standing) = group.standing {
                    sources.note_same(source, position, standing);
                }
            }
            group => {
                *group = Some(Group {
                    id,
                    source,
                    standing: None,
                    next: keeps(source, position).then_some(global),
                });
            }
        }
        Ok(true)
    }

    fn push(
        &mut self,
        sources: &Sources,
        source: usize,
        index_position: u32,
    ) -> Result<(), StoreError> {
        if let Some((id, position)) = sources.by_id(source, index_position)? {
            let head = (id, source, index_position, position);
            self.heads.push(Reverse(head));
        }
        Ok(())
    }
}
