//! Git LFS as far as Git's objects show it: names of large files, and the pointers that stand for
//! them in trees (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
//!
//! | module | what it is |
//! |---|---|
//! | [`oid`] | the name of a large file: the SHA-256 of its bytes |
//! | [`pointer`] | the small text that a commit has in its place |

pub mod oid;
pub mod pointer;

pub use oid::LfsOid;
pub use pointer::Pointer;
