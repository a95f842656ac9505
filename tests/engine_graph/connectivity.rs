//! The check of a push: complete ones pass, and missing objects are found and named.

use std::collections::BTreeSet;
use std::fmt::Write;

use cairn::git::graph::connectivity::ConnectivityError;
use gix_hash::ObjectId;

use super::history::{History, Noise};
use super::server::Server;

/// The objects that a push of `tips` must bring to this server.
fn needed(history: &History, server: &Server, tips: &[ObjectId]) -> Vec<ObjectId> {
    history
        .closure(tips)
        .into_iter()
        .filter(|id| !server.has(id))
        .collect()
}

#[test]
fn any_missing_object_is_named() {
    for seed in 0..4 {
        let history = History::random(seed, 40);
        let mut noise = Noise::new(seed + 100);
        let mut server = Server::default();
        let old = noise.pick(&history.commits[..20], 3);
        server
            .push(&history.objects, &needed(&history, &server, &old), &old)
            .unwrap();

        let mut tips = noise.pick(&history.commits, 3);
        tips.extend(history.tags.iter().map(|tag| tag.0));
        let all = needed(&history, &server, &tips);
        server.check(&history.objects, &all, &tips).unwrap();
        for missing in &all {
            let rest: Vec<ObjectId> = all.iter().copied().filter(|id| id != missing).collect();
            let error = server.check(&history.objects, &rest, &tips).unwrap_err();
            let (ConnectivityError::Missing { id, .. } | ConnectivityError::MissingTip { id }) =
                error
            else {
                panic!("{error}");
            };
            assert_eq!(id, *missing);
        }
    }
}

#[test]
fn each_tip_stands_alone() {
    for seed in 20..26 {
        let history = History::random(seed, 40);
        let mut noise = Noise::new(seed + 100);
        let mut server = Server::default();
        let old = noise.pick(&history.commits[..10], 2);
        server
            .push(&history.objects, &needed(&history, &server, &old), &old)
            .unwrap();
        let tips = noise.pick(&history.commits, 8);
        let all = needed(&history, &server, &tips);
        for missing in &all {
            let rest: Vec<ObjectId> = all.iter().copied().filter(|id| id != missing).collect();
            let found = BTreeSet::from_iter(server.bad_tips(&history.objects, &rest, &tips));
            let lacks = |tip: &&ObjectId| needed(&history, &server, &[**tip]).contains(missing);
            let expected: BTreeSet<ObjectId> = tips.iter().filter(lacks).copied().collect();
            assert_eq!(found, expected, "without {missing}");
            let good: Vec<ObjectId> = tips
                .iter()
                .copied()
                .filter(|tip| !found.contains(tip))
                .collect();
            server.check(&history.objects, &rest, &good).unwrap();
        }
    }
}

