//! Deltas that wait, in memory and in scratch.

use gix_hash::ObjectId;

use super::super::super::super::entries::{Entry, EntryTable};
use super::super::super::super::incoming::testing::MemoryScratch;
use super::*;

/// Entries of which most wait for one of those before them.
fn table(count: u32, scratch: Option<&Rc<MemoryScratch>>) -> EntryTable {
    let mut table = EntryTable::default();
    if let Some(scratch) = scratch {
        table.spill_to(Rc::clone(scratch) as Rc<dyn Scratch>);
    }
    for position in 0..count {
        let is_whole = position % 16 == 0;
        let base = match position % 7 {
            // A base that very many build on.
            0 => 16,
            distance => position.saturating_sub(distance * distance),
        };
        let entry = Entry {
            id: ObjectId::null(gix_hash::Kind::Sha1),
            offset: u64::from(position),
            stored_bytes: 1,
            size_bytes: 0,
            kind: is_whole.then_some(super::super::super::super::super::object::ObjectKind::Blob),
            depth: 0,
            base: if is_whole {
                Base::None
            } else {
                Base::Position(base)
            },
        };
        table.push(entry, count);
    }
    table
}

#[test]
fn deltas_in_scratch_are_found_like_those_in_memory() {
    let count = 300_000;
    let scratch = Rc::new(MemoryScratch::default());
    let (held, spilled) = (table(count, None), table(count, Some(&scratch)));
    let waiting = pairs(&held.entries).count();
    assert!(waiting > HELD_MAX);
    let held = OfsDeltas::of_unresolved(&held.entries, waiting).unwrap();
    let spilled = OfsDeltas::of_unresolved(&spilled.entries, waiting).unwrap();
    assert!(matches!(held, OfsDeltas::Held(_)) && matches!(spilled, OfsDeltas::Spilled(_)));
    assert!(!held.is_empty() && !spilled.is_empty());
    for base in (0..count + 2).step_by(13) {
        assert_eq!(
            spilled.first(base).unwrap(),
            held.first(base).unwrap(),
            "{base}"
        );
    }
    for place in 0..=waiting {
        assert_eq!(
            spilled.at(place).unwrap(),
            held.at(place).unwrap(),
            "{place}"
        );
    }
}

#[test]
fn a_row_that_scratch_lost_is_an_error() {
    let scratch = Rc::new(MemoryScratch::default());
    let table = table(300_000, Some(&scratch));
    let deltas = OfsDeltas::of_unresolved(&table.entries, 280_000).unwrap();
    // Lose one of the blocks that hold the first half of the entries.
    scratch.lost.set(Some((1 << 13) + 2));
    assert!((0..280_000).any(|place| deltas.at(place).is_err()));
}
