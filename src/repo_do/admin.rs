//! Making, showing, changing and wiping the repository; its tokens; its figures.

use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use worker::{Method, Request, RequestInit, Response};

use super::caller::Caller;
use super::contract::{
    Actor, CreateRepository, CreateToken, ErrorCode, ErrorReply, NAMESPACE_TOUCH, ORIGIN,
    OriginReport, RepositoryInfo, RepositoryStatus, RevokedToken, TokenHash, TokenPage,
    TokenRecord, TokenState, TouchRepository, UpdateRepository,
};
use super::maintenance::serve::shown as shown_run;
use super::object::{RepoObject, Store, now_ms};
use super::{deletion, lease, memory, reply};
use crate::git::content::census::Census;
use crate::git::limits::Limits;
use crate::git::pack::reader::LivePacks;
use crate::git::store::StoreError;
use crate::storage::cache;
use crate::storage::life::Phase;
use crate::storage::repository::{NewRepository, RepositoryPatch, RepositoryRecord};
use crate::storage::snapshots::SnapshotSettings;
use crate::storage::sql::{Database as _, in_transaction};
use crate::storage::sql_error::lasting;
use crate::storage::tokens;

/// A response, or why there is none.
pub type Answer = Result<worker::Result<Response>, ErrorReply>;

/// When to try again after the namespace's object could not be asked.
const NAMESPACE_RETRY_SECONDS: u32 = 2;

/// Runs of maintenance that `/stats` shows.
const RUNS_SHOWN: u32 = 20;

const BRANCHES: &str = "refs/heads/";

/// The body of a request of the Worker's or of another object.
pub async fn body<T: DeserializeOwned>(request: Request) -> Result<T, ErrorReply> {
    let bytes = body_bytes(request).await;
    let body =
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    body.map_err(|error| {
        let message = format!("the worker sent a body that the object does not know: {error}");
        ErrorReply::new(ErrorCode::InternalError, message)
    })
}

fn body_bytes(mut request: Request) -> LocalBoxFuture<'static, Result<Vec<u8>, String>> {
    let read = async move { request.bytes().await.map_err(|error| error.to_string()) };
    read.boxed_local()
}

/// `POST /init`.
pub async fn init(object: &RepoObject, caller: &Caller, request: Request) -> Answer {
    caller.check_maker()?;
    let new: CreateRepository = body(request).await?;
    deletion::settle(object).await?;
    // All of that was awaited: another request may have made the repository meanwhile.
    let store = &*object.store()?;
    if store.load()?.is_none() {
        create(store, &new)?;
    }
    let record = store
        .load()?
        .filter(|record| record.id == new.repository_id && record.phase == Phase::Ready);
    let taken = || ErrorReply::new(ErrorCode::AlreadyExists, "the repository exists already");
    info(object, store, record.ok_or_else(taken)?)
}

/// Makes the repository, with its first token.
pub fn create(store: &Store, new: &CreateRepository) -> Result<(), StoreError> {
    let head = head_of(new);
    in_transaction(store.database(), || {
        store.create(&new_repository(new, &head))?;
        insert_token(store, &new.token)
    })
}

/// Where HEAD of a new repository points.
pub fn head_of(new: &CreateRepository) -> String {
    format!("{BRANCHES}{}", new.default_branch)
}

/// What is stored of a new repository.
pub fn new_repository<'a>(new: &'a CreateRepository, head: &'a str) -> NewRepository<'a> {
    NewRepository {
        id: &new.repository_id,
        namespace: &new.namespace,
        name: &new.name,
        description: new.description.as_deref().unwrap_or_default(),
        head: head.into(),
        read_only: new.read_only,
        public: new.public,
        fsck_strict: new.fsck_strict.unwrap_or_default(),
        source: new.source.as_deref(),
        now_ms: new.now_ms,
    }
}

/// The repository is being filled from elsewhere, and what was asked for has to wait.
pub fn being_filled(record: &RepositoryRecord) -> ErrorReply {
    if record.is_recovering {
        let message = "the repository is being recovered";
        return ErrorReply::new(ErrorCode::CreateInProgress, message);
    }
    let message = "the repository is being imported";
    ErrorReply::new(ErrorCode::ImportInProgress, message)
}

