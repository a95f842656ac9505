//! What every operation stands on and none of them shapes: memory, leases, timers, bodies, replies.
//!
//! | file | what |
//! |---|---|
//! | `memory` | what the isolate's operations may hold together |
//! | `lease` | what one request holds, and its end |
//! | `admission` | waiting for memory |
//! | `timer` | waiting for a time to pass |
//! | `body`, `pace` | a body in large pieces; how fast it must come |
//! | `reply` | responses |

pub(crate) mod admission;
pub(crate) mod body;
pub(crate) mod clock;
pub(crate) mod lease;
pub(crate) mod memory;
pub(crate) mod pace;
pub(crate) mod reply;
pub(crate) mod timer;
