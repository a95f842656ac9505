//! Objects left out that nothing reaches.

use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::limits::Limits;
use cairn::git::maintenance::merge::Merge;
use cairn::git::maintenance::reach::{Reach, Reached};
use cairn::git::maintenance::step::Step;
use cairn::git::pack::reader::LivePacks;
use cairn::storage::db::sql::Database;
use cairn::storage::repository::publication::{Publication, RefUpdate};
use gix_hash::ObjectId;

use super::hosted::{NOW, Source, Store, created, merge, push};
use super::judge;

/// Rewrites every pack that has something that the roots do not reach; newest first.
fn prune<D: Database>(store: &Rc<Store<D>>, roots: &[ObjectId], kept_packs: &[u32]) -> Rc<Reached> {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT).unwrap();
    let graph = CommitGraph::open(&**store, packs.records()).unwrap();
    let mut reach = Reach::new(&packs, &graph);
    for root in roots {
        assert!(reach.add_root(&packs, &graph, *root).unwrap());
        while reach.step(&packs, &graph, 1).unwrap() == Step::More {}
    }
    for pack in kept_packs {
        reach.add_pack(&graph, *pack);
    }
    while reach.step(&packs, &graph, 10).unwrap() == Step::More {}
    let reached = reach.finish();
    let mut renamed = Vec::new();
    for pack in (0..packs.pack_count()).rev() {
        if reached.has_all(&graph, pack) {
            continue;
        }
        let mut merge = Merge::new(pack..pack + 1, Some(Rc::clone(&reached)));
        while merge.step(&packs, &graph, &**store, 100).unwrap() == Step::More {}
        let merged = merge.finish(&packs, &graph, &renamed).unwrap().unwrap();
        let new = store.publish_merged(&merged, NOW + 1).unwrap();
        renamed.push((packs.records()[pack as usize].pack_id, new.pack_id));
    }
    reached
}

pub fn has<D: Database>(store: &Rc<Store<D>>, id: &ObjectId) -> bool {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT).unwrap();
    let graph = CommitGraph::open(&**store, packs.records()).unwrap();
    let found = packs.find(id).unwrap().is_some();
    assert!(found || graph.lookup(id).unwrap().is_none());
    found
}

pub fn move_ref<D: Database>(
    store: &Rc<Store<D>>,
    name: &str,
    old: ObjectId,
    new: Option<ObjectId>,
) {
    let push = Publication {
        updates: vec![RefUpdate {
            name: name.into(),
            old: Some(old),
            new,
            peeled: None,
        }],
        now_ms: NOW,
        ..Publication::default()
    };
    store.publish(&push).unwrap();
}

#[test]
fn a_deleted_branch_goes_and_objects_that_others_need_stay() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let first = source.commit("main", 6);
    push(&store, &source, "refs/heads/main", None, first);
    super::hosted::git(source.path(), &["branch", "topic", "main"], b"");
    let topic = source.commit("topic", 4);
    push(&store, &source, "refs/heads/topic", None, topic);
    let more = source.commit("topic", 3);
    push(&store, &source, "refs/heads/topic", Some(topic), more);
    let second = source.commit("main", 5);
    push(&store, &source, "refs/heads/main", Some(first), second);
    move_ref(&store, "refs/heads/topic", more, None);
    super::hosted::git(source.path(), &["branch", "-D", "topic"], b"");

    let reached = prune(&store, &[second], &[2]);
    assert!(reached.entries.is_whole(2), "a young pack is kept whole");
    assert!(
        has(&store, &topic) && has(&store, &more),
        "what it needs, too"
    );
    judge::check(&store, source.path());

    prune(&store, &[second], &[]);
    assert!(!has(&store, &topic) && !has(&store, &more));
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
    merge(&store, 0..4, None).unwrap();
    judge::check(&store, source.path());
    let live = judge::objects(source.path(), &[second], &[]);
    let packs = LivePacks::open(Rc::clone(&store), &Limits::DEFAULT).unwrap();
    let stored = packs.records()[0].object_count as usize;
    // Bases of deltas may be kept that nothing reaches.
    assert!(
        stored >= live.len() && stored < live.len() + 10,
        "{stored} of {}",
        live.len()
    );
    judge::index_pack_strict(&judge::bytes(&store, &packs.records()[0]));
}

#[test]
fn trees_and_tags_that_refs_name_are_kept() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let tip = source.commit("main", 6);
    push(&store, &source, "refs/heads/main", None, tip);
    let (tree, old) = (source.id("main~3^{tree}"), source.id("main~5"));
    let tag = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b.c",
        "tag",
        "-a",
        "-m",
        "x",
        "v1",
    ];
    super::hosted::git(source.path(), &[&tag[..], &["main~4"]].concat(), b"");
    let tag = source.id("v1");
    push(&store, &source, "refs/tags/v1", None, tag);
    let reached = prune(&store, &[tree, tag], &[]);
    assert!(reached.entries.count() > 0);
    assert!(has(&store, &tree) && has(&store, &tag) && has(&store, &old));
    assert!(!has(&store, &tip));
    let packs = LivePacks::open(Rc::clone(&store), &Limits::DEFAULT).unwrap();
    for id in judge::objects(source.path(), &[tree, tag], &[]) {
        packs.read_at(packs.find(&id).unwrap().unwrap()).unwrap();
    }
}

#[test]
fn nothing_left_is_an_empty_pack() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let tip = source.commit("main", 3);
    push(&store, &source, "refs/heads/main", None, tip);
    move_ref(&store, "refs/heads/main", tip, None);
    prune(&store, &[], &[]);
    assert!(!has(&store, &tip));
    assert_eq!(store.live_sizes(), Ok((32, 0)));
    push(&store, &source, "refs/heads/main", None, tip);
    merge(&store, 0..2, None).unwrap();
    judge::check(&store, source.path());
}