/// Refuses to show what is not here yet.
pub fn check_filled(record: &RepositoryRecord) -> Result<(), ErrorReply> {
    if record.is_being_filled() {
        return Err(being_filled(record));
    }
    Ok(())
}

/// A fork grows here, and nothing else can be done.
pub fn in_progress() -> ErrorReply {
    let message = "the repository is being forked";
    ErrorReply::new(ErrorCode::ForkInProgress, message)
}

/// Something of the platform's failed: the log has the cause, the client hears nothing of it.
pub fn failed(what: &str, cause: &dyn std::fmt::Display) -> ErrorReply {
    worker::console_error!("{}", reply::fault_line(what, &cause.to_string()));
    ErrorReply::new(ErrorCode::InternalError, "internal error")
}

/// `GET /info`.
pub fn info(object: &RepoObject, store: &Store, record: RepositoryRecord) -> Answer {
    let (size_bytes, object_count) = store.live_sizes()?;
    let import = record.is_importing.then(|| object.import.progress());
    let mut info = describe(record, size_bytes, object_count);
    info.import = import;
    if info.source.is_some() {
        info.origin = store.origin_report()?;
    }
    Ok(reply::json(&info))
}

fn describe(record: RepositoryRecord, size_bytes: u64, object_count: u64) -> RepositoryInfo {
    let head = record.head.to_string();
    RepositoryInfo {
        repository_id: record.id,
        namespace: record.namespace,
        name: record.name,
        description: Some(record.description).filter(|text| !text.is_empty()),
        default_branch: head.strip_prefix(BRANCHES).unwrap_or(&head).to_owned(),
        created_at_ms: record.created_at,
        updated_at_ms: record.updated_at,
        last_push_at_ms: record.last_push_at,
        source: record.source,
        read_only: record.read_only,
        public: record.public,
        deny_non_fast_forwards: record.deny_non_fast_forwards,
        deny_deletes: record.deny_deletes,
        fsck_strict: record.fsck_strict,
        prune_grace_seconds: record.prune_grace_seconds,
        reflog_retention_seconds: record.reflog_retention_seconds,
        superseded_grace_seconds: record.superseded_grace_seconds,
        status: match record.phase {
            Phase::Forking => RepositoryStatus::Forking,
            _ if record.is_importing => RepositoryStatus::Importing,
            _ if record.is_recovering => RepositoryStatus::Recovering,
            Phase::Ready | Phase::Deleting => RepositoryStatus::Ready,
        },
        import: None,
        origin: OriginReport::default(),
        size_bytes,
        object_count,
    }
}

/// Tells the namespace's object what its list should show of the repository now. The list is
/// derived: a message that is lost heals with the next one.
pub async fn touch_namespace(object: Rc<RepoObject>) {
    if let Err(error) = try_touch_namespace(&object).await {
        worker::console_warn!("{}", reply::fault_line("touch", &error.to_string()));
    }
}

async fn try_touch_namespace(object: &RepoObject) -> worker::Result<()> {
    let failed = |error: &dyn std::error::Error| worker::Error::RustError(error.to_string());
    let store = object.store().map_err(|error| failed(&error))?;
    let Some(record) = store.load().map_err(|error| failed(&error))? else {
        return Ok(());
    };
    let sizes = store.live_sizes().map_err(|error| failed(&error))?;
    let namespace = record.namespace.clone();
    let info = describe(record, sizes.0, sizes.1);
    let touch = TouchRepository { info };
    tell_namespace(object, &namespace, NAMESPACE_TOUCH, &touch).await
}

/// Sends a message to a namespace's object.
pub async fn tell_namespace<T: serde::Serialize>(
    object: &RepoObject,
    namespace: &str,
    path: &str,
    message: &T,
) -> worker::Result<()> {
    let sent = send_to_namespace(object, namespace, path, serde_json::to_string(message)?);
    sent.await.map(|_| ())
}

/// Asks a namespace's object. What it refuses is its refusal; only where there is no answer it may
/// help to ask again.
pub async fn ask_namespace<T: serde::Serialize, A: DeserializeOwned>(
    object: &RepoObject,
    namespace: &str,
    path: &str,
    question: &T,
) -> Result<A, ErrorReply> {
    let asked = async {
        let body = serde_json::to_string(question)?;
        let mut response = send_to_namespace(object, namespace, path, body).await?;
        let status = response.status_code();
        Ok::<_, worker::Error>((status, response.bytes().await?))
    };
    let (status, bytes) = asked.await.map_err(|error| no_answer(&error.to_string()))?;
    let answer = match status {
        200 => serde_json::from_slice(&bytes).map(Ok),
        _ => serde_json::from_slice(&bytes).map(Err),
    };
    answer.unwrap_or_else(|error| Err(no_answer(&format!("status {status}: {error}"))))
}

