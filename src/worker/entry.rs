//! The fetch handler: every request gets one answer, even after a fault.

use worker::{Context, Date, Env, Headers, Request, Response, ResponseBody, console_log, event};

use super::cors;
use super::credentials::{Identity, is_given_by_a_program};
use super::cross_site::Source;
use super::fault::fault;
use super::listed_pages::{is_preflight, listed_page, readable_by};
use super::neighbours::Neighbour;
use super::reply::{Reply, git_in_band};
use super::request_log;
use super::rest::{bundles, content, events, idempotency, openapi, session, writes};
use super::route::face::{Face, face};
use super::route::lfs::LfsRoute;
use super::route::{self, GitRoute, RestRoute, Route, RouteError};
use super::session::ambient::is_read;
use super::session::identify;
use super::target::Target;
use super::told::{named, shown, told};
use super::visit::{Visit, respond};
use super::{
    artifacts, bundle_uri, drain, envelope, front_page, git, lfs, limits, links, metrics, pages,
    public_url, read_only, redirect, signed,
};
use crate::repo_do::contract::{
    ErrorCode, ErrorReply, GitPost, RateLeft, RequestLine, header as internal,
};
use crate::storage::analytics;

#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    _context: Context,
) -> worker::Result<web_sys::Response> {
    let page = listed_page(&request.headers(), &env);
    let response = handle(request, env, page.is_some()).await?;
    match page {
        Some(origin) => readable_by(&origin, &response),
        None => Ok(response),
    }
}

async fn handle(
    request: web_sys::Request,
    env: Env,
    is_listed: bool,
) -> worker::Result<web_sys::Response> {
    let begun_ms = clock();
    let (url, client_headers) = (request.url(), request.headers());
    let target = Target::of(&url);
    // From here on an Artifacts path is ours, also in the log and in the count of requests.
    let path: &str = &artifacts::own_path(target.path);
    let face = face(path);
    let request_id = request_id(&client_headers);
    // Not `worker::Request::method`, which takes a method that it does not know for GET.
    let method = request.method();
    let route = route::parse(path);
    let mut visit = visit(&client_headers, env, &request_id, target, begun_ms);
    if let Ok(visit) = &mut visit {
        visit.is_listed_page = is_listed;
    }
    let body = git_body(&route, &request);

    let answered = match (&mut visit, &route) {
        _ if is_listed && is_preflight(&method, &client_headers) => made(cors::preflight()),
        (Ok(visit), Ok(route)) => {
            judged(visit, request, (&method, path, target.query), route).await
        }
        (Err(error), _) => Err(error.clone()),
        (_, Err(error)) => Err(error.clone().into()),
    };
    let (mut response, error) = match answered {
        // The object has written its line, or writes it when the last byte is sent.
        Ok(Answer::OfObject(response)) => return Ok(response),
        Ok(Answer::OfWorker(response)) => (response, None),
        Err(error) => {
            let post = match (&visit, &route) {
                (Ok(visit), Ok(Route::Git(_, route))) => post_told_in_band(visit, *route, &error),
                _ => None,
            };
            let is_upload = matches!(&visit, Ok(visit) if is_known_upload(visit, &route));
            if let (true, Some(body)) = (post.is_some() || is_upload, body) {
                drain::drain(body).await;
            }
            let reply = match (post, &visit) {
                (Some(post), _) => git_in_band(post, &named(&error, &request_id).message),
                (None, Ok(visit)) => {
                    let asked = (&*method, visit.public_url(), target.path, target.query);
                    redirect::to_new_name(shown(face, &error, &request_id), &error, asked)
                }
                (None, Err(_)) => shown(face, &error, &request_id),
            };
            let is_challenge = matches!(&visit, Ok(visit) if challenges(visit, face, &error));
            (respond(reply)?, error.code.name().filter(|_| !is_challenge))
        }
    };
    let wall_ms = clock().saturating_sub(begun_ms);
    let status = response.status_code();
    let headers = response.headers_mut();
    headers.set("x-request-id", &request_id)?;
    if let Ok(visit) = &visit {
        let usage = visit.costs.usage();
        if face == Face::Rest {
            tell_more(headers, visit, (status, wall_ms), target)?;
        }
        let line = RequestLine {
            request_id,
            method,
            status,
            error,
            session: visit.session.as_ref().map(|it| it.secret.logged()),
            bytes_in: length_told(&client_headers),
            bytes_out: length(&response).unwrap_or(usage.answer_bytes),
            wall_ms,
            usage,
            ..line_of(&route, path, visit)
        };
        console_log!("{}", line.to_json());
        analytics::write_request(&visit.env, &line.texts(), &line.numbers());
    }
    Ok(response.into())
}

