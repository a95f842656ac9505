//! A repository as the server keeps it, on SQLite, and pushes to it from a real one.

use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::graph::connectivity::{Connectivity, Progress};
use cairn::git::limits::Limits;
use cairn::git::maintenance::geometry;
use cairn::git::maintenance::merge::Merge;
use cairn::git::maintenance::reach::Reached;
use cairn::git::maintenance::step::Step;
use cairn::git::pack::incoming::objects::Sources;
use cairn::git::pack::parser::PackParser;
use cairn::git::pack::reader::LivePacks;
use cairn::git::pack::resolver::{self, Resolver};
use cairn::git::receive_pack::inspection::Inspection;
use cairn::git::receive_pack::pushed::Pushed;
use cairn::git::store::{PackStore as _, ReadError, StoreError};
use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::db::schema;
use cairn::storage::db::sql::{Database, in_transaction};
use cairn::storage::repository::publication::{
    PackPublication, Publication, RefOutcome, RefUpdate,
};
use cairn::storage::repository::store::{NewRepository, RepoStore};
use gix_hash::ObjectId;

#[path = "../support/plumbing.rs"]
mod plumbing;

pub use plumbing::git;

pub const NOW: i64 = 1_700_000_000_000;

/// The output of git, as text without the last newline.
pub fn text(directory: &Path, arguments: &[&str]) -> String {
    let printed = git(directory, arguments, b"");
    String::from_utf8(printed).unwrap().trim_end().to_owned()
}

/// A repository with a line of commits, each of which changes a file and now and then more;
/// every seventh is a merge, every tenth has an annotated tag.
pub struct Source {
    directory: tempfile::TempDir,
    commits: usize,
}

