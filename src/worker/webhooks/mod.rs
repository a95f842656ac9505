//! Webhooks: each has an object of its own, which posts events to its receiver.
//!
//! | module | what it is |
//! |---|---|
//! | [`signing`] | secrets and signatures, as Standard Webhooks has them |
//! | [`retry`] | when a delivery is tried again or given up |

pub(crate) mod retry;
pub(crate) mod signing;
