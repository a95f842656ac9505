//! Git LFS (<https://github.com/git-lfs/git-lfs/tree/main/docs/api>), below `<remote>/info/lfs`.
//!
//! | file | what |
//! |---|---|
//! | `dispatch` | which handler answers |
//! | `batch` | `POST /objects/batch`: where objects go, or come from |
//! | `request`, `response` | what a client asks in a batch; what it is told |
//! | `upload` | `PUT /objects/:oid/:size`: the bytes of an object, pumped to R2 |
//! | `download` | `GET /objects/:oid`: its bytes, pumped from R2 |
//! | `verify` | `POST /verify`: whether an object is here |
//! | `locks` | `/locks` |
//! | `asking` | the repository's object asked; bodies read |
//! | `told` | answers and errors as the specification has them |
//!
//! Invariant: bytes of objects never come into the wasm; the runtime pumps them.

pub(crate) mod dispatch;
pub(crate) mod told;

mod asking;
mod batch;
mod download;
mod locks;
mod request;
mod response;
mod upload;
mod verify;
