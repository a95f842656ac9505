//! Maps paths to handlers, after it has judged the caller.

use std::rc::Rc;

use futures::FutureExt as _;
use worker::{Method, Request};

use super::archive::answer as archive;
use super::compare::dispatch as compare;
use super::compare::request::CompareRequest;
use super::contract::downstream::DOWNSTREAMS;
use super::contract::{Access, Actor, ErrorCode, ErrorReply, ExportFork, header, path};
use super::events::origin::Doer;
use super::events::{feed, tell};
use super::explore::dispatch as explore;
use super::fetch::{bundle, bundle_uri, refs, upload};
use super::lfs::dispatch as lfs;
use super::lifecycle::tokens as lifecycle_tokens;
use super::lifecycle::{
    expiry, fork, forwarding, import, recover, rename, settings, standing, undelete,
};
use super::mirrors::downstream;
use super::mirrors::upstream;
use super::object::RepoObject;
use super::request::account::Account;
use super::request::caller::{Authorized, Caller};
use super::runtime::clock::now_ms;
use super::runtime::lease;
use super::state::reach_cache::Audience;
use super::state::store::Store;
use super::upkeep::{self, alarm};
use super::write::dispatch as write;
use super::write::request::WriteRequest;
use super::{content, receive};
use crate::git::protocol::advertise::Service;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::lifecycle::init;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::request::{info, not_ready, tokens};
use crate::repo_do::upkeep::stats;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// Seconds after which an import or a recovery may be done.
const IMPORT_RETRY_SECONDS: u32 = 10;

/// Seconds after which a fork that grows now is there, as a rule.
const FORK_RETRY_SECONDS: u32 = 2;

/// Turns a request away while the repository is being filled from elsewhere.
fn check_serves(record: &RepositoryRecord, is_git: bool) -> Result<(), ErrorReply> {
    match (record.phase, is_git) {
        (Phase::Forking, true) => Err(ErrorReply::busy(
            FORK_RETRY_SECONDS,
            "the repository is being forked",
        )),
        (Phase::Forking, false) => Err(not_ready::in_progress()),
        (_, true) if record.is_being_filled() => Err(ErrorReply::busy(
            IMPORT_RETRY_SECONDS,
            format!(
                "{}: try again later",
                not_ready::being_filled(record).message
            ),
        )),
        _ => Ok(()),
    }
}

/// The caller whose share of memory a request uses: the token's or, without a credential, that of the address
/// that the Worker saw.
pub(crate) fn asker(request: &Request) -> String {
    let header = |name| {
        let value = request.headers().get(name).ok().flatten();
        value.unwrap_or_default()
    };
    let actor = header(header::ACTOR);
    if actor == lease::ANONYMOUS {
        return format!("{actor} {}", header(header::ADDRESS));
    }
    actor
}

/// The operation's name in the account of reserved memory.
pub(crate) fn operation(route: &str) -> &'static str {
    match route {
        path::INFO_REFS => "refs",
        path::UPLOAD_PACK => "fetch",
        path::RECEIVE_PACK => "push",
        path::BUNDLE => "bundle",
        path::EVENTS => "events",
        path::FORK | path::FORK_EXPORT => "fork",
        path::MAINTENANCE => "maintenance",
        route if route.starts_with(content::PATHS) => "content",
        route if route.starts_with(compare::PATHS) => "compare",
        route if route.starts_with(archive::PATHS) => "archive",
        route if route.starts_with(explore::PATHS) => "explore",
        route if route.starts_with(write::PATHS) => "write",
        route if route.starts_with(lfs::PATHS) => "lfs",
        _ => "other",
    }
}

/// Answers a request. The namespace's own message is taken before any caller is counted, so that no bound
/// on requests holds it up.
pub(crate) async fn dispatch(
    object: &Rc<RepoObject>,
    request: Request,
    account: &Rc<Account>,
) -> Answer {
    if request.path() == path::STANDING {
        return standing::take(&*object.store()?, request).await;
    }
    judge_and_answer(object, request, account).await
}

