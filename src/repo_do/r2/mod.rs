//! Packs in R2: their bytes fetched back, and who names them.
//!
//! | file | what |
//! |---|---|
//! | `cold` | bytes that are in R2 alone |
//! | `network` | calls to the object that keeps the account of a fork network |
//! | `network_object` | that object |

pub(crate) mod cold;
pub(crate) mod network;
pub(crate) mod network_object;
