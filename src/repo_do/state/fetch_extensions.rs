//! Capabilities of `fetch` beyond git's own list.

use worker::Env;

use crate::git::protocol::capabilities::FetchExtensions;
use crate::storage::fault_log;

/// The variable with the extensions of `fetch` that the deployment offers.
const FETCH_EXTENSIONS: &str = "CAIRN_FETCH_EXTENSIONS";

/// The extensions of `fetch` that the deployment offers: none when its list cannot be understood,
/// which the log is told.
pub(crate) fn extensions(env: &Env) -> FetchExtensions {
    let Ok(list) = env.var(FETCH_EXTENSIONS) else {
        return FetchExtensions::default();
    };
    FetchExtensions::parse(&list.to_string()).unwrap_or_else(|error| {
        let message = format!("{FETCH_EXTENSIONS}: {error}");
        fault_log::error("configuration", &message);
        FetchExtensions::default()
    })
}
