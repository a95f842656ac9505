//! How many files a commit changes, as its answer says.

use gix_hash::ObjectId;

use crate::git::compare::CompareError;
use crate::git::compare::paths::PathLimits;
use crate::git::compare::tree::TreeChanges;
use crate::git::edit::new_objects::{NewObjects, WithNew};
use crate::git::limits::Limits;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::timer::pause;

/// Files that are counted between two pauses: some milliseconds of CPU.
const STEP_FILES: u64 = 2_000;

/// Counts the paths that differ between two trees; `None` is the empty one. Trees that were made here
/// are among the new objects.
pub(crate) async fn files_changed(
    trees: [Option<ObjectId>; 2],
    new_objects: &NewObjects,
    reading: &mut Reading,
) -> Result<u64, ErrorReply> {
    // The empty tree need not be stored.
    let [old, new] = trees.map(|tree| tree.filter(|tree| !tree.is_empty_tree()));
    let mut changes = TreeChanges::new(old, new, PathLimits::default(), &Limits::DEFAULT);
    let mut count = 0_u64;
    loop {
        let next = reading.until(
            |packs| match changes.next(&WithNew::new(new_objects, packs)) {
                Err(CompareError::Read(error)) => Err(error),
                next => Ok(next),
            },
        );
        if next.await?.map_err(|error| told(&error))?.is_none() {
            return Ok(count);
        }
        count = count.saturating_add(1);
        if count.is_multiple_of(STEP_FILES) {
            pause().await;
        }
    }
}

fn told(error: &CompareError) -> ErrorReply {
    match error {
        CompareError::Read(_) | CompareError::Missing(_) => ErrorReply::internal("compare", error),
        CompareError::TooDeep(_)
        | CompareError::TreesTooLarge { .. }
        | CompareError::TooManyChanges { .. } => {
            ErrorReply::new(ErrorCode::MemoryLimit, error.to_string())
        }
    }
}