/// The headers of REST that follow from the objects' answers: the times they took, the next page of a list,
/// and the rest of the limit that comes first.
fn tell_more(
    headers: &Headers,
    visit: &Visit,
    (status, wall_ms): (u16, i64),
    target: Target<'_>,
) -> worker::Result<()> {
    headers.set("server-timing", &visit.costs.server_timing(wall_ms))?;
    if let Some(next) = headers.get(internal::NEXT)? {
        headers.delete(internal::NEXT)?;
        let url = format!("{}{}", visit.public_url(), target.path);
        if let Some(link) = links::of_page(&url, target.query, &next) {
            headers.set("link", &link)?;
        }
    }
    if let Some(RateLeft { rate, requests }) = visit.costs.usage().rate_left {
        // The limit that turned the client away may not be the one that the object reports.
        let requests = if status == 429 { 0 } else { requests };
        let left = RateLeft { rate, requests };
        let policy = format!("\"requests\";q={};w={}", rate.requests, rate.seconds);
        headers.set("ratelimit-policy", &policy)?;
        let left = format!("\"requests\";r={requests};t={}", left.full_in_seconds());
        headers.set("ratelimit", &left)?;
    }
    Ok(())
}

/// The line with the fields that the path tells. The name of a repository that the request makes stands in
/// its body.
fn line_of(route: &Result<Route, RouteError>, path: &str, visit: &Visit) -> RequestLine {
    let mut line = match route {
        Ok(_) => request_log::of_path(path),
        Err(_) => request_log::of_nothing(),
    };
    if line.repository.is_none() {
        line.repository = visit.costs.made();
    }
    line
}

/// Answers a request, once its caller is known. A browser adds its credential to every request. Where that
/// credential opens nothing, a read is answered as a stranger's: a public answer stays public for a client
/// that is signed in.
async fn judged(
    visit: &mut Visit,
    request: web_sys::Request,
    (method, path, query): (&str, &str, &str),
    route: &Route,
) -> Result<Answer, ErrorReply> {
    identify::identify(visit, route, method, &request.headers()).await;
    let error = match admitted(visit, Clone::clone(&request), (method, path, query), route).await {
        Err(error) if visit.is_ambient && is_read(method) => error,
        answered => return answered,
    };
    if !matches!(error.code.status(), 401 | 403) {
        return Err(error);
    }
    visit.forget_credential();
    let again = admitted(visit, request, (method, path, query), route).await;
    again.map_err(|_| error)
}

async fn admitted(
    visit: &mut Visit,
    request: web_sys::Request,
    (method, path, query): (&str, &str, &str),
    route: &Route,
) -> Result<Answer, ErrorReply> {
    admit(visit, path).await?;
    answer(visit, request, method, query, route).await
}

/// Counts the request, and checks its signed token if it has one.
async fn admit(visit: &mut Visit, path: &str) -> Result<(), ErrorReply> {
    limits::check(visit, path).await?;
    signed::verify::identify(visit, path).await
}

/// An answer, and its sender.
enum Answer {
    /// Passed on as it is, headers and all.
    OfObject(web_sys::Response),
    /// Made here.
    OfWorker(Response),
}

/// Whether the answer asks Git for a credential that it has not sent: it sends none before that, so this is
/// not an error.
fn challenges(visit: &Visit, face: Face, error: &ErrorReply) -> bool {
    let is_asked = error.code == ErrorCode::Unauthorized && visit.identity == Identity::Anonymous;
    is_asked && face != Face::Rest
}

