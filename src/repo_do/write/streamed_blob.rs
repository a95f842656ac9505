//! A blob whose content comes in pieces, written into a pack.
//!
//! An entry of a pack begins with the size of its object. A small content is held until its end; the
//! compressed bytes of a large one whose size nobody told wait in rows beside the pack.

use flate2::{Compress, Compression, FlushCompress, Status};

use super::pack_maker::PackMaker;
use crate::git::hash::WholeObject;
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::store::{CHUNK_BYTES, PackId};
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Bytes of a content that is held whole.
const HELD_BYTES_MAX: usize = 256 << 10;

/// Bytes that the compressor gives at once.
const OUT_BYTES: usize = 64 << 10;

/// Bytes that a blob under way holds, the compressor included.
pub(crate) const BLOB_BYTES: u64 = 2 << 20;

/// A blob under way.
pub(crate) struct StreamedBlob {
    size: ContentSize,
    form: Form,
}

enum Form {
    /// As it came.
    Held(Vec<u8>),
    /// Compressed into the pack.
    Direct(Box<Compress>),
    /// Compressed into rows beside the pack.
    Beside(Box<Beside>),
}

struct Beside {
    compress: Compress,
    scratch_id: PackId,
    chunks: u32,
    chunk: Vec<u8>,
}

/// The content differs from its announcement.
pub(crate) enum SizeFault {
    /// It is larger than an object may be.
    TooLarge(u64),
    /// It does not have the announced size.
    NotAsTold { told: u64, bytes: u64 },
}

/// Why a blob cannot be taken.
pub(crate) enum BlobError {
    /// For its size.
    Size(SizeFault),
    /// For something else.
    Reply(ErrorReply),
}

impl From<ErrorReply> for BlobError {
    fn from(reply: ErrorReply) -> Self {
        Self::Reply(reply)
    }
}

impl BlobError {
    /// The answer to the caller; `pointer` is the field with the content.
    pub(crate) fn at(self, pointer: Option<String>) -> ErrorReply {
        let limit = Limits::DEFAULT.object_bytes_max;
        let (code, message) = match self {
            Self::Reply(reply) => return reply,
            Self::Size(SizeFault::TooLarge(bytes)) => (
                ErrorCode::MemoryLimit,
                format!("the content has {bytes} bytes or more, at most {limit} are taken"),
            ),
            Self::Size(SizeFault::NotAsTold { told, bytes }) => (
                ErrorCode::InvalidInput,
                format!("the content has {bytes} bytes, {told} were told"),
            ),
        };
        ErrorReply {
            pointer,
            ..ErrorReply::new(code, message)
        }
    }
}

/// How much of a content has come, against its announced length and the bound.
pub(crate) struct ContentSize {
    told: Option<u64>,
    bytes: u64,
}

impl ContentSize {
    /// Nothing has come yet. `told` is the size, if it was announced.
    pub(crate) fn new(told: Option<u64>) -> Self {
        Self { told, bytes: 0 }
    }

    /// So many bytes more have come.
    pub(crate) fn grow(&mut self, more: usize) -> Result<(), BlobError> {
        self.bytes = self.bytes.saturating_add(more as u64);
        if self.bytes > Limits::DEFAULT.object_bytes_max {
            return Err(BlobError::Size(SizeFault::TooLarge(self.bytes)));
        }
        self.check(|bytes, told| bytes <= told)
    }

    /// The content is at its end; gives its size.
    pub(crate) fn end(&self) -> Result<u64, BlobError> {
        self.check(|bytes, told| bytes == told)?;
        Ok(self.bytes)
    }

    /// The bytes that have come.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn check(&self, is_as_told: impl Fn(u64, u64) -> bool) -> Result<(), BlobError> {
        let bytes = self.bytes;
        match self.told.filter(|told| !is_as_told(bytes, *told)) {
            Some(told) => Err(BlobError::Size(SizeFault::NotAsTold { told, bytes })),
            None => Ok(()),
        }
    }
}

