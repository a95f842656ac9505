//! `GET /metrics`: the deployment's own figures, in Prometheus' text format, for the operator ([ADR
//! 115](../../../docs/adr/0115-metrics-are-asked-for-when-they-are-read.md)).
//!
//! | module | what it is |
//! |---|---|
//! | [`answer`] | the answer, and who gets it |
//! | [`exposition`] | the text format |
//! | [`namespaces`] | the figures of the namespaces' objects |
//! | [`requests`] | the counts of Analytics Engine, as rows of its SQL API |
//! | [`sql_api`] | the question to that API |

pub(crate) mod answer;
mod exposition;
mod namespaces;
mod requests;
mod sql_api;
