use proptest::prelude::*;

use super::*;
use crate::git::protocol::fetch_request::Ending;
use crate::git::protocol::oid_hex;
use crate::git::protocol::real_git::{AGENT, Sandbox};
use crate::git::protocol::sideband::SideBand;
use crate::git::protocol::splits;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

type Answer = Result<Option<CommandRequest>, CommandRequestError>;

const EVERYTHING: Offer<'static> = Offer {
    session_id: Some("s0"),
    fetch: &[
        "shallow",
        "wait-for-done",
        "filter",
        "ref-in-want",
        "sideband-all",
        "packfile-uris",
    ],
    ..Offer::DEFAULT
};

/// Lines become packets; `0000`, `0001` and `0002` become marks.
fn body(lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        match *line {
            "0000" => pktline::flush(&mut out),
            "0001" => pktline::delim(&mut out),
            "0002" => out.extend(b"0002"),
            line => pktline::text(&[line.as_bytes()], &mut out),
        }
    }
    out
}

fn read_with(limits: &Limits, pieces: &[&[u8]]) -> Answer {
    let mut reader = CommandRequestReader::new(EVERYTHING, limits);
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

fn fetch(arguments: &[&str]) -> Result<FetchRequest, CommandRequestError> {
    let mut lines = vec!["command=fetch", "object-format=sha1", "0001"];
    lines.extend(arguments);
    lines.push("0000");
    match read(&lines)?.unwrap().command {
        Command::Fetch(request) => Ok(*request),
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys() {
    let request = read(&[
        "command=ls-refs",
        "agent=git/2.47 x",
        "session-id=s1",
        "object-format=sha1",
        "server-option=a=b",
        "server-option=c",
        "0001",
        "peel",
        "ref-prefix refs/heads/",
        "0000",
    ]);
    let request = request.unwrap().unwrap();
    assert_eq!(request.client.agent.as_deref(), Some("git/2.47.x"));
    assert_eq!(request.client.session_id.as_deref(), Some("s1"));
    assert_eq!(request.server_options, ["a=b", "c"]);
    let Command::LsRefs(ls_refs) = request.command else {
        panic!()
    };
    assert!(ls_refs.peel && !ls_refs.symrefs);
    assert_eq!(ls_refs.prefixes(), ["refs/heads/"]);

    for (name, expected) in [("bundle-uri", "bundle-uri"), ("object-info", "object-info")] {
        let request = read(&[&format!("command={name}"), "0000"])
            .unwrap()
            .unwrap();
        assert_eq!(request.command.name(), expected);
    }
}

#[test]
fn requests_for_nothing() {
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&["0000"]), Ok(None));
}

#[test]
fn requests_that_git_refuses_are_refused_in_gits_words() {
    assert_eq!(message(&["command=pull", "0000"]), "invalid command 'pull'");
    assert_eq!(
        message(&["command=fetch=1", "0000"]),
        "invalid command 'fetch=1'"
    );
    assert_eq!(
        message(&["command=agent", "0000"]),
        "invalid command 'agent'"
    );
    assert_eq!(
        message(&["command=fetch", "command=ls-refs"]),
        "command 'ls-refs' requested after already requesting command 'fetch'"
    );
    assert_eq!(message(&["agents=x"]), "unknown capability 'agents=x'");
    assert_eq!(message(&["fetch"]), "unknown capability 'fetch'");
    assert_eq!(message(&["agent=x", "0000"]), "no command requested");
    assert_eq!(message(&["0001"]), "no command requested");
    assert_eq!(
        message(&["object-format=md5"]),
        "unknown object format 'md5'"
    );
    assert_eq!(
        message(&["command=fetch", "object-format=sha256", "0001"]),
        "mismatched object format: server sha1; client sha256"
    );
    assert_eq!(
        message(&["command=fetch", "0001", "done", "0001"]),
        "expected flush after fetch arguments"
    );
    assert_eq!(
        message(&["command=fetch", "0002"]),
        "expected flush after fetch arguments"
    );
    assert_eq!(
        message(&["command=bundle-uri", "0001", "x"]),
        "bundle-uri: unexpected argument: 'x'"
    );
    assert_eq!(
        message(&["command=ls-refs", "0001", "x"]),
        "unexpected line: 'x'"
    );
    for cut_off in [&["command=fetch"][..], &["command=fetch", "0001", "done"]] {
        assert_eq!(message(cut_off), "the remote end hung up unexpectedly");
    }
}

#[test]
fn a_command_that_is_not_offered_is_unknown() {
    let message = |lines: &[&str]| {
        let bare = Offer {
            fetch: &[],
            commands: &[],
            ..Offer::DEFAULT
        };
        let mut reader = CommandRequestReader::new(bare, &Limits::DEFAULT);
        reader.feed(&body(lines)).unwrap_err().to_string()
    };
    assert_eq!(
        message(&["session-id=x"]),
        "unknown capability 'session-id=x'"
    );
    assert_eq!(
        message(&["command=object-info"]),
        "invalid command 'object-info'"
    );
    for line in [
        "filter blob:none",
        "want-ref refs/heads/main",
        "sideband-all",
        "packfile-uris https",
    ] {
        let lines = ["command=fetch", "0001", line, "0000"];
        assert_eq!(message(&lines), format!("unexpected line: '{line}'"));
    }
}

#[test]
fn extensions_are_refused_where_they_are_not_offered() {
    for line in [
        "want-ref refs/heads/main",
        "sideband-all",
        "packfile-uris https",
    ] {
        let mut reader = CommandRequestReader::new(Offer::DEFAULT, &Limits::DEFAULT);
        let request = body(&["command=fetch", "0001", line, "0000"]);
        let refused = reader.feed(&request).unwrap_err().to_string();
        assert_eq!(refused, format!("unexpected line: '{line}'"));
    }
}

#[test]
fn every_argument_of_fetch() {
    let (want, have, shallow) = (
        format!("want {A}"),
        format!("have {A}"),
        format!("shallow {A}"),
    );
    let request = fetch(&[
        &want,
        &have,
        &shallow,
        "want-ref refs/heads/main",
        "thin-pack",
        "no-progress",
        "include-tag",
        "ofs-delta",
        "wait-for-done",
        "sideband-all",
        "deepen 5",
        "deepen-relative",
        "filter combine:blob:none+tree:3",
        "packfile-uris https,http",
        "done",
    ])
    .unwrap();
    let id = oid_hex::parse(A.as_bytes()).unwrap();
    let expected = FetchRequest {
        wants: vec![id],
        want_refs: vec!["refs/heads/main".into()],
        haves: vec![id],
        ending: Ending::Done,
        thin_pack: true,
        no_progress: true,
        include_tag: true,
        ofs_delta: true,
        wait_for_done: true,
        sideband_all: true,
        shallow: vec![id],
        deepen: Some(5),
        deepen_relative: true,
        deepen_since: None,
        deepen_not: vec![],
        filter: Some("combine:blob:none+tree:3".into()),
        packfile_uris: vec!["https".into(), "http".into()],
        upload_pack: None,
    };
    assert_eq!(request, expected);
    assert_eq!(request.side_band(), SideBand::Large);
    let request = fetch(&["deepen-since 1", "deepen-not refs/tags/v1"]).unwrap();
    assert_eq!(
        (request.deepen_since, request.deepen_not.len()),
        (Some(1), 1)
    );
    assert_eq!(request.ending, Ending::Flush);
}

/// dulwich 1.2 says `thin-pack` and forgets `ofs-delta`, which it reads in every pack.
#[test]
fn dulwich_gets_deltas_by_distance_without_asking() {
    let asks = |agent: &str| {
        let want = format!("want {A}");
        let lines = [
            "command=fetch",
            agent,
            "0001",
            "thin-pack",
            &want,
            "done",
            "0000",
        ];
        match read(&lines).unwrap().unwrap().command {
            Command::Fetch(request) => request.ofs_delta,
            other => panic!("{other:?}"),
        }
    };
    assert!(asks("agent=dulwich/1.2.21"));
    assert!(!asks("agent=git/2.47.3"));
    assert!(!asks("agent=not-dulwich/1"));
}

#[test]
fn arguments_that_fetch_refuses() {
    let message = |arguments: &[&str]| fetch(arguments).unwrap_err().to_string();
    assert_eq!(message(&["thin"]), "unexpected line: 'thin'");
    assert_eq!(
        message(&["have x"]),
        "git upload-pack: expected SHA1 object, got 'x'"
    );
    assert_eq!(
        message(&["filter a", "filter b"]),
        "multiple filter-specs cannot be combined"
    );
    let twice = ["packfile-uris a", "packfile-uris b"];
    assert_eq!(message(&twice), "multiple packfile-uris lines forbidden");
    let twice = [
        "want-ref refs/heads/a",
        "want-ref refs/heads/b",
        "want-ref refs/heads/a",
    ];
    assert_eq!(message(&twice), "duplicate want-ref refs/heads/a");
    assert!(message(&["deepen 1", "deepen-since 5"]).contains("cannot be used together"));
}

#[test]
fn bounds() {
    let limits = Limits {
        request_bytes_max: 40,
        wants_max: 1,
        ..Limits::DEFAULT
    };
    let lines = ["command=ls-refs", "0001", "ref-prefix refs/heads/", "0000"];
    let error = splits::check(&body(&lines), |pieces| read_with(&limits, pieces)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "protocol error: message of more than 40 bytes"
    );

    let lines = [
        "command=fetch",
        "0001",
        &format!("want {A}"),
        &format!("want {A}"),
        "0000",
    ];
    let limits = Limits {
        wants_max: 1,
        ..Limits::DEFAULT
    };
    let error = splits::check(&body(&lines), |pieces| read_with(&limits, pieces)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "git upload-pack: too many want lines, at most 1"
    );
}

/// The requests that a client sent over one connection.
fn requests(sent: &[u8]) -> Vec<CommandRequest> {
    let mut rest = sent;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let mut end = rest;
        let mut decoder = Decoder::new(usize::MAX);
        while !matches!(decoder.next(&mut end).unwrap().unwrap(), Packet::Flush) {}
        let (request, after) = rest.split_at(rest.len() - end.len());
        let read = splits::check(request, |pieces| read_with(&Limits::DEFAULT, pieces)).unwrap();
        found.extend(read);
        rest = after;
    }
    found
}

