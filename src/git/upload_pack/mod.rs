//! Upload-pack: what a fetch asks, planned from the graph and answered from stored bytes.
//!
//! | file | what |
//! |---|---|
//! | `answer` | one request answered: the negotiation, the sections before the pack, its writer |
//! | `common` | the haves that are here, in versions 0 and 1 |
//! | `plan` | wants less haves, made into a selection of stored entries |
//! | `objects` | what the missing commits bring, filtered |
//! | `peel` | tags followed to what they tag |
//! | `revision` | an object named by a ref and a path |
//! | `stream` | the pack on the wire: hashed and multiplexed |

pub mod answer;
mod common;
mod objects;
mod peel;
pub mod plan;
mod revision;
pub mod stream;
