//! The objects that keep a namespace's names and tokens, and the registry of all namespaces.
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | messages between the Worker and that object |
//! | [`directory`] | the Worker's calls to it |
//! | [`object`] | the object itself: a shell over [`steps`], [`tokens`] and [`once_steps`] |
//! | [`deleted_steps`] | repositories that were deleted and can be restored |
//! | [`events`] | its own events written |
//! | [`taking`], [`arriving`] | events of its repositories taken; a bound on what arrives at a time |
//! | [`feed`], [`queue`] | events shown to their readers; sent to a queue |
//! | [`state`], [`background`] | what requests share; work that no request waits for |
//! | [`webhooks`] | webhooks defined |
//! | [`telling`], [`told_objects`] | their objects told of events and changes; which are being told |
//! | [`wire`] | messages and answers as JSON |
//! | [`once`], [`once_steps`] | requests that are done once |

pub(crate) mod arriving;
pub(crate) mod background;
pub(crate) mod contract;
pub(crate) mod deleted_steps;
pub(crate) mod directory;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod object;
pub(crate) mod once;
pub(crate) mod once_steps;
pub(crate) mod queue;
pub(crate) mod state;
pub(crate) mod steps;
pub(crate) mod taking;
pub(crate) mod telling;
pub(crate) mod tokens;
pub(crate) mod told_objects;
pub(crate) mod webhooks;
pub(crate) mod wire;
