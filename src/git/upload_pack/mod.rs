//! Serving fetches: <https://git-scm.com/docs/gitprotocol-v2#_fetch>.
//!
//! | file | what |
//! |---|---|
//! | `plan` | which objects a fetch sends |
//! | `peel` | what wants and haves name, tags followed |

mod peel;
pub mod plan;
