//! The ref updates of a push.

use gix_hash::ObjectId;

use super::pack::{Pack, nobody};
use super::request::{CAPABILITIES, command, null, pkt, push, push_with};
use super::target::{Expect, Target};

/// An empty pack: everything that the commands name is stored already.
fn empty() -> Vec<u8> {
    Pack::new().finish()
}

/// A push that creates `name` at the tip of `main`.
fn create(target: &Target, name: &[u8]) -> Vec<u8> {
    push(&[command(null(), target.tip, name)], &empty())
}

#[test]
fn lines_that_are_not_commands() {
    let mut target = Target::new("lines");
    let tip = target.tip;
    let sound = command(null(), tip, "refs/heads/evil");
    let text = String::from_utf8(sound.clone()).expect("ASCII");
    let with_list = |line: &[u8]| push(&[line.to_vec()], &empty());
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no name", with_list(format!("{} {tip}", null()).as_bytes())),
        ("no new id", with_list(null().to_string().as_bytes())),
        ("an id of 39 digits", with_list(&sound[1..])),
        (
            "an id of 41 digits",
            with_list(&[b"0", sound.as_slice()].concat()),
        ),
        (
            "an id of 64 digits",
            with_list(format!("{} {} refs/heads/evil", "0".repeat(64), "1".repeat(64)).as_bytes()),
        ),
        (
            "an id that is no hex",
            with_list(text.replacen('0', "g", 1).as_bytes()),
        ),
        (
            "a tab between the ids",
            with_list(text.replacen(' ', "\t", 1).as_bytes()),
        ),
        ("a want", with_list(format!("want {tip}").as_bytes())),
        ("an HTTP request", with_list(b"GET / HTTP/1.1")),
        ("nothing in it", with_list(b"")),
        (
            "a delimiter",
            [b"0001".to_vec(), with_list(&sound)].concat(),
        ),
        (
            "a response end",
            [b"0002".to_vec(), with_list(&sound)].concat(),
        ),
    ];
    for (name, body) in cases {
        let answer = target.send("git-receive-pack", &[], &body);
        target.judge(
            &format!("a command with {name}"),
            &answer,
            Expect::Fatal("protocol error"),
        );
    }
    let shallow = [pkt("shallow x"), create(&target, b"refs/heads/evil")].concat();
    target.push(
        "a shallow line without an id",
        &shallow,
        Expect::Fatal("shallow"),
    );
    target.finish(13);
}

#[test]
fn wrong_packets() {
    let mut target = Target::new("packets");
    let sound = create(&target, b"refs/heads/evil");
    let bodies: [(&str, Vec<u8>); 9] = [
        ("no packets", b"this is not a packet".to_vec()),
        ("a length of 3", b"0003".to_vec()),
        ("a length with a sign", b"+010".to_vec()),
        ("a length with a space", b" 010".to_vec()),
        (
            "a length that is no hex",
            [b"00zz", sound.as_slice()].concat(),
        ),
        ("a length in UTF-16", b"\x000\x000\x000\x001".to_vec()),
        (
            "a length beyond the largest",
            [b"fff5".as_slice(), &vec![b'a'; 65_525]].concat(),
        ),
        ("a pack alone", empty()),
        ("zeros", vec![0; 1000]),
    ];
    for (name, body) in bodies {
        let answer = target.send("git-receive-pack", &[], &body);
        target.judge(name, &answer, Expect::Fatal(""));
    }
    let commands_end = sound.len() - empty().len();
    for end in [
        1,
        3,
        4,
        50,
        commands_end - 5,
        commands_end - 4,
        commands_end - 1,
    ] {
        let answer = target.send("git-receive-pack", &[], &sound[..end]);
        target.judge(
            &format!("commands cut at byte {end}"),
            &answer,
            Expect::Fatal(""),
        );
    }
    target.push("nothing at all", b"", Expect::Harmless(""));
    target.push("a flush", b"0000", Expect::Harmless(""));
    target.push(
        "a flush and a pack",
        &[b"0000".to_vec(), empty()].concat(),
        Expect::Harmless(""),
    );
    target.finish(18);
}

