//! The repository's facts about the archived commit, looked up when a placeholder first asks for them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use gix_hash::{ObjectId, oid};
use gix_mailmap::Snapshot;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use crate::git::archive::pretty::describe::{Arguments, Describe, Nearest};
use crate::git::archive::pretty::known::{CommitNames, DecoratingRef, Known, RefKind, Wanted};
use crate::git::compare::abbreviate;
use crate::git::content::lookup::{self, TreePath};
use crate::git::object::{ObjectKind, facts};
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::git::store::{ObjectSource as _, ReadError, Shared};
use crate::repo_do::compare::changes::Slice;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::clock::now_ms;

/// Where the names stand that people want to be known by, in the tree of `HEAD`: a bare repository has no
/// other place.
const MAILMAP: &[u8] = b".mailmap";

/// The largest mail map that is read.
const MAILMAP_BYTES_MAX: usize = 1 << 20;

/// Commits that are looked at for a description, at most: some seconds.
const DESCRIBED_COMMITS_MAX: u32 = 500_000;

/// Tags that may describe a commit, at most, and the bytes that each is held in.
const TAGS_MAX: usize = 50_000;
const TAG_BYTES: u64 = 128;

/// The commit whose tree is archived, for the placeholders of its files.
pub(super) struct ArchivedCommit {
    pub(super) id: ObjectId,
    pub(super) content: Shared,
    /// The branch of `HEAD`.
    head: BString,
    /// The facts known so far.
    pub(super) known: Known,
}

/// A tag that may describe a commit.
struct Tag {
    name: BString,
    /// Its own object.
    object: Option<ObjectId>,
}

impl ArchivedCommit {
    /// Nothing is known of it yet.
    pub(super) fn new(id: ObjectId, content: Shared, head: BString) -> Self {
        Self {
            id,
            content,
            head,
            known: Known {
                now_seconds: now_ms().checked_div(1000).unwrap_or(0),
                ..Known::default()
            },
        }
    }

