//! Another repository of this deployment, whose commits are merged or compared here.
//!
//! | file | what |
//! |---|---|
//! | `asking` | the request in whose name it is asked |
//! | `asked` | its object, asked as the caller |
//! | `bringing` | its objects that this one lacks, fetched into quarantine |
//! | `brought` | that pack, proved, until a write publishes it or it is removed |

pub(crate) mod asked;
pub(crate) mod asking;
pub(crate) mod bringing;
pub(crate) mod brought;
