//! Fetch requests of all versions: the same whole and byte by byte.
#![no_main]

use cairn::git::limits::Limits;
use cairn::git::protocol::capabilities::{FetchExtensions, Offer};
use cairn::git::protocol::command_request::{
    CommandRequest, CommandRequestError, CommandRequestReader,
};
use cairn::git::protocol::upload_request::{
    UploadRequest, UploadRequestError, UploadRequestReader,
};
use libfuzzer_sys::fuzz_target;

fn version_0(bytes: &[u8], piece_bytes: usize) -> Result<UploadRequest, UploadRequestError> {
    let mut reader = UploadRequestReader::new(Offer::DEFAULT, &Limits::DEFAULT);
    for piece in bytes.chunks(piece_bytes) {
        reader.feed(piece)?;
    }
    reader.finish()
}

fn version_2(
    bytes: &[u8],
    piece_bytes: usize,
) -> Result<Option<CommandRequest>, CommandRequestError> {
    let every = FetchExtensions::parse("ref-in-want,sideband-all,packfile-uris");
    let extensions = every.unwrap_or_default();
    let mut reader = CommandRequestReader::new(extensions.offer(), &Limits::DEFAULT);
    for piece in bytes.chunks(piece_bytes) {
        reader.feed(piece)?;
    }
    reader.finish()
}

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(version_0(bytes, usize::MAX), version_0(bytes, 1));
    assert_eq!(version_2(bytes, usize::MAX), version_2(bytes, 1));
});
