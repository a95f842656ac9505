//! Requests to one namespace, counted by the platform where the deployment has the binding: it
//! counts at the edge, a data centre for itself, without asking anything. The objects count exactly,
//! each for itself.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

use super::request_log;
use super::visit::Visit;
use crate::repo_do::contract::ErrorReply;
use crate::storage::fault_log;

/// The binding that counts.
const NAMESPACE_RATE: &str = "NAMESPACE_RATE";

/// The shortest time over which the platform counts.
const RETRY_AFTER_SECONDS: u32 = 10;

#[wasm_bindgen]
extern "C" {
    type RateLimit;

    #[wasm_bindgen(method, catch)]
    fn limit(this: &RateLimit, options: &Object) -> Result<Promise, JsValue>;
}

/// Refuses a request for a path when its namespace (in lower case) has too many. Where the platform
/// does not count, or does not answer, everything is let through.
pub(crate) async fn check(visit: &Visit, path: &str) -> Result<(), ErrorReply> {
    let Ok(binding) = Reflect::get(&visit.env, &NAMESPACE_RATE.into()) else {
        return Ok(());
    };
    if binding.is_undefined() {
        return Ok(());
    }
    let Some(namespace) = request_log::of_path(path).namespace else {
        return Ok(());
    };
    match is_within(binding.unchecked_ref(), &namespace).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = "too many requests to the namespace";
            Err(ErrorReply::rate_limited(RETRY_AFTER_SECONDS, message))
        }
        Err(error) => {
            fault_log::warning(
                "rate",
                &format!("{NAMESPACE_RATE} did not answer: {error:?}"),
            );
            Ok(())
        }
    }
}

async fn is_within(limit: &RateLimit, namespace: &str) -> Result<bool, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"key".into(), &namespace.into())?;
    let outcome = JsFuture::from(limit.limit(&options)?).await?;
    Ok(Reflect::get(&outcome, &"success".into())?.is_truthy())
}