/// Whether an object of Git LFS comes from somebody with a credential that may be one: a client reads
/// the answer when it has sent the body.
fn is_known_upload(visit: &Visit, route: &Result<Route, RouteError>) -> bool {
    let is_unknown = matches!(visit.identity, Identity::Anonymous | Identity::Unrecognised);
    matches!(route, Ok(Route::Lfs(_, LfsRoute::Upload(..)))) && !is_unknown
}

/// The body of a fetch or push, or of an object of Git LFS.
fn git_body(
    route: &Result<Route, RouteError>,
    request: &web_sys::Request,
) -> Option<web_sys::ReadableStream> {
    match route {
        Ok(Route::Git(_, route)) if route.post().is_some() => request.body(),
        Ok(Route::Lfs(_, LfsRoute::Upload(..))) => request.body(),
        _ => None,
    }
}

fn clock() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

fn request_id(headers: &web_sys::Headers) -> String {
    let (given, ray) = (header(headers, "x-request-id"), header(headers, "cf-ray"));
    request_log::request_id(given.as_deref(), ray.as_deref(), drawn_id)
}

/// Another one each time; it is not a secret, for which `Math.random` would not do.
fn drawn_id() -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 2^32, which a cast saturates"
    )]
    let half = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:08x}{:08x}", half(), half())
}

/// Bytes of the client's body, as it tells them.
fn length_told(headers: &web_sys::Headers) -> Option<u64> {
    header(headers, "content-length")?.parse().ok()
}

/// Bytes of a body that was made here, or whose length is announced.
fn length(response: &Response) -> Option<u64> {
    match response.body() {
        ResponseBody::Body(bytes) => Some(bytes.len() as u64),
        ResponseBody::Empty => Some(0),
        ResponseBody::Stream(_) => {
            let told = response.headers().get("content-length").ok().flatten();
            told.and_then(|told| told.parse().ok())
        }
    }
}

fn header(headers: &web_sys::Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}

/// The fetch or push that this error refuses, if Git shows its user nothing but in-band messages. A
/// credential that cannot be valid is no better than none: no advertisement was given for it.
fn post_told_in_band(visit: &Visit, route: GitRoute, error: &ErrorReply) -> Option<GitPost> {
    let is_unknown = matches!(visit.identity, Identity::Anonymous | Identity::Unrecognised);
    let in_band = error.code.is_told_in_band(is_unknown);
    route.post().filter(|_| in_band)
}

async fn answer(
    visit: &mut Visit,
    request: web_sys::Request,
    method: &str,
    query: &str,
    route: &Route,
) -> Result<Answer, ErrorReply> {
    let methods = route.methods();
    if !methods.contains(&method) {
        return made(method_not_allowed(visit, route, methods));
    }
    if let Route::Rest(route) = route {
        check_source(visit, &request, method)?;
        read_only::check(visit, route, method)?;
    }
    if let Route::Rest(route) = route
        && let Some((path, write)) = route.write(method)
    {
        let answered = writes::answer(visit, &request, method, query, path, write).await;
        return answered.map(Answer::OfWorker);
    }
    match route {
        Route::FrontPage => {
            let accept = header(&request.headers(), "accept");
            made(front_page::answer(visit.public_url(), accept.as_deref())?)
        }
        Route::Health => made(health()),
        Route::Metrics => made(metrics::answer::answer(visit, query).await?),
        Route::OpenApi => made(openapi::answer()),
        Route::Neighbour(path, Neighbour::Page) if wants_html(&request) => {
            made(pages::lead_there(visit.public_url(), path))
        }
        Route::Neighbour(_, neighbour) => made(neighbour.answer()),
        Route::Page(path) => pages::page(visit, path).await.map(Answer::OfWorker),
        Route::Place => pages::place(visit).await.map(Answer::OfWorker),
        Route::Asset(file) => pages::asset(visit, file).await.map(Answer::OfWorker),
        Route::Git(path, route) => {
            let answered = git::answer(visit, &request, query, path, *route).await;
            answered.map(Answer::OfObject)
        }
        Route::Bundles(path, made_at) => {
            let answered = bundle_uri::answer(visit, &request, query, path, *made_at);
            answered.await.map(Answer::OfWorker)
        }
        Route::Lfs(path, route) => {
            let answered = lfs::dispatch::answer(visit, request, method, path, route).await;
            answered.map(Answer::OfWorker)
        }
        Route::Rest(RestRoute::Content(path, content)) => {
            let request = Request::from(request);
            let answered = content::answer(visit, &request, method, query, path, content).await;
            answered.map(Answer::OfWorker)
        }
        Route::Rest(RestRoute::Events(namespace)) => {
            let request = Request::from(request);
            let answered = events::of_namespace(visit, &request, query, namespace).await;
            answered.map(Answer::OfWorker)
        }
        Route::Rest(RestRoute::RepositoryEvents(path)) => {
            let request = Request::from(request);
            let answered = events::of_repository(visit, &request, query, path).await;
            answered.map(Answer::OfWorker)
        }
        Route::Rest(RestRoute::Session) => {
            made(session::answer(visit, request.into(), method, query).await?)
        }
        // Bytes, not an envelope.
        Route::Rest(RestRoute::Bundle(path)) => {
            let accept = header(&request.headers(), "accept");
            let answered = bundles::bundle(visit, query, path, accept.as_deref()).await;
            answered.map(Answer::OfWorker)
        }
        Route::Rest(route) => {
            made(idempotency::answer(visit, request.into(), method, query, route).await?)
        }
    }
}

