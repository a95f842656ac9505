//! The objects that keep a namespace's names and tokens, and the registry of all namespaces.
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | messages between the Worker and that object |
//! | [`directory`] | the Worker's calls to it |
//! | [`object`] | the object itself: a shell over [`steps`], [`tokens`] and [`once_steps`] |
//! | [`once`], [`once_steps`] | requests that are done once |

pub(crate) mod contract;
pub(crate) mod directory;
pub(crate) mod object;
pub(crate) mod once;
pub(crate) mod once_steps;
pub(crate) mod steps;
pub(crate) mod take_steps;
pub(crate) mod tokens;
