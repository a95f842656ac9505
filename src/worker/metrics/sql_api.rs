//! The question to the SQL API of Analytics Engine, with the operator's token.

use worker::{Headers, Method, Request, RequestInit, RequestRedirect};

use super::requests::{self, Group};
use crate::storage::analytics;
use crate::worker::outward;
use crate::worker::visit::Visit;

/// The secret with a token that may read the account's analytics.
const TOKEN: &str = "CAIRN_ANALYTICS_TOKEN";
/// The account.
const ACCOUNT: &str = "CAIRN_ANALYTICS_ACCOUNT_ID";
/// The data set, if it has another name than in `wrangler.toml`'s example.
const DATASET: &str = "CAIRN_ANALYTICS_DATASET";
/// Where the API is, for tests.
const URL: &str = "CAIRN_ANALYTICS_URL";

const DATASET_DEFAULT: &str = "cairn_requests";
const URL_DEFAULT: &str = "https://api.cloudflare.com";

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The counts, or why they are not known. `None`: the operator has set no token.
pub(super) async fn groups(visit: &Visit) -> Option<Result<Vec<Group>, String>> {
    let set = |name: &str| {
        let value = visit.env.var(name).ok().map(|value| value.to_string());
        value.filter(|value| !value.is_empty())
    };
    let token = visit.env.secret(TOKEN).ok()?.to_string();
    let account = set(ACCOUNT)?;
    let dataset = set(DATASET).unwrap_or_else(|| DATASET_DEFAULT.to_owned());
    let url = set(URL).unwrap_or_else(|| URL_DEFAULT.to_owned());
    Some(ask(&url, &account, &token, &dataset).await)
}

async fn ask(url: &str, account: &str, token: &str, dataset: &str) -> Result<Vec<Group>, String> {
    if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(format!("{ACCOUNT} is no id of an account"));
    }
    let query = analytics::last_minutes(dataset);
    let query = query.ok_or_else(|| format!("{DATASET} is no name of a data set"))?;
    let url = format!("{url}/client/v4/accounts/{account}/analytics_engine/sql");
    let request = request(&url, token, &query);
    let request = request.map_err(|error| error.to_string())?;
    let bytes = outward::body_of(request, ANSWER_BYTES_MAX).await?;
    requests::parse(&bytes).map_err(|error| error.to_string())
}

fn request(url: &str, token: &str, query: &str) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("authorization", &format!("Bearer {token}"))?;
    headers.set("content-type", "text/plain")?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(query.into()))
        .with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}
