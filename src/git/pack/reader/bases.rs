//! The live packs as bases of an incoming pack's deltas.

use gix_hash::oid;

use super::super::super::store::{PackStore, ReadError};
use super::super::incoming::bases::{BaseFacts, ExternalBase, ExternalBases};
use super::LivePacks;
use super::blob::BlobReader;

impl<S: PackStore> ExternalBases for LivePacks<S> {
    fn facts(&self, id: &oid) -> Result<Option<BaseFacts>, ReadError> {
        let Some(at) = self.find(id)? else {
            return Ok(None);
        };
        let row = self.row(at)?;
        Ok(Some(BaseFacts {
            kind: row.kind,
            size_bytes: u64::from(row.size_bytes),
            depth: row.depth,
        }))
    }

    fn open(&self, id: &oid) -> Result<Option<BlobReader>, ReadError> {
        let at = self.find(id)?;
        at.map(|at| BlobReader::open(self, at)).transpose()
    }

    fn next_piece(&self, reader: &mut BlobReader) -> Result<Option<Vec<u8>>, ReadError> {
        reader.next_piece(self)
    }

    fn base(&self, id: &oid) -> Result<Option<ExternalBase>, ReadError> {
        let Some(at) = self.find(id)? else {
            return Ok(None);
        };
        let depth = self.row(at)?.depth;
        let (kind, content) = self.read_at(at)?;
        Ok(Some(ExternalBase {
            kind,
            content,
            depth,
        }))
    }
}
