use proptest::prelude::*;

use super::*;
use crate::git::protocol::real_git::{AGENT, Sandbox};
use crate::git::protocol::splits;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const ZERO: &str = "0000000000000000000000000000000000000000";

/// The push, how many bytes it took, and the rest for the pack.
type Answer = Result<(PushCommands, usize, Vec<u8>), PushCommandsError>;

/// Lines become packets; `0000` becomes a flush.
fn body(lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        match *line {
            "0000" => pktline::flush(&mut out),
            // Git's client sends commands without a newline.
            line => pktline::line(&[line.as_bytes()], &mut out),
        }
    }
    out
}

fn read_with(limits: &Limits, pieces: &[&[u8]]) -> Answer {
    let mut reader = PushCommandsReader::new(Offer::DEFAULT, limits);
    let mut pack = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        if reader.feed(&mut input)? {
            pack.extend_from_slice(input);
        } else {
            assert!(input.is_empty());
        }
    }
    let taken = reader.bytes_taken();
    Ok((reader.finish()?, taken, pack))
}

fn read(bytes: &[u8]) -> Answer {
    splits::check(bytes, |pieces| read_with(&Limits::DEFAULT, pieces))
}

fn push(lines: &[&str]) -> PushCommands {
    let bytes = [body(lines), b"PACK\0\0\0\x02".to_vec()].concat();
    let (push, taken, pack) = read(&bytes).unwrap();
    assert_eq!(taken + pack.len(), bytes.len());
    assert_eq!(pack, b"PACK\0\0\0\x02");
    push
}

fn message(lines: &[&str]) -> String {
    read(&body(lines)).unwrap_err().to_string()
}

fn id(text: &str) -> ObjectId {
    oid_hex::parse(text.as_bytes()).unwrap()
}

#[test]
fn commands_and_capabilities() {
    let create = format!(
        "{ZERO} {A} refs/heads/new\0 report-status-v2 side-band-64k quiet atomic \
         object-format=sha1 agent=git/2 session-id=s1"
    );
    let update = format!("{A} {B} refs/heads/main");
    let delete = format!("{B} {ZERO} refs/heads/\u{e9}");
    let push = push(&[&format!("shallow {B}"), &create, &update, &delete, "0000"]);
    let command = |name: &str, old, new| {
        Rc::new(PushCommand {
            name: name.into(),
            old,
            new,
        })
    };
    assert_eq!(
        push.commands,
        [
            command("refs/heads/new", None, Some(id(A))),
            command("refs/heads/main", Some(id(A)), Some(id(B))),
            command("refs/heads/\u{e9}", Some(id(B)), None),
        ]
    );
    assert_eq!(push.shallow, [id(B)]);
    let capabilities = &push.capabilities;
    assert_eq!(capabilities.report_status, ReportStatus::V2);
    assert_eq!(capabilities.side_band, SideBand::Large);
    assert!(capabilities.quiet && capabilities.atomic && !capabilities.push_options);
    assert_eq!(capabilities.client.agent.as_deref(), Some("git/2"));
    assert_eq!(push.check_names_differ(), Ok(()));
}

#[test]
fn push_options_have_their_own_section() {
    let create = format!("{ZERO} {A} refs/heads/new\0 report-status push-options");
    let push = push(&[&create, "0000", "ci.skip", "a b\n", "0000"]);
    assert_eq!(push.push_options, ["ci.skip", "a b"]);
    assert_eq!(push.capabilities.report_status, ReportStatus::V1);
}

#[test]
fn a_body_without_commands() {
    let (empty, taken, pack) = read(b"0000").unwrap();
    assert_eq!((empty, taken, pack), (PushCommands::default(), 4, vec![]));
    assert_eq!(read(b"").unwrap().1, 0);
    let shallow_only = push(&[&format!("shallow {A}"), "0000"]);
    assert!(shallow_only.commands.is_empty());
}

