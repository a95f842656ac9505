//! Answers that pages of the origins which the operator lists may read ([`super::cors`]).

use worker::Env;

use super::cors::{self, CORS_ORIGINS, Origins};
use crate::storage::fault_log;

/// The value of `Access-Control-Allow-Origin`, if the request comes from a page of an origin that the
/// operator lists.
pub(crate) fn listed_page(headers: &web_sys::Headers, env: &Env) -> Option<String> {
    let origin = header(headers, "origin")?;
    let set = env.var(CORS_ORIGINS).ok()?.to_string();
    match Origins::parse(&set) {
        Ok(origins) => origins.allowed(&origin).map(str::to_owned),
        Err(error) => {
            fault_log::error("configuration", &error);
            None
        }
    }
}

/// The same answer for a page of this origin. The headers of an object's answer cannot be changed, so
/// that there is another answer around the same body.
pub(crate) fn readable_by(
    origin: &str,
    response: &web_sys::Response,
) -> worker::Result<web_sys::Response> {
    let init = web_sys::ResponseInit::new();
    init.set_status(response.status());
    init.set_headers(&response.headers());
    let body = response.body();
    let response = web_sys::Response::new_with_opt_readable_stream_and_init(body.as_ref(), &init)?;
    let headers = response.headers();
    headers.set("access-control-allow-origin", origin)?;
    headers.set("access-control-expose-headers", cors::EXPOSED_HEADERS)?;
    headers.append("vary", cors::VARY)?;
    Ok(response)
}

/// Whether a browser asks which requests a page may send. It asks without a credential, and the request
/// itself is refused or answered when it comes.
pub(crate) fn is_preflight(method: &str, headers: &web_sys::Headers) -> bool {
    method == "OPTIONS" && header(headers, "access-control-request-method").is_some()
}

fn header(headers: &web_sys::Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}
