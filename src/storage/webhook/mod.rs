//! A webhook: its definition, and the database of its object.
//!
//! | module | what it is |
//! |---|---|
//! | [`definition`] | a webhook as its object knows it; its secrets |
//! | [`store`] | the object's database: events taken once, deliveries in lanes |
//! | [`deliveries`] | deliveries as people read them, and how long they are kept |

pub mod definition;
pub mod deliveries;
pub mod store;
