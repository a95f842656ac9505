//! Upload-pack: plans a fetch from the graph and answers it from stored bytes.
//!
//! | file | what |
//! |---|---|
//! | `answer` | one request answered: the negotiation, the sections before the pack, its writer |
//! | `common` | the haves that are here, in versions 0 and 1 |
//! | `error` | why a fetch cannot be answered |
//! | `full_clone` | the fetch whose answer can be kept ready |
//! | `plan` | wants less haves, made into a selection of stored entries |
//! | `request` | the request for a plan, and the plan's choice |
//! | `planner` | the plan, made in steps |
//! | `planning` | the answer on its way: planned in steps, then its pack prepared |
//! | `objects` | the objects of the missing commits, filtered |
//! | `revision` | an object named by a ref and a path |
//! | `stream` | the pack on the wire: hashed and multiplexed |

pub mod answer;
mod common;
pub mod error;
pub mod full_clone;
mod objects;
pub mod plan;
mod planner;
pub(crate) mod planning;
mod request;
mod revision;
pub mod stream;
