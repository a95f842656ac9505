//! Reads a blob of any size in pieces.

use super::super::super::store::{PackId, PackStore, ReadError, Shared};
use super::super::entries::Base;
use super::super::inflate::Inflater;
use super::{LivePacks, Location};

/// The longest piece, in bytes.
pub const PIECE_BYTES: usize = 128 << 10;

/// Gives an object's content in pieces of at most [`PIECE_BYTES`].
///
/// An object that is stored whole is inflated piece by piece: the reader holds one piece and the
/// chunks that it came from. A delta, whose result is bounded, is resolved at the first call. The
/// reader does not borrow the packs, so that it can live in a stream. Every call needs the same
/// packs.
pub struct BlobReader {
    at: Location,
    size_bytes: u64,
    given_bytes: u64,
    source: Source,
}

enum Source {
    Stored {
        pack_id: PackId,
        offset: u64,
        end: u64,
        inflater: Box<Inflater>,
        /// A piece that could not be finished: its bytes so far.
        begun: Vec<u8>,
    },
    Delta,
    Held(Shared),
}

impl BlobReader {
    /// Prepares to read the object.
    pub fn open<S: PackStore>(packs: &LivePacks<S>, at: Location) -> Result<Self, ReadError> {
        let row = packs.row(at)?;
        let size_bytes = u64::from(row.size_bytes);
        let source = if row.base == Base::None {
            let header = packs.header(at, &row)?;
            if header.size_bytes != size_bytes {
                return Err(packs.corrupt(at, "its entry header has another size")?);
            }
            let mut inflater = Box::new(Inflater::new());
            inflater.start(size_bytes);
            Source::Stored {
                pack_id: packs.pack_id(at.pack)?,
                offset: row.offset + header.header_bytes as u64,
                end: row.offset + u64::from(row.stored_bytes),
                inflater,
                begun: Vec::new(),
            }
        } else {
            Source::Delta
        };
        Ok(Self {
            at,
            size_bytes,
            given_bytes: 0,
            source,
        })
    }

    /// Bytes of the whole content.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The next piece, never empty; `None` when all was given. The last piece is given only after
    /// the stored stream has proved to be sound. After a chunk that is cold it can be called again.
    pub fn next_piece<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        if self.given_bytes >= self.size_bytes {
            return Ok(None);
        }
        if matches!(self.source, Source::Delta) {
            self.source = Source::Held(packs.read_at(self.at)?.1);
        }
        let missing = self.size_bytes - self.given_bytes;
        let wanted = usize::try_from(missing).map_or(PIECE_BYTES, |bytes| bytes.min(PIECE_BYTES));
        let piece = match &self.source {
            Source::Held(content) => {
                let start = usize::try_from(self.given_bytes).unwrap_or(usize::MAX);
                let rest = content.get(start..).unwrap_or_default();
                rest.get(..wanted).map(<[u8]>::to_vec)
            }
            _ => self.inflate(packs, wanted, wanted as u64 == missing)?,
        };
        let Some(piece) = piece else {
            return Err(packs.corrupt(self.at, "it does not inflate")?);
        };
        self.given_bytes += piece.len() as u64;
        Ok(Some(piece))
    }

    /// Inflates the next `wanted` bytes; `None` when the stream is not sound.
    fn inflate<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        wanted: usize,
        is_last: bool,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let Source::Stored {
            pack_id,
            offset,
            end,
            inflater,
            begun,
        } = &mut self.source
        else {
            return Ok(None);
        };
        // One byte more lets a stream that does not end where it should show it.
        let mut piece = std::mem::take(begun);
        let mut filled = piece.len();
        piece.resize(wanted + usize::from(is_last), 0);
        while is_last || filled < wanted {
            let held = if *offset < *end {
                match packs.piece(*pack_id, *offset, *end) {
                    Ok(held) => Some(held),
                    Err(error) => {
                        piece.truncate(filled);
                        *begun = piece;
                        return Err(error.into());
                    }
                }
            } else {
                None
            };
            let input = held
                .as_ref()
                .and_then(|(chunk, range)| chunk.get(range.clone()));
            let room = piece.get_mut(filled..).unwrap_or_default();
            let Ok(step) = inflater.step(input.unwrap_or_default(), room) else {
                return Ok(None);
            };
            *offset += step.consumed as u64;
            filled += step.produced;
            if step.done {
                break;
            }
            if step.consumed == 0 && step.produced == 0 {
                return Ok(None);
            }
        }
        piece.truncate(filled);
        Ok((filled == wanted).then_some(piece))
    }
}
