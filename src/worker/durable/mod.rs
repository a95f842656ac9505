//! The modules that the Worker's own Durable Objects share: those of namespaces and of webhooks.
//!
//! | module | what it is |
//! |---|---|
//! | [`alarm`] | the time, and an object's one alarm |
//! | [`message`] | messages and answers as JSON; a message to another object |

pub(crate) mod alarm;
pub(crate) mod message;
