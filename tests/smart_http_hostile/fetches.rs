//! Fetch requests that are wrong: an `ERR` or a 4xx, never a pack that lacks something.

use super::pack::{Pack, append, nobody};
use super::request::{Verdict, create_evil, null, pkt};
use super::target::{Expect, Target};

/// A request of version 2: a command, and its arguments.
fn request(name: &str, arguments: &[&str]) -> Vec<u8> {
    let mut body = pkt(format!("command={name}\n"));
    body.extend(b"0001");
    for argument in arguments {
        body.extend(pkt(format!("{argument}\n")));
    }
    body.extend(b"0000");
    body
}

const FATAL: Expect = Expect::Fatal("");

#[test]
fn malformed_requests_of_version_2() {
    let mut target = Target::new("v2");
    let want = format!("want {}", target.tip);
    let fetch = |arguments: &[&str]| request("fetch", arguments);
    let twice = format!("{want} {}", target.tip);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no command", [pkt("agent=x"), b"0000".to_vec()].concat()),
        ("an unknown command", request("gc", &[])),
        ("an empty command", request("", &[])),
        (
            "a command with a line break",
            request("fetch\nls-refs", &[]),
        ),
        (
            "two commands",
            [pkt("command=fetch"), request("ls-refs", &[])].concat(),
        ),
        (
            "an unknown capability",
            [pkt("colour=red"), request("ls-refs", &[])].concat(),
        ),
        (
            "another hash",
            [pkt("object-format=sha256"), request("ls-refs", &[])].concat(),
        ),
        (
            "two delimiters",
            [pkt("command=fetch"), b"00010001".to_vec(), b"0000".to_vec()].concat(),
        ),
        (
            "a response end",
            [pkt("command=fetch"), b"0002".to_vec()].concat(),
        ),
        (
            "arguments without a delimiter",
            [pkt("command=fetch"), pkt(&want), b"0000".to_vec()].concat(),
        ),
        (
            "a version 0 request",
            [pkt(&want), b"0000".to_vec(), pkt("done")].concat(),
        ),
        ("an unknown argument", fetch(&[&want, "colour red", "done"])),
        ("a want that is no id", fetch(&["want x", "done"])),
        (
            "a want of 39 digits",
            fetch(&[&want[..want.len() - 1], "done"]),
        ),
        ("two ids in a want", fetch(&[&twice, "done"])),
        ("a want of a name", fetch(&["want refs/heads/main", "done"])),
        ("a have that is no id", fetch(&[&want, "have x", "done"])),
        ("a depth of 0", fetch(&[&want, "deepen 0", "done"])),
        ("a depth below 0", fetch(&[&want, "deepen -1", "done"])),
        (
            "a depth of 2^40",
            fetch(&[&want, "deepen 1099511627776", "done"]),
        ),
        (
            "a depth that is no number",
            fetch(&[&want, "deepen x", "done"]),
        ),
        ("a depth in hex", fetch(&[&want, "deepen 0x10", "done"])),
        (
            "a time that is no number",
            fetch(&[&want, "deepen-since yesterday", "done"]),
        ),
        (
            "a ref to stop at that is none",
            fetch(&[&want, "deepen-not nowhere", "done"]),
        ),
        (
            "a depth and a time",
            fetch(&[&want, "deepen 1", "deepen-since 1", "done"]),
        ),
        (
            "a shallow line without an id",
            fetch(&[&want, "shallow x", "done"]),
        ),
        (
            "a filter that is none",
            fetch(&[&want, "filter colour:red", "done"]),
        ),
        (
            "a filter without its number",
            fetch(&[&want, "filter blob:limit=", "done"]),
        ),
        (
            "a filter with a number below 0",
            fetch(&[&want, "filter blob:limit=-1", "done"]),
        ),
        (
            "a filter that combines nothing",
            fetch(&[&want, "filter combine:", "done"]),
        ),
        (
            "a filter by a blob that nobody has",
            fetch(&[&want, "filter sparse:oid=refs/heads/none:x", "done"]),
        ),
        (
            "two filters",
            fetch(&[&want, "filter blob:none", "filter tree:0", "done"]),
        ),
        (
            "a ref wanted that is none",
            fetch(&["want-ref refs/heads/nowhere", "done"]),
        ),
        (
            "a ref wanted twice",
            fetch(&[
                "want-ref refs/heads/main",
                "want-ref refs/heads/main",
                "done",
            ]),
        ),
        ("a ref wanted in short", fetch(&["want-ref main", "done"])),
        (
            "an unknown argument of ls-refs",
            request("ls-refs", &["colour"]),
        ),
        (
            "sizes of what is no id",
            request("object-info", &["size", "oid x"]),
        ),
        ("no packets", b"command=fetch".to_vec()),
        (
            "a length beyond the largest",
            [b"fff5".as_slice(), &[b'a'; 65_525]].concat(),
        ),
        (
            "a request that is cut",
            fetch(&[&want, "done"])[..40].to_vec(),
        ),
        ("a request without its flush", {
            let mut body = fetch(&[&want, "done"]);
            body.truncate(body.len() - 4);
            body
        }),
    ];
    for (name, body) in cases {
        target.fetch(&format!("v2: {name}"), 2, &body, FATAL);
    }
    let many: Vec<String> = (0..100_001)
        .map(|number| format!("have {number:040x}"))
        .collect();
    let mut arguments = vec![want.as_str()];
    arguments.extend(many.iter().map(String::as_str));
    target.fetch("v2: 100,001 haves", 2, &fetch(&arguments), FATAL);
    target.finish(42);
}

