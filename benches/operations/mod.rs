//! Operations that measure the engine: natively by `cargo bench`, as wasm by `benches/wasm`.
//!
//! Everything an operation works on is made here, from a seed, before it is measured. It can be
//! done again and again, and costs the same each time.

use std::hint::black_box;
use std::rc::Rc;

use cairn::git::hash::{PackHasher, WholeObject, object_id, object_ids};
use cairn::git::object::{ObjectKind, facts, fsck};
use cairn::git::pack::delta;
use cairn::git::pack::inflate::Inflater;
use cairn::git::protocol::fetch_request::FetchRequest;
use cairn::git::upload_pack::full_clone;
use flate2::{Compress, Compression};

mod history;
mod server;

use history::{History, Random};
pub use server::Server;

/// An operation, ready to be done.
pub type Prepared = Box<dyn FnMut()>;

/// A name, as the tables of the budgets and of the benchmarks show it, and its preparation.
pub type Operation = (&'static str, fn() -> Prepared);

/// All of them.
pub const OPERATIONS: [Operation; 15] = [
    ("inflate 1 MiB", inflate),
    ("hash an object of 1 MiB", hash_of_an_object),
    ("hash 256 objects of 4 KiB", hash_of_many_objects),
    ("hash 1 MiB of a pack", hash_of_a_pack),
    ("apply a delta of 1 MiB", delta_applied),
    ("read 1,000 commits", commits_read),
    ("read 1,000 trees", trees_read),
    ("check 1,000 trees", trees_checked),
    ("look 1,000 objects up", looked_up),
    ("take a push of 400 commits", push),
    ("take a push of one commit", one_commit_pushed),
    ("plan a clone", clone_planned),
    ("write a clone", clone_written),
    ("plan and write a fetch of one commit", one_commit_fetched),
    ("plan and write a clone --depth=1", depth_one),
];

const MEBIBYTE: usize = 1 << 20;

/// How many commits, trees and look-ups are counted together.
const MANY: usize = 1_000;

/// Commits of the history that is pushed and fetched: 2,600 objects.
const COMMITS: u32 = 400;

/// Text such as source code is: words that return.
fn content() -> Vec<u8> {
    let words = [
        "let ", "mut ", "self.", "fn ", "Result<", "Option<", ">\n", "(", ");\n", "    ",
    ];
    let mut random = Random::new(1);
    let mut content = Vec::with_capacity(MEBIBYTE + 8);
    while content.len() < MEBIBYTE {
        content.extend_from_slice(words[random.below(words.len())].as_bytes());
    }
    content.truncate(MEBIBYTE);
    content
}

fn inflate() -> Prepared {
    let mut compress = Compress::new(Compression::default(), true);
    let deflated = history::deflate(&mut compress, &content());
    let mut inflater = Inflater::new();
    Box::new(move || {
        let whole = inflater.whole(black_box(&deflated), MEBIBYTE);
        assert_eq!(whole.expect("sound").0.len(), MEBIBYTE);
    })
}

/// With detection of collisions.
fn hash_of_an_object() -> Prepared {
    let content = content();
    Box::new(move || {
        black_box(object_id(ObjectKind::Blob, black_box(&content)).expect("no collision"));
    })
}

/// The same bytes, four objects at once. Wasm has instructions of its own for four, which no native
/// test executes: so the ids of objects of many sizes are compared first.
fn hash_of_many_objects() -> Prepared {
    const OBJECT_BYTES: usize = 4096;
    let content = content();
    let sizes = (0..300).chain((1..MANY).map(|size| 10 * size));
    check_ids(&blobs(sizes.map(|size| &content[size..2 * size])));
    let mut ids = Vec::new();
    Box::new(move || {
        ids.clear();
        let objects = blobs(content.chunks(OBJECT_BYTES));
        object_ids(black_box(&objects), &mut ids);
        assert!(ids.iter().all(|id| black_box(id).is_ok()));
    })
}

fn blobs<'a>(contents: impl Iterator<Item = &'a [u8]>) -> Vec<WholeObject<'a>> {
    let kind = ObjectKind::Blob;
    contents
        .map(|content| WholeObject { kind, content })
        .collect()
}

