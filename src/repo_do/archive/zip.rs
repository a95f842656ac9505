//! An archive as a zip file. Sizes and checksums stand behind each content, and once more at the end, so
//! that no content is held.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use gix_object::bstr::{BStr, ByteSlice as _};
use rawzip::path::EntryPath;
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::files::Files;
use super::frame::Frame;
use super::sink::{Buffer, Sink};
use crate::git::archive::walk::{ArchiveKind, Entry};
use crate::git::protocol::oid_hex;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::admission::reserve_share;

/// Modes where git writes some: a link's, and that of a file that may be run.
const LINK_MODE: u32 = 0o120_777;
const EXECUTABLE_MODE: u32 = 0o100_755;

/// Bytes that the table at the end holds of an entry beside its path.
const ENTRY_BYTES: u64 = 128;

/// Bytes by which the room for that table grows.
const TABLE_BYTES: u64 = 1 << 20;

/// Writes all entries.
pub(super) async fn write(
    mut files: Files,
    frame: Frame,
    mut sink: Sink,
) -> Result<(), ErrorReply> {
    let mut zip = ZipArchiveWriter::new(sink.buffer());
    if let Some(commit) = files.commit_id() {
        zip.set_comment(oid_hex::hex(&commit));
    }
    let time = UtcDateTime::from_unix(frame.time_seconds);
    let (mut table_bytes, mut room_bytes, mut room) = (0_u64, 0_u64, Vec::new());
    let mut next = frame.folder();
    loop {
        let entry = if let Some(folder) = next.take() {
            Some((folder.path.clone(), folder))
        } else {
            let entry = files.next().await?;
            entry.map(|entry| (frame.path_of(&entry), entry))
        };
        let Some((path, entry)) = entry else { break };
        let bytes = (path.len() as u64).saturating_add(ENTRY_BYTES);
        table_bytes = table_bytes.saturating_add(bytes);
        if table_bytes > room_bytes {
            room.push(reserve_share(TABLE_BYTES).await?);
            room_bytes = room_bytes.saturating_add(TABLE_BYTES);
        }
        let path = entry_path(path.as_bstr());
        if entry.kind == ArchiveKind::Directory {
            let made = zip.new_dir(path).last_modified(time).create();
            made.map_err(|error| failed(&error))?;
        } else {
            write_file(&mut zip, path, time, &entry, (&mut files, &mut sink)).await?;
        }
        sink.send_full().await?;
    }
    zip.finish().map_err(|error| failed(&error))?;
    sink.send().await
}

/// Writes a file or a link.
async fn write_file(
    zip: &mut ZipArchiveWriter<Buffer>,
    path: EntryPath<'_>,
    time: UtcDateTime,
    entry: &Entry,
    (files, sink): (&mut Files, &mut Sink),
) -> Result<(), ErrorReply> {
    let mut file = zip.new_file(path).last_modified(time);
    // Programs that read as bytes come do not find the end of a content that is stored.
    file = file.compression_method(CompressionMethod::DEFLATE);
    file = match entry.kind {
        ArchiveKind::Link => file.unix_permissions(LINK_MODE),
        ArchiveKind::File {
            is_executable: true,
            ..
        } => file.unix_permissions(EXECUTABLE_MODE),
        _ => file,
    };
    let (mut written, config) = file.start().map_err(|error| failed(&error))?;
    let encoder = DeflateEncoder::new(&mut written, Compression::default());
    let mut data = config.wrap(encoder);
    let mut content = files.open(entry).await?;
    while let Some(piece) = files.piece(&mut content).await? {
        data.write_all(&piece)
            .map_err(|error| not_written(&error))?;
        sink.send_full().await?;
    }
    let (encoder, sums) = data.finish().map_err(|error| failed(&error))?;
    encoder.finish().map_err(|error| not_written(&error))?;
    written.finish(sums).map_err(|error| failed(&error))?;
    Ok(())
}

/// A path as it stands. Only that of a text that is not ASCII says that it is UTF-8, as in git.
fn entry_path(path: &BStr) -> EntryPath<'_> {
    match path.to_str() {
        Ok(text) if !text.is_ascii() && !text.contains('\\') => EntryPath::conformant(text),
        _ => EntryPath::verbatim(path.as_bytes()),
    }
}

fn failed(error: &rawzip::Error) -> ErrorReply {
    ErrorReply::new(ErrorCode::InternalError, error.to_string())
}

fn not_written(error: &io::Error) -> ErrorReply {
    ErrorReply::new(ErrorCode::InternalError, error.to_string())
}
