//! For tests: pushes to real git's receive-pack, as it answers over stateless HTTP.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::super::limits::Limits;
use super::super::protocol::real_git::Sandbox;
use super::super::refspec::Refspecs;
use super::advertisement::{Advertisement, AdvertisementReader};
use super::report::{Report, ReportReader};
use super::request::Commands;
use super::updates::{Changes, Forward, Gathered, MirrorRules, Update};

fn refspecs(texts: &[&str]) -> Refspecs {
    Refspecs::parse(texts.iter().map(|text| (*text).to_owned()).collect()).unwrap()
}

fn client(sandbox: &Sandbox, arguments: &[&str], input: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = Command::new("git")
        .current_dir(sandbox.path("client"))
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    output.stdout
}

fn advertised(sandbox: &Sandbox, version: u8, refspecs: &Refspecs) -> Advertisement {
    let mut reader = AdvertisementReader::new(refspecs, &Limits::DEFAULT);
    reader
        .feed(&sandbox.answer("receive-pack", version, b""))
        .unwrap();
    reader.finish().unwrap()
}

/// The plan of a mirror of the client's refs to the server.
fn wanted(sandbox: &Sandbox, remote: &Advertisement, refspecs: &Refspecs) -> Changes {
    let rules = MirrorRules {
        refspecs,
        force: false,
        prune: true,
    };
    let mut gathered = Gathered::new(rules);
    let format = "--format=%(objectname) %(refname)";
    let listed = client(sandbox, &["for-each-ref", format], "");
    for line in listed.lines() {
        let (id, name) = line.split_once_str(" ").unwrap();
        gathered.add(&name.into(), ObjectId::from_hex(id).unwrap(), remote);
    }
    let forward = |old: ObjectId, new: ObjectId| {
        let (old, new) = (old.to_string(), new.to_string());
        let arguments = ["merge-base", "--is-ancestor", &old, &new];
        let status = Command::new("git")
            .current_dir(sandbox.path("client"))
            .args(arguments)
            .status();
        let is_forward = status.unwrap().success();
        Ok::<_, std::convert::Infallible>(if is_forward {
            Forward::Yes
        } else {
            Forward::No
        })
    };
    gathered.changes(remote, forward).unwrap()
}

fn push(sandbox: &Sandbox, remote: &Advertisement, updates: &[Update], atomic: bool) -> Report {
    let commands = Commands {
        updates,
        shallow: &[],
        atomic,
    };
    let mut body = Vec::new();
    commands.write(remote.features, &mut body);
    if commands.has_pack() {
        let mut revisions = String::new();
        for id in updates.iter().filter_map(|update| update.new) {
            writeln!(revisions, "{id}").unwrap();
        }
        for id in &remote.has {
            writeln!(revisions, "^{id}").unwrap();
        }
        let pack = [
            "pack-objects",
            "--thin",
            "--delta-base-offset",
            "--revs",
            "--stdout",
            "-q",
        ];
        body.extend(client(sandbox, &pack, &revisions));
    }
    let mut reader = ReportReader::new(remote.features);
    reader
        .feed(&sandbox.answer("receive-pack", 0, &body))
        .unwrap();
    reader.finish().unwrap()
}

#[test]
fn a_server_gets_what_is_new_and_says_so() {
    let sandbox = Sandbox::with_history();
    let refspecs = refspecs(&["refs/heads/*", "refs/tags/*"]);
    let before = advertised(&sandbox, 1, &refspecs);
    assert_eq!(before, advertised(&sandbox, 0, &refspecs));
    assert_eq!(before.refs.len(), 4);
    assert!(wanted(&sandbox, &before, &refspecs).updates.is_empty());
    client(
        &sandbox,
        &["commit", "-q", "--allow-empty", "-m", "three"],
        "",
    );
    client(&sandbox, &["branch", "-D", "topic"], "");
    client(&sandbox, &["branch", "next"], "");
    let changes = wanted(&sandbox, &before, &refspecs);
    assert_eq!(changes.updates.len(), 3);
    let report = push(&sandbox, &before, &changes.updates, true);
    assert_eq!(report.unpack, Some(Ok(())));
    assert!(
        report.refs.len() == 3 && report.refs.values().all(Result::is_ok),
        "{report:?}"
    );
    let after = advertised(&sandbox, 0, &refspecs);
    assert!(wanted(&sandbox, &after, &refspecs).updates.is_empty());
    sandbox.server(&["fsck", "--strict"]);
}

#[test]
fn a_hook_refuses_one_ref_and_says_why() {
    let sandbox = Sandbox::with_history();
    let hook = sandbox.path("server").join("hooks").join("update");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(
        &hook,
        "#!/bin/sh\n[ \"$1\" != refs/heads/locked ] || { echo frozen >&2; exit 1; }\n",
    )
    .unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let refspecs = refspecs(&["refs/heads/*"]);
    client(
        &sandbox,
        &["commit", "-q", "--allow-empty", "-m", "three"],
        "",
    );
    client(&sandbox, &["branch", "locked"], "");
    let remote = advertised(&sandbox, 0, &refspecs);
    let changes = wanted(&sandbox, &remote, &refspecs);
    let report = push(&sandbox, &remote, &changes.updates, false);
    let outcome = |name: &str| report.refs.get(name.as_bytes().as_bstr()).cloned();
    assert_eq!(outcome("refs/heads/main"), Some(Ok(())));
    assert_eq!(
        outcome("refs/heads/locked"),
        Some(Err("hook declined".to_owned()))
    );
    assert!(report.messages.starts_with("frozen\n"), "{report:?}");
}

#[test]
fn an_empty_server_takes_everything() {
    let sandbox = Sandbox::empty();
    client(
        &sandbox,
        &["commit", "-q", "--allow-empty", "-m", "one"],
        "",
    );
    let refspecs = refspecs(&["+refs/*:refs/*"]);
    let remote = advertised(&sandbox, 0, &refspecs);
    assert!(remote.refs.is_empty() && remote.has.is_empty());
    let changes = wanted(&sandbox, &remote, &refspecs);
    let report = push(&sandbox, &remote, &changes.updates, false);
    assert!(report.refs.values().all(Result::is_ok), "{report:?}");
    assert_eq!(sandbox.server(&["rev-list", "--count", "main"]), "1");
}
