use gix_object::bstr::BString;

use super::*;
use crate::git::protocol::real_git::{AGENT, Sandbox};

/// Git's default capabilities.
const GITS: Offer<'static> = Offer {
    agent: AGENT,
    session_id: None,
    upload_pack: &[
        "multi_ack",
        "thin-pack",
        "side-band",
        "side-band-64k",
        "ofs-delta",
        "shallow",
        "deepen-since",
        "deepen-not",
        "deepen-relative",
        "no-progress",
        "include-tag",
        "multi_ack_detailed",
        "no-done",
    ],
    receive_pack: &[
        "report-status",
        "report-status-v2",
        "delete-refs",
        "side-band-64k",
        "quiet",
        "atomic",
        "ofs-delta",
    ],
    ls_refs: &["unborn"],
    fetch: &["shallow", "wait-for-done"],
    commands: &[],
};

fn ours(service: Service, version: Version, sandbox: &Sandbox) -> Vec<u8> {
    let listing = sandbox.refs();
    let id = |text: &str| oid_hex::parse(text.as_bytes());
    let shown = listing.iter().map(|(name, target, peeled)| AdvertisedRef {
        name: name.as_bytes().into(),
        target: id(target).unwrap(),
        peeled: id(peeled),
    });
    let main = BString::from("refs/heads/main");
    let head_target = (!listing.is_empty()).then(|| main.as_ref());
    let mut out = Vec::new();
    refs(service, version, GITS, head_target, shown, &mut out);
    out
}

fn gits(service: Service, version: u8, sandbox: &Sandbox) -> Vec<u8> {
    let mut out = Vec::new();
    pktline::text(&[b"# service=", service.name().as_bytes()], &mut out);
    pktline::flush(&mut out);
    let short = service.name().strip_prefix("git-").unwrap();
    out.extend(sandbox.answer(short, version, b""));
    out
}

#[test]
fn versions_0_and_1_are_as_gits() {
    for sandbox in [Sandbox::with_history(), Sandbox::empty()] {
        for service in [Service::UploadPack, Service::ReceivePack] {
            for (version, number) in [(Version::V0, 0), (Version::V1, 1)] {
                let ours = BString::from(ours(service, version, &sandbox));
                let gits = BString::from(gits(service, number, &sandbox));
                assert_eq!(ours, gits, "{service:?} {version:?}");
            }
        }
    }
}

#[test]
fn version_2_is_as_gits() {
    let sandbox = Sandbox::empty();
    let mut out = Vec::new();
    version_2(GITS, &mut out);
    assert_eq!(
        BString::from(out),
        BString::from(sandbox.answer("upload-pack", 2, b""))
    );
}

/// The words of an advertisement's capabilities, sorted.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    words.sort_unstable();
    words
}

/// The defaults of git's server, and features that an administrator must allow there and a client
/// must ask for. A plain clone or fetch never comes to use those.
#[test]
fn by_default_production_offers_what_gits_server_does() {
    let sandbox = Sandbox::with_history();
    let allowed = [
        "uploadpack.allowFilter",
        "uploadpack.allowTipSHA1InWant",
        "uploadpack.allowReachableSHA1InWant",
        "transfer.advertiseObjectInfo",
        "uploadpack.advertiseBundleURIs",
    ];
    for setting in allowed {
        sandbox.server(&["config", setting, "true"]);
    }
    let ours = Offer {
        agent: AGENT,
        ..Offer::DEFAULT
    };
    let mut out = Vec::new();
    version_2(ours, &mut out);
    let gits = sandbox.answer("upload-pack", 2, b"");
    assert_eq!(BString::from(out), BString::from(gits));

    let capabilities = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).into_owned();
        let (_, rest) = text.split_once('\0').unwrap();
        words(rest.split_once('\n').unwrap().0)
    };
    let mut out = Vec::new();
    let shown = AdvertisedRef {
        name: "HEAD".into(),
        target: oid_hex::parse(&[b'1'; 40]).unwrap(),
        peeled: None,
    };
    let main = Some("refs/heads/main".into());
    refs(
        Service::UploadPack,
        Version::V0,
        ours,
        main,
        [shown],
        &mut out,
    );
    let gits = sandbox.answer("upload-pack", 0, b"");
    assert_eq!(capabilities(&out), capabilities(&gits));
}

#[test]
fn version_2_with_everything() {
    let offer = Offer {
        agent: "cairn/1",
        session_id: Some("x1"),
        ls_refs: &[],
        ..Offer::DEFAULT
    };
    let mut out = Vec::new();
    version_2(offer, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("000eversion 2\n0012agent=cairn/1\n000cls-refs\n"));
    assert!(
        text.ends_with(
            "0012server-option\n0017object-format=sha1\n0012session-id=x1\n\
             0010object-info\n000fbundle-uri\n0000"
        ),
        "{text}"
    );
}

#[test]
fn the_highest_version_that_the_header_names() {
    let of = |header| Version::requested(header, Service::UploadPack);
    assert_eq!(of(""), Version::V0);
    assert_eq!(of("version=2"), Version::V2);
    assert_eq!(of("version=1:other=3:version=9:version=0"), Version::V1);
    assert_eq!(of("version=1:version=2"), Version::V2);
    assert_eq!(
        Version::requested("version=2", Service::ReceivePack),
        Version::V0
    );
    assert_eq!(
        Version::requested("version=1", Service::ReceivePack),
        Version::V1
    );
}

#[test]
fn services_by_name() {
    for service in [Service::UploadPack, Service::ReceivePack] {
        assert_eq!(Service::from_name(service.name()), Some(service));
    }
    assert_eq!(Service::from_name("upload-pack"), None);
}
