//! A fork on its own side: the object of the new repository asks its source for everything, takes
//! hold of the shared packs, writes rows, and serves requests once it has them all.
//!
//! Each step may be the last one before a crash:
//!
//! | after | what is left | who undoes it |
//! |---|---|---|
//! | the row in phase `forking`, with the alarm | an empty repository | the alarm, or the next request to make one here |
//! | the network joined | the same | the same; it tells the network |
//! | the packs held there | the same, with holds | the same |
//! | some refs and parts | the same | the same |
//! | objects of Git LFS held, some of their rows | the same, with holds | the same |
//! | [`end_fork`](crate::storage::repository::store::RepoStore::end_fork) | the fork, whole | |
//!
//! To undo is to delete: see [`super::deletion`].

pub(crate) mod export;
mod lfs;
pub(crate) mod wire;

use std::rc::Rc;

use gix_object::bstr::BString;
use wire::{ForkHead, Frame, FrameReader};
use worker::{Env, Request, Response, ResponseBody};

use super::{deletion, expiry};
use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply, ExportFork, ForkRepository, path};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::lifecycle::init;
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::network::Member;
use crate::repo_do::request::account::Account;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::request::caller::Caller;
use crate::repo_do::request::{info, not_ready, repository, tokens};
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::FORK_BYTES;
use crate::repo_do::runtime::reply;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::fork::SharedPack;
use crate::storage::repository::lfs_life::NamedLfsObject;
use crate::storage::repository::origin_report::SkippedRefs;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::ref_counts::RefCounts;

/// How soon the alarm looks after a fork.
const ALARM_MS: i64 = 10_000;

/// `POST /fork`.
pub(crate) async fn fork(
    object: &Rc<RepoObject>,
    caller: &Caller,
    request: Request,
    account: &Account,
) -> Answer {
    caller.check_maker()?;
    let asked: ForkRepository = answer::body(request).await?;
    deletion::settle(object).await?;
    let store = object.store()?;
    if let Some(record) = store.load()? {
        return match record.phase {
            Phase::Ready if record.id == asked.create.repository_id => {
                info::info(object, &store, record)
            }
            Phase::Ready => Err(ErrorReply::new(
                ErrorCode::AlreadyExists,
                "the repository exists already",
            )),
            _ => Err(not_ready::in_progress()),
        };
    }
    let under_way = object.growing.try_take(now_ms());
    let under_way = under_way.ok_or_else(not_ready::in_progress)?;
    // No await between the look and the row.
    begin(&store, &asked)?;
    let alarm = schedule::set(object, now_ms().saturating_add(ALARM_MS)).await;
    let grown = match alarm {
        Ok(()) => grow(object, &store, &asked, Doer::caller(caller, account)).await,
        Err(error) => Err(broken(&error.to_string())),
    };
    drop(under_way);
    if let Err(error) = grown {
        // The alarm undoes a fork that fails here.
        if let Err(left) = deletion::settle(object).await {
            reply::log_fault(&left);
        }
        return Err(error);
    }
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    info::info(object, &store, store.load()?.ok_or_else(gone)?)
}

fn begin(store: &Store, asked: &ForkRepository) -> Result<(), ErrorReply> {
    let created = in_transaction(
        crate::storage::repository::store::RepoStore::database(store),
        || {
            let head = init::head_of(&asked.create);
            let created = store.begin_fork(&init::new_repository(&asked.create, &head))?;
            if created {
                store.set_standing(&asked.create.standing)?;
                store.set_lifetime(&asked.create.lifetime)?;
                init::set_rules(store, &asked.create)?;
                tokens::insert_token(store, &asked.create.token)?;
            }
            Ok::<_, StoreError>(created)
        },
    )?;
    if created {
        Ok(())
    } else {
        Err(not_ready::in_progress())
    }
}

/// Takes everything over.
async fn grow(
    object: &Rc<RepoObject>,
    store: &Store,
    asked: &ForkRepository,
    doer: Doer,
) -> Result<(), ErrorReply> {
    let _reservation = reserve(FORK_BYTES).await?;
    let mut frames = Frames::ask(&object.env, asked).await?;
    let Some(Frame::Head(head)) = frames.next().await? else {
        return Err(broken("it does not begin with its head"));
    };
    let ForkHead {
        network_id,
        head,
        packs,
    } = head;
    let packs: Vec<SharedPack> = packs.into_iter().map(Into::into).collect();
    let head = refname(&head).ok_or_else(|| broken("its HEAD does not read"))?;
    store.join_network(&network_id)?;
    let member = Member {
        env: &object.env,
        network_id: &network_id,
        repository_id: &asked.create.repository_id,
        path: (&asked.create.namespace, &asked.create.name),
    };
    let keys = packs.iter().map(|pack| pack.r2_key.clone()).collect();
    let rows = take_rows(&mut frames, store, &member, asked.create.now_ms);
    let ((), (skipped, counts)) = futures::try_join!(member.share(keys), rows)?;
    store.set_skipped_refs(&skipped)?;
    let forked = asked.create.source.as_deref().and_then(forked);
    in_transaction(store.database(), || {
        store.set_ref_counts(counts)?;
        store.end_fork(&packs, head.as_ref(), asked.create.now_ms)?;
        tell::append_fork(
            store,
            doer.clone(),
            forked,
            &init::first_token(&asked.create),
        )
    })?;
    tell::written_and_sent(object).await;
    expiry::arm(object, store).await;
    Ok(())
}

