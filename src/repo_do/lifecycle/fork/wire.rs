//! The stream from the source of a fork to the fork: frames, one after the other.
//!
//! A frame is its kind (one byte), the length of its payload (four bytes, big-endian) and the
//! payload. The head comes first, the end last. A stream without an end makes no fork.

use gix_hash::ObjectId;
use serde::{Deserialize, Serialize};

use crate::git::lfs::LfsOid;
use crate::git::lfs::oid::LFS_OID_BYTES;
use crate::git::store::PART_ROW_BYTES_MAX;
use crate::git::store::PackId;
use crate::storage::repository::fork::{PartRow, SharedPack};
use crate::storage::repository::lfs_life::NamedLfsObject;
use crate::storage::repository::origin_report::SkippedRefs;
use crate::storage::repository::packed_refs;
use crate::storage::repository::ref_record::RefRecord;

/// Bytes of the longest payload: a page of refs with the longest names.
const PAYLOAD_BYTES_MAX: usize = PART_ROW_BYTES_MAX + (1 << 18);

/// Bytes before the payload.
const PREFIX_BYTES: usize = 5;

const HEAD: u8 = 1;
const REFS: u8 = 2;
const PART: u8 = 3;
const END: u8 = 4;
const SHALLOW: u8 = 5;
const SKIPPED: u8 = 6;
const LFS: u8 = 7;

/// Bytes of an object of Git LFS in a frame: its name, and its size.
const LFS_OBJECT_BYTES: usize = LFS_OID_BYTES + 8;

/// The facts of a fork that are not sent row by row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForkHead {
    /// The fork network.
    pub(crate) network_id: String,
    /// The refname in HEAD, in hex: a refname need not be text.
    pub(crate) head: String,
    /// The packs, in the order of their publication.
    pub(crate) packs: Vec<ForkPack>,
}

/// A pack that is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForkPack {
    pack_id: u32,
    publish_seq: i64,
    pack_bytes: u64,
    object_count: u32,
    r2_key: String,
}

impl From<SharedPack> for ForkPack {
    fn from(pack: SharedPack) -> Self {
        Self {
            pack_id: pack.pack_id.0,
            publish_seq: pack.publish_seq,
            pack_bytes: pack.pack_bytes,
            object_count: pack.object_count,
            r2_key: pack.r2_key,
        }
    }
}

impl From<ForkPack> for SharedPack {
    fn from(pack: ForkPack) -> Self {
        Self {
            pack_id: PackId(pack.pack_id),
            publish_seq: pack.publish_seq,
            pack_bytes: pack.pack_bytes,
            object_count: pack.object_count,
            r2_key: pack.r2_key,
        }
    }
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// The first.
    Head(ForkHead),
    /// Commits that are kept without their parents.
    Shallow(Vec<ObjectId>),
    /// A page of refs.
    Refs(Vec<RefRecord>),
    /// Refs that are left out because of their names. Sent only if there are any.
    Skipped(SkippedRefs),
    /// A row of a pack's parts.
    Part(PartRow),
    /// Objects of Git LFS that the refs name.
    Lfs(Vec<NamedLfsObject>),
    /// The last.
    End,
}

/// The bytes are not one of our frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    /// A payload beyond the bound.
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    /// A kind or a payload that is never written.
    #[error("a frame of kind {0} does not read")]
    Malformed(u8),
    /// A frame that cannot be written.
    #[error("a frame of kind {0} cannot be written")]
    Unwritable(u8),
}

/// Writes a frame.
pub(crate) fn write(frame: &Frame, out: &mut Vec<u8>) -> Result<(), WireError> {
    let mut payload = Vec::new();
    let kind = match frame {
        Frame::Head(head) => {
            payload = serde_json::to_vec(head).map_err(|_| WireError::Unwritable(HEAD))?;
            HEAD
        }
        Frame::Shallow(ids) => {
            for id in ids {
                payload.extend_from_slice(id.as_slice());
            }
            SHALLOW
        }
        Frame::Refs(refs) => {
            for record in refs {
                packed_refs::encode(record, &mut payload)
                    .map_err(|_| WireError::Unwritable(REFS))?;
            }
            REFS
        }
        Frame::Skipped(skipped) => {
            payload = serde_json::to_vec(skipped).map_err(|_| WireError::Unwritable(SKIPPED))?;
            SKIPPED
        }
        Frame::Part(row) => {
            payload.extend_from_slice(&row.key.to_be_bytes());
            payload.extend_from_slice(&row.bytes);
            PART
        }
        Frame::Lfs(objects) => {
            for (oid, bytes) in objects {
                payload.extend_from_slice(oid.as_bytes());
                payload.extend_from_slice(&bytes.to_be_bytes());
            }
            LFS
        }
        Frame::End => END,
    };
    let bytes = u32::try_from(payload.len()).map_err(|_| WireError::Unwritable(kind))?;
    out.push(kind);
    out.extend_from_slice(&bytes.to_be_bytes());
    out.extend_from_slice(&payload);
    Ok(())
}

/// Reads frames from pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    pending: Vec<u8>,
    /// Bytes of `pending` that were read already.
    taken: usize,
}

