//! The objects that keep a namespace's names and tokens, and the registry of all namespaces.
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | messages between the Worker and that object |
//! | [`directory`] | the Worker's calls to it |
//! | [`object`] | the object itself: a shell over [`steps`], [`tokens`] and [`once_steps`] |
//! | [`lists`] | its repositories listed |
//! | [`quota_values`] | sizes and changes of bounds as messages have them |
//! | [`quotas`], [`usage`] | its sizes and bounds; its usage |
//! | [`deleted_steps`] | repositories that were deleted and can be restored |
//! | [`step_error`] | why a step gave up |
//! | [`events`] | its own events written |
//! | [`audit`] | administrative acts, read and written |
//! | [`registry_steps`] | the registry notes namespaces and acts on them |
//! | [`taking`], [`arriving`] | events of its repositories taken; a bound on what arrives at a time |
//! | [`moving`] | repositories that came from another namespace, or go to one |
//! | [`place`] | where the namespace of a name is kept |
//! | [`feed`], [`queue`] | events shown to their readers; sent to a queue |
//! | [`state`], [`background`] | the state that requests share; work that no request waits for |
//! | [`update`], [`told_standing`] | its settings changed; its repositories told of what holds for all |
//! | [`webhooks`] | webhooks defined |
//! | [`token_by_id`] | one of its tokens, looked up by its id |
//! | [`telling`], [`told_objects`] | their objects told of events and changes; which are being told |
//! | [`signed`] | signed tokens: issuers set, tokens admitted and revoked |
//! | [`wire`] | messages and answers as JSON |
//! | [`once`], [`once_steps`] | requests that are done once |

pub(crate) mod arriving;
pub(crate) mod audit;
pub(crate) mod background;
pub(crate) mod contract;
pub(crate) mod deleted_steps;
pub(crate) mod directory;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod lists;
pub(crate) mod moving;
pub(crate) mod object;
pub(crate) mod once;
pub(crate) mod once_steps;
pub(crate) mod place;
pub(crate) mod queue;
pub(crate) mod quota_values;
pub(crate) mod quotas;
pub(crate) mod registry_steps;
pub(crate) mod signed;
pub(crate) mod state;
pub(crate) mod step_error;
pub(crate) mod steps;
pub(crate) mod taking;
pub(crate) mod telling;
pub(crate) mod token_by_id;
pub(crate) mod tokens;
pub(crate) mod told_objects;
pub(crate) mod told_standing;
pub(crate) mod update;
pub(crate) mod usage;
pub(crate) mod webhooks;
pub(crate) mod wire;
