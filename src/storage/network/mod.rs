//! The database of a fork network: [`store`] records which repository names which packs in R2.

pub mod store;