impl FrameReader {
    /// Takes the next piece in.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        self.pending.drain(..self.taken);
        self.taken = 0;
        self.pending.extend_from_slice(piece);
    }

    /// The next frame; `None` when more bytes are needed first.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, WireError> {
        let rest = self.pending.get(self.taken..).unwrap_or_default();
        let Some((kind, length)) = rest.split_first() else {
            return Ok(None);
        };
        let Some(length) = length.first_chunk() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > PAYLOAD_BYTES_MAX {
            return Err(WireError::TooLong(length));
        }
        let end = PREFIX_BYTES + length;
        let Some(payload) = rest.get(PREFIX_BYTES..end) else {
            return Ok(None);
        };
        let frame = read(*kind, payload).ok_or(WireError::Malformed(*kind))?;
        self.taken += end;
        Ok(Some(frame))
    }
}

fn read(kind: u8, payload: &[u8]) -> Option<Frame> {
    Some(match kind {
        HEAD => Frame::Head(serde_json::from_slice(payload).ok()?),
        SHALLOW => {
            let (ids, rest) = payload.as_chunks::<20>();
            if !rest.is_empty() {
                return None;
            }
            Frame::Shallow(ids.iter().map(|id| ObjectId::from(*id)).collect())
        }
        SKIPPED => Frame::Skipped(serde_json::from_slice(payload).ok()?),
        REFS => Frame::Refs(packed_refs::decode(payload)?),
        PART => {
            let (key, bytes) = payload.split_first_chunk()?;
            Frame::Part(PartRow {
                key: i64::from_be_bytes(*key),
                bytes: bytes.to_vec(),
            })
        }
        LFS => {
            let (objects, rest) = payload.as_chunks::<LFS_OBJECT_BYTES>();
            if !rest.is_empty() {
                return None;
            }
            Frame::Lfs(objects.iter().filter_map(read_lfs_object).collect())
        }
        END if payload.is_empty() => Frame::End,
        _ => return None,
    })
}

fn read_lfs_object(object: &[u8; LFS_OBJECT_BYTES]) -> Option<NamedLfsObject> {
    let (oid, bytes) = object.split_first_chunk::<LFS_OID_BYTES>()?;
    Some((
        LfsOid::from(*oid),
        u64::from_be_bytes(*bytes.first_chunk()?),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> Vec<Frame> {
        let pack = ForkPack {
            pack_id: 7,
            publish_seq: 3,
            pack_bytes: 1 << 40,
            object_count: 9,
            r2_key: "packs/0123456789abcdef/aa.pack".into(),
        };
        let record = |name: &str, peeled| RefRecord {
            name: name.into(),
            target: [1; 20].into(),
            peeled,
        };
        vec![
            Frame::Head(ForkHead {
                network_id: "0123456789abcdef".into(),
                head: "00ff".into(),
                packs: vec![pack],
            }),
            Frame::Shallow(vec![[3; 20].into(), [4; 20].into()]),
            Frame::Refs(vec![
                record("refs/heads/a", None),
                record("refs/tags/b", Some([2; 20].into())),
            ]),
            Frame::Skipped(SkippedRefs {
                count: 12,
                first: Vec::new(),
            }),
            Frame::Part(PartRow {
                key: 7 << 20,
                bytes: vec![5; 300],
            }),
            Frame::Part(PartRow {
                key: -1,
                bytes: Vec::new(),
            }),
            Frame::Lfs(vec![
                (LfsOid::from([6; 32]), 0),
                (LfsOid::from([7; 32]), 1 << 40),
            ]),
            Frame::End,
        ]
    }

    fn written() -> Vec<u8> {
        let mut out = Vec::new();
        for frame in frames() {
            write(&frame, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn frames_read_as_they_were_written_however_they_are_cut() {
        let bytes = written();
        for piece_bytes in [1, 2, 7, 64, bytes.len()] {
            let mut reader = FrameReader::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(piece_bytes) {
                reader.feed(piece);
                while let Some(frame) = reader.next().unwrap() {
                    read.push(frame);
                }
            }
            assert_eq!(read, frames(), "pieces of {piece_bytes}");
        }
    }

    #[test]
    fn bytes_that_are_not_a_frame_are_refused() {
        let read = |bytes: &[u8]| {
            let mut reader = FrameReader::default();
            reader.feed(bytes);
            reader.next()
        };
        assert_eq!(read(b"\x09\0\0\0\0"), Err(WireError::Malformed(9)));
        assert_eq!(read(b"\x04\0\0\0\x01a"), Err(WireError::Malformed(END)));
        assert_eq!(read(b"\x03\0\0\0\x01a"), Err(WireError::Malformed(PART)));
        assert_eq!(read(b"\x05\0\0\0\x01a"), Err(WireError::Malformed(SHALLOW)));
        let long = read(b"\x03\xff\xff\xff\xff");
        let lfs = read(b"\x07\0\0\0\x01a");
        assert_eq!(lfs, Err(WireError::Malformed(LFS)));
        assert_eq!(long, Err(WireError::TooLong(u32::MAX as usize)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let mut reader = FrameReader::default();
            reader.feed(&bytes);
            while let Ok(Some(_)) = reader.next() {}
        }
    }
}
