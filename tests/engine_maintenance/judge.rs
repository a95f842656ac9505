//! The state that a repository must be in after each story.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::graph::connectivity::{Connectivity, Progress};
use cairn::git::graph::unpublished::Unpublished;
use cairn::git::hash::object_id;
use cairn::git::limits::Limits;
use cairn::git::maintenance::compare::{self, Graph};
use cairn::git::maintenance::overlay::Overlay;
use cairn::git::maintenance::rebuild::IndexRebuild;
use cairn::git::maintenance::step::Step;
use cairn::git::pack::entries::Base;
use cairn::git::pack::index::{IndexBuilder, PackIndex};
use cairn::git::pack::reader::{LivePacks, Location};
use cairn::git::store::{PackId, PackRecord, PackStore, Part};
use cairn::git::upload_pack::plan::{PlanOptions, plan};
use cairn::storage::db::sql::Database;
use gix_hash::ObjectId;

use super::hosted::{Store, git, text};

/// The stored bytes of a pack.
pub fn bytes<D: Database>(store: &Rc<Store<D>>, pack: &PackRecord) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut number = 0;
    while (bytes.len() as u64) < pack.pack_bytes {
        bytes.extend_from_slice(&store.chunk(pack.pack_id, number).unwrap());
        number += 1;
    }
    assert_eq!(bytes.len() as u64, pack.pack_bytes);
    bytes
}

/// A pack without bases elsewhere must be one that git takes.
pub fn index_pack_strict(pack: &[u8]) {
    let scratch = tempfile::tempdir().unwrap();
    git(scratch.path(), &["init", "-q", "--bare"], b"");
    git(scratch.path(), &["index-pack", "--stdin"], pack);
    let packs = scratch.path().join("objects/pack");
    let file = std::fs::read_dir(packs).unwrap();
    let file = file.map(|entry| entry.unwrap().path());
    let pack = file.filter(|path| path.extension().is_some_and(|end| end == "pack"));
    for path in pack {
        git(
            scratch.path(),
            &[
                "index-pack",
                "--strict",
                "-o",
                "again.idx",
                path.to_str().unwrap(),
            ],
            b"",
        );
        git(
            scratch.path(),
            &["verify-pack", path.to_str().unwrap()],
            b"",
        );
    }
}

/// Every ref's closure is there, each object with its bytes; fetches are planned as git would.
pub fn check<D: Database>(store: &Rc<Store<D>>, directory: &Path) {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT).unwrap();
    let graph = Rc::new(CommitGraph::open(&**store, packs.records()).unwrap());
    let mut tips = Vec::new();
    store
        .visit_refs(b"refs/", |record| {
            tips.push(record.target);
            ControlFlow::Continue(())
        })
        .unwrap();
    for id in objects(directory, &tips, &[]) {
        let at = packs
            .find(&id)
            .unwrap()
            .expect("an object of a ref is here");
        let (kind, content) = packs.read_at(at).unwrap();
        assert_eq!(object_id(kind, &content).unwrap(), id);
    }
    let commits = text(directory, &["rev-list", "--all"]);
    let commits: Vec<ObjectId> = commits.lines().map(|id| id.parse().unwrap()).collect();
    for (number, have) in commits.iter().enumerate().step_by(7) {
        let want = commits[number * 5 % commits.len()];
        let is_missing = |id: &ObjectId| graph.lookup(id).unwrap().is_none();
        if is_missing(&want) || is_missing(have) {
            continue;
        }
        let options = PlanOptions::default();
        let planned = plan(&packs, &graph, &[want], &[*have], &options).unwrap();
        let mut sent = BTreeSet::new();
        for pack in 0..packs.pack_count() {
            for position in planned.selection.positions(pack) {
                sent.insert(packs.id(Location { pack, position }).unwrap());
            }
        }
        let needed = objects(directory, &[want], &[*have]);
        let known = objects(directory, &[*have], &[]);
        assert!(needed.is_subset(&sent), "a fetch lacks something");
        let more: Vec<_> = sent.difference(&needed).collect();
        let reached = objects(directory, &[want], &[]);
        assert!(
            more.iter()
                .all(|id| reached.contains(*id) && known.contains(*id)),
            "{more:?}"
        );
    }
    assert_eq!(store.count_orphans(), Ok(0));
}

