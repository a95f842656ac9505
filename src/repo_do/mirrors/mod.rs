//! A repository kept in step with others elsewhere.
//!
//! | folder | what |
//! |---|---|
//! | `upstream` | the repository that this one follows |
//! | `credentials` | the credentials that mirrors work with, sealed |
//! | `downstream` | push mirrors: what changes here is pushed elsewhere |

pub(crate) mod credentials;
pub(crate) mod downstream;
pub(crate) mod upstream;
