//! The bound of every input, one value passed in, shrunk by tests.
//!
//! The isolate has 128 MB for everything. One push may hold, at its dearest moment: the entry
//! table (48 bytes an object), the resolved-object cache, one delta's base and result, and a
//! few chunks: 19 MB + 16 MB + 16 MB for 400,000 objects, under the 64 MiB that one operation
//! may take.

/// What an input may at most be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Ref updates in one push.
    pub commands_max: usize,
    /// Bytes of a push's commands, options and capabilities together.
    pub command_bytes_max: usize,
    /// `want` lines in one fetch.
    pub wants_max: usize,
    /// `have` lines in one request (git sends at most 16,384 a round over stateless HTTP).
    pub haves_max: usize,
    /// Bytes of a fetch request's body, inflated.
    pub request_bytes_max: usize,
    /// Entries in one pack.
    pub objects_max: u32,
    /// Bytes of one pack.
    pub pack_bytes_max: u64,
    /// Bytes of one object's content.
    pub object_bytes_max: u64,
    /// Bytes of a commit, tree or tag: these are held whole.
    pub control_object_bytes_max: u64,
    /// Bytes of a delta's instructions, of its base and of its result: each is held whole.
    pub delta_bytes_max: u64,
    /// Links of a delta chain.
    pub delta_depth_max: u16,
    /// Levels of directories.
    pub tree_depth_max: usize,
    /// Trees that one fetch walks, counted as often as it comes by: a filter by path may have to
    /// look at one tree under many names.
    pub tree_visits_max: u64,
    /// Bytes of resolved objects kept for the deltas that build on them.
    pub base_cache_bytes: usize,
    /// Bytes of a refname.
    pub refname_bytes_max: usize,
}

impl Limits {
    /// What production uses.
    pub const DEFAULT: Self = Self {
        commands_max: 50_000,
        command_bytes_max: 16 << 20,
        wants_max: 100_000,
        haves_max: 100_000,
        request_bytes_max: 8 << 20,
        objects_max: 2_000_000,
        pack_bytes_max: 5 << 30,
        object_bytes_max: (4 << 30) - 1,
        control_object_bytes_max: 8 << 20,
        delta_bytes_max: 16 << 20,
        delta_depth_max: 4095,
        tree_depth_max: 2048,
        tree_visits_max: 4_000_000,
        base_cache_bytes: 16 << 20,
        refname_bytes_max: 4096,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
