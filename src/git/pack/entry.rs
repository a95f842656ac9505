//! The headers of a pack and of its entries:
//! <https://git-scm.com/docs/gitformat-pack#_pack_pack_files_have_the_following_format>.
//!
//! `gix-pack` decodes the values. It reports "not all here yet" and "wrong" alike, so the first decision here
//! is how many bytes the header has.

use gix_hash::ObjectId;
use gix_pack::data;

use super::super::object::ObjectKind;

/// Bytes of a pack's header: `PACK`, version, number of entries.
pub const PACK_HEADER_BYTES: usize = data::header::SIZE;

/// Bytes of a pack's trailer, the SHA-1 of all bytes before it.
pub const PACK_TRAILER_BYTES: usize = 20;

/// Bytes of an object id, as a ref-delta's header holds it.
const ID_BYTES: usize = 20;

/// Bytes that a size or a distance may take. Nine hold 60 bits, so that no bit is lost in 64;
/// no writer makes a number padded to more.
const NUMBER_BYTES_MAX: usize = 9;

/// Bytes that [`parse`] may need to see.
pub(crate) const ENTRY_HEADER_BYTES_MAX: usize = NUMBER_BYTES_MAX + ID_BYTES;

/// How an entry holds its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// The object's content, whole.
    Whole(ObjectKind),
    /// A delta on an earlier entry of the same pack.
    OfsDelta {
        /// Bytes from the start of the base's entry to the start of this one.
        distance: u64,
    },
    /// A delta on an object named by its id.
    RefDelta {
        /// The base's id.
        base_id: ObjectId,
    },
}

/// An entry's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How the entry holds its object.
    pub kind: EntryKind,
    /// Bytes that the entry inflates to: the object's content, or a delta's instructions.
    pub size_bytes: u64,
    /// Bytes of this header as found, which may be more than [`write`] would make.
    pub header_bytes: usize,
}

/// A header is wrong, however many bytes may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The stream is not a pack.
    #[error("pack signature mismatch")]
    Signature,
    /// A version other than 2 and 3.
    #[error("pack version {version} unsupported")]
    Version {
        /// The version found.
        version: u32,
    },
    /// Kind 0 or 5.
    #[error("unknown object type {kind}")]
    UnknownKind {
        /// The number found.
        kind: u8,
    },
    /// A size or a distance does not end.
    #[error("a number in the entry header has more than {limit} bytes")]
    NumberTooLong {
        /// The bound.
        limit: usize,
    },
    /// An entry that names itself as its base.
    #[error("delta base offset of 0 is out of bound")]
    ZeroDistance,
    /// The decoder refused a header of the right length.
    #[error("bad entry header")]
    Malformed,
}

/// Decodes a pack's header and gives the number of entries that it announces.
pub fn parse_pack(bytes: &[u8; PACK_HEADER_BYTES]) -> Result<u32, EntryError> {
    if let Ok((_, count)) = data::header::decode(bytes) {
        return Ok(count);
    }
    let [b'P', b'A', b'C', b'K', version @ .., _, _, _, _] = *bytes else {
        return Err(EntryError::Signature);
    };
    Err(EntryError::Version {
        version: u32::from_be_bytes(version),
    })
}

/// Makes the header of a pack of version 2.
pub fn write_pack(count: u32) -> [u8; PACK_HEADER_BYTES] {
    data::header::encode(data::Version::V2, count)
}

/// Decodes the header of the entry that starts at `bytes`; `None` when more bytes are needed.
pub fn parse(bytes: &[u8]) -> Result<Option<Header>, EntryError> {
    let Some(header_bytes) = measure(bytes)? else {
        return Ok(None);
    };
    let Some(whole) = bytes.get(..header_bytes) else {
        return Ok(None);
    };
    let entry = data::Entry::from_bytes(whole, 0, gix_hash::Kind::Sha1)
        .map_err(|_| EntryError::Malformed)?;
    let kind = match entry.header {
        data::entry::Header::Commit => EntryKind::Whole(ObjectKind::Commit),
        data::entry::Header::Tree => EntryKind::Whole(ObjectKind::Tree),
        data::entry::Header::Blob => EntryKind::Whole(ObjectKind::Blob),
        data::entry::Header::Tag => EntryKind::Whole(ObjectKind::Tag),
        data::entry::Header::OfsDelta { base_distance: 0 } => return Err(EntryError::ZeroDistance),
        data::entry::Header::OfsDelta { base_distance } => EntryKind::OfsDelta {
            distance: base_distance,
        },
        data::entry::Header::RefDelta { base_id } => EntryKind::RefDelta { base_id },
    };
    Ok(Some(Header {
        kind,
        size_bytes: entry.decompressed_size,
        header_bytes,
    }))
}

