//! Upload-pack: what a fetch asks, planned from the graph and answered from stored bytes.
//!
//! | file | what |
//! |---|---|
//! | `answer` | one request answered: the negotiation, the sections before the pack, its writer |
//! | `plan` | wants less haves, made into a selection of stored entries |
//! | `peel` | tags followed to what they tag |
//! | `stream` | the pack on the wire: hashed and multiplexed |

pub mod answer;
mod peel;
pub mod plan;
pub mod stream;
