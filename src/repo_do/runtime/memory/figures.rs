//! The memory of each operation, in bytes: the figures that reservations are made of.

/// Bytes of a request that are read without a reservation. `ls-refs`, small fetches and the
/// commands of small pushes are below; 500 requests that are half sent hold 32 MB of it at worst.
pub(crate) const REQUEST_FREE_BYTES: u64 = 64 << 10;

/// Bytes that a fetch request holds for each of its own: a `have` of 50 bytes becomes an id of 20
/// in a list that may have twice the room, a prefix of 17 a string of 40.
pub(crate) const FETCH_REQUEST_FACTOR: u64 = 2;

/// Bytes that the commands of a push hold for each of their own: one of 100 bytes becomes a
/// command of 72 and its name, in a list that may have twice the room, and a place in the list of
/// outcomes.
pub(crate) const COMMANDS_FACTOR: u64 = 3;

/// Bytes that one push holds beside its tables: a piece of body, a chunk, the resolved-object
/// cache and one delta with its base and result.
pub(crate) const PUSH_BYTES: u64 = 24 << 20;

/// Bytes that a push holds while its pack arrives, beside those that [`PackParser::held_bytes`]
/// counts: a piece of body, here and in JavaScript, and the chunk that it fills.
///
/// [`PackParser::held_bytes`]: crate::git::pack::parser::PackParser::held_bytes
pub(crate) const RECEIVING_BYTES: u64 = 1 << 20;

/// Bytes of an entry in the table of a pack. Where more than `RESIDENT_ENTRIES_MAX` would be in memory,
/// the others are in scratch.
pub(crate) const ENTRY_BYTES: u64 = 48;

/// Bytes of a delta that waits for its base, another entry, while deltas are resolved.
pub(crate) const WAITING_DELTA_BYTES: u64 = 8;

/// Bytes of all of them that are in memory at most, and that putting them in order holds; the others are in
/// scratch.
pub(crate) const WAITING_DELTAS_BYTES_MAX: u64 = 4 << 20;

/// Bytes of a delta that waits for a base which it names by its id.
pub(crate) const WAITING_REF_DELTA_BYTES: u64 = 32;

/// Bytes that an object holds beside its entry once no delta waits any more: its place by id (4), buckets of ids.
pub(crate) const SORTED_OBJECT_BYTES: u64 = 5;

/// Bytes that are held while a table is sorted, and while its index is written or compared: ids, and places
/// among them.
pub(crate) const SORTED_IDS_BYTES: u64 = 3 << 20;

/// Bytes of an object in the tables of introduced objects: its introducer (4, and then 3), and its place in a
/// list (2 or more).
pub(crate) const INTRODUCED_OBJECT_BYTES: u64 = 10;

/// Bytes of a commit in the tables of the graph and of the introduced lists.
pub(crate) const GRAPH_COMMIT_BYTES: u64 = 72;

/// Bytes of all these tables that are in memory at most; the others are in scratch.
pub(crate) const MADE_PARTS_BYTES_MAX: u64 = 10 << 20;

/// Bytes of the facts of a commit (48 and 20 a parent), as long as they are held.
pub(crate) const COMMIT_FACTS_BYTES: u64 = 68;

/// Bytes that a commit holds beside that: its place in the walk (12), and among the sorted ids of the graph (8).
pub(crate) const CHECKED_COMMIT_BYTES: u64 = 20;

/// Bytes of that at most: many places in the walk go to scratch, and many ids are sorted in turns.
pub(crate) const CHECKED_COMMITS_BYTES_MAX: u64 = 3 << 20;

/// Bytes that a commit holds while its graph is compared with the stored one: its number there.
pub(crate) const COMPARED_COMMIT_BYTES: u64 = 4;

/// Bytes that a fetch holds for as long as the client takes, unless it sends a pack to Git: 2 MiB
/// of bases, 2 MiB of chunks, a piece of output twice, a compressor, and a bit for each object of
/// the packs. A resolved delta has up to 48 MiB; but no other code runs in the isolate meanwhile, so
/// that this is needed once, not once a fetch.
pub(crate) const FETCH_BYTES: u64 = 5 << 20;

/// Bytes that a plan of more than one step holds: 4 MiB of bases, 2 MiB of chunks, runs of indexes and
/// lists, ids that are looked up together. One step alone is over before other code runs.
pub(crate) const PLANNING_BYTES: u64 = 8 << 20;

/// Objects for a byte that it holds beside that: a bit for each one that is sent, and one for each that the
/// filter must still look at.
pub(crate) const PLANNED_OBJECTS_A_BYTE: u64 = 4;

/// Bytes of a commit that it holds: its colours, and its place in the list of missing commits, which may
/// have twice the room.
pub(crate) const PLANNED_COMMIT_BYTES: u64 = 9;

/// Bytes that a fetch holds while it sends its pack, beside the bases that it keeps: a piece of
/// output here and in JavaScript, a compressor, and a bit for each object of the packs.
pub(crate) const SENDING_BYTES: u64 = 1 << 20;

/// Bytes that a streamed list of refs holds: a page of refs and a piece of output, each here and
/// in JavaScript.
pub(crate) const REFS_BYTES: u64 = 1 << 20;

/// Bytes that either side of a fork holds: a row of a part, that row in a frame, and the piece of
/// the stream that carries it; at the source also the refs, 80 bytes each.
pub(crate) const FORK_BYTES: u64 = 6 << 20;

/// Bytes that a merge holds beside its tables: chunks, a piece of output.
pub(crate) const MERGE_BYTES: u64 = 5 << 20;

/// Bytes of an object of the sources while packs are merged: its place in the merged pack.
pub(crate) const MERGED_OBJECT_BYTES: u64 = 4;

/// Bytes of a commit of the sources while their graphs are merged: its number (4), and its place among the
/// sorted ids (8).
pub(crate) const MERGED_COMMIT_BYTES: u64 = 12;

/// Bytes that are held of the index, the graph and the lists of one source at most: small ones whole, windows and
/// pages of large ones.
pub(crate) const MERGED_SOURCE_BYTES: u64 = 2 << 20;

/// The same for each object of a small source.
pub(crate) const SOURCE_OBJECT_BYTES: u64 = 72;

/// Objects whose marks take one byte while reached objects are looked for.
pub(crate) const REACHED_OBJECTS_A_BYTE: u64 = 8;

/// Bytes of a commit while that is looked for: whether it is reached (1), its place among those whose lists are
/// still to be read (8), its generation and its parents (12).
pub(crate) const REACHED_COMMIT_BYTES: u64 = 21;
