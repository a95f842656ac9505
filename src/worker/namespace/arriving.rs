//! A bound on the events that arrive at a namespace's object at a time.
//!
//! A message has up to half a MiB, and takes some three times as much memory while it is read. After an
//! outage hundreds of repositories may have many events to hand over.

use std::cell::Cell;

use crate::repo_do::contract::ErrorReply;

/// Bytes of messages that are read at a time; a message that comes alone may have more.
const BYTES_MAX: u64 = 8 << 20;

/// Bytes that a message counts for if it does not tell its length.
const BYTES_UNTOLD: u64 = 64 << 10;

/// When a repository tries again; it also waits longer after each refusal.
const RETRY_SECONDS: u32 = 1;

/// The messages that are being read.
#[derive(Debug, Default)]
pub(crate) struct Arriving {
    bytes: Cell<u64>,
}

impl Arriving {
    /// Counts a message that is about to be read, or refuses it.
    pub(crate) fn take(&self, told: Option<String>) -> Result<Room<'_>, ErrorReply> {
        let bytes = told.and_then(|told| told.parse().ok());
        let bytes = bytes.unwrap_or(BYTES_UNTOLD);
        let before = self.bytes.get();
        let after = before.saturating_add(bytes);
        if before > 0 && after > BYTES_MAX {
            let message = format!("{before} bytes of events arrive already: try again");
            return Err(ErrorReply::busy(RETRY_SECONDS, message));
        }
        self.bytes.set(after);
        Ok(Room {
            arriving: self,
            bytes,
        })
    }
}

/// The room of one message, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    arriving: &'a Arriving,
    bytes: u64,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let left = self.arriving.bytes.get().saturating_sub(self.bytes);
        self.arriving.bytes.set(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::ErrorCode;

    #[test]
    fn so_many_bytes_arrive_at_a_time_and_one_message_in_any_case() {
        let arriving = Arriving::default();
        let take = |bytes: u64| arriving.take(Some(bytes.to_string()));
        let large = take(BYTES_MAX + 1).unwrap();
        assert_eq!(take(1).unwrap_err().code, ErrorCode::Unavailable);
        drop(large);
        let one = take(BYTES_MAX - BYTES_UNTOLD).unwrap();
        let untold = arriving.take(None).unwrap();
        assert!(take(1).is_err());
        drop((one, untold));
        assert_eq!(arriving.bytes.get(), 0);
    }
}
