//! A tree's entries, streamed as the client takes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::stream;
use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use worker::Response;

use super::super::contract::content::{ContentQuery, ENVELOPE_OPEN, envelope_close};
use super::super::contract::{ErrorCode, ErrorReply};
use super::super::request::answer::Answer;
use super::super::runtime::lease::Lease;
use super::answers::{json, no_object};
use super::reading::Reading;
use super::shown::{self, Form};
use crate::git::content::listing::{Listing, ListingError};
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::storage::fault_log;

/// Bytes of a piece of the answer.
const PIECE_BYTES: usize = 128 << 10;

/// `…/tree/:hash?recursive&cursor`; for a commit or tag, the tree that it leads to.
pub(crate) async fn list(
    mut reading: Reading,
    id: ObjectId,
    query: &ContentQuery,
    form: Form,
) -> Answer {
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let behind = cursor.map(decode_cursor).transpose()?;
    let found = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Tree))
        .await?;
    let (_, content) = found.ok_or_else(|| no_object("tree"))?;
    let listing = Listing::new(content, query.recursive.is_some(), reading.packs().limits());
    let listing = match behind {
        Some(path) => listing.behind(path.as_bstr()),
        None => listing,
    };
    let mut sender = Sender {
        reading,
        listing,
        form,
        ended: false,
    };
    // An error found before the first piece gets its status; a small tree is one piece of known
    // length.
    let mut first = Vec::from(ENVELOPE_OPEN);
    first.push(b'[');
    sender.fill(&mut first).await?;
    if sender.ended {
        return Ok(json(first)?);
    }
    let state = (first, Some(sender));
    let pieces = stream::unfold(Some(state), next_piece);
    let response = Response::builder()
        .with_header("content-type", "application/json")
        .and_then(|response| response.from_stream(Lease::current().stream(pieces)));
    Ok(response?)
}

struct Sender {
    reading: Reading,
    listing: Listing,
    form: Form,
    ended: bool,
}

impl Sender {
    /// Fills `out` up to a piece, or to the end of the answer.
    async fn fill(&mut self, out: &mut Vec<u8>) -> Result<(), ErrorReply> {
        while out.len() < PIECE_BYTES {
            let Self {
                reading, listing, ..
            } = self;
            let next = reading.until(|packs| match listing.next(packs) {
                Err(ListingError::Read(error)) => Err(error),
                next => Ok(next),
            });
            let Some(listed) = next.await?.map_err(|error| refused(&error))? else {
                self.end(out);
                return Ok(());
            };
            if self.listing.given() > 1 {
                out.push(b',');
            }
            let written = serde_json::to_writer(&mut *out, &shown::Entry::new(&listed, self.form));
            written
                .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.ended = true;
        out.push(b']');
        let info = self.listing.is_cut().then(|| {
            serde_json::json!({
                "count": self.listing.given(),
                "truncated": true,
                "cursor": URL_SAFE_NO_PAD.encode(self.listing.last_path()),
            })
        });
        let info = info.map(|info| info.to_string());
        out.extend_from_slice(envelope_close(info.as_deref()).as_bytes());
    }
}

fn decode_cursor(cursor: &str) -> Result<BString, ErrorReply> {
    let path = URL_SAFE_NO_PAD.decode(cursor).ok();
    path.map(BString::from).ok_or_else(not_a_cursor)
}

fn not_a_cursor() -> ErrorReply {
    let message = "the cursor does not belong to this list";
    ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message)
}

fn refused(error: &ListingError) -> ErrorReply {
    let code = match error {
        ListingError::NotThere(_) => return not_a_cursor(),
        ListingError::Read(_) => ErrorCode::InternalError,
        ListingError::Missing(_) => ErrorCode::NotFound,
        ListingError::TooDeep(_) | ListingError::TooLarge => ErrorCode::MemoryLimit,
    };
    ErrorReply::new(code, error.to_string())
}

type State = Option<(Vec<u8>, Option<Sender>)>;

/// Gives the piece that is ready, and makes the next one. A failure breaks the answer off.
async fn next_piece(state: State) -> Option<(worker::Result<Vec<u8>>, State)> {
    let (ready, sender) = state?;
    let Some(mut sender) = sender.filter(|sender| !sender.ended) else {
        return Some((Ok(ready), None));
    };
    if !ready.is_empty() {
        return Some((Ok(ready), Some((Vec::new(), Some(sender)))));
    }
    let mut piece = Vec::new();
    match sender.fill(&mut piece).await {
        Ok(()) if sender.ended => Some((Ok(piece), None)),
        Ok(()) => Some((Ok(piece), Some((Vec::new(), Some(sender))))),
        Err(error) => {
            fault_log::error("tree", &error.cause());
            Some((Err(worker::Error::RustError(error.message)), None))
        }
    }
}
