//! Upload-pack: what a fetch asks, planned from the graph and answered from stored bytes.
//!
//! | file | what |
//! |---|---|
//! | `plan` | wants less haves, made into a selection of stored entries |
//! | `negotiate` | which of the client's haves are common, and whether they suffice |
//! | `answer` | one request answered: the sections before the pack, and the pack's writer |
//! | `stream` | the pack on the wire: hashed and framed |

pub mod stream;
