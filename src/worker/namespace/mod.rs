//! The objects that keep a namespace's names and tokens, and the registry of all namespaces.
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | what the Worker and that object say to each other |
//! | [`directory`] | the Worker's calls to it |
//! | [`object`] | the object itself: a shell over [`steps`], [`tokens`] and [`once_steps`] |
//! | [`once`], [`once_steps`] | requests that are done once |

pub mod contract;
pub mod directory;
pub mod object;
pub mod once;
pub mod once_steps;
pub mod steps;
pub mod tokens;