#[test]
fn the_requests_of_a_real_client_are_read() {
    let sandbox = Sandbox::with_history();
    let main = oid_hex::parse(sandbox.server(&["rev-parse", "main"]).as_bytes()).unwrap();
    let arguments = [
        "clone",
        "-q",
        "--depth=1",
        "--filter=blob:none",
        "REMOTE",
        "clone",
    ];
    let sent = sandbox.sent("git-upload-pack", 2, &arguments);
    let requests = requests(&sent);
    let [ls_refs, fetch] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(ls_refs.client.agent.as_deref(), Some(AGENT));
    let Command::LsRefs(ls_refs) = &ls_refs.command else {
        panic!()
    };
    assert!(ls_refs.peel && ls_refs.symrefs && ls_refs.unborn);
    assert!(ls_refs.wants("HEAD".into()) && ls_refs.wants("refs/heads/main".into()));
    let Command::Fetch(fetch) = &fetch.command else {
        panic!()
    };
    assert!(fetch.wants.contains(&main) && fetch.done());
    assert_eq!(fetch.deepen, Some(1));
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0000".to_owned()),
        Just("0001".to_owned()),
        Just("command=fetch".to_owned()),
        Just("command=ls-refs".to_owned()),
        Just("agent=x".to_owned()),
        Just(format!("want {A}")),
        Just("peel".to_owned()),
        Just("done".to_owned()),
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

    #[test]
    fn fetch_arguments_survive_the_wire(
        ids in proptest::collection::vec(any::<[u8; 20]>(), 0..5),
        names in proptest::collection::hash_set("refs/heads/[a-z]{1,8}", 0..4),
        depth in 1u32..1000,
        flags in any::<[bool; 3]>(),
    ) {
        let ids: Vec<_> = ids.into_iter().map(gix_hash::ObjectId::Sha1).collect();
        let mut lines: Vec<String> = ids.iter().map(|id| format!("want {id}")).collect();
        lines.extend(ids.iter().rev().map(|id| format!("have {id}")));
        lines.extend(names.iter().map(|name| format!("want-ref {name}")));
        lines.push(format!("deepen {depth}"));
        let words = ["thin-pack", "ofs-delta", "include-tag"];
        lines.extend(words.iter().zip(flags).filter(|(_, on)| *on).map(|(w, _)| (*w).to_owned()));
        let request = fetch(&lines.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(&request.wants, &ids);
        prop_assert!(request.haves.iter().eq(ids.iter().rev()));
        prop_assert_eq!(request.want_refs.len(), names.len());
        prop_assert_eq!(request.deepen, Some(depth));
        prop_assert_eq!([request.thin_pack, request.ofs_delta, request.include_tag], flags);
    }
}
