//! The tree in which a request looks, and its entries one by one.

use gix_hash::ObjectId;

use super::cursor::{foreign, gone};
use crate::git::content::listing::{Listed, Listing, ListingError};
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::git::store::Shared;
use crate::repo_do::compare::revisions::Revision;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// The tree of a revision.
pub(super) struct Root {
    /// The revision's id when the first page was made.
    pub(super) id: ObjectId,
    /// The tree.
    pub(super) tree: ObjectId,
    /// Its content.
    pub(super) content: Shared,
}

impl Root {
    /// Finds it: by the id that the cursor of a page names, or by the revision.
    pub(super) async fn find(
        reading: &mut Reading,
        revision: &str,
        begun: Option<ObjectId>,
    ) -> Result<Self, ErrorReply> {
        let id = if let Some(id) = begun {
            reading.check_visible(id, gone).await?;
            id
        } else {
            Revision::find(reading, "ref", revision).await?.id()
        };
        let root = reading.until(|packs| lookup::peel(packs, id, ObjectKind::Tree));
        let (tree, content) = root.await?.ok_or_else(|| {
            let message = "this revision leads to no tree";
            ErrorReply::at(ErrorCode::NotFound, "/ref", message)
        })?;
        Ok(Self { id, tree, content })
    }
}

/// The next entry of a tree.
pub(super) async fn next_entry(
    reading: &mut Reading,
    listing: &mut Listing,
) -> Result<Option<Listed>, ErrorReply> {
    let next = reading.until(|packs| match listing.next(packs) {
        Err(ListingError::Read(error)) => Err(error),
        next => Ok(next),
    });
    next.await?.map_err(|error| refused(&error))
}

/// Why a listing ends early.
fn refused(error: &ListingError) -> ErrorReply {
    match error {
        ListingError::NotThere(_) => foreign(),
        ListingError::Read(_) => ErrorReply::new(ErrorCode::InternalError, error.to_string()),
        ListingError::Missing(_) => ErrorReply::new(ErrorCode::NotFound, error.to_string()),
        ListingError::TooDeep(_) | ListingError::TooLarge => {
            ErrorReply::new(ErrorCode::MemoryLimit, error.to_string())
        }
    }
}