    /// Looks something up.
    pub(super) async fn find(
        &mut self,
        reading: &mut Reading,
        wanted: Wanted,
    ) -> Result<(), ErrorReply> {
        let head = self.head.as_bstr();
        match wanted {
            Wanted::Names => {
                self.known.names = Some(names_of(reading, head, (self.id, &self.content))?);
            }
            Wanted::Mailmap => self.known.mailmap = Some(mailmap(reading, head).await?),
            Wanted::Description(arguments) => {
                let description = describe(reading, self.id, &arguments).await?;
                self.known.description = Some(description.unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// The names of a commit in the repository.
fn names_of(
    reading: &Reading,
    head: &BStr,
    (id, content): (ObjectId, &[u8]),
) -> Result<CommitNames, ErrorReply> {
    let facts = facts::commit(content).map_err(|_| not_a_commit(id))?;
    let mut names = CommitNames::default();
    for id in [id, facts.tree].into_iter().chain(facts.parents) {
        names
            .short
            .push((id, abbreviate::short(reading.packs(), id)?));
    }
    let mut first = None;
    reading.store().visit_refs(b"refs/", |found| {
        let is_named = found.target == id || found.peeled == Some(id);
        let name = found.name.as_bstr();
        if is_named && !refname::is_ephemeral(name) {
            let mut shown = shown(name);
            if name == head {
                shown.kind = RefKind::Head;
                first = Some(shown);
            } else {
                names.refs.push(shown);
            }
        }
        ControlFlow::Continue(())
    })?;
    // Git shows the last one first, and the branch of HEAD with it.
    names.refs.extend(first);
    names.refs.reverse();
    Ok(names)
}

/// A ref as git decorates a commit with it.
fn shown(name: &BStr) -> DecoratingRef {
    for (prefix, kind) in [
        ("refs/heads/", RefKind::Other),
        ("refs/tags/", RefKind::Tag),
        ("refs/remotes/", RefKind::Other),
    ] {
        if let Some(short) = name.strip_prefix(prefix.as_bytes()) {
            let name = short.into();
            return DecoratingRef { name, kind };
        }
    }
    let (name, kind) = (name.to_owned(), RefKind::Other);
    DecoratingRef { name, kind }
}

/// The mail map; an empty one where the tree has none, or one that is too large.
async fn mailmap(reading: &mut Reading, head: &BStr) -> Result<Snapshot, ErrorReply> {
    let Some(tip) = reading.store().find_ref(head)? else {
        return Ok(Snapshot::default());
    };
    let tree = reading.until(|packs| lookup::peel(packs, tip.target, ObjectKind::Tree));
    let Some((tree, _)) = tree.await? else {
        return Ok(Snapshot::default());
    };
    let place = TreePath::new(MAILMAP);
    let found = reading.until(|packs| lookup::at_path(packs, tree, &place));
    let Some(found) = found.await? else {
        return Ok(Snapshot::default());
    };
    let content = reading.until(|packs| {
        let bytes = packs.size_bytes(&found.id)?.unwrap_or(0);
        if bytes > MAILMAP_BYTES_MAX as u64 {
            return Ok(None);
        }
        packs.read(&found.id)
    });
    Ok(match content.await? {
        Some((ObjectKind::Blob, content)) => Snapshot::from_bytes(&content),
        _ => Snapshot::default(),
    })
}

/// The answer of `git describe` for a commit; `None` if no tag describes it.
async fn describe(
    reading: &mut Reading,
    id: ObjectId,
    arguments: &Arguments,
) -> Result<Option<BString>, ErrorReply> {
    let tags = tags(reading, arguments).await?;
    if let Some(tag) = tags.get(&id) {
        let (mut name, is_other) = name_of(reading, tag).await?;
        if is_other {
            append_id(reading, (0, id), arguments, &mut name)?;
        }
        return Ok(Some(name));
    }
    let Some(Nearest { commit, distance }) = nearest(reading, id, &tags).await? else {
        return Ok(None);
    };
    let Some(tag) = tags.get(&commit) else {
        return Ok(None);
    };
    let (mut name, is_other) = name_of(reading, tag).await?;
    if is_other || arguments.digits != Some(0) {
        append_id(reading, (distance, id), arguments, &mut name)?;
    }
    Ok(Some(name))
}

/// The tags that count, by the objects they name. If several tags name one object, the one that was made last
/// counts if they have objects of their own, else the first by name.
async fn tags(
    reading: &mut Reading,
    arguments: &Arguments,
) -> Result<HashMap<ObjectId, Tag>, ErrorReply> {
    let mut all = Vec::new();
    reading
        .store()
        .visit_refs(refname::TAGS.as_bytes(), |found| {
            let name = found
                .name
                .get(refname::TAGS.len()..)
                .unwrap_or_default()
                .as_bstr();
            let is_wanted = arguments.with_lightweight || found.peeled.is_some();
            if is_wanted && arguments.admits(name) {
                let object = found.peeled.map(|_| found.target);
                let name = name.to_owned();
                all.push((found.peeled.unwrap_or(found.target), Tag { name, object }));
            }
            if all.len() > TAGS_MAX {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
    if all.len() > TAGS_MAX {
        return Ok(HashMap::new());
    }
    reading
        .reserve((all.len() as u64).saturating_mul(TAG_BYTES))
        .await?;
    let mut tags: HashMap<ObjectId, Tag> = HashMap::new();
    for (id, tag) in all {
        let Some(known) = tags.get(&id) else {
            tags.insert(id, tag);
            continue;
        };
        let is_newer = match (known.object, tag.object) {
            (None, Some(_)) => true,
            (Some(known), Some(other)) => {
                tagged_at(reading, known).await? < tagged_at(reading, other).await?
            }
            (_, None) => false,
        };
        if is_newer {
            tags.insert(id, tag);
        }
    }
    Ok(tags)
}

/// The content of a tag.
async fn read_tag(reading: &mut Reading, id: &oid) -> Result<Option<Shared>, ErrorReply> {
    let read = reading.until(|packs| packs.read(id)).await?;
    Ok(read
        .filter(|(kind, _)| *kind == ObjectKind::Tag)
        .map(|(_, content)| content))
}

/// When a tag was made.
async fn tagged_at(reading: &mut Reading, id: ObjectId) -> Result<u64, ErrorReply> {
    let content = read_tag(reading, &id).await?;
    Ok(content.map_or(0, |content| facts::tag_time(&content)))
}

/// The name that a tag gives itself, and whether its ref has another one.
async fn name_of(reading: &mut Reading, tag: &Tag) -> Result<(BString, bool), ErrorReply> {
    let content = match tag.object {
        Some(id) => read_tag(reading, &id).await?,
        None => None,
    };
    let own = content
        .as_ref()
        .and_then(|content| facts::tag(content).ok());
    let own = own.map_or(tag.name.as_bstr(), |facts| facts.name);
    Ok((own.to_owned(), own != tag.name))
}

/// Walks to the nearest tag.
async fn nearest(
    reading: &mut Reading,
    id: ObjectId,
    tags: &HashMap<ObjectId, Tag>,
) -> Result<Option<Nearest>, ErrorReply> {
    if tags.is_empty() {
        return Ok(None);
    }
    let graph = reading.graph()?;
    let Some(start) = graph.lookup(&id)? else {
        return Ok(None);
    };
    // Two bytes of marks.
    reading
        .reserve((graph.len() as u64).saturating_mul(2))
        .await?;
    let tagged = tags.iter().map(|(id, tag)| (*id, tag.object.is_some()));
    let mut walk = Describe::new(graph, start, tagged.collect())?;
    let mut slice = Slice::default();
    while reading.until(|_| Ok(walk.step()?)).await? {
        slice.worked(0).await;
        if walk.taken() > DESCRIBED_COMMITS_MAX {
            return Ok(None);
        }
    }
    Ok(walk.nearest())
}

/// Appends `-2-g1234567`.
fn append_id(
    reading: &Reading,
    (distance, id): (u32, ObjectId),
    arguments: &Arguments,
    out: &mut BString,
) -> Result<(), ErrorReply> {
    out.extend_from_slice(format!("-{distance}-g").as_bytes());
    match arguments.digits {
        None => out.extend_from_slice(&abbreviate::short(reading.packs(), id)?),
        Some(0) => out.extend_from_slice(&oid_hex::hex(&id)),
        Some(digits) => {
            out.extend_from_slice(&abbreviate::short_with(reading.packs(), id, digits)?);
        }
    }
    Ok(())
}

/// The archived id is not a commit's.
pub(super) fn not_a_commit(id: ObjectId) -> ReadError {
    let what = "it does not parse as a commit";
    ReadError::Corrupt { id, what }
}
