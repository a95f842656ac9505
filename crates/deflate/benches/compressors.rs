//! Compares this crate with zlib-rs at its levels; each compressor is reused from content to
//! content.

use cairn_deflate::Deflater;
use flate2::{Compress, Compression, FlushCompress};

/// Contents as `compare.mjs` sends them: each behind its length, four bytes, little-endian.
pub fn contents(mut frames: &[u8]) -> Vec<&[u8]> {
    let mut contents = Vec::new();
    while let Some((length, rest)) = frames.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((content, rest)) = rest.split_at_checked(length) else {
            break;
        };
        contents.push(content);
        frames = rest;
    }
    contents
}

/// Compresses each content by itself and returns how many bytes all streams have. Level 0 is this
/// crate, the others are levels of zlib-rs.
pub fn compressed_bytes(contents: &[&[u8]], level: u32) -> u64 {
    let (mut out, mut bytes) = (Vec::new(), 0);
    if level == 0 {
        let mut deflater = Deflater::new();
        for content in contents {
            out.clear();
            deflater.append(content, &mut out);
            bytes += out.len() as u64;
        }
        return bytes;
    }
    let mut zlib = Compress::new(Compression::new(level), true);
    for content in contents {
        out.clear();
        // Room for contents that do not get shorter: five bytes a stored block, and the frame.
        out.reserve(content.len() + content.len() / 1000 + 64);
        zlib.reset();
        let status = zlib.compress_vec(content, &mut out, FlushCompress::Finish);
        debug_assert_eq!(status.ok(), Some(flate2::Status::StreamEnd));
        bytes += out.len() as u64;
    }
    bytes
}
