//! What the operations under way may hold, counted over the whole isolate.
//!
//! All objects of an isolate share its 128 MB, and wasm memory never shrinks. So a push or a fetch
//! first reserves what it may hold at its dearest moment, and is refused with 503 and
//! `Retry-After` when the isolate has no room: before it has begun, not in its middle.

use std::cell::Cell;

/// Bytes that all operations of the isolate may hold together: 128 MB less the JavaScript heap,
/// the shared caches (28 MiB) and the module itself.
const ISOLATE_BYTES_MAX: u64 = 80 << 20;

/// What one push holds beside its tables: a piece of body, a chunk, the resolved-object cache and
/// one delta with its base and result.
pub const PUSH_BYTES: u64 = 24 << 20;

/// What a push holds for each object that its pack announces: its place in the tables, and what
/// the check of closure notes (`git::limits` has the sum).
pub const PUSHED_OBJECT_BYTES: u64 = 100;

/// What one fetch holds while its pack is sent, for as long as the client takes: 2 MiB of bases,
/// 2 MiB of chunks, a piece of output twice, a compressor, and a bit for each object of the packs.
/// Its plan holds more, and a delta that is resolved up to 48 MiB; but no other code runs in the
/// isolate meanwhile, so that this is needed once, not once a fetch.
pub const FETCH_BYTES: u64 = 5 << 20;

/// What either side of a fork holds: a row of a part, that row in a frame, and the piece of the
/// stream that it came or goes with; at the source the refs, 80 bytes each.
pub const FORK_BYTES: u64 = 6 << 20;

thread_local! {
    // A counter, not a lock: nothing waits on it, so it may be shared by the isolate's objects.
    static RESERVED_BYTES: Cell<u64> = const { Cell::new(0) };
}

/// The isolate has no room for another operation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many bytes in flight: {reserved} of {limit} reserved, {wanted} more wanted")]
pub struct NoRoom {
    /// Bytes reserved by the operations under way.
    pub reserved: u64,
    /// Bytes asked for.
    pub wanted: u64,
    /// The bound.
    pub limit: u64,
}

/// A reservation; dropping it gives the bytes back.
#[derive(Debug)]
pub struct Reservation(u64);

impl Reservation {
    /// Reserves `wanted` bytes.
    pub fn new(wanted: u64) -> Result<Self, NoRoom> {
        let reserved = RESERVED_BYTES.get();
        let total = reserved.saturating_add(wanted);
        if total > ISOLATE_BYTES_MAX {
            return Err(NoRoom {
                reserved,
                wanted,
                limit: ISOLATE_BYTES_MAX,
            });
        }
        RESERVED_BYTES.set(total);
        Ok(Self(wanted))
    }

    /// Whether nothing is reserved.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Takes over what another one reserved.
    pub fn join(&mut self, mut other: Self) {
        self.0 = self.0.saturating_add(std::mem::take(&mut other.0));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        RESERVED_BYTES.set(RESERVED_BYTES.get().saturating_sub(self.0));
    }
}

/// Bytes reserved now, over the whole isolate.
pub fn reserved_bytes() -> u64 {
    RESERVED_BYTES.get()
}

/// The size of the wasm heap in bytes: it never shrinks, so this is its high-water mark. 0 natively.
pub fn heap_bytes() -> u64 {
    #[cfg(target_family = "wasm")]
    {
        (core::arch::wasm32::memory_size(0) as u64) << 16
    }
    #[cfg(not(target_family = "wasm"))]
    {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_can_be_reserved_again() {
        let all = Reservation::new(ISOLATE_BYTES_MAX).unwrap();
        assert_eq!(
            Reservation::new(1).unwrap_err(),
            NoRoom {
                reserved: ISOLATE_BYTES_MAX,
                wanted: 1,
                limit: ISOLATE_BYTES_MAX
            }
        );
        drop(all);
        let mut one = Reservation::new(1).unwrap();
        one.join(Reservation::new(2).unwrap());
        assert_eq!(reserved_bytes(), 3);
        drop(one);
        assert_eq!(reserved_bytes(), 0);
    }
}