/// Refuses a request that a page of another site could have made a browser send.
fn check_source(visit: &Visit, request: &web_sys::Request, method: &str) -> Result<(), ErrorReply> {
    if matches!(method, "GET" | "HEAD") {
        return Ok(());
    }
    let headers = request.headers();
    let given = |name| header(&headers, name);
    let (fetch_site, from) = (given("sec-fetch-site"), given("origin"));
    let is_let_in = visit.is_listed_page
        && given("authorization").is_some_and(|header| is_given_by_a_program(&header));
    let source = Source {
        fetch_site: fetch_site.as_deref(),
        origin: from.as_deref(),
        is_let_in,
        own_origins: &[&visit.origin, public_url::origin(visit.public_url())],
    };
    source.check(method)
}

fn visit(
    headers: &web_sys::Headers,
    env: Env,
    request_id: &str,
    target: Target<'_>,
    now_ms: i64,
) -> Result<Visit, ErrorReply> {
    let authorization = headers
        .get("authorization")
        .map_err(|_| malformed("the Authorization header is malformed"))?;
    let (request_id, origin) = (request_id.to_owned(), target.origin.to_owned());
    let authorization = authorization.as_deref();
    let mut visit = Visit::new(env, now_ms, request_id, origin, authorization);
    visit.is_artifacts = artifacts::is_path(target.path);
    visit.address = header(headers, "cf-connecting-ip").unwrap_or_default();
    Ok(visit)
}

fn made(reply: Reply) -> Result<Answer, ErrorReply> {
    let made = respond(reply).map_err(|error| fault("answer", &error));
    made.map(Answer::OfWorker)
}

fn method_not_allowed(visit: &Visit, route: &Route, methods: &[&str]) -> Reply {
    let allowed = methods.join(", ");
    let message = format!("this path serves {allowed} only");
    let error = ErrorReply::new(ErrorCode::MethodNotAllowed, message);
    let face = match route {
        Route::Git(..) | Route::Bundles(..) | Route::Neighbour(..) => Face::Git,
        Route::Lfs(..) => Face::Lfs,
        _ => Face::Rest,
    };
    told(face, &error, &visit.request_id).with_header("allow", allowed)
}

fn wants_html(request: &web_sys::Request) -> bool {
    header(&request.headers(), "accept").is_some_and(|accept| front_page::prefers_html(&accept))
}

fn health() -> Reply {
    let body = format!(r#"{{"ok":true,"version":"{}"}}"#, env!("CARGO_PKG_VERSION"));
    envelope::with_headers(Reply::new(200, "application/json", body))
}

fn malformed(message: &str) -> ErrorReply {
    ErrorReply::new(ErrorCode::InvalidInput, message)
}
