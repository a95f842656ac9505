//! Credentials of mirrors. A mirror works while nobody is there to give them, so the database has them,
//! sealed with a key that only the operator's secrets have
//! ([ADR 131](../../../../docs/adr/0131-credentials-of-mirrors-are-sealed.md)).
//!
//! | file | what |
//! |---|---|
//! | `key_ring` | the operator's keys |
//! | `sealed` | the text that the database has |
//! | `place` | the mirror that credentials belong to |
//! | `sealing` | credentials sealed and opened |
//! | `github_app` | tokens of a GitHub App's installations |
//! | `error` | why credentials cannot be used |
//!
//! Invariants:
//! - What is given is never shown and never logged: no type here prints it.
//! - A sealed text opens only for the repository, the direction and the URL that it was made for. Nobody
//!   moves it elsewhere, and who may change a mirror's URL cannot send its credentials to another one.

pub(crate) mod error;
pub(crate) mod place;
pub(crate) mod sealed;
pub(crate) mod sealing;

mod github_app;
mod key_ring;