fn no_answer(cause: &str) -> ErrorReply {
    worker::console_error!("{}", reply::fault_line("namespace", cause));
    match lasting(cause) {
        Some(fault) => ErrorReply::new(ErrorCode::InternalError, fault.told()),
        None => ErrorReply::busy(
            NAMESPACE_RETRY_SECONDS,
            "the namespace did not answer, try again",
        ),
    }
}

async fn send_to_namespace(
    object: &RepoObject,
    namespace: &str,
    path: &str,
    body: String,
) -> worker::Result<Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into()));
    let request = Request::new_with_init(&format!("{ORIGIN}{path}"), &init)?;
    let stub = object
        .env
        .durable_object("NAMESPACE")?
        .get_by_name(&namespace.to_ascii_lowercase())?;
    stub.fetch_with_request(request).await
}

/// `POST /update`.
pub async fn update(object: &RepoObject, store: &Store, request: Request) -> Answer {
    let change: UpdateRepository = body(request).await?;
    let head = change
        .default_branch
        .map(|branch| format!("{BRANCHES}{branch}"));
    let description = change.description.map(Option::unwrap_or_default);
    let patch = RepositoryPatch {
        description: description.as_deref(),
        head: head.as_deref().map(Into::into),
        read_only: change.read_only,
        public: change.public,
        deny_non_fast_forwards: change.deny_non_fast_forwards,
        deny_deletes: change.deny_deletes,
        fsck_strict: change.fsck_strict,
        prune_grace_seconds: change.prune_grace_seconds,
        reflog_retention_seconds: change.reflog_retention_seconds,
        superseded_grace_seconds: change.superseded_grace_seconds,
    };
    store.update(&patch, now_ms())?;
    store.set_snapshot_settings(&SnapshotSettings {
        settle_seconds: change.snapshots.settle_seconds,
        cold_after_seconds: change.snapshots.cold_after_seconds,
        cold_bytes_min: change.snapshots.cold_bytes_min,
        ready_bytes_min: change.snapshots.ready_bytes_min,
    })?;
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    info(object, store, store.load()?.ok_or_else(gone)?)
}

/// The object's own record of a token.
pub fn token_by_hash(store: &Store, hash: &TokenHash) -> Result<Option<TokenRecord>, ErrorReply> {
    Ok(store.shown_token(hash.as_bytes())?.map(Into::into))
}

/// Notes that a token was used, once an hour at most.
pub fn touch_token(store: &Store, token: &TokenRecord) -> Result<(), ErrorReply> {
    Ok(store
        .tokens()
        .touch(&token.token_id, token.last_used_at_ms, now_ms())?)
}

/// `POST /tokens`.
pub async fn create_token(store: &Store, request: Request) -> Answer {
    let CreateToken { token } = body(request).await?;
    let taken = store.tokens().find_by_id(&token.token_id)?.is_some()
        || store.tokens().find(token.sha256.as_bytes())?.is_some();
    if taken {
        return Err(ErrorReply::new(
            ErrorCode::AlreadyExists,
            "the token exists already",
        ));
    }
    insert_token(store, &token)?;
    Ok(reply::json(&token))
}

/// Stores a token.
pub fn insert_token(store: &Store, token: &TokenRecord) -> Result<(), StoreError> {
    store.tokens().insert(&token.to_insert())
}

#[derive(serde::Deserialize)]
struct TokenQuery {
    state: Option<TokenState>,
    token: Option<String>,
    page: u32,
    per_page: u32,
}

/// `GET /tokens`; without a state, tokens in any.
pub fn list_tokens(store: &Store, request: &Request) -> Answer {
    let query: TokenQuery = request
        .query()
        .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    let offset = query.page.saturating_sub(1).saturating_mul(query.per_page);
    let state = query.state.map(Into::into);
    let page = match &query.token {
        Some(token) => find_token(store, token, state)?,
        None => store
            .tokens()
            .list(state, None, now_ms(), offset, query.per_page)?,
    };
    Ok(reply::json(&TokenPage::from(page)))
}

