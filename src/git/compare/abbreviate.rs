//! Object ids shortened as git shortens them by itself (`core.abbrev=auto`): as long as the number
//! of objects asks for, and longer where another object begins alike.

use gix_hash::{ObjectId, oid};
use gix_object::bstr::BString;

use super::super::pack::reader::LivePacks;
use super::super::protocol::oid_hex;
use super::super::store::{PackStore, StoreError};

/// The shortest that git chooses.
const DIGITS_MIN: usize = 7;

/// Git's look at neighbours ends here.
const COMMON_DIGITS_MAX: usize = 32;

/// The facts that an abbreviation needs of a repository's objects.
pub trait ObjectNames {
    /// About how many there are.
    fn object_count(&self) -> Result<u64, StoreError>;

    /// The most digits with which both this id and that of another object begin.
    fn common_digits(&self, id: &oid) -> Result<usize, StoreError>;
}

/// An object that is in several packs counts once for each.
impl<S: PackStore> ObjectNames for LivePacks<S> {
    fn object_count(&self) -> Result<u64, StoreError> {
        let counts = self.records().iter().map(|record| record.object_count);
        Ok(counts.map(u64::from).sum())
    }

    fn common_digits(&self, id: &oid) -> Result<usize, StoreError> {
        let mut common = 0;
        for pack in 0..self.pack_count() {
            for neighbour in self.index(pack)?.neighbours(id).into_iter().flatten() {
                common = common.max(common_digits_of(id, &neighbour));
            }
        }
        Ok(common)
    }
}

/// How many digits this many objects ask for (`repo_find_unique_abbrev_r`).
pub(super) fn digits_for(object_count: u64) -> usize {
    let bits = u64::BITS
        .saturating_sub(object_count.leading_zeros())
        .max(1);
    let digits = usize::try_from(bits.div_ceil(2)).unwrap_or(DIGITS_MIN);
    digits.max(DIGITS_MIN)
}

/// The digits that two ids have in common.
pub fn common_digits_of(one: &oid, other: &oid) -> usize {
    let (one, other) = (oid_hex::hex(one), oid_hex::hex(other));
    one.iter().zip(&other).take_while(|(a, b)| a == b).count()
}

/// Shortens ids of one repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abbreviation {
    digits_min: usize,
}

impl Abbreviation {
    /// Ids in full.
    pub(super) const NONE: Self = Self {
        digits_min: oid_hex::HEX_BYTES,
    };

    /// Counts the objects.
    pub(super) fn of(names: &impl ObjectNames) -> Result<Self, StoreError> {
        Ok(Self {
            digits_min: digits_for(names.object_count()?),
        })
    }

    /// Appends an id; without an id, the one of zeros.
    pub(super) fn write(
        self,
        names: &impl ObjectNames,
        id: Option<ObjectId>,
        out: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let id = id.unwrap_or_else(|| ObjectId::null(gix_hash::Kind::Sha1));
        let digits = self.digits(names, &id)?;
        let hex = oid_hex::hex(&id);
        out.extend_from_slice(hex.get(..digits).unwrap_or(&hex));
        Ok(())
    }

    fn digits(self, names: &impl ObjectNames, id: &oid) -> Result<usize, StoreError> {
        let common = names.common_digits(id)?;
        Ok(if common < COMMON_DIGITS_MAX {
            self.digits_min.max(common.saturating_add(1))
        } else {
            self.digits_min
        })
    }
}

/// An id as short as git makes it.
pub(crate) fn short(names: &impl ObjectNames, id: ObjectId) -> Result<BString, StoreError> {
    let mut out = Vec::new();
    Abbreviation::of(names)?.write(names, Some(id), &mut out)?;
    Ok(out.into())
}

/// An id with so many digits, and more where another object begins alike.
pub(crate) fn short_with(
    names: &impl ObjectNames,
    id: ObjectId,
    digits_min: usize,
) -> Result<BString, StoreError> {
    let mut out = Vec::new();
    let digits_min = digits_min.min(oid_hex::HEX_BYTES);
    Abbreviation { digits_min }.write(names, Some(id), &mut out)?;
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_objects_need_more_digits() {
        for (count, digits) in [
            (0, 7),
            (1 << 13, 7),
            ((1 << 14) - 1, 7),
            (1 << 14, 8),
            ((1 << 16) - 1, 8),
            (1 << 16, 9),
            (7_000_000, 12),
        ] {
            assert_eq!(digits_for(count), digits, "{count}");
        }
    }
}
