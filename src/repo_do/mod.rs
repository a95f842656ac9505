//! The actor: the asynchronous shell of the repository's Durable Object.

pub mod contract;