impl StreamedBlob {
    /// Nothing has come yet. `told_bytes` is its size, if it was announced.
    pub(crate) fn new(told_bytes: Option<u64>) -> Self {
        Self {
            size: ContentSize::new(told_bytes),
            form: Form::Held(Vec::new()),
        }
    }

    /// Takes the next bytes of the content.
    pub(crate) async fn take(
        &mut self,
        content: &[u8],
        maker: &mut PackMaker,
    ) -> Result<(), BlobError> {
        self.size.grow(content.len())?;
        if let Form::Held(held) = &mut self.form {
            if held.len().saturating_add(content.len()) <= HELD_BYTES_MAX {
                held.extend_from_slice(content);
                return Ok(());
            }
            let held = std::mem::take(held);
            self.begin(maker).await?;
            self.compress(&held, FlushCompress::None, maker).await?;
        }
        Ok(self.compress(content, FlushCompress::None, maker).await?)
    }

    /// The content is at its end; gives its size.
    pub(crate) async fn end(mut self, maker: &mut PackMaker) -> Result<u64, BlobError> {
        let bytes = self.size.end()?;
        if let Form::Held(content) = &self.form {
            let kind = ObjectKind::Blob;
            maker.put(WholeObject { kind, content }).await?;
            return Ok(bytes);
        }
        self.compress(&[], FlushCompress::Finish, maker).await?;
        if let Form::Beside(beside) = self.form {
            let mut beside = *beside;
            beside.put_rest(maker)?;
            maker.open_blob(bytes);
            maker
                .write_scratch(beside.scratch_id, beside.chunks)
                .await?;
        }
        Ok(bytes)
    }

    /// No longer holds the content.
    async fn begin(&mut self, maker: &mut PackMaker) -> Result<(), ErrorReply> {
        let compress = Compress::new(Compression::fast(), true);
        self.form = match self.size.told {
            Some(told) => {
                maker.open_blob(told);
                Form::Direct(Box::new(compress))
            }
            None => Form::Beside(Box::new(Beside {
                compress,
                scratch_id: maker.open_scratch().await?,
                chunks: 0,
                chunk: Vec::with_capacity(CHUNK_BYTES),
            })),
        };
        Ok(())
    }

    async fn compress(
        &mut self,
        content: &[u8],
        flush: FlushCompress,
        maker: &mut PackMaker,
    ) -> Result<(), ErrorReply> {
        let mut rest = content;
        let mut out = Vec::with_capacity(OUT_BYTES);
        loop {
            let compress = match &mut self.form {
                Form::Held(_) => return Ok(()),
                Form::Direct(compress) => &mut **compress,
                Form::Beside(beside) => &mut beside.compress,
            };
            let before = compress.total_in();
            out.clear();
            let status = compress
                .compress_vec(rest, &mut out, flush)
                .map_err(|error| ErrorReply::internal("deflate", &error))?;
            let taken = compress.total_in().saturating_sub(before);
            let taken = usize::try_from(taken).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            match &mut self.form {
                Form::Beside(beside) => beside.put(&out, maker).await?,
                _ => maker.write(&out).await?,
            }
            let is_over = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => rest.is_empty(),
            };
            if is_over {
                return Ok(());
            }
        }
    }
}

impl Beside {
    async fn put(&mut self, mut bytes: &[u8], maker: &mut PackMaker) -> Result<(), ErrorReply> {
        while !bytes.is_empty() {
            let room = CHUNK_BYTES.saturating_sub(self.chunk.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() >= CHUNK_BYTES {
                self.put_rest(maker)?;
                maker.pause().await;
            }
        }
        Ok(())
    }

    fn put_rest(&mut self, maker: &PackMaker) -> Result<(), ErrorReply> {
        if !self.chunk.is_empty() {
            maker.put_scratch(self.scratch_id, self.chunks, &self.chunk)?;
            self.chunks = self.chunks.saturating_add(1);
            self.chunk.clear();
        }
        Ok(())
    }
}