impl Source {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        git(
            directory.path(),
            &["init", "-q", "--bare", "-b", "main"],
            b"",
        );
        Self {
            directory,
            commits: 0,
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Adds commits to a branch; gives its tip.
    pub fn commit(&mut self, branch: &str, count: usize) -> ObjectId {
        let mut stream = Vec::new();
        let name = format!("refs/heads/{branch}");
        let exists = !text(self.path(), &["for-each-ref", &name]).is_empty();
        for number in 0..count {
            self.commits += 1;
            let at = self.commits;
            let message = format!("{branch} {at}\n");
            write!(
                stream,
                "commit {name}\nmark :{}\ncommitter A <a@example.com> {} +0000\ndata {}\n{message}",
                number + 1,
                1_600_000_000 + at,
                message.len()
            )
            .unwrap();
            if number == 0 && exists {
                writeln!(stream, "from {name}^0").unwrap();
            }
            if number > 3 && number % 7 == 0 {
                writeln!(stream, "merge :{}", number - 2).unwrap();
            }
            let mut lines = String::new();
            for line in 0..60 {
                let version = if line == at % 60 { at } else { 0 };
                std::fmt::Write::write_fmt(&mut lines, format_args!("line {line} {version}\n"))
                    .unwrap();
            }
            for path in [format!("d{}/file", at % 3), "always".to_owned()] {
                writeln!(
                    stream,
                    "M 100644 inline {path}\ndata {}\n{lines}",
                    lines.len()
                )
                .unwrap();
            }
        }
        git(self.path(), &["fast-import", "--quiet", "--force"], &stream);
        self.id(&name)
    }

    /// Adds a commit that sets one file; gives the branch's tip.
    pub fn commit_file(&mut self, branch: &str, content: &[u8]) -> ObjectId {
        self.commits += 1;
        let name = format!("refs/heads/{branch}");
        let exists = !text(self.path(), &["for-each-ref", &name]).is_empty();
        let mut stream = Vec::new();
        write!(
            stream,
            "commit {name}\ncommitter A <a@example.com> {} +0000\ndata 1\nx\n{}M 100644 inline big\n\
             data {}\n",
            1_600_000_000 + self.commits,
            if exists { format!("from {name}^0\n") } else { String::new() },
            content.len()
        )
        .unwrap();
        stream.extend_from_slice(content);
        git(self.path(), &["fast-import", "--quiet"], &stream);
        self.id(&name)
    }

    pub fn id(&self, revision: &str) -> ObjectId {
        text(self.path(), &["rev-parse", revision]).parse().unwrap()
    }

    /// The pack that a push from `have` to `want` would send.
    pub fn pack(&self, want: &[ObjectId], have: &[ObjectId], options: &[&str]) -> Vec<u8> {
        let mut input = Vec::new();
        for id in want {
            writeln!(input, "{id}").unwrap();
        }
        for id in have {
            writeln!(input, "^{id}").unwrap();
        }
        let arguments = [
            &["pack-objects", "--revs", "--thin", "--stdout", "-q"],
            options,
        ];
        git(self.path(), &arguments.concat(), &input)
    }
}

/// The server's side.
pub type Store<D> = RepoStore<D>;

pub fn created() -> Store<RusqliteDatabase> {
    create(RusqliteDatabase::in_memory().unwrap())
}

pub fn create<D: Database>(db: D) -> Store<D> {
    let store = RepoStore::new(db, Box::new(|| NOW));
    let new = NewRepository {
        id: "0123456789abcdef",
        namespace: "acme",
        name: "widgets",
        description: "",
        head: "refs/heads/main".into(),
        read_only: false,
        public: false,
        fsck_strict: false,
        source: None,
        now_ms: NOW,
    };
    assert_eq!(store.create(&new), Ok(true));
    store
}

/// The store of an object that has been woken again.
pub fn woken<D: Database>(db: D) -> Store<D> {
    assert_eq!(schema::wake(&db, schema::REPOSITORY), Ok(true));
    RepoStore::new(db, Box::new(|| NOW))
}

/// Pushes a ref to `new`, with a pack against `old`.
pub fn push<D: Database>(
    store: &Rc<Store<D>>,
    source: &Source,
    name: &str,
    old: Option<ObjectId>,
    new: ObjectId,
) {
    let pack = source.pack(&[new], old.as_slice(), &["--delta-base-offset"]);
    push_pack(store, &pack, name, old, new);
}

/// Pushes a pack and moves a ref.
pub fn push_pack<D: Database>(
    store: &Rc<Store<D>>,
    pack: &[u8],
    name: &str,
    old: Option<ObjectId>,
    new: ObjectId,
) {
    let limits = Limits::DEFAULT;
    let live = LivePacks::open(Rc::clone(store), &limits).unwrap();
    let mut inspection = Inspection::default();
    let mut parser = PackParser::new(limits);
    parser.feed(pack, &**store, &mut inspection).unwrap();
    let mut resolver = Resolver::new(parser.finish_input().unwrap());
    let sources = Sources {
        store: &**store,
        bases: &live,
    };
    while resolver
        .step(1 << 20, sources, &**store, &mut inspection)
        .unwrap()
        == resolver::Step::More
    {}
    let pushed = Pushed::new(resolver.finish(), inspection, &live, &limits);
    let graph = CommitGraph::open(&**store, live.records()).unwrap();
    let tips = [new];
    let mut walk = Connectivity::new(&graph, &pushed, &pushed, &tips, &limits);
    while walk.step(100).unwrap() == Progress::Working {}
    let connected = walk.finish().unwrap();
    let peeled = pushed.peel(&new).unwrap();
    let (objects, _) = pushed.into_parts();
    let (table, received) = (objects.table, objects.pack.finish());
    let outcomes = in_transaction(store.database(), || {
        let parts = (&*connected.graph_part, &connected.introduced_part);
        let pack = store.write_pack(&received, &table, parts.0, parts.1)?;
        store.publish(&Publication {
            pack: Some(pack),
            updates: vec![RefUpdate {
                name: name.into(),
                old,
                new: Some(new),
                peeled,
            }],
            now_ms: NOW,
            ..Publication::default()
        })
    });
    assert_eq!(outcomes, Ok(vec![RefOutcome::Updated]));
}

/// Merges these packs, in steps as small as may be.
pub fn merge<D: Database>(
    store: &Rc<Store<D>>,
    range: std::ops::Range<u32>,
    keep: Option<Rc<Reached>>,
) -> Result<PackPublication, ReadError> {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT)?;
    let graph = CommitGraph::open(&**store, packs.records())?;
    let mut merge = Merge::new(range, keep);
    while merge.step(&packs, &graph, &**store, 1)? == Step::More {}
    let merged = merge.finish(&packs, &graph, &[]).unwrap();
    let merged = merged.ok_or_else(|| StoreError::Failed("no end".to_owned()))?;
    Ok(store.publish_merged(&merged, NOW + 1)?)
}

/// Merges the due packs; gives how often.
pub fn merge_due<D: Database>(store: &Rc<Store<D>>) -> usize {
    let mut merges = 0;
    while let Some(range) = geometry::due(&store.live_packs().unwrap(), |_| false) {
        let start = u32::try_from(range.start).unwrap();
        let end = u32::try_from(range.end).unwrap();
        merge(store, start..end, None).unwrap();
        merges += 1;
    }
    merges
}
