//! Credentials of mirrors. A mirror works while no user is present, so the database stores its
//! credentials. Cairn seals them with a key that exists only among the operator's secrets
//! ([ADR 131](../../../../docs/adr/0131-credentials-of-mirrors-are-sealed.md)).
//!
//! | file | what |
//! |---|---|
//! | `key_ring` | the operator's keys |
//! | `sealed` | the sealed text in the database |
//! | `place` | the mirror that credentials belong to |
//! | `sealing` | seals and opens credentials |
//! | `github_app` | tokens of a GitHub App's installations |
//! | `error` | why credentials cannot be used |
//!
//! Invariants:
//! - No response and no log contains the credentials: no type here prints them.
//! - A sealed text opens only for the repository, the direction and the URL that it was made for. Nobody
//!   can move it to another mirror, and a user who changes a mirror's URL cannot send its credentials
//!   there.

pub(crate) mod error;
pub(crate) mod place;
pub(crate) mod sealed;
pub(crate) mod sealing;

mod github_app;
mod key_ring;
