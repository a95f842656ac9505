//! The bound of every input, one value passed in, shrunk by tests.
//!
//! The isolate has 128 MB for everything, and one push may take 64 MiB of it. What it holds grows
//! with the pack's objects alone, by 5 bytes each: their order by id. All other tables go to scratch: of
//! the entries 131,072 are in memory (6 MiB), of the tables of graph and lists 10 MiB, of the facts of
//! commits 4, of ids that are sorted 3. So the 5,000,000 that are accepted take 22 MB, and
//! `repo_do/intake/memory.rs` reserves by the numbers of objects and commits. The
//! resolved-object cache (16 MiB) is full while the deltas are resolved, when the check has not
//! begun. One delta's base, instructions and result are 48 MiB at worst, which only a pack of few
//! objects can combine with the largest table; larger deltas are applied piece by piece.

/// Bounds of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Ref updates in one push, and branches and tags of one import.
    pub commands_max: usize,
    /// Bytes of a push's commands, options and capabilities together.
    pub command_bytes_max: usize,
    /// Options of one push (`git push -o`).
    pub push_options_max: usize,
    /// Bytes of each of them.
    pub push_option_bytes_max: usize,
    /// Bytes of all of them: they are stored in one row of the reflog.
    pub push_options_bytes_max: usize,
    /// `want` lines in one fetch.
    pub wants_max: usize,
    /// `have` lines in one request (git sends at most 16,384 a round over stateless HTTP).
    pub haves_max: usize,
    /// Bytes of a fetch request's body, inflated.
    pub request_bytes_max: usize,
    /// Entries in one pack.
    pub objects_max: u32,
    /// Deltas in one pack whose base is named by its id: 32 bytes of each are held until all are resolved.
    pub ref_deltas_max: usize,
    /// Bytes of one pack.
    pub pack_bytes_max: u64,
    /// Bytes that any pack may have appended to it: objects that came as deltas and are stored
    /// whole. A pack of more than a quarter of this may have four times its own bytes.
    pub appended_bytes_min: u64,
    /// Bytes of one object's content.
    pub object_bytes_max: u64,
    /// Bytes of a commit, tree or tag: these are held whole.
    pub control_object_bytes_max: u64,
    /// Bytes of a delta's instructions, of its base and of its result, when it is stored as a
    /// delta: each is held whole, now and whenever it is read.
    pub delta_bytes_max: u64,
    /// The same for a delta whose result is stored whole: it is applied piece by piece.
    pub large_delta_bytes_max: u64,
    /// Links of a delta chain that leads to another pack: a longer one is ended by storing the
    /// object whole.
    pub thin_depth_max: u16,
    /// Links of a delta chain.
    pub delta_depth_max: u16,
    /// Levels of directories.
    pub tree_depth_max: usize,
    /// Trees that one fetch walks, counted as often as it comes by: a filter by path may have to
    /// look at one tree under many names.
    pub tree_visits_max: u64,
    /// Bytes of the trees that it reads for that, counted alike: some 10 s of CPU.
    pub tree_walk_bytes_max: u64,
    /// Bytes that it notes about the trees it has seen and about those it must still look at.
    pub tree_notes_bytes_max: usize,
    /// Bytes of a file whose lines are compared. A larger one is named with its size.
    pub diff_bytes_max: u64,
    /// Lines of such a file. Each of both sides takes up to 64 bytes while they are compared, 25 MB
    /// for as many as may be; the comparison itself, which cannot be interrupted, some 100 ms.
    pub diff_lines_max: u64,
    /// Bytes of resolved objects kept for the deltas that build on them.
    pub base_cache_bytes: usize,
    /// Bytes of a refname.
    pub refname_bytes_max: usize,
    /// Refs of one repository: six times as many as the largest repositories of real hosts have. No part of
    /// the server holds them all: a listing holds a page of 400, and a collection of the objects they name
    /// holds 20 to 41 bytes for each different object.
    pub refs_max: u64,
    /// Bytes of the names of one repository's refs: 139 each where there are as many as may be.
    pub ref_name_bytes_max: u64,
    /// Milliseconds that the body of a request may pause: less than the time for which an object leaves a
    /// request's holdings alone.
    pub body_idle_ms: u32,
    /// Bytes a second that a body must have on the average, once it was waited for as long as it
    /// may pause. A client at this rate sends a small request whole before it has to reserve.
    pub body_bytes_per_second_min: u64,
}

impl Limits {
    /// The bounds in production.
    pub const DEFAULT: Self = Self {
        commands_max: 65_536,
        command_bytes_max: 16 << 20,
        push_options_max: 100,
        push_option_bytes_max: 16 << 10,
        push_options_bytes_max: 64 << 10,
        wants_max: 100_000,
        haves_max: 100_000,
        request_bytes_max: 8 << 20,
        objects_max: 5_000_000,
        ref_deltas_max: 500_000,
        pack_bytes_max: 5 << 30,
        appended_bytes_min: 512 << 20,
        object_bytes_max: (4 << 30) - 1,
        control_object_bytes_max: 8 << 20,
        delta_bytes_max: 16 << 20,
        large_delta_bytes_max: 512 << 20,
        thin_depth_max: 50,
        delta_depth_max: 4095,
        tree_depth_max: 2048,
        tree_visits_max: 4_000_000,
        tree_walk_bytes_max: 1 << 30,
        tree_notes_bytes_max: 24 << 20,
        diff_bytes_max: 4 << 20,
        diff_lines_max: 200_000,
        base_cache_bytes: 16 << 20,
        refname_bytes_max: 4096,
        refs_max: 600_000,
        ref_name_bytes_max: 80 << 20,
        body_idle_ms: 60_000,
        body_bytes_per_second_min: 1 << 10,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
