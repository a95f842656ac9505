//! Mirrors: keep a repository in step with repositories elsewhere.
//!
//! | folder | what |
//! |---|---|
//! | `upstream` | the repository that this one follows |
//! | `credentials` | the credentials of mirrors, sealed |
//! | `downstream` | push mirrors: push changes of this repository elsewhere |

pub(crate) mod credentials;
pub(crate) mod downstream;
pub(crate) mod upstream;
