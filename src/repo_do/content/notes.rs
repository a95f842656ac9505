//! Notes read, with the memory that many of them take.

use std::rc::Rc;

use super::reading::Reading;
use crate::git::edit::notes::NotesError;
use crate::git::pack::reader::LivePacks;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::state::store::Store;

/// Bytes of trees that are read without asking for memory: those on one path, mostly.
const SMALL_BYTES_MAX: u64 = 256 << 10;

/// Bytes of trees that are read at all: 120,000 notes. Git splits the trees of many notes, so that one
/// request reads few of them.
const LARGE_BYTES_MAX: u64 = 8 << 20;

/// Memory that so many notes take, with the trees themselves.
const LARGE_HELD_BYTES: u64 = 4 * LARGE_BYTES_MAX;

/// Reads notes until no chunk that they need is cold. `read` gets the number of bytes of trees that it may
/// read.
pub(crate) async fn read_notes<T>(
    reading: &mut Reading,
    mut read: impl FnMut(&LivePacks<Rc<Store>>, u64) -> Result<T, NotesError>,
) -> Result<Result<T, NotesError>, ErrorReply> {
    let mut bytes_max = SMALL_BYTES_MAX;
    loop {
        let found = reading
            .until(|packs| match read(packs, bytes_max) {
                Err(NotesError::Read(error)) => Err(error),
                found => Ok(found),
            })
            .await?;
        match found {
            Err(NotesError::TooLarge { .. }) if bytes_max < LARGE_BYTES_MAX => {
                reading.reserve(LARGE_HELD_BYTES).await?;
                bytes_max = LARGE_BYTES_MAX;
            }
            found => return Ok(found),
        }
    }
}