#[test]
fn names_that_no_ref_can_have() {
    let mut target = Target::new("names");
    let long = [b"refs/heads/", vec![b'n'; 4100].as_slice()].concat();
    let names: Vec<&[u8]> = vec![
        b"",
        b"HEAD",
        b"main",
        b"refs",
        b"refs/",
        b"refs/x",
        b"/refs/heads/x",
        b"refs//x",
        b"refs/heads//x",
        b"refs/heads/x/",
        b"refs/heads/",
        b"refs/heads/.x",
        b"refs/heads/x/.y",
        b"refs/heads/x.",
        b"refs/heads/x.lock",
        b"refs/heads/x.lock/y",
        b"refs/heads/x..y",
        b"refs/heads/../../config",
        b"refs/heads/x y",
        b"refs/heads/x~1",
        b"refs/heads/x^",
        b"refs/heads/x:y",
        b"refs/heads/x?",
        b"refs/heads/x*",
        b"refs/heads/x[",
        b"refs/heads/x\\y",
        b"refs/heads/x@{1}",
        b"refs/heads/@{",
        b"@",
        b"refs/heads/\x01",
        b"refs/heads/\x7f",
        b"refs/heads/x\ty",
        b"refs/heads/HEAD",
        b"FETCH_HEAD",
        b"../../x",
        b"refs/../config",
        b"refs/heads/x\n",
    ];
    for name in names {
        let shown = name.escape_ascii().to_string();
        // The last newline of a line does not belong to the name, and `HEAD` as a branch is git's to allow.
        if name.ends_with(b"\n") || name == b"refs/heads/HEAD" {
            continue;
        }
        let answer = target.send("git-receive-pack", &[], &create(&target, name));
        target.judge(&format!("'{shown}'"), &answer, Expect::Ng("funny refname"));
    }
    target.push(
        "a name of 4100 bytes",
        &create(&target, &long),
        Expect::Fatal("refname"),
    );
    let funny = command(target.tip, null(), "HEAD");
    target.push(
        "a deletion of HEAD",
        &push(&[funny], b""),
        Expect::Ng("funny refname"),
    );
    let funny = command(nobody(1), null(), "refs/heads/x..y");
    target.push(
        "a deletion of x..y",
        &push(&[funny], b""),
        Expect::Ng("funny refname"),
    );
    target.finish(35);
}

#[test]
fn updates_that_do_not_fit_the_refs() {
    let mut target = Target::new("updates");
    let (tip, tree) = (target.tip, target.tip_tree);
    let one = |old: ObjectId, new: ObjectId, name: &str| push(&[command(old, new, name)], &empty());
    let main = "refs/heads/main";
    let stale = Expect::Ng("stale info");
    target.push(
        "a branch created that is there",
        &one(null(), tip, main),
        stale,
    );
    target.push(
        "an update from another id",
        &one(nobody(1), tip, main),
        stale,
    );
    target.push("an update from a tree's id", &one(tree, tip, main), stale);
    target.push(
        "an update of a branch that is not there",
        &one(tip, tip, "refs/heads/no"),
        stale,
    );
    let delete = |old: ObjectId, name: &str| push(&[command(old, null(), name)], b"");
    let other = target.source.refs().into_keys();
    let mut other = other.filter(|name| name.starts_with("refs/heads/") && name != main);
    let other = other.next().expect("a second branch");
    target.push(
        "a deletion from another id",
        &delete(nobody(1), &other),
        stale,
    );
    // As git has it: there is nothing to delete, and so nothing to refuse.
    let gone = delete(nobody(1), "refs/heads/not-there");
    target.push("a deletion of nothing", &gone, Expect::Done);
    target.push(
        "a deletion of the current branch",
        &delete(tip, main),
        Expect::Ng("current branch"),
    );
    target.push(
        "a branch below a branch",
        &one(null(), tip, "refs/heads/main/x"),
        Expect::Ng("refs/heads/main"),
    );
    target.push(
        "a branch far below a branch",
        &one(null(), tip, "refs/heads/main/x/y/z"),
        Expect::Ng("refs/heads/main"),
    );
    let both = [
        command(null(), tip, "refs/heads/evil/x"),
        command(null(), tip, "refs/heads/evil"),
    ];
    let atomic = format!("{CAPABILITIES} atomic");
    target.push(
        "a branch and one below it, atomic",
        &push_with(&atomic, &both, &empty()),
        Expect::Ng(""),
    );
    let twice = [
        command(null(), tip, "refs/heads/evil"),
        command(null(), tree, "refs/heads/evil"),
    ];
    target.push(
        "a ref twice",
        &push(&twice, &empty()),
        Expect::Refused("multiple updates"),
    );
    let mixed = [
        command(null(), tip, "refs/heads/evil"),
        command(nobody(1), tip, main),
    ];
    target.push(
        "one good and one stale, atomic",
        &push_with(&atomic, &mixed, &empty()),
        Expect::Ng(""),
    );
    let mixed = [
        command(null(), tip, "refs/heads/evil"),
        command(null(), nobody(1), "refs/heads/lacking"),
    ];
    target.push(
        "one good and one lacking, atomic",
        &push_with(&atomic, &mixed, &empty()),
        Expect::Ng(""),
    );
    let mixed = [
        command(null(), tip, "refs/heads/evil"),
        command(null(), tip, "refs/heads/x..y"),
    ];
    target.push(
        "one good and one funny, atomic",
        &push_with(&atomic, &mixed, &empty()),
        Expect::Ng(""),
    );
    let nothing = one(null(), null(), "refs/heads/evil");
    let answer = target.send("git-receive-pack", &[], &nothing);
    assert_eq!(
        answer.status,
        200,
        "from nothing to nothing: {}",
        answer.text()
    );
    target.finish(13);
}

