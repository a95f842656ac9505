//! Pushes that name, or build on, objects that their pusher may not see.

use std::io::Write as _;

use cairn::git::hash::PackHasher;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::json;
use ureq::http::Method;

use super::faces::Faces;
use super::rewritten::{SECRET, Story};
use super::support::git::Git;
use super::support::rest::Hosted;
use super::support::server::server;

#[test]
fn a_push_is_not_given_what_it_only_names() {
    let story = Story::begin("reach-push");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    let null = "0".repeat(40);
    // Refs at objects that are stored and not the fork's.
    for (kind, id) in story.removed.each().into_iter().chain(story.other.each()) {
        let report = pushed(
            &forked,
            &format!("{null} {id} refs/tags/named"),
            &story.work,
            &[],
        );
        assert!(
            report.contains("ng refs/tags/named"),
            "{kind} {id}: {report}"
        );
    }
    // A commit of one's own with the secret in its tree, and one on top of the removed commit.
    let tree = format!("100644 blob {}\tstolen\n", story.removed.blob);
    let tree = story.work.run_with(&["mktree"], tree.as_bytes());
    let with_blob = story
        .work
        .run(&["commit-tree", "-m", "with the blob", &tree]);
    let removed = &story.removed;
    let with_tree = story
        .work
        .run(&["commit-tree", "-m", "with the tree", &removed.tree]);
    let on_top = story.work.run(&[
        "commit-tree",
        "-m",
        "on top",
        "-p",
        &removed.commit,
        &story.kept.tree,
    ]);
    for (what, commit, objects) in [
        ("a blob", &with_blob, vec![&with_blob, &tree]),
        ("a tree", &with_tree, vec![&with_tree]),
        ("a parent", &on_top, vec![&on_top]),
    ] {
        let line = format!("{null} {commit} refs/heads/named");
        let report = pushed(&forked, &line, &story.work, &objects);
        assert!(report.contains("ng refs/heads/named"), "{what}: {report}");
    }
    let faces = Faces::of_member(&story, &forked);
    faces.give_nothing_of(&story.scratch, "removed", removed);

    // A client that has the objects may push them, although they are stored already.
    story.work.run(&[
        "push",
        "--quiet",
        &forked.url(),
        "of-plans",
        "refs/tags/other",
    ]);
    faces.give_all_of(&story.scratch, "another branch's", &story.other);
    story
        .scratch
        .clone(&forked.url(), "whole", &["--mirror"])
        .fsck_strict();
}

#[test]
fn a_thin_pack_cannot_build_on_what_its_pusher_may_not_see() {
    let story = Story::begin("reach-thin");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    let size = SECRET.len();
    assert!(size < 0x7f);
    // A delta that copies all of its base.
    let size = u8::try_from(size).unwrap();
    let delta = [size, size, 0x90, size];
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    pack.push(0x70 | 4);
    pack.extend(hex(&story.removed.blob));
    pack.extend(zlib(&delta));
    pack.extend(sha1(&pack));
    let line = format!("{} {} refs/tags/stolen", "0".repeat(40), story.removed.blob);
    let report = sent(&forked, &line, &pack);
    assert!(report.contains("ng refs/tags/stolen"), "{report}");
    let faces = Faces::of_member(&story, &forked);
    faces.give_nothing_of(&story.scratch, "removed", &story.removed);
}

/// Pushes this update with a pack of these objects alone.
fn pushed(hosted: &Hosted, line: &str, work: &Git, objects: &[&String]) -> String {
    let mut list = String::new();
    for id in objects {
        list.push_str(id);
        list.push('\n');
    }
    let packed = work.try_run(&["pack-objects", "--stdout", "-q"], list.as_bytes());
    assert!(packed.ok, "{}", packed.stderr);
    sent(hosted, line, &packed.stdout)
}

fn sent(hosted: &Hosted, line: &str, pack: &[u8]) -> String {
    let line = format!("{line}\0 report-status object-format=sha1");
    let mut body = format!("{:04x}{line}0000", line.len() + 4).into_bytes();
    body.extend(pack);
    let path = hosted.git_path("git-receive-pack");
    let headers = [("Content-Type", "application/x-git-receive-pack-request")];
    let rest = server().rest().with_bearer(&hosted.token);
    let answer = rest.send(Method::POST, &path, &headers, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut hasher = PackHasher::default();
    hasher.update(bytes);
    hasher.finish().to_vec()
}
