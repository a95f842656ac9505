//! An object named as `sparse:oid=` may name it: `<id>`, `<ref>`, `<id>:<path>` or `<ref>:<path>`
//! (<https://git-scm.com/docs/gitrevisions>). A ref may be named in short; `~`, `^` and `@` are
//! not understood.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice};

use super::super::object::ObjectKind;
use super::super::object::facts;
use super::super::protocol::oid_hex;
use super::super::refname;
use super::super::store::{ObjectSource, ReadError, RefSource};

/// Tags and commits between a name and a tree, at most.
const PEELS_MAX: usize = 32;

/// The object that the name stands for.
pub(super) fn resolve(
    refs: &impl RefSource,
    objects: &impl ObjectSource,
    name: &BStr,
) -> Result<Option<ObjectId>, ReadError> {
    let Some((revision, path)) = name.split_once_str(":") else {
        return id_of(refs, name);
    };
    let Some(id) = id_of(refs, revision.as_bstr())? else {
        return Ok(None);
    };
    let mut found = tree_of(objects, id)?;
    let names = path.split_str("/").filter(|name| !name.is_empty());
    for name in names {
        let Some((ObjectKind::Tree, content)) = read(objects, found)? else {
            return Ok(None);
        };
        let entries = facts::tree_entries(&content).map_while(Result::ok);
        let mut matching = entries.filter(|entry| entry.name == name);
        found = matching.next().map(|entry| entry.id.to_owned());
    }
    Ok(found)
}

/// The id with which the name begins, if it begins with one.
pub(super) fn named_id(name: &BStr) -> Option<ObjectId> {
    let revision = name
        .split_once_str(":")
        .map_or(name.as_bytes(), |split| split.0);
    oid_hex::parse(revision)
}

fn id_of(refs: &impl RefSource, name: &BStr) -> Result<Option<ObjectId>, ReadError> {
    if let Some(id) = oid_hex::parse(name) {
        return Ok(Some(id));
    }
    for candidate in refname::candidates(name) {
        if let Some(id) = refs.ref_target(candidate.as_bstr())? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// The tree that the object is or leads to.
fn tree_of(objects: &impl ObjectSource, mut id: ObjectId) -> Result<Option<ObjectId>, ReadError> {
    for _ in 0..PEELS_MAX {
        let what = "it does not parse";
        let corrupt = |_| ReadError::Corrupt { id, what };
        id = match objects.read(&id)? {
            Some((ObjectKind::Tree, _)) => return Ok(Some(id)),
            Some((ObjectKind::Commit, content)) => facts::commit(&content).map_err(corrupt)?.tree,
            Some((ObjectKind::Tag, content)) => facts::tag(&content).map_err(corrupt)?.target,
            Some((ObjectKind::Blob, _)) | None => return Ok(None),
        };
    }
    Ok(None)
}

fn read(
    objects: &impl ObjectSource,
    id: Option<ObjectId>,
) -> Result<Option<(ObjectKind, super::super::store::Shared)>, ReadError> {
    match id {
        Some(id) => objects.read(&id),
        None => Ok(None),
    }
}
