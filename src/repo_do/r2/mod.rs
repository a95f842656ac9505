//! R2: fetches the bytes of packs back, and asks which keys are there and who holds them.
//!
//! | file | what |
//! |---|---|
//! | `cold` | bytes that are in R2 alone |
//! | `lfs_presence` | the objects of Git LFS that R2 has |
//! | `network` | calls to the object that keeps the account of a fork network |
//! | `network_object` | that object |

pub(crate) mod cold;
pub(crate) mod lfs_presence;
pub(crate) mod network;
pub(crate) mod network_object;