#[test]
fn an_object_in_a_live_pack_proves_nothing_about_its_references() {
    for seed in 10..14 {
        let history = History::random(seed, 30);
        let mut noise = Noise::new(seed);
        let tip = noise.pick(&history.commits[15..], 1);
        let closure = history.closure(&tip);
        for missing in closure.iter().filter(|id| **id != tip[0]) {
            // A first push brings all but one object, under no ref that reaches them.
            let junk: Vec<ObjectId> = closure.iter().copied().filter(|id| id != missing).collect();
            let mut server = Server::default();
            server.push(&history.objects, &junk, &[]).unwrap();
            let error = server.check(&history.objects, &[], &tip).unwrap_err();
            let ConnectivityError::Missing { id, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(id, *missing);
            // With it, the stray objects are taken.
            let proved = server.push(&history.objects, &[*missing], &tip).unwrap();
            assert_eq!(
                proved.stats.commits as usize,
                history.missing(&tip, &[]).len()
            );
        }
    }
}

#[test]
fn kinds_must_be_those_that_are_claimed() {
    let history = History::random(3, 20);
    let tree = history.commits.iter().find_map(|commit| {
        let content = &history.objects[commit].1;
        let tree = std::str::from_utf8(&content[5..45]).unwrap();
        (!history.objects[&tree.parse::<ObjectId>().unwrap()]
            .1
            .is_empty())
        .then(|| tree.to_owned())
    });
    let tree = tree.unwrap();
    let commit = history.commits[0];
    let mut objects = history.objects.clone();
    let mut add = |kind: &str, content: &str| -> ObjectId {
        let arguments = ["hash-object", "--literally", "-t", kind, "--stdin"];
        let id: ObjectId = history
            .git(&arguments, content.as_bytes())
            .trim()
            .parse()
            .unwrap();
        let kind = cairn::git::object::ObjectKind::from_name(kind.as_bytes()).unwrap();
        objects.insert(id, (kind, std::rc::Rc::new(content.as_bytes().to_vec())));
        id
    };
    let people = "author A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n\nx\n";
    let wrong = [
        add("commit", &format!("tree {commit}\n{people}")),
        add("commit", &format!("tree {tree}\nparent {tree}\n{people}")),
        add(
            "tag",
            &format!("object {tree}\ntype commit\ntag x\ntagger A <a@b.c> 1 +0000\n\nx\n"),
        ),
    ];
    let all: Vec<ObjectId> = objects.keys().copied().collect();
    for tip in wrong {
        let error = Server::default().check(&objects, &all, &[tip]).unwrap_err();
        assert!(
            matches!(error, ConnectivityError::WrongKind { .. }),
            "{error}"
        );
    }
}

#[test]
fn both_parts_are_rebuilt_from_packs_and_refs() {
    let history = History::random(21, 60);
    let mut noise = Noise::new(21);
    let mut server = Server::default();
    let mut tips = Vec::new();
    for end in [20, 40, 60] {
        let new = noise.pick(&history.commits[end - 20..end], 2);
        server
            .push(&history.objects, &needed(&history, &server, &new), &new)
            .unwrap();
        tips.extend(new);
    }
    let all: Vec<ObjectId> = history.closure(&tips).into_iter().collect();
    let rebuilt = Server::default()
        .check(&history.objects, &all, &tips)
        .unwrap();
    let commits: BTreeSet<ObjectId> = history.missing(&tips, &[]);
    assert_eq!(rebuilt.stats.commits as usize, commits.len());
    assert_eq!(rebuilt.stats.externals, 0);
    assert_eq!(server.graph().len(), commits.len());
}

fn put(stream: &mut String, text: std::fmt::Arguments<'_>) {
    stream.write_fmt(text).unwrap();
}

#[test]
fn only_trees_that_changed_are_read() {
    // One file of a hundred changes in each commit, three directories deep.
    let commits: usize = 300;
    let mut stream = String::new();
    for number in 1..=commits {
        put(
            &mut stream,
            format_args!("commit refs/heads/main\nmark :{number}\n"),
        );
        put(
            &mut stream,
            format_args!("committer C <c@d.e> {number} +0000\ndata 1\nx\n"),
        );
        let changed = if number == 1 {
            0..100
        } else {
            number % 100..number % 100 + 1
        };
        for file in changed {
            let content = format!("{number} {file}");
            let (one, two) = (file % 5, file % 25);
            put(
                &mut stream,
                format_args!(
                    "M 644 inline a{one}/b{two}/f{file}\ndata {}\n",
                    content.len()
                ),
            );
            put(&mut stream, format_args!("{content}\n"));
        }
    }
    let history = History::import(&stream, &mut Noise::new(1));
    let tip = history.commits[commits - 1];
    let all: Vec<ObjectId> = history.closure(&[tip]).into_iter().collect();
    let connected = Server::default()
        .check(&history.objects, &all, &[tip])
        .unwrap();
    // The tree and its parent's, at each of three levels.
    assert_eq!(
        connected.stats.trees_read,
        1 + 5 + 25 + (commits as u64 - 1) * 6
    );
    assert_eq!(connected.stats.introduced, all.len() as u64);
    let part_bytes = connected.introduced_part.len();
    println!("{} commits: {} bytes", commits, connected.graph_part.len());
    println!("{} introduced: {part_bytes} bytes", all.len());
    assert!(part_bytes < all.len() * 6);
}
