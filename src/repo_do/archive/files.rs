//! The entries of an archive and their contents, one after the other.

use std::ops::Range;

use gix_hash::ObjectId;
use worker::Env;

use super::known::{ArchivedCommit, not_a_commit};
use crate::git::archive::convert::{Conversion, has_placeholders};
use crate::git::archive::pretty::known::Stop;
use crate::git::archive::pretty::{Placeholders, filled_bytes_max};
use crate::git::archive::walk::{ArchiveError, ArchiveKind, ArchiveWalk, Entry, Walked};
use crate::git::content::listing::ListingError;
use crate::git::lfs::Pointer;
use crate::git::lfs::pointer::POINTER_BYTES_MAX;
use crate::git::object::ObjectKind;
use crate::git::pack::entries::Base;
use crate::git::pack::reader::blob::BlobReader;
use crate::git::store::{ObjectSource as _, ReadError, Shared};
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::admission::reserve_share;
use crate::repo_do::runtime::memory::Reservation;
use crate::repo_do::runtime::timer::pause;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{Bucket as _, BucketError, lfs_key};

/// The largest blob whose content is converted: it is held twice. A larger one is taken as it is.
const CONVERTED_BYTES_MAX: u64 = 4 << 20;

/// Bytes of a large file that R2 is asked for at once.
const LARGE_FILE_PIECE_BYTES: u64 = 1 << 20;

/// The longest target of a link.
const LINK_BYTES_MAX: u64 = 256 << 10;

/// Bytes for which no room is reserved.
const SMALL_BYTES: u64 = 256 << 10;

/// Entries after which other requests get their turn in any case.
const SLICE_ENTRIES: u32 = 200;

/// Gives the entries of an archive.
pub(super) struct Files {
    pub(super) reading: Reading,
    pub(super) walk: ArchiveWalk,
    pub(super) commit: Option<ArchivedCommit>,
    /// Where large files lie, if they stand in place of their pointers.
    pub(super) lfs: Option<LargeFiles>,
    pub(super) entries: u32,
}

/// Where the large files of a repository lie.
pub(super) struct LargeFiles {
    pub(super) env: Env,
    pub(super) network_id: String,
}

/// The content of a file, in pieces.
pub(super) struct Content {
    size_bytes: u64,
    source: Source,
    /// Room for these bytes.
    _room: Option<Reservation>,
}

enum Source {
    /// The bytes that are left of it, in memory.
    Held(Option<Vec<u8>>),
    Blob(Box<BlobReader>),
    LargeFile {
        bucket: R2,
        key: String,
        left: Range<u64>,
    },
}

impl Content {
    /// Its bytes.
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn held(bytes: Vec<u8>, room: Option<Reservation>) -> Self {
        Self {
            size_bytes: bytes.len() as u64,
            source: Source::Held(Some(bytes)),
            _room: room,
        }
    }
}

impl Files {
    /// The commit whose tree it is.
    pub(super) fn commit_id(&self) -> Option<ObjectId> {
        self.commit.as_ref().map(|commit| commit.id)
    }

    /// The target of a link.
    pub(super) async fn link_target(&mut self, entry: &Entry) -> Result<Vec<u8>, ErrorReply> {
        let mut content = self.open(entry).await?;
        let bytes = content.size_bytes();
        if bytes > LINK_BYTES_MAX {
            let path = &entry.path;
            let message =
                format!("the link {path} has {bytes} bytes, at most {LINK_BYTES_MAX} are taken");
            return Err(ErrorReply::new(ErrorCode::MemoryLimit, message));
        }
        let mut target = Vec::new();
        while let Some(mut piece) = self.piece(&mut content).await? {
            target.append(&mut piece);
        }
        Ok(target)
    }