fn check_ids(objects: &[WholeObject<'_>]) {
    let mut ids = Vec::new();
    object_ids(objects, &mut ids);
    assert_eq!(ids.len(), objects.len());
    for (object, id) in objects.iter().zip(ids) {
        assert_eq!(id, object_id(object.kind, object.content));
    }
}

fn hash_of_a_pack() -> Prepared {
    let content = content();
    Box::new(move || {
        let mut hasher = PackHasher::default();
        hasher.update(black_box(&content));
        black_box(hasher.finish());
    })
}

/// A delta that copies 4 KiB at a time, in reverse order.
fn delta_applied() -> Prepared {
    const COPY_BYTES: usize = 4096;
    let base = content();
    let mut delta = Vec::new();
    for _ in 0..2 {
        // The size, seven bits a byte: 2^20.
        delta.extend([0x80, 0x80, 0x40]);
    }
    for number in (0..MEBIBYTE / COPY_BYTES).rev() {
        history::copy(number * COPY_BYTES, COPY_BYTES, &mut delta);
    }
    Box::new(move || {
        let result = delta::apply(black_box(&base), &delta, MEBIBYTE as u64);
        assert_eq!(result.expect("sound").len(), MEBIBYTE);
    })
}

fn commits_read() -> Prepared {
    let (tree, mut commits) = (grown().0.tip(), Vec::new());
    for number in 0..u32::try_from(MANY).expect("small") {
        commits.push(history::commit(&tree, Some(tree), number));
    }
    Box::new(move || {
        for commit in &commits {
            black_box(facts::commit(black_box(commit)).expect("a commit"));
        }
    })
}

/// Trees of 16 entries, and one of 12 to each twelve of them.
fn trees() -> impl Iterator<Item = Vec<u8>> {
    let history = grown().0;
    let trees: Vec<_> = history.trees().into_iter().map(<[u8]>::to_vec).collect();
    trees.into_iter().cycle().take(MANY)
}

fn trees_read() -> Prepared {
    let trees: Vec<_> = trees().collect();
    Box::new(move || {
        for tree in &trees {
            let entries = facts::tree_entries(black_box(tree));
            assert!(entries.map(black_box).all(|entry| entry.is_ok()));
        }
    })
}

fn trees_checked() -> Prepared {
    let trees: Vec<_> = trees().collect();
    Box::new(move || {
        let mut found = 0;
        for tree in &trees {
            let mut report = |_| found += 1;
            fsck::check(
                ObjectKind::Tree,
                black_box(tree),
                fsck::Strictness::Lenient,
                &mut report,
                &mut |_, _| (),
            );
        }
        assert_eq!(found, 0);
    })
}

/// The history, and the pack that a first push of it sends.
fn grown() -> (History, Vec<u8>) {
    let mut history = History::new();
    let pack = history.grow(COMMITS);
    (history, pack)
}

fn hosted() -> (Rc<Server>, History) {
    let (history, pack) = grown();
    (Server::with(&pack, &[history.tip()]), history)
}

fn looked_up() -> Prepared {
    let packs = hosted().0.packs();
    let index = packs.index(0).expect("an index");
    let ids: Vec<_> = (0..index.len())
        .filter_map(|position| index.id(position))
        .take(MANY)
        .collect();
    Box::new(move || {
        let found = ids
            .iter()
            .filter_map(|id| packs.find(black_box(id)).expect("an index"));
        assert_eq!(found.count(), MANY);
    })
}

fn push() -> Prepared {
    let (history, pack) = grown();
    Box::new(move || drop(black_box(Server::with(black_box(&pack), &[history.tip()]))))
}

/// To a repository that has the history, and is put back.
fn one_commit_pushed() -> Prepared {
    let (server, mut history) = hosted();
    let pack = history.grow(1);
    Box::new(move || {
        server.receive(black_box(&pack), &[history.tip()]);
        server.undo();
    })
}

fn clone_planned() -> Prepared {
    let (server, history) = hosted();
    let request = full_clone::request(vec![history.tip()]);
    let graph = server.graph();
    Box::new(move || drop(black_box(server.plan(&graph, black_box(&request)))))
}

fn clone_written() -> Prepared {
    let (server, history) = hosted();
    sent(server, full_clone::request(vec![history.tip()]))
}

fn one_commit_fetched() -> Prepared {
    let (server, mut history) = hosted();
    let have = history.tip();
    let pack = history.grow(1);
    server.receive(&pack, &[history.tip()]);
    let request = FetchRequest {
        haves: vec![have],
        thin_pack: true,
        ..full_clone::request(vec![history.tip()])
    };
    sent(server, request)
}

fn depth_one() -> Prepared {
    let (server, history) = hosted();
    let request = FetchRequest {
        deepen: Some(1),
        ..full_clone::request(vec![history.tip()])
    };
    sent(server, request)
}

/// The plan and the pack of a request.
fn sent(server: Rc<Server>, request: FetchRequest) -> Prepared {
    let graph = server.graph();
    Box::new(move || {
        let outgoing = server.plan(&graph, black_box(&request));
        assert!(black_box(server.send(outgoing)) > 0);
    })
}