/// Answers a request, once the caller may ask it.
async fn judge_and_answer(
    object: &Rc<RepoObject>,
    request: Request,
    account: &Rc<Account>,
) -> Answer {
    let caller = Caller::identify(object, &request).await?;
    // A token that has no record is nobody's: its request is refused later.
    if caller.token.is_some() || !matches!(caller.actor, Actor::Token(_)) {
        account.note_actor(caller.actor);
    }
    if let Some(token) = &caller.token {
        account.note_token(&token.token_id);
    }
    let store = object.store()?;
    tell::on_waking(object);
    if forwarding::is_maker(&request) {
        return make(object, &caller, request, account).await;
    }
    let (route, method) = (request.path(), request.method());
    match (&method, route.as_str()) {
        (Method::Post, path::KEPT_RESTORE) => {
            return undelete::restore(object, &caller, request, account).await;
        }
        (Method::Post, path::KEPT_PURGE) => return undelete::purge(object, &caller, request).await,
        (Method::Post, path::UPSTREAM_HOOK) => {
            return upstream::hook::hook(object, caller, request).await;
        }
        _ => {}
    }
    resume(object, caller.record.as_ref()).await;
    expiry::arm_on_waking(object, &store, caller.record.as_ref()).await;
    upstream::due::arm_on_waking(object, &store, caller.record.as_ref()).await;
    let asked = Asked {
        object: Rc::clone(object),
        store,
        caller,
        account: Rc::clone(account),
    };
    if route.starts_with(path::GIT) {
        return git(asked, request).await;
    }
    if method == Method::Get && reads_content(&route) {
        return read(asked, request).await;
    }
    let (object, store) = (Rc::clone(&asked.object), Rc::clone(&asked.store));
    match route {
        path if path.starts_with(write::PATHS) => {
            let authorized = asked.authorized(Access::Push, &path)?;
            not_ready::check_filled(&authorized.record)?;
            let written = WriteRequest {
                authorized: authorized.with_quota(&object, &store, None).await?,
                object,
                store,
                request,
                account: Rc::clone(account),
                once: Rc::default(),
            };
            write::answer(written).await
        }
        path if path.starts_with(lfs::PATHS) => {
            let authorized = asked.authorized(lfs::access(&path), &path)?;
            lfs::answer(&object, store, request, authorized).await
        }
        path if method == Method::Get && path == path::EVENTS => {
            let authorized = asked.authorized(Access::Read, &path)?;
            feed::answer(&object, &request, authorized).await
        }
        path => {
            let authorized = asked.authorized(Access::Administer, &path)?;
            if path.starts_with(DOWNSTREAMS) {
                let doer = Doer::authorized(&authorized, account);
                let answered =
                    downstream::administer::answer(&object, &store, request, &authorized, doer);
                return answered.boxed_local().await;
            }
            let answered = administer(&object, &store, request, authorized, account);
            answered.boxed_local().await
        }
    }
}

/// A request to a repository, whose caller was identified.
struct Asked {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    caller: Caller,
    account: Rc<Account>,
}

impl Asked {
    /// The repository and the caller, if it may do this; the use of both is noted.
    fn authorized(self, access: Access, route: &str) -> Result<Authorized, ErrorReply> {
        let is_git = route.starts_with(path::GIT) || route.starts_with(lfs::PATHS);
        let actor = self.caller.actor;
        let authorized = self.caller.repository(access)?;
        check_serves(&authorized.record, is_git)?;
        if let (Actor::Token(_), Some(token)) = (actor, &authorized.token) {
            tokens::touch_token(&self.store, token)?;
        }
        if route != path::EVENTS && access != Access::Administer {
            self.store.note_use(&authorized.record, now_ms())?;
        }
        Ok(authorized)
    }
}

impl Asked {
    /// The repository, if this query of a URL opens a bundle of it: a client with the URL may have the
    /// bundle, and nothing else.
    fn opened_by(self, made_at: i64, query: &str) -> Result<RepositoryRecord, ErrorReply> {
        let object = &self.object;
        let opens = |id: &str| bundle_uri::is_opened_by(object, id, made_at, query);
        let record = self.caller.repository_of_url(opens)?;
        check_serves(&record, true)?;
        object.rates.admit(true, now_ms())?;
        self.store.note_use(&record, now_ms())?;
        Ok(record)
    }
}

/// Answers a request of Git's.
async fn git(asked: Asked, request: Request) -> Answer {
    let (object, store) = (Rc::clone(&asked.object), Rc::clone(&asked.store));
    let account = Rc::clone(&asked.account);
    let route = request.path();
    match (request.method(), route.as_str()) {
        (Method::Get, path::INFO_REFS) => {
            let service = refs::service(&request)?;
            let access = match service {
                Service::UploadPack => Access::Read,
                Service::ReceivePack => Access::Push,
            };
            let authorized = asked.authorized(access, &route)?;
            account.log_as("GET", "/git/:ns/:repo/info/refs");
            if service == Service::ReceivePack && authorized.record.is_read_only() {
                // Told before the client packs anything.
                refs::refuse(service, &account, &Rejection::ReadOnly.to_string())
            } else {
                let offer = object.fetch_extensions.offer();
                refs::advertise(&store, service, &request, &authorized, offer, &account).await
            }
        }
        (Method::Get, path::BUNDLES) => {
            let record = asked.authorized(Access::Read, &route)?.record;
            bundle_uri::list(&object, &store, &record).await
        }
        (Method::Get, path) if path::bundle_made_at(path).is_some() => {
            let made_at = path::bundle_made_at(path).unwrap_or_default();
            let record = match request.inner().url().split_once('?') {
                None => asked.authorized(Access::Read, &route)?.record,
                Some((_, query)) => asked.opened_by(made_at, query)?,
            };
            bundle_uri::place(&object, &store, &record, made_at).await
        }
        (Method::Post, path::UPLOAD_PACK) => {
            let authorized = asked.authorized(Access::Read, &route)?;
            account.log_as("POST", "/git/:ns/:repo/git-upload-pack");
            upload::upload_pack(&object, &store, request, &authorized, &account).await
        }
        (Method::Post, path::RECEIVE_PACK) => {
            let authorized = asked.authorized(Access::Push, &route)?;
            account.log_as("POST", "/git/:ns/:repo/git-receive-pack");
            let announced = receive::announced_bytes(&request);
            let asked = authorized.with_quota(&object, &store, announced);
            let authorized = asked.await?;
            receive::receive_pack(&object, &store, request, authorized, &account).await
        }
        _ => Err(no_such_route()),
    }
}

