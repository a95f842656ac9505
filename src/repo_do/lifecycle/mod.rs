//! A repository begins, changes its settings and ends.
//!
//! | file | what |
//! |---|---|
//! | `init` | an empty repository |
//! | `fork` | a repository made from what another one has |
//! | `filling` | what imports and recoveries share: attempts, waits, an end |
//! | `import` | the repository filled from another server, by the alarm |
//! | `recover` | the repository made again from what R2 has, by the alarm |
//! | `settings` | settings changed |
//! | `deletion` | the end of a repository |

pub mod deletion;
pub mod filling;
pub mod fork;
pub mod import;
pub mod init;
pub mod recover;
pub mod settings;
