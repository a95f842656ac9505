//! Git LFS (<https://github.com/git-lfs/git-lfs/tree/main/docs/api>), below `<remote>/info/lfs`.
//!
//! | file | what |
//! |---|---|
//! | `dispatch` | the choice of the handler |
//! | `batch` | `POST /objects/batch`: where objects go, or come from |
//! | `request`, `response` | what a client asks in a batch; what it is told |
//! | `upload` | `PUT /objects/:oid/:size`: the bytes of an object, pumped to R2 |
//! | `download` | `GET /objects/:oid`: its bytes, pumped from R2 |
//! | `verify` | `POST /verify`: whether an object is here |
//! | `arrival` | R2's facts about an upload that bypassed the Worker |
//! | `presigned`, `sigv4`, `s3_settings` | URLs for transfers that bypass the Worker; the operator's key |
//! | `locks` | `/locks` |
//! | `asking` | the repository's object asked; bodies read |
//! | `told` | answers and errors as the specification has them |
//!
//! Invariant: bytes of objects never come into the wasm; the runtime pumps them.

pub(crate) mod dispatch;
pub(crate) mod told;

mod arrival;
mod asking;
mod batch;
mod download;
mod locks;
mod presigned;
mod request;
mod response;
mod s3_settings;
mod sigv4;
mod upload;
mod verify;
