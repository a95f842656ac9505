//! Archives of a tree, as `git archive` makes them (<https://git-scm.com/docs/git-archive>).
//!
//! | module | what it is |
//! |---|---|
//! | [`walk`] | the entries in their order, without those that `export-ignore` leaves out |
//! | [`convert`] | contents as a checkout has them: line ends, `$Id$`, encodings, `export-subst` |
//! | [`encoding`] | encodings of text other than UTF-8 |
//! | [`pretty`] | the placeholders of `export-subst` |
//! | [`tar`] | headers of a tar file |

pub(crate) mod convert;
mod encoding;
pub(crate) mod pretty;
pub(crate) mod tar;
pub(crate) mod walk;
