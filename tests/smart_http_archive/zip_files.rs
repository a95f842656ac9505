//! Zip files: the same names, modes, times, order, contents and comment as in git's.

use std::io::Read as _;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipSliceArchive};

use super::support::scratch::Scratch;
use super::{bytes_of, git_archive, odd};

/// The parts of an entry that a program sees.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    path: Vec<u8>,
    is_utf8: bool,
    /// With the kind of the file; 0 where the archive says nothing.
    mode: u32,
    time: String,
    crc32: u32,
    content: Vec<u8>,
}

fn seen(bytes: &[u8]) -> (Vec<u8>, Vec<Seen>) {
    let archive = ZipArchive::from_slice(bytes).unwrap();
    let comment = archive.comment().as_bytes().to_vec();
    let mut entries = archive.entries();
    let mut all = Vec::new();
    while let Some(entry) = entries.next_entry().unwrap() {
        let is_stored = entry.compression_method() == CompressionMethod::STORE;
        let content = content(&archive, entry.wayfinder(), is_stored);
        all.push(Seen {
            path: entry.file_path().as_bytes().to_vec(),
            is_utf8: entry.flags().is_utf8(),
            mode: entry.external_attributes() >> 16,
            time: format!("{:?}", entry.last_modified()),
            crc32: entry.crc32(),
            content,
        });
    }
    (comment, all)
}

fn content(
    archive: &ZipSliceArchive<&[u8]>,
    place: rawzip::ZipArchiveEntryWayfinder,
    is_stored: bool,
) -> Vec<u8> {
    let entry = archive.get_entry(place).unwrap();
    let mut content = Vec::new();
    // The reader compares size and checksum at the end.
    if is_stored {
        let mut reader = entry.verifying_reader(entry.data());
        reader.read_to_end(&mut content).unwrap();
    } else {
        let mut reader = entry.verifying_reader(DeflateDecoder::new(entry.data()));
        reader.read_to_end(&mut content).unwrap();
    }
    content
}

#[test]
fn a_zip_file_says_the_same_as_that_of_git() {
    let scratch = Scratch::new();
    let (hosted, mirror) = odd(&scratch, "zipped");
    for (query, arguments) in [
        ("", &["main"][..]),
        ("?prefix=odd-1.0/", &["--prefix=odd-1.0/", "main"]),
        ("?path=sub", &["main", "sub"]),
    ] {
        let ours = seen(&bytes_of(&hosted, &format!("main.zip{query}")));
        let theirs = seen(&git_archive(
            &mirror,
            &[&["--format=zip"], arguments].concat(),
        ));
        assert_eq!(ours.0, theirs.0, "{query}");
        assert_eq!(ours.1.len(), theirs.1.len(), "{query}");
        for (our, their) in ours.1.iter().zip(&theirs.1) {
            let path = String::from_utf8_lossy(&their.path);
            assert!(
                our == their,
                "{query} {path}: {:?}",
                (our.mode, &our.time, their.mode, &their.time)
            );
        }
    }
}
