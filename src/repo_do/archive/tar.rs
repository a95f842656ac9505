//! An archive as a tar file.

use gix_object::bstr::ByteSlice as _;

use super::files::Files;
use super::frame::Frame;
use super::sink::Sink;
use crate::git::archive::tar::TarWriter;
use crate::git::archive::walk::ArchiveKind;
use crate::repo_do::contract::ErrorReply;

/// Writes all entries.
pub(super) async fn write(
    mut files: Files,
    frame: Frame,
    mut sink: Sink,
) -> Result<(), ErrorReply> {
    let begin =
        |out: &mut Vec<u8>| TarWriter::begin(files.commit_id().as_deref(), frame.time_seconds, out);
    let mut tar = sink.append(begin);
    if let Some(folder) = frame.folder() {
        sink.append(|out| tar.entry(&folder, folder.path.as_bstr(), (0, b""), out));
    }
    while let Some(entry) = files.next().await? {
        let path = frame.path_of(&entry);
        let path = path.as_bstr();
        match entry.kind {
            ArchiveKind::Directory => sink.append(|out| tar.entry(&entry, path, (0, b""), out)),
            ArchiveKind::Link => {
                let target = files.link_target(&entry).await?;
                sink.append(|out| tar.entry(&entry, path, (0, &target), out));
            }
            ArchiveKind::File { .. } => {
                let mut content = files.open(&entry).await?;
                let bytes = content.size_bytes();
                sink.append(|out| tar.entry(&entry, path, (bytes, b""), out));
                while let Some(piece) = files.piece(&mut content).await? {
                    sink.append(|out| tar.write(&piece, out));
                    sink.send_full().await?;
                }
                sink.append(|out| tar.pad(out));
            }
        }
        sink.send_full().await?;
    }
    sink.append(|out| tar.finish(out));
    sink.send().await
}
