//! `POST /import`: the remote asked for its refs, then the repository made, empty, with its import
//! left to the alarm. A failure before that has written nothing.

use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select};
use gix_object::bstr::ByteSlice as _;
use worker::Request;

use super::super::{deletion, filling};
use super::remote::Remote;
use super::wanted::{AskedRefs, Wanted};
use crate::git::limits::Limits;
use crate::git::refname;
use crate::repo_do::contract::{
    CreateRepository, Credentials, ErrorCode, ErrorReply, ImportRepository, RemoteUrl,
};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::lifecycle::init;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::request::caller::Caller;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer;
use crate::storage::db::sql::in_transaction;
use crate::storage::repository::imports::NewImport;

/// How long the remote's refs may take while the caller waits.
const DISCOVER_MS: u32 = 25_000;

/// Makes the repository and begins its import.
pub(crate) async fn start(
    object: &Rc<RepoObject>,
    caller: &Caller,
    request: Request,
    account: &Account,
) -> Answer {
    caller.check_maker()?;
    let new: ImportRepository = answer::body(request).await?;
    deletion::settle(object).await?;
    if object.store()?.load()?.is_none() {
        let allow_private = object.allows_private_remotes();
        let url = RemoteUrl::parse(&new.url, allow_private);
        let (url, _) =
            url.map_err(|error| ErrorReply::at(ErrorCode::InvalidUrl, "/url", error.to_string()))?;
        let credentials = new.password.as_ref().map(|password| Credentials {
            username: new.username.clone().unwrap_or_default(),
            password: password.clone(),
        });
        let head = look(&url, credentials.as_ref(), &new).await?;
        let create = CreateRepository {
            default_branch: head.unwrap_or_else(|| new.create.default_branch.clone()),
            ..new.create.clone()
        };
        let asked_by = serde_json::to_string(&Doer::caller(caller, account));
        make(
            object,
            &create,
            (&url, credentials, &new),
            asked_by.as_deref().ok(),
        )?;
        filling::begin(object).await?;
    }
    filling::made(object, &new.create.repository_id)
}

/// Asks the remote for its refs; gives the branch that HEAD will name.
async fn look(
    url: &RemoteUrl,
    credentials: Option<&Credentials>,
    new: &ImportRepository,
) -> Result<Option<String>, ErrorReply> {
    let limits = Limits::DEFAULT;
    let remote = pin!(Remote::discover(url, credentials, &new.refs, &limits));
    let remote = match select(remote, pin!(timer::after(DISCOVER_MS))).await {
        Either::Left((remote, _)) => remote.map_err(|error| error.reply())?,
        Either::Right(_) => {
            let message = "the remote does not answer";
            return Err(ErrorReply::new(ErrorCode::UpstreamUnavailable, message));
        }
    };
    let asked = AskedRefs {
        branch: new.branch.as_deref(),
        depth: new.depth,
        selection: &new.refs,
    };
    let wanted = Wanted::of(&remote.refs, asked, &limits);
    let wanted = wanted.map_err(|error| error.reply())?;
    let head = wanted.head.as_ref().and_then(|head| {
        let is_sound = refname::check_update(head.as_bstr(), limits.refname_bytes_max).is_ok();
        let short = head.strip_prefix(refname::HEADS.as_bytes())?;
        is_sound.then(|| short.to_str().ok().map(str::to_owned))?
    });
    Ok(head)
}

/// Makes the repository, unless another request has made one meanwhile.
fn make(
    object: &RepoObject,
    create: &CreateRepository,
    (url, credentials, new): (&RemoteUrl, Option<Credentials>, &ImportRepository),
    asked_by: Option<&str>,
) -> Result<(), ErrorReply> {
    let store = object.store()?;
    if store.load()?.is_some() {
        return Ok(());
    }
    in_transaction(store.database(), || {
        init::create(&store, create)?;
        store.begin_import(&NewImport {
            url: &url.to_string(),
            branch: new.branch.as_deref(),
            depth: new.depth,
            refs: &new.refs,
            had_credentials: credentials.is_some(),
            asked_by,
            lfs: new.lfs,
            now_ms: now_ms(),
        })
    })?;
    object.import.clear();
    object.import.credentials.replace(credentials);
    Ok(())
}
