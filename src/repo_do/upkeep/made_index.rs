//! The index that is made of a table of entries: compared with the stored one, or put in scratch.

use std::rc::Rc;

use crate::git::graph::made_part::MadePart;
use crate::git::pack::entries::EntryTable;
use crate::git::pack::index::{CHECK_STEP_ENTRIES, Compared, IndexCompare, IndexError, IndexRows};
use crate::git::store::scan::ScannedPart;
use crate::git::store::{PackRecord, Part, Scratch};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;

/// The fault of the stored index; `None` if it agrees with the table.
pub(super) async fn difference(
    store: &Store,
    record: &PackRecord,
    table: &EntryTable,
) -> Result<Option<String>, Failure> {
    let stored = match ScannedPart::open(store, record, Part::Index) {
        Ok(stored) => stored,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let mut compare = IndexCompare::new(table, stored);
    loop {
        let checked = compare.check_some();
        table.check()?;
        if checked.map_err(|error| broken(&error))? {
            break;
        }
        pause().await;
    }
    loop {
        let compared = compare.step();
        // An object that scratch could not give would look like a difference.
        table.check()?;
        match compared {
            Ok(Compared::More) => pause().await,
            Ok(Compared::Same) => return Ok(None),
            Ok(Compared::Differs(why)) => return Ok(Some(why)),
            Err(error) => return Ok(Some(error.to_string())),
        }
    }
}

/// The index, which is not stored yet.
pub(super) async fn made(
    table: &EntryTable,
    scratch: Rc<dyn Scratch>,
) -> Result<Rc<MadePart>, Failure> {
    let (mut rows, mut index) = (IndexRows::default(), MadePart::of_rows(scratch));
    loop {
        let checked = rows.check_some(table, CHECK_STEP_ENTRIES);
        table.check()?;
        if checked.map_err(|error| broken(&error))? {
            break;
        }
        pause().await;
    }
    while let Some(row) = rows.next_row(table) {
        table.check()?;
        index.push_row(&row)?;
        pause().await;
    }
    table.check()?;
    Ok(Rc::new(index))
}

fn broken(error: &IndexError) -> Failure {
    Failure::Broken(error.to_string())
}
