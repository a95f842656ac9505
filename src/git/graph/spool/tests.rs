//! Tables with small blocks: they write to scratch, read it back, and report what fails.

use std::cell::Cell;

use super::super::super::pack::incoming::testing::MemoryScratch;
use super::*;

fn row(number: u32) -> [u8; 4] {
    number.wrapping_mul(0x9e37_79b9).to_le_bytes()
}

/// Blocks of 16 rows; three of them are in memory.
fn spill(scratch: Rc<dyn Scratch>) -> Rc<Spill> {
    Rc::new(Spill::with_bounds(scratch, 67, 3))
}

fn filled(rows: u32, spill: Option<&Rc<Spill>>) -> Spool {
    let mut table = Spool::new(4, 0, spill);
    for number in 0..rows {
        table.put(&row(number)).unwrap();
    }
    table
}

fn bytes(table: &Spool, range: Range<usize>) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    table.read(range, &mut bytes).map(|()| bytes)
}

#[test]
fn a_table_says_the_same_whether_its_blocks_are_in_memory_or_in_scratch() {
    for rows in [0, 1, 15, 16, 17, 48, 49, 333] {
        let scratch = Rc::new(MemoryScratch::default());
        let spilled = filled(rows, Some(&spill(Rc::clone(&scratch) as Rc<dyn Scratch>)));
        let held = filled(rows, None);
        assert_eq!(spilled.is_spilled(), rows > 48);
        assert!(!held.is_spilled());
        assert!(spilled.held_bytes() <= 3 * 64);
        let all: Vec<u8> = (0..rows).flat_map(row).collect();
        for table in [&spilled, &held] {
            assert_eq!(table.len(), all.len());
            for number in (0..rows).chain((0..rows).rev()) {
                assert_eq!(table.array(number), Ok(Some(row(number))));
            }
            assert_eq!(table.array::<4>(rows), Ok(None));
            assert_eq!(table.array::<4>(u32::MAX), Ok(None));
            for start in (0..all.len()).step_by(7) {
                for end in [start, start + 1, start + 130, all.len()] {
                    let end = end.clamp(start, all.len());
                    assert_eq!(bytes(table, start..end).unwrap(), &all[start..end]);
                }
            }
            assert!(bytes(table, 0..all.len() + 1).is_err());
        }
        // A full block never changes, so each is written once.
        let full = rows as usize / 16;
        assert!(scratch.written.get() <= full, "{rows} rows");
    }
}

#[test]
fn rows_of_zeros_are_changed_in_any_order() {
    for rows in [1_u32, 16, 48, 49, 333] {
        let scratch = Rc::new(MemoryScratch::default());
        let spill = spill(Rc::clone(&scratch) as Rc<dyn Scratch>);
        for spill in [None, Some(&spill)] {
            let mut table = Spool::of_zeros(4, rows, spill);
            // What nobody asked for takes no memory, but for the last block.
            let block_bytes = table.block_bytes;
            assert!(table.held_bytes() <= block_bytes);
            assert_eq!(table.is_spilled(), spill.is_some() && rows > 16);
            let mut expected = vec![[0; 4]; rows as usize];
            for step in 0..2 * rows {
                let number = step.wrapping_mul(0x9e37_79b9) % rows;
                assert_eq!(table.array(number), Ok(Some(expected[number as usize])));
                expected[number as usize] = row(step);
                table.set(number, &row(step)).unwrap();
                assert!(spill.is_none() || table.held_bytes() <= 3 * 64);
            }
            assert_eq!(bytes(&table, 0..table.len()).unwrap(), expected.concat());
            assert!(table.set(rows, &row(0)).is_err());
        }
        assert_eq!(scratch.written.get() > 0, rows > 48);
    }
}

#[test]
fn rows_that_are_lost_or_cut_are_errors_and_no_gaps() {
    let scratch = Rc::new(MemoryScratch::default());
    let table = filled(200, Some(&spill(Rc::clone(&scratch) as Rc<dyn Scratch>)));
    let lost = StoreError::Failed("it is lost".to_owned());
    scratch.lost.set(Some(2));
    let found: Vec<_> = (0..200).map(|number| table.array(number)).collect();
    for (number, found) in (0..200).zip(&found) {
        assert!(*found == Ok(Some(row(number))) || *found == Err(lost.clone()));
    }
    let is_lost = |found: &&Result<_, _>| found.is_err();
    assert_eq!(found.iter().filter(is_lost).count(), 16, "one block");
    assert_eq!(bytes(&table, 0..800), Err(lost));
    scratch.lost.set(None);
    assert!((0..200).all(|number| table.array(number) == Ok(Some(row(number)))));
    scratch.put(2, &[7; 63]).unwrap();
    let cut = (0..200).filter(|number| table.array::<4>(*number).is_err());
    assert_eq!(cut.count(), 16);
}

/// Writes nothing once so many rows were written; `persists` says whether the failing one is there.
#[derive(Debug)]
struct FailingScratch {
    rows: MemoryScratch,
    left: Cell<u32>,
    persists: bool,
}

impl Scratch for FailingScratch {
    fn put(&self, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let left = self.left.get().checked_sub(1);
        if left.is_some() || self.persists {
            self.rows.put(number, bytes)?;
        }
        self.left.set(left.unwrap_or_default());
        left.map(|_| ())
            .ok_or_else(|| StoreError::Failed("no more".to_owned()))
    }

    fn get(&self, number: u32) -> Result<Vec<u8>, StoreError> {
        self.rows.get(number)
    }
}

#[test]
fn after_a_write_that_failed_no_table_of_the_part_is_read_any_more() {
    for persists in [false, true] {
        for writes in 0..5 {
            let spill = spill(Rc::new(FailingScratch {
                rows: MemoryScratch::default(),
                left: Cell::new(writes),
                persists,
            }));
            let other = filled(20, Some(&spill));
            let mut table = Spool::new(4, 0, Some(&spill));
            let failed = (0..400).find_map(|number| table.put(&row(number)).err());
            let failure = StoreError::Failed("no more".to_owned());
            assert_eq!(failed, Some(failure.clone()));
            assert_eq!(table.put(&row(0)), Err(failure.clone()));
            assert_eq!(table.array::<4>(0), Err(failure.clone()));
            assert_eq!(other.array::<4>(0), Err(failure));
        }
    }
}

#[test]
fn a_table_that_is_put_away_holds_nothing_and_comes_back() {
    for rows in [1, 16, 40, 333] {
        let scratch = Rc::new(MemoryScratch::default());
        let table = filled(rows, Some(&spill(scratch as Rc<dyn Scratch>)));
        table.put_away().unwrap();
        assert_eq!(table.held_bytes(), 0);
        let all: Vec<u8> = (0..rows).flat_map(row).collect();
        assert_eq!(bytes(&table, 0..all.len()).unwrap(), all);
        assert_eq!(table.array::<4>(rows - 1).unwrap(), Some(row(rows - 1)));
        table.put_away().unwrap();
        assert_eq!(table.held_bytes(), 0);
    }
    let alone = Spool::of([[1, 2, 3]]);
    alone.put_away().unwrap();
    assert_eq!(bytes(&alone, 0..3).unwrap(), [1, 2, 3]);
}