#[test]
fn capabilities_that_were_not_offered_have_no_effect() {
    let line = format!("{ZERO} {A} refs/heads/new\0push-options atomic unheard-of report-status");
    let offer = Offer {
        receive_pack: &["report-status"],
        ..Offer::DEFAULT
    };
    let mut reader = PushCommandsReader::new(offer, &Limits::DEFAULT);
    let bytes = body(&[&line, "0000"]);
    assert!(reader.feed(&mut &bytes[..]).unwrap());
    let capabilities = reader.finish().unwrap().capabilities;
    assert!(!capabilities.atomic && !capabilities.push_options);
    assert_eq!(capabilities.report_status, ReportStatus::V1);
}

#[test]
fn requests_that_git_refuses_are_refused_in_gits_words() {
    for line in [
        "",
        "x",
        A,
        &format!("{A} {B}"),
        &format!("{A}  {B} x"),
        &format!("{A} {B}x"),
    ] {
        assert_eq!(
            message(&[line]),
            format!("protocol error: expected old/new/ref, got '{line}'")
        );
    }
    assert_eq!(
        message(&["shallow x"]),
        "protocol error: expected shallow sha, got 'x'"
    );
    let sha256 = format!("{ZERO} {A} refs/heads/a\0object-format=sha256");
    assert_eq!(
        message(&[&sha256]),
        "error: unsupported object format 'sha256'"
    );
    let cert = "push-cert\0report-status side-band-64k";
    assert_eq!(
        message(&[cert]),
        "the receiving end does not support --signed push"
    );
    for mark in [&b"0001"[..], b"0002"] {
        assert_eq!(read(mark).unwrap_err(), PushCommandsError::UnexpectedPacket);
    }
    let command = format!("{ZERO} {A} refs/heads/a\0push-options");
    for cut_off in [
        &[&command[..]][..],
        &[&command, "0000"],
        &[&command, "0000", "option"],
    ] {
        assert_eq!(message(cut_off), "the remote end hung up unexpectedly");
    }
}

#[test]
fn after_an_error_the_capabilities_are_known() {
    let create = format!("{ZERO} {A} refs/heads/a\0report-status side-band-64k");
    let mut reader = PushCommandsReader::new(Offer::DEFAULT, &Limits::DEFAULT);
    let bytes = body(&[&create, "nonsense"]);
    assert!(reader.feed(&mut &bytes[..]).is_err());
    assert_eq!(reader.capabilities().side_band, SideBand::Large);
}

#[test]
fn a_ref_is_updated_once() {
    let (one, two) = (
        format!("{ZERO} {A} refs/heads/a"),
        format!("{ZERO} {B} refs/heads/a"),
    );
    let error = push(&[&one, &two, "0000"])
        .check_names_differ()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "multiple updates for ref 'refs/heads/a' not allowed"
    );
}

#[test]
fn bounds() {
    let limits = Limits {
        commands_max: 1,
        command_bytes_max: 220,
        refname_bytes_max: 12,
        ..Limits::DEFAULT
    };
    let message = |lines: &[&str]| {
        let error = splits::check(&body(lines), |pieces| read_with(&limits, pieces)).unwrap_err();
        error.to_string()
    };
    let line = |name: &str| format!("{ZERO} {A} refs/heads/{name}");
    assert_eq!(
        message(&[&line("a"), &line("b")]),
        "too many ref updates in one push, at most 1 are taken at once: push the refs in groups, as \
         in 'git push <remote> \"refs/tags/v1*:refs/tags/v1*\"'"
    );
    assert_eq!(message(&[&line("ab")]), "refname of 13 bytes, at most 12");
    let long = format!("{}\0{}", line("a"), "x".repeat(200));
    assert_eq!(
        message(&[&long]),
        "protocol error: message of more than 220 bytes"
    );
}

