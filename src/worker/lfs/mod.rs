//! Git LFS at the edge.
//!
//! | module | what it is |
//! |---|---|
//! | [`s3_settings`], [`sigv4`], [`presigned`] | transfers that bypass the Worker |

pub(crate) mod presigned;
pub(crate) mod s3_settings;
pub(crate) mod sigv4;
