//! A content on its way to R2 whose pieces come in lines. R2 wants its name, the SHA-256 of all bytes,
//! before the first of them: a large one waits in rows beside the pack until its end.

use sha2::{Digest as _, Sha256};

use crate::git::lfs::{LfsOid, Pointer};
use crate::git::store::{CHUNK_BYTES, PackId};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::write::pack_maker::PackMaker;
use crate::repo_do::write::streamed_blob::{BlobError, ContentSize, StreamedBlob};

/// A content under way.
pub(super) enum Content {
    /// It goes into the pack.
    Blob(StreamedBlob),
    /// It goes to R2.
    Large(Box<LargeContent>),
}

impl Content {
    /// Takes the next bytes.
    pub(super) async fn take(
        &mut self,
        content: &[u8],
        maker: &mut PackMaker,
    ) -> Result<(), BlobError> {
        match self {
            Self::Blob(blob) => blob.take(content, maker).await,
            Self::Large(large) => large.take(content, maker).await,
        }
    }
}

/// A content under way to R2. It holds a chunk.
pub(super) struct LargeContent {
    size: ContentSize,
    digest: Sha256,
    chunk: Vec<u8>,
    /// The rows that have the chunks before, and how many there are.
    rows: Option<(PackId, u32)>,
}

/// A content that is whole.
pub(super) enum Ended {
    /// Held: a chunk at most.
    Held(Vec<u8>),
    /// In so many chunks in the rows of a pack.
    Rows(PackId, u32),
}

impl LargeContent {
    /// Nothing has come yet. `told_bytes` is its size, if it was announced.
    pub(super) fn new(told_bytes: Option<u64>) -> Self {
        Self {
            size: ContentSize::new(told_bytes),
            digest: Sha256::new(),
            chunk: Vec::new(),
            rows: None,
        }
    }

    /// Takes the next bytes.
    pub(super) async fn take(
        &mut self,
        mut content: &[u8],
        maker: &mut PackMaker,
    ) -> Result<(), BlobError> {
        self.size.grow(content.len())?;
        self.digest.update(content);
        while !content.is_empty() {
            if self.chunk.len() >= CHUNK_BYTES {
                self.put_chunk(maker).await?;
                maker.pause().await;
            }
            let room = CHUNK_BYTES.saturating_sub(self.chunk.len());
            let (now, later) = content.split_at_checked(room).unwrap_or((content, &[]));
            self.chunk.extend_from_slice(now);
            content = later;
        }
        Ok(())
    }

    /// Checks the size of a content that is at its end.
    pub(super) fn check_end(&self) -> Result<(), BlobError> {
        self.size.end().map(drop)
    }

    /// The content is at its end: its name, and where it is.
    pub(super) fn end(self, maker: &PackMaker) -> Result<(Pointer, Ended), ErrorReply> {
        let sha256: [u8; 32] = self.digest.finalize().into();
        let pointer = Pointer {
            oid: LfsOid::from(sha256),
            size: self.size.bytes(),
        };
        let ended = match self.rows {
            None => Ended::Held(self.chunk),
            Some((rows, chunks)) => {
                maker.put_scratch(rows, chunks, &self.chunk)?;
                Ended::Rows(rows, chunks.saturating_add(1))
            }
        };
        Ok((pointer, ended))
    }

    async fn put_chunk(&mut self, maker: &mut PackMaker) -> Result<(), ErrorReply> {
        let (rows, chunks) = match self.rows {
            Some(rows) => rows,
            None => (maker.open_scratch().await?, 0),
        };
        maker.put_scratch(rows, chunks, &self.chunk)?;
        self.rows = Some((rows, chunks.saturating_add(1)));
        self.chunk.clear();
        Ok(())
    }
}
