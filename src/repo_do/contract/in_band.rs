//! What the Worker tells Git within an answer that has begun.

use crate::git::protocol::sideband::{Band, SideBand, band};

/// Appends why a pack that was announced does not follow: the client reads it where it expects the
/// pack, on the large side-band.
pub fn instead_of_pack(message: &str, request_id: &str, out: &mut Vec<u8>) {
    let text = format!("upload-pack: {message}; try again (request {request_id})\n");
    band(Band::Error, text.as_bytes(), SideBand::Large, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_stands_on_band_3() {
        let mut out = b"0008NAK\n".to_vec();
        instead_of_pack("r2: it is gone", "0123", &mut out);
        let told = b"0008NAK\n003b\x03upload-pack: r2: it is gone; try again (request 0123)\n";
        assert_eq!(out, told);
    }
}