/// The objects that `rev-list --objects` lists.
pub fn objects(directory: &Path, wants: &[ObjectId], haves: &[ObjectId]) -> BTreeSet<ObjectId> {
    let mut input = String::new();
    for id in wants {
        writeln!(input, "{id}").unwrap();
    }
    for id in haves {
        writeln!(input, "^{id}").unwrap();
    }
    let arguments = ["rev-list", "--objects", "--no-object-names", "--stdin"];
    let listed = String::from_utf8(git(directory, &arguments, input.as_bytes())).unwrap();
    listed.lines().map(|id| id.parse().unwrap()).collect()
}

/// The first difference between two indexes; `None` if they are equal.
fn different_indexes(stored: &PackIndex, rebuilt: &PackIndex) -> Option<String> {
    if stored.len() != rebuilt.len() {
        return Some(format!(
            "its index has {} entries, its bytes {}",
            stored.len(),
            rebuilt.len()
        ));
    }
    let facts = |index: &PackIndex, position: u32| {
        let entry = index.entry(position)?;
        let base = match entry.base {
            Base::None => None,
            Base::Position(base) => Some(index.id(base)?),
            Base::External(number) => Some(index.external_base(number)?),
        };
        let found = index.find(&entry.id)?;
        let (offset, stored_bytes) = (entry.offset, entry.stored_bytes);
        let numbers = (offset, stored_bytes, entry.size_bytes, found);
        Some((entry.id, entry.kind, numbers, base))
    };
    let differs = |position: &u32| {
        let stored = facts(stored, *position);
        stored.is_none() || stored != facts(rebuilt, *position)
    };
    let position = (0..stored.len()).find(differs)?;
    Some(format!(
        "its index is wrong about the entry at position {position}"
    ))
}

/// All parts, rebuilt.
pub type Parts = Vec<(PackId, Part, Vec<u8>)>;

/// Rebuilds all parts and compares them with the stored ones; returns them and the differences.
pub fn rebuild<D: Database>(store: &Rc<Store<D>>) -> (Parts, Vec<String>) {
    let limits = Limits::DEFAULT;
    let overlay = Rc::new(Overlay::new(Rc::clone(store)));
    let records = store.live_packs().unwrap();
    let mut problems = Vec::new();
    for record in records.iter() {
        let before = LivePacks::open(Rc::clone(&overlay), &limits).unwrap();
        let graph = CommitGraph::open(&*overlay, before.records()).unwrap();
        let mut machine = IndexRebuild::new(*record, &limits);
        while machine.step(&before, &**store, 1 << 20).unwrap() == Step::More {}
        let objects = machine.finish().unwrap();
        let mut index = Vec::new();
        let mut rows = IndexBuilder::new(&objects.table).unwrap();
        while let Some(row) = rows.next_row() {
            index.extend(row);
        }
        let pack = Unpublished::stored(objects, &before);
        let walk = Connectivity::new(&graph, &pack, &pack, &[], &limits);
        let mut walk = walk.from_all_commits(&Rc::default());
        while walk.step(1000).unwrap() == Progress::Working {}
        let connected = walk.finish().unwrap();
        overlay.add(*record, index);
        overlay.put(
            record.pack_id,
            Part::Graph,
            connected.graph_part.whole().unwrap(),
        );
        let introduced_part = connected.introduced_part.whole().unwrap();
        overlay.put(record.pack_id, Part::Introduced, introduced_part);
    }
    {
        let rebuilt = LivePacks::open(Rc::clone(&overlay), &limits).unwrap();
        let stored = LivePacks::open(Rc::clone(store), &limits).unwrap();
        let graphs = (
            CommitGraph::open(&*overlay, rebuilt.records()).unwrap(),
            CommitGraph::open(&**store, stored.records()).unwrap(),
        );
        let (rebuilt, stored) = (
            Graph::new(&rebuilt, &graphs.0),
            Graph::new(&stored, &graphs.1),
        );
        for pack in 0..stored.packs.pack_count() {
            let index = stored.packs.index(pack).unwrap();
            problems.extend(different_indexes(index, rebuilt.packs.index(pack).unwrap()));
            for number in 0..graphs.1.segment(pack).unwrap().len() {
                let node = graphs.1.node(pack, number).unwrap();
                problems.extend(compare::commits(&stored, &rebuilt, node).unwrap());
            }
        }
    }
    let parts = Rc::into_inner(overlay).unwrap().into_parts().unwrap();
    let parts = parts
        .into_iter()
        .map(|((id, part), bytes)| (id, part, bytes.to_vec()));
    (parts.collect(), problems)
}
