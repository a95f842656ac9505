//! Git LFS as the repository's object knows it: which objects the repository has, which are on their
//! way, who locks which file. Bytes never pass through here but those of a commit made by REST.

pub(crate) mod arrival;