/// Appends the header of an entry to `out`.
pub fn write(kind: &EntryKind, size_bytes: u64, out: &mut Vec<u8>) {
    let header = match *kind {
        EntryKind::Whole(ObjectKind::Commit) => data::entry::Header::Commit,
        EntryKind::Whole(ObjectKind::Tree) => data::entry::Header::Tree,
        EntryKind::Whole(ObjectKind::Blob) => data::entry::Header::Blob,
        EntryKind::Whole(ObjectKind::Tag) => data::entry::Header::Tag,
        EntryKind::OfsDelta { distance } => data::entry::Header::OfsDelta {
            base_distance: distance,
        },
        EntryKind::RefDelta { base_id } => data::entry::Header::RefDelta { base_id },
    };
    // A `Vec` takes every byte: there is no error to pass on.
    let _ = header.write_to(size_bytes, out);
}

/// The bytes of the header at `bytes`, or `None` when its numbers do not end within them.
fn measure(bytes: &[u8]) -> Result<Option<usize>, EntryError> {
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    let kind = (first >> 4) & 7;
    if matches!(kind, 0 | 5) {
        return Err(EntryError::UnknownKind { kind });
    }
    let Some(size_end) = number_bytes(bytes)? else {
        return Ok(None);
    };
    match kind {
        6 => {
            let distance = bytes.get(size_end..).unwrap_or_default();
            Ok(number_bytes(distance)?.map(|more| size_end + more))
        }
        7 => Ok(Some(size_end + ID_BYTES)),
        _ => Ok(Some(size_end)),
    }
}

/// The bytes of the number at `bytes`: all up to the first one whose high bit is clear.
fn number_bytes(bytes: &[u8]) -> Result<Option<usize>, EntryError> {
    match bytes
        .iter()
        .take(NUMBER_BYTES_MAX)
        .position(|byte| byte & 0x80 == 0)
    {
        Some(last) => Ok(Some(last + 1)),
        None if bytes.len() >= NUMBER_BYTES_MAX => Err(EntryError::NumberTooLong {
            limit: NUMBER_BYTES_MAX,
        }),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds() -> impl Strategy<Value = EntryKind> {
        prop_oneof![
            (1_u8..=4).prop_map(|n| EntryKind::Whole(ObjectKind::from_number(n).unwrap())),
            (1_u64..1 << 60).prop_map(|distance| EntryKind::OfsDelta { distance }),
            any::<[u8; 20]>().prop_map(|id| EntryKind::RefDelta {
                base_id: ObjectId::Sha1(id)
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_written_header_is_parsed_again_and_no_prefix_of_it_is(
            kind in kinds(),
            shift in 4_u32..64,
            bits in any::<u64>(),
        ) {
            let size_bytes = bits >> shift;
            let mut bytes = Vec::new();
            write(&kind, size_bytes, &mut bytes);
            let header_bytes = bytes.len();
            prop_assert!(header_bytes <= ENTRY_HEADER_BYTES_MAX);
            for cut in 0..header_bytes {
                prop_assert_eq!(parse(&bytes[..cut]), Ok(None));
            }
            bytes.push(0xff);
            prop_assert_eq!(parse(&bytes), Ok(Some(Header { kind, size_bytes, header_bytes })));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let parsed = parse(&bytes);
            if bytes.len() >= ENTRY_HEADER_BYTES_MAX {
                prop_assert_ne!(parsed, Ok(None));
            }
        }
    }

    #[test]
    fn a_padded_size_is_accepted_with_its_own_length() {
        let header = parse(&[0xb3, 0x00]).unwrap().unwrap();
        assert_eq!(header.kind, EntryKind::Whole(ObjectKind::Blob));
        assert_eq!((header.size_bytes, header.header_bytes), (3, 2));
    }

    #[test]
    fn bad_headers_are_told_apart() {
        assert_eq!(parse(&[0x03]), Err(EntryError::UnknownKind { kind: 0 }));
        assert_eq!(parse(&[0xd3]), Err(EntryError::UnknownKind { kind: 5 }));
        assert_eq!(
            parse(&[0xff; 9]),
            Err(EntryError::NumberTooLong { limit: 9 })
        );
        assert_eq!(parse(&[0x60, 0x00]), Err(EntryError::ZeroDistance));
        let mut endless_distance = vec![0x60];
        endless_distance.extend([0x80; 9]);
        assert_eq!(
            parse(&endless_distance),
            Err(EntryError::NumberTooLong { limit: 9 })
        );
    }

    #[test]
    fn pack_headers_of_versions_2_and_3_are_read() {
        assert_eq!(parse_pack(b"PACK\0\0\0\x02\0\0\x01\x02"), Ok(258));
        assert_eq!(parse_pack(b"PACK\0\0\0\x03\0\0\0\x01"), Ok(1));
        assert_eq!(
            parse_pack(b"PACK\0\0\0\x04\0\0\0\x01"),
            Err(EntryError::Version { version: 4 })
        );
        assert_eq!(
            parse_pack(b"KCAP\0\0\0\x02\0\0\0\x01"),
            Err(EntryError::Signature)
        );
        assert_eq!(&write_pack(258), b"PACK\0\0\0\x02\0\0\x01\x02");
    }
}
