//! Git's wire formats: bytes into requests, answers into bytes.
//!
//! | file | what | specification |
//! |---|---|---|
//! | `pktline` | packets from bytes in any pieces, and back | gitprotocol-common |
//! | `oid_hex` | object ids as the wire spells them | gitprotocol-common |
//! | `sideband` | payload, progress and errors in one stream | gitprotocol-pack |
//! | `capabilities` | capability lists, and what this server offers | gitprotocol-capabilities |
//! | `advertise` | the answer to `info/refs` | gitprotocol-http, gitprotocol-v2 |
//! | `command_request` | a version 2 request | gitprotocol-v2 |
//! | `ls_refs` | arguments and answer of `ls-refs` | gitprotocol-v2 |
//! | `object_info` | arguments and answer of `object-info` | gitprotocol-v2 |
//! | `fetch_request` | the request of a fetch, and the arguments of version 2 `fetch` | gitprotocol-v2 |
//! | `upload_request` | the same from a version 0 or 1 body | gitprotocol-pack |
//! | `negotiation` | acknowledgements and the sections before the pack | gitprotocol-v2, -pack |
//! | `push_commands` | the ref updates of a push | gitprotocol-pack |
//! | `report_status` | how each of them went | gitprotocol-pack |
//! | `refusal` | why a whole request is refused, where Git shows it | gitprotocol-http, -pack |
//!
//! Invariants:
//! - Nothing here reads a ref or an object: a request names objects and refs, and does not tell whether they
//!   exist.
//! - Readers take input in any pieces and give the same result; each has a bound.
//! - Writers append to a `Vec` and cannot fail.
//! - Errors carry the words that git uses, ready for an `ERR` packet or side-band 3.

pub(crate) mod advertise;
pub mod capabilities;
pub mod command_request;
pub mod fetch_request;
pub(crate) mod ls_refs;
pub mod negotiation;
pub mod object_info;
pub(crate) mod oid_hex;
pub mod pktline;
pub mod progress;
pub mod push_commands;
#[cfg(test)]
pub(in crate::git) mod real_git;
pub mod refusal;
pub(crate) mod report_status;
pub mod sideband;
#[cfg(test)]
pub(in crate::git) mod splits;
pub mod upload_request;
