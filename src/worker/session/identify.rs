//! Finds the caller of a request that a browser sends with a cookie or a credential by itself.

use super::ambient::{Asked, MARK};
use super::cookie::{self, SessionSecret};
use super::held::Session;
use super::kept;
use crate::worker::credentials::Identity;
use crate::worker::public_url;
use crate::worker::route::Route;
use crate::worker::signed::jwt::has_form;
use crate::worker::visit::Visit;

/// The header in which Cloudflare Access says who got through it; a browser has the same as a cookie.
const ACCESS_HEADER: &str = "cf-access-jwt-assertion";
const ACCESS_COOKIE: &str = "CF_Authorization";

/// Takes the cookie's session, or else the token of Cloudflare Access, for the request's credential: by
/// REST, where the request has no other and may be one of our pages'.
pub(crate) async fn identify(
    visit: &mut Visit,
    route: &Route,
    method: &str,
    headers: &web_sys::Headers,
) {
    let is_open = visit.identity == Identity::Anonymous && !visit.is_artifacts;
    if !is_open || !matches!(route, Route::Rest(_)) {
        return;
    }
    let given = |name| headers.get(name).ok().flatten();
    let (fetch_site, origin, mark) = (given("sec-fetch-site"), given("origin"), given(MARK));
    let asked = Asked {
        method,
        fetch_site: fetch_site.as_deref(),
        origin: origin.as_deref(),
        mark: mark.as_deref(),
        own_origins: &[&visit.origin, public_url::origin(visit.public_url())],
    };
    if !asked.counts() {
        return;
    }
    let cookies = given("cookie").unwrap_or_default();
    if let Some(secret) = SessionSecret::find(&cookies)
        && let Some(held) = kept::find(visit, &secret).await
    {
        visit.believe(Some(&format!("Bearer {}", held.token)));
        visit.is_ambient = true;
        visit.session = Some(Session { secret, held });
        return;
    }
    let of_access =
        given(ACCESS_HEADER).or_else(|| cookie::value(&cookies, ACCESS_COOKIE).map(str::to_owned));
    if let Some(token) = of_access.filter(|token| has_form(token)) {
        visit.is_ambient = true;
        visit.unverified = Some(token);
    }
}
