//! Signed tokens: JSON Web Tokens of issuers that the operator or a namespace trusts, taken wherever a
//! token is ([docs/tokens.md](../../../docs/tokens.md#signed-tokens)).
//!
//! The Worker checks form, signature and times, and passes the claims on. The namespace's object decides
//! their rights, and whether the token was revoked: its part is in
//! [`namespace::signed`](super::namespace::signed).
//!
//! | module | what it is |
//! |---|---|
//! | [`jwt`] | the compact form, read strictly |
//! | [`claims`] | the claims, and what must hold of every token |
//! | [`issuer`] | an issuer and its rules, as settings have them |
//! | [`check`] | bounds of such settings |
//! | [`grant`] | the access that claims give |
//! | [`keys`] | public keys, and the one that a token names |
//! | [`key_cache`] | keys that an isolate keeps, and when they are fetched |
//! | [`key_set`] | keys fetched from an issuer |
//! | [`known_issuers`] | issuers of namespaces that an isolate keeps |
//! | [`crypto`] | the platform's verification of signatures |
//! | [`verify`] | all of that, for one request |

pub(crate) mod check;
pub(crate) mod claims;
pub(crate) mod crypto;
pub(crate) mod grant;
pub(crate) mod issuer;
pub(crate) mod jwt;
pub(crate) mod key_cache;
pub(crate) mod key_set;
pub(crate) mod keys;
pub(crate) mod known_issuers;
pub(crate) mod verify;
