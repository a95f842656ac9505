use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice as _};
use proptest::prelude::*;

use super::super::super::protocol::advertise::{AdvertisedRef, Service, refs, version_2};
use super::super::super::protocol::capabilities::Offer;
use super::super::super::protocol::{pktline, splits};
use super::*;

const A: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
const B: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

fn id(hex: &str) -> ObjectId {
    ObjectId::from_hex(hex.as_bytes()).unwrap()
}

fn read(bytes: &[u8]) -> Result<Advertisement, FetchClientError> {
    splits::check(bytes, |pieces| {
        let mut reader = AdvertisementReader::new(&RefSelection::default(), &Limits::DEFAULT);
        for piece in pieces {
            reader.feed(piece)?;
        }
        reader.finish()
    })
}

fn packets(lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        match *line {
            "flush" => pktline::flush(&mut out),
            line => pktline::text(&[line.as_bytes()], &mut out),
        }
    }
    out
}

#[test]
fn our_own_version_2_is_understood() {
    let mut body = Vec::new();
    version_2(Offer::DEFAULT, &mut body);
    let expect = Advertisement {
        version: Version::V2,
        features: Features {
            shallow: true,
            filter: true,
            unborn: true,
            object_format: true,
        },
        refs: None,
    };
    assert_eq!(read(&body), Ok(expect.clone()));
    let behind = [packets(&["# service=git-upload-pack", "flush"]), body].concat();
    assert_eq!(read(&behind), Ok(expect));
}

#[test]
fn our_own_versions_0_and_1_are_understood() {
    for version in [Version::V0, Version::V1] {
        let shown = |name, target, peeled: Option<&str>| AdvertisedRef {
            name: BStr::new(name),
            target: id(target),
            peeled: peeled.map(id),
        };
        let list = [
            shown("HEAD", A, None),
            shown("refs/heads/main", A, None),
            shown("refs/tags/v1", B, Some(A)),
        ];
        let mut body = Vec::new();
        let head = Some(BStr::new("refs/heads/main"));
        refs(
            Service::UploadPack,
            version,
            Offer::DEFAULT,
            head,
            list,
            &mut body,
        );
        let found = read(&body).unwrap();
        assert_eq!(found.version, version);
        assert!(found.features.shallow && found.features.filter);
        let refs = found.refs.unwrap();
        assert_eq!(refs.head.as_ref().map(|found| found.as_bstr()), head);
        let names: Vec<_> = refs
            .refs
            .iter()
            .map(|found| found.name.to_string())
            .collect();
        assert_eq!(names, ["refs/heads/main", "refs/tags/v1"]);
        assert_eq!(
            refs.find("refs/tags/v1".into()).unwrap().peeled,
            Some(id(A))
        );

        let mut empty = Vec::new();
        super::super::super::protocol::advertise::refs(
            Service::UploadPack,
            version,
            Offer::DEFAULT,
            None,
            [],
            &mut empty,
        );
        assert_eq!(read(&empty).unwrap().refs, Some(RemoteRefs::default()));
    }
}

#[test]
fn a_shallow_remote_says_so_behind_its_refs() {
    let first = format!("{A} refs/heads/main\0side-band-64k shallow");
    let body = packets(&[
        "# service=git-upload-pack",
        "flush",
        &first,
        &format!("shallow {B}"),
        "flush",
    ]);
    assert_eq!(read(&body).unwrap().refs.unwrap().shallow, [id(B)]);
}

#[test]
fn a_fault_is_named() {
    let check = |lines: &[&str], expect: &FetchClientError| {
        assert_eq!(read(&packets(lines)).as_ref(), Err(expect), "{lines:?}");
    };
    let refused = FetchClientError::Refused("access denied".to_owned());
    check(
        &["# service=git-upload-pack", "flush", "ERR access denied"],
        &refused,
    );
    let sha256 = FetchClientError::ObjectFormat {
        format: "sha256".to_owned(),
    };
    check(&["version 2", "object-format=sha256", "flush"], &sha256);
    let bare = format!("{A} refs/heads/main\0side-band");
    let lacks = FetchClientError::Lacks {
        feature: "side-band-64k",
    };
    check(&[&bare, "flush"], &lacks);
    for line in ["<html>", "# service=git-receive-pack", A] {
        check(
            &[line, "flush"],
            &FetchClientError::unexpected(line.as_bytes()),
        );
    }
    let truncated = FetchClientError::PktLine(PktLineError::Truncated);
    check(&["version 2"], &truncated);
    assert_eq!(read(b""), Err(truncated));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let framed = bytes.split(|byte| *byte == 0).fold(Vec::new(), |mut out, line| {
            pktline::data(line, &mut out);
            out
        });
        let _ = read(&framed);
    }
}
