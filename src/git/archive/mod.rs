//! Archives of a tree, as `git archive` makes them (<https://git-scm.com/docs/git-archive>).
//!
//! | module | what it is |
//! |---|---|
//! | [`walk`] | the entries in their order, without those that `export-ignore` leaves out |
//! | [`convert`] | contents as a checkout has them: line ends, `$Id$`, `export-subst` |
//! | [`pretty`] | the placeholders of `export-subst` |
//! | [`tar`] | headers of a tar file |

pub(crate) mod convert;
pub(crate) mod pretty;
pub(crate) mod tar;
pub(crate) mod walk;
