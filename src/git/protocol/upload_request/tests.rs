use proptest::prelude::*;

use super::*;
use crate::git::protocol::fetch_request::INFINITE_DEPTH;
use crate::git::protocol::real_git::{AGENT, Sandbox};
use crate::git::protocol::splits;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

type Answer = Result<UploadRequest, UploadRequestError>;

/// Lines become packets; `0000` becomes a flush.
fn body(lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        match *line {
            "0000" => pktline::flush(&mut out),
            line => pktline::text(&[line.as_bytes()], &mut out),
        }
    }
    out
}

fn read_with(limits: &Limits, pieces: &[&[u8]]) -> Answer {
    let mut reader = UploadRequestReader::new(Offer::DEFAULT, limits);
    for piece in pieces {
        if reader.feed(piece)? {
            break;
        }
    }
    reader.finish()
}

fn read(lines: &[&str]) -> Answer {
    splits::check(&body(lines), |pieces| read_with(&Limits::DEFAULT, pieces))
}

fn message(lines: &[&str]) -> String {
    read(lines).unwrap_err().to_string()
}

fn id(text: &str) -> gix_hash::ObjectId {
    oid_hex::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_clone() {
    let want = format!(
        "want {A} multi_ack_detailed no-done side-band-64k thin-pack no-progress include-tag \
         ofs-delta deepen-since deepen-not agent=git/2.47.3 session-id=s1"
    );
    let request = read(&[&want, &format!("want {B}"), "0000", "done"]).unwrap();
    let fetch = request.fetch;
    assert_eq!(fetch.wants, [id(A), id(B)]);
    assert!(fetch.haves.is_empty() && !fetch.deepens());
    assert!(fetch.thin_pack && fetch.no_progress && fetch.include_tag && fetch.ofs_delta);
    assert_eq!(fetch.ending, Ending::Done);
    let agreed = UploadPackOptions {
        multi_ack: MultiAck::Detailed,
        no_done: true,
        side_band: SideBand::Large,
    };
    assert_eq!(fetch.upload_pack, Some(agreed));
    assert_eq!(fetch.side_band(), SideBand::Large);
    assert_eq!(request.client.agent.as_deref(), Some("git/2.47.3"));
    assert_eq!(request.client.session_id.as_deref(), Some("s1"));
}

#[test]
fn one_round_of_negotiation() {
    let want = format!("want {A} multi_ack side-band");
    let have = format!("have {B}");
    let request = read(&[&want, "0000", &have, &have, "0000", "have this is not read"]).unwrap();
    assert_eq!(request.fetch.haves, [id(B), id(B)]);
    assert_eq!(request.fetch.ending, Ending::Flush);
    let agreed = UploadPackOptions {
        multi_ack: MultiAck::Plain,
        no_done: false,
        side_band: SideBand::Small,
    };
    assert_eq!(request.fetch.upload_pack, Some(agreed));
}

#[test]
fn depth_and_filter() {
    let want = format!("want {A} filter deepen-relative");
    let shallow = format!("shallow {B}");
    let request = read(&[&want, &shallow, "deepen 3", "filter blob:none", "0000"]).unwrap();
    let fetch = request.fetch;
    assert_eq!(fetch.shallow, [id(B)]);
    assert_eq!((fetch.deepen, fetch.deepen_relative), (Some(3), true));
    assert_eq!(fetch.filter, Some("blob:none".into()));
    assert_eq!(fetch.ending, Ending::Wants);

    let fetch = read(&[
        &want,
        "deepen-since 1700000000",
        "deepen-not v1",
        "0000",
        "0000",
    ])
    .unwrap();
    assert_eq!(fetch.fetch.deepen_since, Some(1_700_000_000));
    assert_eq!(fetch.fetch.deepen_not, ["v1"]);
    assert_eq!(fetch.fetch.ending, Ending::Flush);
    let fetch = read(&[&want, "deepen 2147483647", "0000", "done"]).unwrap();
    assert_eq!(fetch.fetch.deepen, Some(INFINITE_DEPTH));
}

#[test]
fn requests_for_nothing() {
    for body in [&b""[..], b"0000"] {
        let request = read_with(&Limits::DEFAULT, &[body]).unwrap();
        assert!(request.fetch.wants.is_empty());
    }
}

#[test]
fn requests_that_git_refuses_are_refused_in_gits_words() {
    let want = format!("want {A}");
    assert_eq!(
        message(&["want x"]),
        "git upload-pack: protocol error, expected to get object ID, not 'want x'"
    );
    assert_eq!(
        message(&[&want, "0000", "have x"]),
        "git upload-pack: expected SHA1 object, got 'x'"
    );
    assert_eq!(
        message(&[&want, "0000", "hello"]),
        "git upload-pack: expected SHA1 list, got 'hello'"
    );
    assert_eq!(message(&["shallow x"]), "invalid shallow line: shallow x");
    for depth in [
        "0",
        "-1",
        "x",
        "",
        "2147483648",
        "99999999999999999999",
        "1 ",
    ] {
        let line = format!("deepen {depth}");
        assert_eq!(message(&[&line]), format!("Invalid deepen: {line}"));
    }
    for time in ["", "now", "-5", "9223372036854775808"] {
        let line = format!("deepen-since {time}");
        assert_eq!(message(&[&line]), format!("Invalid deepen-since: {line}"));
    }
    assert_eq!(
        message(&[&want, "deepen 1", "deepen-not v1", "0000", "done"]),
        "git upload-pack: deepen and deepen-since (or deepen-not) cannot be used together"
    );
    assert_eq!(
        message(&[&want, "filter blob:none"]),
        "git upload-pack: filtering capability not negotiated"
    );
    let with_filter = format!("{want} filter");
    assert_eq!(
        message(&[&with_filter, "filter blob:none", "filter tree:0"]),
        "multiple filter-specs cannot be combined"
    );
    for cut_off in [&[&want[..]][..], &[&want, "0000", &format!("have {A}")]] {
        assert_eq!(message(cut_off), "the remote end hung up unexpectedly");
    }
}

#[test]
fn bounds() {
    let limits = Limits {
        wants_max: 1,
        haves_max: 1,
        refname_bytes_max: 2,
        request_bytes_max: 200,
        ..Limits::DEFAULT
    };
    let message = |lines: &[&str]| {
        let error = splits::check(&body(lines), |pieces| read_with(&limits, pieces)).unwrap_err();
        error.to_string()
    };
    let (want, have) = (format!("want {A}"), format!("have {A}"));
    assert_eq!(
        message(&[&want, &want]),
        "git upload-pack: too many want lines, at most 1"
    );
    assert_eq!(
        message(&[&want, "0000", &have, &have]),
        "git upload-pack: too many have lines, at most 1"
    );
    assert_eq!(
        message(&["deepen-not abc"]),
        "git upload-pack: refname of 3 bytes, at most 2"
    );
    let long = "x".repeat(200);
    assert_eq!(
        message(&[&want, "0000", &long]),
        "protocol error: message of more than 200 bytes"
    );
}

#[test]
fn the_requests_of_a_real_client_are_read() {
    let sandbox = Sandbox::with_history();
    let main = sandbox.server(&["rev-parse", "main"]);
    for version in [0, 1] {
        let arguments = ["clone", "-q", "--depth=1", "REMOTE", "clone"];
        let sent = sandbox.sent("git-upload-pack", version, &arguments);
        let request = splits::check(&sent, |pieces| read_with(&Limits::DEFAULT, pieces)).unwrap();
        std::fs::remove_dir_all(sandbox.path("client/clone")).unwrap();
        assert_eq!(request.client.agent.as_deref(), Some(AGENT));
        assert!(request.fetch.wants.contains(&id(&main)));
        assert_eq!(request.fetch.deepen, Some(1));
        assert_eq!(request.fetch.side_band(), SideBand::Large);
        assert!(request.fetch.done());
    }
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0000".to_owned()),
        Just("done".to_owned()),
        Just(format!("want {A} filter multi_ack")),
        Just(format!("have {B}")),
        Just(format!("shallow {B}")),
        Just("deepen 7".to_owned()),
        Just("filter tree:0".to_owned()),
        "[ -~]{0,20}",
    ]
}

proptest! {
    // Each case reads its input at hundreds of cuts.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_lines_give_the_same_however_they_are_cut(
        lines in proptest::collection::vec(line(), 0..10),
        garbage in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut bytes = body(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        bytes.extend(garbage);
        let _ = splits::check(&bytes, |pieces| read_with(&Limits::DEFAULT, pieces));
    }
}
