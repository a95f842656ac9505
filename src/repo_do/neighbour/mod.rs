//! Another repository of this deployment, whose commits a merge or a comparison here uses.
//!
//! | file | what |
//! |---|---|
//! | `asking` | the request that asks the other repository |
//! | `asked` | its object, asked in the caller's name |
//! | `bringing` | fetches objects that this repository lacks into quarantine |
//! | `brought` | that pack, proved, until a write publishes it or it is removed |

pub(crate) mod asked;
pub(crate) mod asking;
pub(crate) mod bringing;
pub(crate) mod brought;
