//! How fast the body of a client's request comes.
//!
//! A read asks for as many bytes as the client sends in two seconds at its pace so far. So the object
//! reads from a fast client in large pieces, and soon notices when a slow one stops. There is a bound
//! on idle time, and one on the rate over all the time that the object waited. The time that the
//! object works on the bytes counts for neither.

use crate::git::limits::Limits;

/// Bytes that the first read asks for. A client that sends nothing costs that much memory.
const FIRST_BYTES: u32 = 8 << 10;

/// Bytes that a read asks for at most. The platform gives fewer at the end alone.
pub(crate) const READ_BYTES: u32 = 256 << 10;

/// Milliseconds that a read should take at most.
const READ_MS: u64 = 2000;

/// The client sends too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooSlow {
    /// Nothing, or nearly nothing.
    #[error("nothing came for {idle_ms} ms")]
    Idle {
        /// The bound that was reached.
        idle_ms: u32,
    },
    /// Less than a client must.
    #[error("{received} bytes came in {waited_ms} ms, at least {rate} a second must")]
    Rate {
        /// Bytes that came.
        received: u64,
        /// Milliseconds that they took.
        waited_ms: u64,
        /// Bytes a second.
        rate: u64,
    },
}

/// The pace of one body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    limits: Limits,
    next_bytes: u32,
    received: u64,
    waited_ms: u64,
}

impl Pace {
    /// Nothing was read yet.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            next_bytes: FIRST_BYTES,
            received: 0,
            waited_ms: 0,
        }
    }

    /// Bytes to ask for in the next read.
    pub(crate) fn next_bytes(&self) -> u32 {
        self.next_bytes
    }

    /// Milliseconds that the next read may take.
    pub(crate) fn idle_ms(&self) -> u32 {
        self.limits.body_idle_ms
    }

    /// Notes that a read gave `bytes` after `waited_ms`.
    pub(crate) fn came(&mut self, bytes: u64, waited_ms: u64) -> Result<(), TooSlow> {
        self.received = self.received.saturating_add(bytes);
        self.waited_ms = self.waited_ms.saturating_add(waited_ms);
        let rate = self.limits.body_bytes_per_second_min;
        let grace_ms = u64::from(self.limits.body_idle_ms);
        let counted_ms = self.waited_ms.saturating_sub(grace_ms);
        if self.received.saturating_mul(1000) < counted_ms.saturating_mul(rate) {
            return Err(TooSlow::Rate {
                received: self.received,
                waited_ms: self.waited_ms,
                rate,
            });
        }
        let soon = bytes.saturating_mul(READ_MS) / waited_ms.max(1);
        let soon = u32::try_from(soon).unwrap_or(READ_BYTES);
        let soon = soon.clamp(FIRST_BYTES, READ_BYTES);
        // A power of two, so that buffers can be used again.
        self.next_bytes = 1 << soon.ilog2();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(Limits {
            body_idle_ms: 30_000,
            body_bytes_per_second_min: 1024,
            ..Limits::DEFAULT
        })
    }

    #[test]
    fn reads_are_as_large_as_a_client_is_fast() {
        let mut pace = pace();
        assert_eq!(pace.next_bytes(), 8 << 10);
        for (bytes, waited_ms, next_bytes) in [
            (8 << 10, 0, 256 << 10),
            (256 << 10, 40, 256 << 10),
            (256 << 10, 8000, 64 << 10),
            (64 << 10, 29_000, 8 << 10),
            (8 << 10, 200, 64 << 10),
        ] {
            pace.came(bytes, waited_ms).unwrap();
            assert_eq!(pace.next_bytes(), next_bytes, "{bytes} in {waited_ms} ms");
        }
    }

    #[test]
    fn a_client_that_drips_is_too_slow_after_the_grace() {
        let mut dripping = pace();
        assert_eq!(dripping.came(1, 29_000), Ok(()));
        assert_eq!(
            dripping.came(1, 29_000),
            Err(TooSlow::Rate {
                received: 2,
                waited_ms: 58_000,
                rate: 1024
            })
        );
        // At the least rate one may go on for ever.
        let mut slow = pace();
        for _ in 0..1000 {
            assert_eq!(slow.came(8 << 10, 8000), Ok(()));
        }
    }
}
