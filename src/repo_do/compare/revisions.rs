//! Revisions that a caller names, and the objects that they lead to.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::BStr;

use super::request::CompareRequest;
use crate::git::compare::CompareError;
use crate::git::content::lookup;
use crate::git::graph::commits::{CommitGraph, CommitNode};
use crate::git::object::ObjectKind;
use crate::git::pack::reader::LivePacks;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::neighbour::asking::check_revision;
use crate::repo_do::state::store::Store;

/// A revision that was found, and the field that names it.
pub(crate) struct Revision {
    field: &'static str,
    id: ObjectId,
}

/// Takes the packs that are live now, for the whole of the request.
pub(crate) async fn begin(compare: &CompareRequest) -> Result<Reading, ErrorReply> {
    let reading = Reading::begin(&compare.object, &compare.store, compare.audience).await?;
    compare.account.note_packs(reading.packs().records().len());
    Ok(reading)
}

/// Takes a step of a comparison again until no chunk that it needs is cold.
pub(crate) async fn until<T>(
    reading: &mut Reading,
    mut step: impl FnMut(&LivePacks<Rc<Store>>) -> Result<T, CompareError>,
) -> Result<T, ErrorReply> {
    let done = reading.until(|packs| match step(packs) {
        Err(CompareError::Read(error)) => Err(error),
        other => Ok(other),
    });
    done.await?.map_err(|error| refused(&error))
}

pub(crate) fn refused(error: &CompareError) -> ErrorReply {
    let code = match error {
        CompareError::Read(_) => ErrorCode::InternalError,
        CompareError::Missing(_) => ErrorCode::NotFound,
        CompareError::TooManyChanges { .. } => {
            return ErrorReply::at(ErrorCode::MemoryLimit, "/path", error.to_string());
        }
        CompareError::TooDeep(_) | CompareError::TreesTooLarge { .. } => ErrorCode::MemoryLimit,
    };
    ErrorReply::new(code, error.to_string())
}

impl Revision {
    /// Finds the object that a name stands for, if the caller may see it.
    pub(crate) async fn find(
        reading: &mut Reading,
        field: &'static str,
        name: &str,
    ) -> Result<Self, ErrorReply> {
        check_revision(name, &format!("/{field}"))?;
        let id = reading.store().resolve(BStr::new(name))?;
        let id = id.ok_or_else(|| names_nothing(field))?;
        // The empty tree need not be stored: a first commit is compared with it.
        if !id.is_empty_tree() {
            reading.check_visible(id, || names_nothing(field)).await?;
        }
        Ok(Self { field, id })
    }

    /// A commit of another repository, whose objects were brought.
    pub(super) fn of_neighbour(id: ObjectId) -> Self {
        Self { field: "head", id }
    }

    /// The object that the name stands for.
    pub(crate) fn id(&self) -> ObjectId {
        self.id
    }

    /// The commit that it leads to.
    pub(crate) async fn commit(&self, reading: &mut Reading) -> Result<ObjectId, ErrorReply> {
        let id = self.id;
        let commit = reading
            .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
            .await?;
        commit.map(|(id, _)| id).ok_or_else(|| {
            let message = "this revision leads to no commit";
            ErrorReply::at(ErrorCode::NotFound, format!("/{}", self.field), message)
        })
    }

    /// The tree that it leads to; `None` for the empty one.
    pub(crate) async fn tree(&self, reading: &mut Reading) -> Result<Option<ObjectId>, ErrorReply> {
        if self.id.is_empty_tree() {
            return Ok(None);
        }
        let id = self.id;
        let tree = reading
            .until(|packs| lookup::peel(packs, id, ObjectKind::Tree))
            .await?;
        let tree = tree.ok_or_else(|| {
            let message = "this revision leads to no tree";
            ErrorReply::at(ErrorCode::NotFound, format!("/{}", self.field), message)
        })?;
        Ok(Some(tree.0))
    }
}

fn names_nothing(field: &str) -> ErrorReply {
    let message = format!("{field} names nothing in the repository");
    ErrorReply::at(ErrorCode::NotFound, format!("/{field}"), message)
}

/// The place of a commit in the graph.
pub(crate) fn node(graph: &CommitGraph, commit: ObjectId) -> Result<CommitNode, ErrorReply> {
    graph.lookup(&commit)?.ok_or_else(|| {
        let message = format!("commit {commit} is not in the repository's history");
        ErrorReply::new(ErrorCode::NotFound, message)
    })
}
