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

pub mod admission;
pub mod body;
pub mod clock;
pub mod lease;
pub mod memory;
pub mod pace;
pub mod reply;
pub mod timer;