#[test]
fn malformed_requests_of_version_0() {
    let mut target = Target::new("v0");
    let tip = target.tip;
    let want = |rest: &str| pkt(format!("want {tip}{rest}\n"));
    let flush = || b"0000".to_vec();
    let done = || pkt("done\n");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "a line that is no want",
            [pkt("give me all\n"), flush(), done()].concat(),
        ),
        (
            "a want that is no id",
            [pkt("want x\n"), flush(), done()].concat(),
        ),
        (
            "a have before the wants' end",
            [want(""), pkt(format!("have {tip}\n")), flush()].concat(),
        ),
        (
            "a have that is no id",
            [want(""), flush(), pkt("have x\n"), flush()].concat(),
        ),
        (
            "a line that is no have",
            [want(""), flush(), pkt("colour red\n"), done()].concat(),
        ),
        (
            "a depth of -1",
            [want(" shallow"), pkt("deepen -1\n"), flush(), done()].concat(),
        ),
        (
            "a filter not agreed on",
            [want(""), pkt("filter blob:none\n"), flush(), done()].concat(),
        ),
        ("wants that are cut", want("")[..30].to_vec()),
        ("no packets", b"want everything".to_vec()),
        ("a request of version 2", request("fetch", &["done"])),
    ];
    for (name, body) in cases {
        target.fetch(&format!("v0: {name}"), 0, &body, FATAL);
    }
    // As in git, anything but a line ends the wants, and then nothing is asked for.
    let body = [want(""), b"0001".to_vec(), done()].concat();
    target.fetch("v0: a delimiter", 0, &body, Expect::Harmless(""));
    target.finish(11);
}

#[test]
fn wants_of_unknown_objects() {
    let mut target = Target::new("wants");
    // An object of a refused push, and one that only a delta's instructions know.
    let mut pack = Pack::new();
    let secret = pack.blob(b"in quarantine");
    pack.ref_delta(secret, &append(b"in quarantine", b"!"));
    let commit = pack.commit(target.tip_tree, &[nobody(5)]);
    let answer = target.send(
        "git-receive-pack",
        &[],
        &create_evil(commit, &pack.finish()),
    );
    assert!(
        answer.text().contains("missing necessary objects"),
        "{}",
        answer.text()
    );
    let null = null();
    for (name, id) in [
        ("an unknown id", nobody(1)),
        ("the null id", null),
        ("a quarantined blob", secret),
        ("a quarantined commit", commit),
    ] {
        let not_ours = Expect::Fatal("not our ref");
        let (want, have) = (format!("want {id}"), format!("have {}", target.tip));
        let good = format!("want {}", target.tip);
        target.fetch(
            &format!("v2: {name}"),
            2,
            &request("fetch", &[&want, "done"]),
            not_ours,
        );
        let beside = request("fetch", &[&good, &want, "done"]);
        target.fetch(
            &format!("v2: {name} beside a good one"),
            2,
            &beside,
            not_ours,
        );
        let asking = request("fetch", &[&want, &have]);
        target.fetch(
            &format!("v2: {name} while negotiating"),
            2,
            &asking,
            not_ours,
        );
        let body = [pkt(format!("want {id}\n")), b"0000".to_vec(), pkt("done\n")].concat();
        target.fetch(&format!("v0: {name}"), 0, &body, not_ours);
    }
    target.finish(16);
}

#[test]
fn garbage_haves_do_no_harm() {
    let mut target = Target::new("haves");
    let want = format!("want {}", target.tip);
    let unknown: Vec<String> = (0..5000)
        .map(|number| format!("have {number:040x}"))
        .collect();
    let mut arguments = vec![want.as_str()];
    arguments.extend(unknown.iter().map(String::as_str));
    let expect = Expect::Harmless("NAK");
    target.fetch(
        "5000 unknown haves",
        2,
        &request("fetch", &arguments),
        expect,
    );
    let tree = format!("have {}", target.tip_tree);
    target.fetch(
        "a tree as a have",
        2,
        &request("fetch", &[&want, &tree]),
        Expect::Harmless(""),
    );
    // With `done` the pack comes whole, with any haves.
    for (name, have) in [
        ("a tree", tree.as_str()),
        ("an unknown id", unknown[7].as_str()),
    ] {
        let body = request("fetch", &[&want, have, "done"]);
        let headers = [("Git-Protocol", "version=2")];
        let answer = target.send("git-upload-pack", &headers, &body);
        let packed = answer.body.windows(4).any(|bytes| bytes == b"PACK");
        assert!(packed, "{name}: {}", Verdict::of(&answer));
    }
    target.finish(2);
}

#[test]
fn a_depth_for_a_boundary_that_is_not_here() {
    let target = Target::new("boundary");
    let want = format!("want {}", target.tip);
    let unknown = format!("shallow {}", nobody(3));
    let tree = format!("shallow {}", target.tip_tree);
    for (name, shallow) in [("an unknown id", &unknown), ("a tree", &tree)] {
        let body = request("fetch", &[&want, shallow, "deepen 2", "done"]);
        let answer = target.send("git-upload-pack", &[("Git-Protocol", "version=2")], &body);
        assert_eq!(answer.status, 200, "{name}");
        let verdict = Verdict::of(&answer);
        let packed = answer.body.windows(4).any(|bytes| bytes == b"PACK");
        assert!(
            packed || matches!(verdict, Verdict::Fatal(_)),
            "{name}: {verdict}"
        );
    }
    target.finish(0);
}
