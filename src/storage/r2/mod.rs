//! R2: objects of bytes under a key.
//!
//! | module | what it is |
//! |---|---|
//! | [`bucket`] | the port: objects under a key; the keys |
//! | [`binding`] | the port on R2 itself; the only file here that knows it |
//! | [`recovery_record`] | the text beside the packs from which a lost repository is made again |
//! | [`recovery_record_head`] | the beginning of that text, with its owner |
//! | [`recovery_record_v2`] | the reader of what the version before wrote |

pub(crate) mod binding;
pub mod bucket;
pub mod recovery_record;
pub(crate) mod recovery_record_head;
pub(crate) mod recovery_record_v2;
