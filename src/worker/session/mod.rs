//! Sessions: somebody signed in to the pages ([docs/pages.md](../../../docs/pages.md#signing-in)).
//!
//! A session stands for a token. Its cookie is a key: KV has the token sealed by it, and nothing else
//! opens that. So a request with the cookie is judged as one with the token, by the same objects, and
//! the end of the token ends the session ([ADR 124](../../../docs/adr/0124-a-session-is-a-sealed-token.md)).
//!
//! | module | what it is |
//! |---|---|
//! | [`cookie`] | the cookie, read and written |
//! | [`ambient`] | for which requests a credential counts that a browser adds by itself |
//! | [`held`] | what a session holds |
//! | [`kept`] | what KV has of a session |
//! | [`identify`] | all of that, for one request; the token of Cloudflare Access in the same place |

pub(crate) mod ambient;
pub(crate) mod cookie;
pub(crate) mod held;
pub(crate) mod identify;
pub(crate) mod kept;
