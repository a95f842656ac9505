//! Packs in R2: fetches their bytes back, and asks who holds them.
//!
//! | file | what |
//! |---|---|
//! | `cold` | bytes that are in R2 alone |
//! | `network` | calls to the object that keeps the account of a fork network |
//! | `network_object` | that object |

pub(crate) mod cold;
pub(crate) mod network;
pub(crate) mod network_object;
