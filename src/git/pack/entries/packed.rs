//! Entries as they lie in scratch: 40 bytes each, big-endian, where memory takes 48.
//!
//! | bytes | what |
//! |---|---|
//! | 20 | the id |
//! | 5 | the offset |
//! | 2 | the depth |
//! | 1 | the kind, 0 for none |
//! | 4 each | stored bytes, size |
//! | 4 | the base, as an index has it |

use gix_hash::ObjectId;

use super::super::super::object::ObjectKind;
use super::entry::{Base, Entry};

const ENTRY_BYTES: usize = 40;

/// Writes entries behind each other.
pub(super) fn pack(entries: &[Entry]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(entries.len().saturating_mul(ENTRY_BYTES));
    for entry in entries {
        let kind = entry.kind.map_or(0, |kind| kind as u64);
        let word = entry.offset << 24 | u64::from(entry.depth) << 8 | kind;
        packed.extend_from_slice(entry.id.as_slice());
        packed.extend_from_slice(&word.to_be_bytes());
        for word in [entry.stored_bytes, entry.size_bytes, entry.base.word()] {
            packed.extend_from_slice(&word.to_be_bytes());
        }
    }
    packed
}

/// Reads entries into `entries`; `None` if the bytes are not from [`pack`].
pub(super) fn unpack(packed: &[u8], entries: &mut Vec<Entry>) -> Option<()> {
    let (packed, rest) = packed.as_chunks::<ENTRY_BYTES>();
    for bytes in packed {
        entries.push(unpack_one(bytes)?);
    }
    rest.is_empty().then_some(())
}

fn unpack_one(bytes: &[u8; ENTRY_BYTES]) -> Option<Entry> {
    let (id, rest) = bytes.split_first_chunk::<20>()?;
    let (word, rest) = rest.split_first_chunk::<8>()?;
    let word = u64::from_be_bytes(*word);
    let [_, _, _, _, _, depth_high, depth_low, kind] = word.to_be_bytes();
    let [stored_bytes, size_bytes, base] = rest.as_chunks::<4>().0 else {
        return None;
    };
    Some(Entry {
        id: ObjectId::Sha1(*id),
        offset: word >> 24,
        stored_bytes: u32::from_be_bytes(*stored_bytes),
        size_bytes: u32::from_be_bytes(*size_bytes),
        kind: ObjectKind::from_number(kind),
        depth: u16::from_be_bytes([depth_high, depth_low]),
        base: Base::of_word(u32::from_be_bytes(*base)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_entries_come_back_and_a_cut_is_noticed() {
        let entry = Entry {
            id: ObjectId::Sha1([7; 20]),
            offset: (1 << 40) - 2,
            stored_bytes: u32::MAX,
            size_bytes: 5,
            kind: Some(ObjectKind::Tag),
            depth: 0xabcd,
            base: Base::None,
        };
        let all = [
            entry,
            Entry {
                kind: None,
                base: Base::Position(9),
                ..entry
            },
            Entry {
                depth: 0,
                offset: 12,
                base: Base::External(3),
                ..entry
            },
        ];
        let (packed, mut again) = (pack(&all), Vec::new());
        assert_eq!(packed.len(), 3 * ENTRY_BYTES);
        assert_eq!(unpack(&packed, &mut again), Some(()));
        assert_eq!(again, all);
        assert_eq!(unpack(&packed[1..], &mut Vec::new()), None);
    }
}