#[test]
fn the_requests_of_a_real_client_are_read() {
    let sandbox = Sandbox::with_history();
    let arguments = [
        "push",
        "-q",
        "--atomic",
        "REMOTE",
        "main:refs/heads/new",
        ":refs/heads/topic",
    ];
    let sent = sandbox.sent("git-receive-pack", 0, &arguments);
    let (push, taken, pack) = read(&sent).unwrap();
    let main = id(&sandbox.server(&["rev-parse", "main"]));
    let mut names: Vec<_> = push
        .commands
        .iter()
        .map(|c| (c.name.to_string(), c.new))
        .collect();
    names.sort();
    let expected = [
        ("refs/heads/new".to_owned(), Some(main)),
        ("refs/heads/topic".to_owned(), None),
    ];
    assert_eq!(names, expected);
    assert!(push.capabilities.atomic && push.capabilities.quiet);
    assert_eq!(push.capabilities.report_status, ReportStatus::V2);
    assert_eq!(push.capabilities.client.agent.as_deref(), Some(AGENT));
    assert!(pack.starts_with(b"PACK"));
    assert_eq!(&sent[taken..], pack);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"shallow aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..16).prop_map(|name| [
            format!("{ZERO} {A} ").into_bytes(),
            name
        ]
        .concat()),
        Just(format!("{ZERO} {A} refs/heads/a\0push-options atomic").into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..16),
    ]
}

#[test]
fn push_options_have_bounds_and_the_commands_are_known_when_they_are_met() {
    let first = format!("{ZERO} {A} refs/heads/a\0report-status push-options");
    let limits = Limits {
        push_options_max: 3,
        push_option_bytes_max: 10,
        push_options_bytes_max: 20,
        ..Limits::DEFAULT
    };
    let read = |options: &[&str]| {
        let lines = [&[first.as_str(), "0000"], options, &["0000"]].concat();
        read_with(&limits, &[&body(&lines)])
    };
    assert_eq!(
        read(&["a", "b", "c"]).unwrap().0.push_options,
        ["a", "b", "c"]
    );
    assert!(read(&["0123456789", "0123456789"]).is_ok());
    for (options, number, bytes) in [
        (&["a", "b", "c", "d"][..], 4, 1),
        (&["0123456789a"], 1, 11),
        (&["0123456789", "0123456789", "x"], 3, 1),
    ] {
        let error = read(options).unwrap_err();
        let PushCommandsError::TooManyOptions {
            number: told,
            bytes: length,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((told, length), (number, bytes));
    }
    let mut reader = PushCommandsReader::new(Offer::DEFAULT, &limits);
    let lines = [first.as_str(), "0000", "much too long"];
    assert!(reader.feed(&mut body(&lines).as_slice()).is_err());
    assert!(reader.has_all_commands());
    assert_eq!(reader.into_commands().commands.len(), 1);
}

proptest! {
    // Each case reads its input at hundreds of cuts.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        lines in proptest::collection::vec(line(), 0..6),
        options in proptest::collection::vec("[a-z]{0,5}", 0..3),
        garbage in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut bytes = Vec::new();
        for line in &lines {
            pktline::line(&[line], &mut bytes);
        }
        pktline::flush(&mut bytes);
        for option in &options {
            pktline::line(&[option.as_bytes()], &mut bytes);
        }
        pktline::flush(&mut bytes);
        bytes.extend(garbage);
        let _ = read(&bytes);
    }

    #[test]
    fn commands_survive_the_wire(
        commands in proptest::collection::vec(
            (any::<[u8; 20]>(), any::<bool>(), "refs/heads/[a-z/.]{1,12}"), 1..6),
    ) {
        let null = ObjectId::null(gix_hash::Kind::Sha1);
        let commands: Vec<_> = commands
            .into_iter()
            .map(|(new, create, name)| {
                let new = ObjectId::Sha1(new);
                Rc::new(PushCommand {
                    name: name.into(),
                    old: (!create).then_some(new),
                    new: Some(new),
                })
            })
            .collect();
        let line = |command: &Rc<PushCommand>| {
            let (old, new) = (command.old.unwrap_or(null), command.new.unwrap_or(null));
            format!("{old} {new} {}", command.name)
        };
        let mut lines: Vec<_> = commands.iter().map(line).collect();
        lines[0].push_str("\0report-status");
        lines.push("0000".to_owned());
        let read_back = push(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(read_back.commands, commands);
    }
}
