//! Packs: <https://git-scm.com/docs/gitformat-pack>.
//!
//! | file | what |
//! |---|---|
//! | `entry` | an entry's header: kind, size, base |
//! | `inflate` | one zlib stream after another, in pieces |
//! | `delta` | applying a delta |
//! | `parser` | the machine that takes a pack as it arrives |
//! | `entries` | the table of an incoming pack's entries |
//! | `incoming` | an incoming pack's bytes: chunks already written and the tail still held |
//! | `resolver` | deltas of an incoming pack made into objects, in bounded memory |
//! | `index` | the index part of a stored pack: build, open, look up |
//! | `cache` | resolved objects kept by bytes, for the deltas that build on them |
//! | `reader` | objects of the live packs, by id |
//! | `selection` | a set of entries over the live packs |
//! | `writer` | a selection made into a pack on the wire |
//!
//! Words: a *position* is an entry's place in its pack's order (0 is the first); an *index
//! position* is its place among the ids sorted.

pub mod cache;
pub mod delta;
pub mod entries;
pub mod entry;
pub mod incoming;
pub mod index;
pub mod inflate;
pub mod parser;
pub mod reader;
pub mod resolver;
pub mod selection;
pub mod writer;
