//! Writing the Introduced part.

use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::store::StoreError;
use super::super::made_part::MadePart;
use super::super::spool::{Spill, Spool};
use super::format::{HEADER_BYTES, MAGIC};

/// Bytes of the number of an introducer while the part is made.
const NUMBER_BYTES: usize = 4;

/// Builds an Introduced part. Holds 4 bytes a pack entry, 4 a commit, 2 an introduced object, and
/// about 60 bytes an external object; with scratch each of these but the last takes 1 MiB at most.
#[derive(Debug)]
pub(crate) struct IntroducedBuilder {
    ends: Spool,
    lists: Spool,
    /// By position: the first introducer's number + 1.
    introducers: Spool,
    positions: u32,
    /// The list of one commit, while it is put together.
    list: Vec<u8>,
    external_ids: Vec<ObjectId>,
    external_rows: HashMap<ObjectId, u32>,
    spill: Option<Rc<Spill>>,
}

impl IntroducedBuilder {
    /// Starts the part of a pack with this many entries.
    pub(crate) fn new(object_count: u32) -> Self {
        Self::with_spill(object_count, None)
    }

    /// The same where tables that grow large go to scratch.
    pub(crate) fn spilling_to(spill: &Rc<Spill>, object_count: u32) -> Self {
        Self::with_spill(object_count, Some(spill))
    }

    fn with_spill(object_count: u32, spill: Option<&Rc<Spill>>) -> Self {
        Self {
            ends: Spool::new(NUMBER_BYTES, 0, spill),
            lists: Spool::new(1, 0, spill),
            introducers: Spool::of_zeros(NUMBER_BYTES, object_count, spill),
            positions: object_count,
            list: Vec::new(),
            external_ids: Vec::new(),
            external_rows: HashMap::new(),
            spill: spill.map(Rc::clone),
        }
    }

    /// The row of an object of another pack, and whether it is new.
    pub(crate) fn external(&mut self, id: ObjectId) -> (u32, bool) {
        let next = u32::try_from(self.external_ids.len()).unwrap_or(u32::MAX);
        let row = *self.external_rows.entry(id).or_insert(next);
        if row == next {
            self.external_ids.push(id);
        }
        (row, row == next)
    }

    /// The external objects so far.
    pub(crate) fn externals(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.external_ids.iter().copied()
    }

    /// How many external objects there are so far.
    pub(crate) fn external_count(&self) -> usize {
        self.external_ids.len()
    }

    /// The number of the first commit that introduces the object at this position, so far.
    pub(crate) fn introducer(&self, position: u32) -> Result<Option<u32>, StoreError> {
        let noted = self.introducers.array(position)?;
        Ok(noted.and_then(|noted| u32::from_le_bytes(noted).checked_sub(1)))
    }

    /// Notes that the commit introduces the object at this position, unless another one did
    /// earlier.
    pub(crate) fn note_introducer(&mut self, position: u32, number: u32) -> Result<(), StoreError> {
        if self.introducers.array(position)? == Some([0; NUMBER_BYTES]) {
            let noted = number.saturating_add(1).to_le_bytes();
            self.introducers.set(position, &noted)?;
        }
        Ok(())
    }

    /// Bytes of all lists so far.
    pub(crate) fn list_bytes(&self) -> usize {
        self.lists.len()
    }

    /// Adds the list of the next commit; sorts its input and removes repeats. After an error
    /// nothing can come of the part.
    pub(crate) fn push(
        &mut self,
        positions: &mut Vec<u32>,
        externals: &mut Vec<u32>,
    ) -> Result<(), StoreError> {
        for list in [&mut *positions, &mut *externals] {
            list.sort_unstable();
            list.dedup();
        }
        let count = u32::try_from(positions.len());
        debug_assert!(count.is_ok(), "{} distinct positions", positions.len());
        self.list.clear();
        put_number(&mut self.list, count.unwrap_or(u32::MAX));
        for list in [positions, externals] {
            let mut before = 0;
            for number in list.iter() {
                put_number(&mut self.list, number - before);
                before = *number;
            }
        }
        self.lists.put(&self.list)?;
        let end = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.ends.put(&end.to_le_bytes())
    }

    /// The part. Its tables in scratch stay there until somebody asks for them.
    pub(crate) fn finish(self) -> Result<MadePart, StoreError> {
        let commits = u32::try_from(self.ends.len() / NUMBER_BYTES).unwrap_or(u32::MAX);
        let width = (4 - commits.leading_zeros() / 8).min(4);
        let externals = u32::try_from(self.external_ids.len()).unwrap_or(u32::MAX);
        let mut header = MAGIC.to_vec();
        for number in [commits, self.positions, externals, width] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        debug_assert_eq!(header.len(), HEADER_BYTES, "of the format");
        let width = usize::try_from(width).unwrap_or(NUMBER_BYTES);
        let introducers = narrowed(self.introducers, self.positions, width, self.spill.as_ref())?;
        let tables = vec![
            Spool::of([header]),
            self.ends,
            introducers,
            Spool::of(self.external_ids.iter().map(ObjectId::as_slice)),
            self.lists,
        ];
        Ok(MadePart::new(tables))
    }
}

/// The numbers in rows of `width` bytes, which are enough for each.
fn narrowed(
    numbers: Spool,
    rows: u32,
    width: usize,
    spill: Option<&Rc<Spill>>,
) -> Result<Spool, StoreError> {
    if width >= NUMBER_BYTES {
        return Ok(numbers);
    }
    let mut narrow = Spool::new(width, usize::try_from(rows).unwrap_or(0), spill);
    for row in 0..rows {
        let number = numbers.array::<NUMBER_BYTES>(row)?.unwrap_or_default();
        narrow.put(number.get(..width).unwrap_or_default())?;
    }
    Ok(narrow)
}

fn put_number(list: &mut Vec<u8>, mut number: u32) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            list.push(low);
            return;
        }
        list.push(low | 0x80);
    }
}
