//! Serving fetches: <https://git-scm.com/docs/gitprotocol-v2#_fetch>.
//!
//! | file | what |
//! |---|---|
//! | `plan` | which objects a fetch sends |
//! | `objects` | the objects of the missing commits |
//! | `peel` | what wants and haves name, tags followed |

mod objects;
mod peel;
pub mod plan;