/// Whether a request of this path reads content.
fn reads_content(route: &str) -> bool {
    let rooms = [
        content::PATHS,
        compare::PATHS,
        archive::PATHS,
        explore::PATHS,
    ];
    route == path::BUNDLE || rooms.iter().any(|room| route.starts_with(room))
}

/// Answers a request that reads content.
async fn read(asked: Asked, request: Request) -> Answer {
    let (object, store) = (Rc::clone(&asked.object), Rc::clone(&asked.store));
    let account = Rc::clone(&asked.account);
    let route = request.path();
    let authorized = asked.authorized(Access::Read, &route)?;
    not_ready::check_filled(&authorized.record)?;
    if route == path::BUNDLE {
        return bundle::bundle(&object, &store, &account).await;
    }
    let audience = Audience::of(authorized.actor);
    let record = authorized.record;
    if route.starts_with(content::PATHS) {
        return content::answer(&object, &store, request, (record, audience), &account).await;
    }
    let compared = CompareRequest {
        object,
        store,
        request,
        record,
        audience,
        account,
    };
    if route.starts_with(archive::PATHS) {
        return archive::answer(compared).await;
    }
    if route.starts_with(explore::PATHS) {
        return explore::answer(compared).await;
    }
    compare::answer(compared).await
}

fn no_such_route() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "the object has no such route")
}

/// Makes the repository.
async fn make(
    object: &Rc<RepoObject>,
    caller: &Caller,
    request: Request,
    account: &Rc<Account>,
) -> Answer {
    forwarding::check_free(object, &request)?;
    match request.path().as_str() {
        path::FORK => fork::fork(object, caller, request, account).await,
        path::IMPORT => import::start(object, caller, request, account).await,
        path::RECOVER => recover::start(object, caller, request).await,
        _ => init::init(object, caller, request, account).await,
    }
}

/// Goes on filling the repository. Best effort: the alarm that does so is set in any case but
/// the oddest.
async fn resume(object: &Rc<RepoObject>, record: Option<&RepositoryRecord>) {
    if record.is_some_and(|record| record.is_importing) {
        let _ = import::resume(object).await;
    }
    if record.is_some_and(|record| record.is_recovering) {
        let _ = recover::resume(object).await;
    }
}

/// Requests of an operator or of a namespace's administrator.
async fn administer(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    authorized: Authorized,
    account: &Account,
) -> Answer {
    let doer = Doer::authorized(&authorized, account);
    let route = request.path();
    if route.starts_with(path::UPSTREAM) {
        let answered = upstream::serve::answer(object, store, request, authorized, doer);
        return answered.boxed_local().await;
    }
    let Authorized { record, actor, .. } = authorized;
    let method = request.method();
    match (&method, route.as_str()) {
        (Method::Get, path::INFO) => info::info(object, store, record),
        (Method::Post, path::UPDATE) => {
            let updated = settings::update(object, store, request, doer).await?;
            // New settings, and the record in R2, which has the old ones.
            alarm::after_settings(object, store).await;
            expiry::arm(object, store).await;
            Ok(updated)
        }
        (Method::Post, path::RENAME) => {
            not_ready::check_filled(&record)?;
            let renamed = rename::rename(object, store, request, record, doer).await?;
            // The record in R2 has the old names.
            alarm::after_settings(object, store).await;
            Ok(renamed)
        }
        (Method::Post, path::DELETE) => {
            undelete::delete(object, store, request, record, doer).await
        }
        (Method::Post, path::FORK_EXPORT) => {
            let asked: ExportFork = answer::body(request).await?;
            if asked.repository_id != record.id {
                let message = "another repository has taken the source's place";
                return Err(ErrorReply::new(ErrorCode::NotFound, message));
            }
            fork::export::export(object, &asked).await
        }
        (Method::Post, path::TOKENS) => {
            lifecycle_tokens::create(object, store, request, doer).await
        }
        (Method::Get, path::TOKENS) => tokens::list_tokens(store, &request),
        (Method::Get, path::STATS) => stats::stats(store, actor),
        (Method::Post, path::PURGE) => upkeep::purge::serve(object, doer).await,
        (Method::Post, path::MAINTENANCE) => upkeep::serve::serve(object, request).await,
        (Method::Delete, _) if path::token_id(&route).is_some() => {
            let token_id = path::token_id(&route).unwrap_or_default();
            lifecycle_tokens::revoke(object, store, token_id, doer).await
        }
        _ => Err(no_such_route()),
    }
}
