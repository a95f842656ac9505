//! The cursor of a log: the commit that it began at, so that the pages stay those of one history while
//! the ref moves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gix_hash::ObjectId;
use sha2::{Digest as _, Sha256};

use crate::repo_do::contract::content::ContentQuery;

/// Bytes of the hashed question.
const QUERY_BYTES: usize = 4;

/// The place where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogCursor {
    /// The first commit of the log.
    pub(super) start: ObjectId,
    /// Commits of it before the page.
    pub(super) offset: u32,
}

impl LogCursor {
    /// As a client gets it.
    pub(super) fn text(&self, query: &ContentQuery) -> String {
        let mut bytes = self.start.as_slice().to_vec();
        bytes.extend_from_slice(&self.offset.to_be_bytes());
        bytes.extend_from_slice(&hash(query));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The reverse of [`text`](Self::text); `None` for a text that is not a cursor, or one of another log.
    pub(super) fn parse(text: &str, query: &ContentQuery) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (start, rest) = bytes.split_first_chunk::<20>()?;
        let (offset, rest) = rest.split_first_chunk::<4>()?;
        (rest == hash(query)).then(|| Self {
            start: ObjectId::from(*start),
            offset: u32::from_be_bytes(*offset),
        })
    }
}

/// The question, without its page.
fn hash(query: &ContentQuery) -> [u8; QUERY_BYTES] {
    let mut all = Sha256::new();
    for field in [&query.revision, &query.path, &query.first_parent] {
        let text = field.as_deref().unwrap_or_default();
        all.update((text.len() as u64).to_be_bytes());
        all.update(text);
    }
    let hash: [u8; 32] = all.finalize().into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::content::LOG_CURSOR_CHARACTERS;

    #[test]
    fn a_cursor_is_of_its_log_alone() {
        let cursor = LogCursor {
            start: ObjectId::from([7; 20]),
            offset: 70_000,
        };
        let of = |path: Option<&str>| ContentQuery {
            path: path.map(str::to_owned),
            limit: Some(3),
            ..ContentQuery::default()
        };
        let text = cursor.text(&of(Some("a")));
        assert_eq!(text.len(), LOG_CURSOR_CHARACTERS);
        assert_eq!(LogCursor::parse(&text, &of(Some("a"))), Some(cursor));
        for other in [None, Some("b")] {
            assert_eq!(LogCursor::parse(&text, &of(other)), None);
        }
        for wrong in ["", "5", "!", &text[1..], &format!("{text}A")] {
            assert_eq!(LogCursor::parse(wrong, &of(Some("a"))), None, "{wrong}");
        }
    }
}