    /// The next entry. Other requests get their turn where the walk pauses, and after some entries.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, ErrorReply> {
        self.entries = self.entries.wrapping_add(1);
        if self.entries.is_multiple_of(SLICE_ENTRIES) {
            pause().await;
        }
        loop {
            let Self { reading, walk, .. } = self;
            let step = reading.until(|packs| match walk.step(packs) {
                Err(ArchiveError::Listing(ListingError::Read(error))) => Err(error),
                other => Ok(other),
            });
            match step.await?.map_err(|error| refused(&error))? {
                Walked::Entry(entry) => return Ok(Some(entry)),
                Walked::Paused => pause().await,
                Walked::End => return Ok(None),
            }
        }
    }

    /// The content of a file, or the target of a link.
    pub(super) async fn open(&mut self, entry: &Entry) -> Result<Content, ErrorReply> {
        let id = entry.id;
        let missing = || ReadError::Corrupt {
            id,
            what: "a tree names it, and it is no blob here",
        };
        let at = self.reading.packs().find(&id)?.ok_or_else(missing)?;
        let row = self.reading.packs().row(at)?;
        if row.kind != ObjectKind::Blob {
            return Err(missing().into());
        }
        let bytes = u64::from(row.size_bytes);
        let is_file = matches!(entry.kind, ArchiveKind::File { .. });
        if is_file && bytes <= POINTER_BYTES_MAX as u64 && self.lfs.is_some() {
            let content = self.read(id).await?;
            if let Some(large) = self.large_file(&content)? {
                return Ok(large);
            }
        }
        if let ArchiveKind::File { conversion, .. } = entry.kind
            && bytes <= CONVERTED_BYTES_MAX
            && !conversion.is_none()
        {
            // Units of four bytes, beside the text; or two line ends for one.
            let copies = if conversion.encoding.is_some() { 6 } else { 3 };
            let room = room_for(bytes.saturating_mul(copies)).await?;
            let content = self.read(id).await?;
            let _more_room = if conversion.with_placeholders && has_placeholders(&content) {
                room_for(filled_bytes_max(content.len()) as u64).await?
            } else {
                None
            };
            let converted = self.converted(conversion, entry, &content).await?;
            return Ok(Content::held(converted, room));
        }
        let room = match row.base {
            Base::None => None,
            // A delta's result is held until it is sent.
            _ => room_for(bytes).await?,
        };
        let blob = self.reading.until(|packs| BlobReader::open(packs, at));
        Ok(Content {
            size_bytes: bytes,
            source: Source::Blob(Box::new(blob.await?)),
            _room: room,
        })
    }

    /// The next piece of a content; `None` once all was given.
    pub(super) async fn piece(
        &mut self,
        content: &mut Content,
    ) -> Result<Option<Vec<u8>>, ErrorReply> {
        match &mut content.source {
            Source::Held(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Source::Blob(blob) => self.reading.until(|packs| blob.next_piece(packs)).await,
            Source::LargeFile { bucket, key, left } => {
                if left.is_empty() {
                    return Ok(None);
                }
                let end = left.start.saturating_add(LARGE_FILE_PIECE_BYTES);
                let range = left.start..end.min(left.end);
                left.start = range.end;
                let read = bucket.read(key, range).await;
                Ok(Some(read.map_err(|error| not_read(&error))?))
            }
        }
    }

    async fn read(&mut self, id: ObjectId) -> Result<Shared, ErrorReply> {
        let read = self.reading.until(|packs| packs.read(&id));
        let what = "it was found, and is not here";
        let content = read.await?.ok_or(ReadError::Corrupt { id, what })?;
        Ok(content.1)
    }

    /// The file that a pointer stands for; `None` if the content is not a pointer, or the repository does not
    /// have the file.
    fn large_file(&self, content: &[u8]) -> Result<Option<Content>, ErrorReply> {
        let Some((pointer, large)) = Pointer::parse(content).zip(self.lfs.as_ref()) else {
            return Ok(None);
        };
        let object = self.reading.store().stored_lfs_object(&pointer.oid)?;
        let Some(object) = object else {
            return Ok(None);
        };
        Ok(Some(Content {
            size_bytes: object.bytes,
            source: Source::LargeFile {
                bucket: R2::of(&large.env).map_err(|error| not_read(&error))?,
                key: lfs_key(&large.network_id, &pointer.oid),
                left: 0..object.bytes,
            },
            _room: None,
        }))
    }

    /// The content of a file as a checkout has it. The facts that its placeholders ask for are looked up
    /// first.
    async fn converted(
        &mut self,
        conversion: Conversion,
        entry: &Entry,
        content: &[u8],
    ) -> Result<Vec<u8>, ErrorReply> {
        let Self {
            reading, commit, ..
        } = self;
        // A tree without a commit has nothing to fill in.
        let commit = commit.as_mut().filter(|_| conversion.with_placeholders);
        let Some(commit) = commit else {
            let converted = conversion.apply(&entry.id, content, None);
            return converted.map_err(|_| too_large(entry));
        };
        loop {
            let placeholders = Placeholders::new(commit.id, &commit.content, &commit.known);
            let placeholders = placeholders.map_err(|_| not_a_commit(commit.id))?;
            match conversion.apply(&entry.id, content, Some(&placeholders)) {
                Ok(converted) => {
                    commit.known.is_described = !placeholders.may_describe();
                    return Ok(converted);
                }
                Err(Stop::Wanted(wanted)) => commit.find(reading, wanted).await?,
                Err(Stop::TooLarge) => return Err(too_large(entry)),
            }
        }
    }
}

/// Room for bytes that are held for a while; a few have room in that of every reader.
async fn room_for(bytes: u64) -> Result<Option<Reservation>, ErrorReply> {
    if bytes <= SMALL_BYTES {
        return Ok(None);
    }
    reserve_share(bytes).await.map(Some)
}

fn refused(error: &ArchiveError) -> ErrorReply {
    let code = match error {
        ArchiveError::Listing(ListingError::Missing(_)) => ErrorCode::InternalError,
        _ => ErrorCode::MemoryLimit,
    };
    ErrorReply::new(code, error.to_string())
}

/// The log has R2's words, and the client does not hear them.
fn not_read(error: &BucketError) -> ErrorReply {
    ErrorReply::internal("r2", error)
}

fn too_large(entry: &Entry) -> ErrorReply {
    let path = &entry.path;
    let message =
        format!("the placeholders of {path} stand for more than twice its bytes and 2 MiB");
    ErrorReply::new(ErrorCode::MemoryLimit, message)
}