#[test]
fn capabilities_and_certificates() {
    let mut target = Target::new("capabilities");
    let sound = [command(null(), target.tip, "refs/heads/evil")];
    for (name, list, words) in [
        (
            "SHA-256",
            "report-status side-band-64k object-format=sha256",
            "object format",
        ),
        (
            "an unknown hash",
            "report-status object-format=md5",
            "object format",
        ),
        (
            "no hash at all",
            "report-status object-format=",
            "object format",
        ),
    ] {
        let body = push_with(list, &sound, &empty());
        target.push(&format!("objects by {name}"), &body, Expect::Fatal(words));
    }
    let certificate = [
        pkt(b"push-cert\0report-status side-band-64k".as_slice()),
        pkt("certificate version 0.1\n"),
        pkt("pusher A U Thor <a@example.com> 1 +0000\n"),
        pkt("push-cert-end\n"),
        b"0000".to_vec(),
        empty(),
    ];
    let certificate = certificate.concat();
    target.push("a certificate", &certificate, Expect::Fatal("--signed"));
    // Refused in the plain way as well, where nothing was negotiated.
    let body = push_with(
        "",
        &[command(null(), nobody(1), "refs/heads/evil")],
        &empty(),
    );
    target.push(
        "a missing tip without a report",
        &body,
        Expect::Harmless(""),
    );
    let body = push_with(
        "report-status",
        &[command(null(), nobody(1), "refs/heads/evil")],
        &empty(),
    );
    target.push(
        "a missing tip without side-bands",
        &body,
        Expect::Ng("missing necessary objects"),
    );
    let body = push_with("report-status", &sound, b"");
    target.push(
        "no pack without side-bands",
        &body,
        Expect::Unpack("early end"),
    );
    let many: Vec<Vec<u8>> = (0..65_537)
        .map(|number| command(null(), nobody(1), format!("refs/heads/evil-{number}")))
        .collect();
    target.push(
        "65,537 commands",
        &push(&many, &empty()),
        Expect::Fatal("too many"),
    );
    let options = format!("{CAPABILITIES} push-options");
    let mut flood = push_with(&options, &sound, b"");
    for _ in 0..300 {
        flood.extend(pkt(vec![b'o'; 65_000]));
    }
    let answer = target.send("git-receive-pack", &[], &flood);
    target.judge(
        "19 MB of push options",
        &answer,
        Expect::Refused("push option 1 of 65000 bytes"),
    );
    target.finish(9);
}
