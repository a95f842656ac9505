//! A repository begins, changes its settings and ends.
//!
//! | file | what |
//! |---|---|
//! | `init` | an empty repository |
//! | `fork` | a repository made from what another one has |
//! | `filling` | the common part of imports and recoveries: attempts, waits, an end |
//! | `import` | the repository filled from another server, by the alarm |
//! | `recover` | the repository made again from what R2 has, by the alarm |
//! | `settings` | settings changed |
//! | `standing` | takes over the namespace's policies for all its repositories |
//! | `tokens` | tokens of the repository, made and revoked |
//! | `deletion` | the end of a repository |
//! | `undelete` | a deleted repository kept for a while, and restored |
//! | `expiry` | the end that a repository comes to by itself |
//! | `forwarding` | names that lead to another object |
//! | `rename` | another name for the repository |

pub(crate) mod deletion;
pub(crate) mod expiry;
pub(crate) mod filling;
pub(crate) mod fork;
pub(crate) mod forwarding;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod recover;
pub(crate) mod rename;
pub(crate) mod settings;
pub(crate) mod standing;
pub(crate) mod tokens;
pub(crate) mod undelete;