/// Namespace and name of the repository that was forked.
fn forked(source: &str) -> Option<(&str, &str)> {
    source.strip_prefix("artifacts:")?.split_once('/')
}

/// Writes down the source's rows after the head; gives the refs that it leaves out, and how many
/// it sends.
async fn take_rows(
    frames: &mut Frames,
    store: &Store,
    member: &Member<'_>,
    now_ms: i64,
) -> Result<(SkippedRefs, RefCounts), ErrorReply> {
    let (mut skipped, mut counts) = (SkippedRefs::default(), RefCounts::default());
    loop {
        match frames.next().await? {
            Some(Frame::Shallow(ids)) => store.add_shallow(&ids)?,
            Some(Frame::Refs(refs)) => {
                store.put_packed_page(&refs)?;
                counts.add(&refs);
            }
            Some(Frame::Part(row)) => store.put_part_row(&row)?,
            Some(Frame::Skipped(refs)) => skipped = refs,
            Some(Frame::Lfs(objects)) => {
                let key = |(oid, _): &NamedLfsObject| lfs_key(member.network_id, oid);
                member.share(objects.iter().map(key).collect()).await?;
                store.put_lfs_objects(&objects, now_ms)?;
            }
            Some(Frame::End) => return Ok((skipped, counts)),
            Some(Frame::Head(_)) => return Err(broken("it has two heads")),
            None => return Err(broken("it broke off")),
        }
    }
}

fn refname(hex: &str) -> Option<BString> {
    let mut name = vec![0; hex.len() / 2];
    faster_hex::hex_decode(hex.as_bytes(), &mut name).ok()?;
    Some(name.into())
}

/// The frames that the source sends.
struct Frames {
    body: Body,
    reader: FrameReader,
    piece: Vec<u8>,
}

impl Frames {
    async fn ask(env: &Env, asked: &ForkRepository) -> Result<Self, ErrorReply> {
        let response = request(env, asked).await;
        let mut response = response.map_err(|error| broken(&error.to_string()))?;
        if response.status_code() != 200 {
            let refusal = response.json::<ErrorReply>().await;
            return Err(match refusal {
                // The caller would take it for the fork's own move.
                Ok(moved) if moved.code == ErrorCode::Moved => {
                    ErrorReply::new(ErrorCode::NotFound, moved.message)
                }
                Ok(refusal) => refusal,
                Err(error) => broken(&error.to_string()),
            });
        }
        let (_, body) = response.into_parts();
        let ResponseBody::Stream(stream) = body else {
            return Err(broken("it has no body"));
        };
        let body = Body::of_stream(stream).map_err(|error| broken(&error.to_string()))?;
        Ok(Self {
            body,
            reader: FrameReader::default(),
            piece: Vec::new(),
        })
    }

    /// The next frame; `None` when the source sends no more.
    async fn next(&mut self) -> Result<Option<Frame>, ErrorReply> {
        loop {
            let frame = self.reader.next();
            if let Some(frame) = frame.map_err(|error| broken(&error.to_string()))? {
                return Ok(Some(frame));
            }
            let more = self.body.next(&mut self.piece).await;
            if !more.map_err(|error| broken(&error.to_string()))? {
                return Ok(None);
            }
            self.reader.feed(&self.piece);
        }
    }
}

async fn request(env: &Env, asked: &ForkRepository) -> worker::Result<Response> {
    let export = ExportFork {
        repository_id: asked.source_id.clone(),
        default_branch_only: asked.default_branch_only,
    };
    repository::post(env, &asked.source_object, path::FORK_EXPORT, &export).await
}

/// The source's answer is of no use.
fn broken(why: &str) -> ErrorReply {
    ErrorReply::new(
        ErrorCode::UpstreamUnavailable,
        "the source could not be read to its end",
    )
    .caused_by("fork", &why)
}