/// The token of an id or a hash, if it is in that state.
fn find_token(
    store: &Store,
    token: &str,
    state: Option<tokens::TokenState>,
) -> Result<tokens::TokenPage, ErrorReply> {
    let found = match token.parse::<TokenHash>() {
        Ok(hash) => store.tokens().find(hash.as_bytes())?,
        Err(_) => store.tokens().find_by_id(token)?,
    };
    let now_ms = now_ms();
    let found = found.filter(|token| state.is_none_or(|state| token.state(now_ms) == state));
    Ok(tokens::TokenPage {
        total_count: u64::from(found.is_some()),
        tokens: found.into_iter().collect(),
    })
}

/// `DELETE /tokens/<id>`.
pub fn revoke_token(store: &Store, token_id: &str) -> Answer {
    let tokens = store.tokens();
    let unknown = || ErrorReply::new(ErrorCode::NotFound, "token not found");
    let token = tokens.find_by_id(token_id)?.ok_or_else(unknown)?;
    tokens.revoke(token_id, now_ms())?;
    Ok(reply::json(&RevokedToken {
        token_id: token.id,
        sha256: TokenHash::new(token.sha256),
    }))
}

/// What requests and alarms hold of the isolate's memory now.
fn reservations() -> serde_json::Value {
    let figures = lease::figures();
    let operations = figures.operations.into_iter();
    let operations = operations.map(|(name, (count, bytes))| {
        let shown = serde_json::json!({ "count": count, "bytes": bytes });
        (name.to_owned(), shown)
    });
    serde_json::json!({
        "count": figures.count,
        "bytes": figures.bytes,
        "oldest_ms": figures.oldest_ms,
        "operations": operations.collect::<serde_json::Map<_, _>>(),
    })
}

/// `GET /stats`: live figures. The SQL counters count since this object woke. Those of the isolate
/// tell of other repositories too: they are the operator's to see.
pub fn stats(store: &Store, actor: Actor) -> Answer {
    let counts = store.counts()?;
    let packs = store.stored_packs()?;
    let db = store.database();
    let runs = store.runs(RUNS_SHOWN)?;
    let census = Census::take(&LivePacks::open(store, &Limits::DEFAULT)?)?;
    let mut stats = serde_json::json!({
        "refs": counts.refs,
        "reflog_rows": counts.reflog_rows,
        "packs": {
            "live": counts.live_packs,
            "quarantined": counts.quarantined_packs,
            "superseded": counts.superseded_packs,
            "bytes": counts.pack_bytes,
            "chunk_rows": counts.chunk_rows,
            "part_rows": counts.part_rows,
            "in_r2": packs.iter().filter(|pack| pack.r2_key.is_some()).count(),
            "cold": packs.iter().filter(|pack| !pack.chunks_here).count(),
        },
        "r2_bytes": store.r2_bytes()?,
        "ready_clone_bytes": store.ready_clone()?.map(|ready| ready.response_bytes),
        "objects": counts.object_count,
        "objects_by_kind": {
            "commit": census.commits,
            "tree": census.trees,
            "blob": census.blobs,
            "tag": census.tags,
        },
        "fsck_warnings": store.warning_counts()?,
        "tokens": counts.tokens,
        "sqlite_bytes": counts.database_bytes,
        "sql": {
            "rows_read": db.rows_read(),
            "rows_written": db.rows_written(),
            "statements": db.statements(),
        },
        "maintenance": runs.iter().map(shown_run).collect::<Vec<_>>(),
    });
    if let (Actor::Operator, Some(fields)) = (actor, stats.as_object_mut()) {
        fields.insert("isolate".to_owned(), isolate());
    }
    Ok(reply::json(&stats))
}

/// Figures of the isolate, which repositories share.
fn isolate() -> serde_json::Value {
    let (part_cache_bytes, chunk_cache_bytes) = cache::cached_bytes();
    serde_json::json!({
        "heap_bytes": memory::heap_bytes(),
        "reserved_bytes": memory::reserved_bytes(),
        "reservations": reservations(),
        "part_cache_bytes": part_cache_bytes,
        "chunk_cache_bytes": chunk_cache_bytes,
    })
}
