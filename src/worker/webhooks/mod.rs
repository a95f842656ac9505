//! Webhooks: each has an object of its own, which posts events to its receiver
//! ([ADR 75](../../../docs/adr/0075-an-object-a-webhook.md)).
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | messages to that object |
//! | [`object`], [`hook`], [`tasks`] | the object: its shell, its state, and what it does |
//! | [`delivering`], [`post`] | deliveries under way; one attempt |
//! | [`settling`] | the consequences of an attempt |
//! | [`retry`] | when a delivery is tried again or given up |

pub(crate) mod contract;
pub(crate) mod object;
pub(crate) mod retry;

mod delivering;
mod hook;
mod post;
mod settling;
mod tasks;
