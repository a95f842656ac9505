//! The database of a fork network: [`store`] notes who names which packs in R2.

pub mod store;
