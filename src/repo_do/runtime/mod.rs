//! The base of every operation, which knows none of them: memory, leases, timers, bodies,
//! replies.
//!
//! | file | what |
//! |---|---|
//! | `memory` | the bound on the memory of all operations of the isolate |
//! | `lease` | the resources of one request, and its end |
//! | `admission` | waiting for memory |
//! | `timer` | waiting for a time to pass |
//! | `body`, `pace` | a body in large pieces; how fast it must come |
//! | `reply` | responses |
//! | `random`, `web_crypto` | random bytes, encryption and signatures by the platform |

pub(crate) mod admission;
pub(crate) mod body;
pub(crate) mod clock;
pub(crate) mod lease;
pub(crate) mod memory;
pub(crate) mod pace;
pub(crate) mod random;
pub(crate) mod reply;
pub(crate) mod timer;
pub(crate) mod web_crypto;
