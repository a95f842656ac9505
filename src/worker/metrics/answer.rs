//! The answer to `GET /metrics`, and its readers.

use futures::future::{join, join_all};
use serde::Deserialize;

use super::exposition::{CONTENT_TYPE, Exposition, Kind, Metric, count};
use super::namespaces::{self, Told};
use super::{requests, sql_api};
use crate::repo_do::contract::{ErrorCode, ErrorReply, Refusal, UsageDay};
use crate::storage::fault_log;
use crate::worker::credentials::Identity;
use crate::worker::envelope;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::contract::{AskUsage, REGISTRY, Registry, path};
use crate::worker::namespace::directory;
use crate::worker::read_only;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{self, ListQuery};
use crate::worker::visit::Visit;

/// Namespaces that are shown: each costs two questions to its object.
const NAMESPACES_MAX: u32 = 200;

const BUILD: Metric = gauge("cairn_build_info", "The version that answers.");
const READ_ONLY: Metric = gauge(
    "cairn_read_only",
    "1 where the whole deployment takes no writes.",
);
const NAMESPACES: Metric = gauge("cairn_namespaces", "Namespaces of the deployment.");
const SHOWN: Metric = gauge("cairn_namespaces_shown", "Namespaces whose figures follow.");
const ANALYTICS_UP: Metric = gauge(
    "cairn_analytics_up",
    "1 where Analytics Engine answered; absent without a token.",
);

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    let kind = Kind::Gauge;
    Metric { name, kind, help }
}

/// The query.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Namespaces that are shown at most.
    namespaces: Option<u32>,
}

/// Answers the operator. Others find nothing here.
pub(crate) async fn answer(visit: &Visit, query: &str) -> Result<Reply, ErrorReply> {
    match visit.identity {
        Identity::Operator => {}
        Identity::Anonymous => return Err(Refusal::CredentialRequired.into()),
        Identity::Unrecognised | Identity::Token(_) => {
            return Err(ErrorReply::new(ErrorCode::NotFound, "no such path"));
        }
    }
    let asked: Asked = parameters::query(query)?;
    let namespaces_max = asked.namespaces.unwrap_or(NAMESPACES_MAX);
    if namespaces_max > NAMESPACES_MAX {
        let message = format!("namespaces is {NAMESPACES_MAX} at most, this is {namespaces_max}");
        return Err(ErrorReply::at(
            ErrorCode::InvalidInput,
            "/namespaces",
            message,
        ));
    }
    let (told, counted) = join(told(visit, namespaces_max), sql_api::groups(visit)).await;
    let (total, told) = told?;

    let mut text = Exposition::default();
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    text.metric(&BUILD, [(version.as_slice(), 1.0)]);
    text.single(&READ_ONLY, flag(read_only::is_set(visit)));
    text.single(&NAMESPACES, count(total));
    text.single(&SHOWN, count(told.len() as u64));
    namespaces::show(&mut text, &told);
    match counted {
        None => {}
        Some(Ok(groups)) => {
            text.single(&ANALYTICS_UP, 1.0);
            requests::show(&mut text, &groups);
        }
        Some(Err(cause)) => {
            fault_log::warning("metrics", &cause);
            text.single(&ANALYTICS_UP, 0.0);
        }
    }
    let reply = Reply::new(200, CONTENT_TYPE, text.into_text());
    Ok(envelope::with_headers(reply))
}

/// How many namespaces there are, and the figures of the first of them by name. One that does not answer is
/// left out.
async fn told(visit: &Visit, namespaces_max: u32) -> Result<(u64, Vec<Told>), ErrorReply> {
    let query = ListQuery {
        limit: Some(namespaces_max.max(1)),
        // By its number a page tells how many there are.
        page: Some(1),
        ..ListQuery::default()
    };
    let registry: Registry = directory::get(visit, REGISTRY, path::REGISTRY, &query).await?;
    let names = registry.namespaces.iter();
    let names = names.take(usize::try_from(namespaces_max).unwrap_or(usize::MAX));
    let names: Vec<_> = names
        .filter_map(|name| NamespaceName::parse(name).ok())
        .collect();
    let told = join_all(names.iter().map(|name| of_namespace(visit, name))).await;
    let total = registry.total_count.unwrap_or_default();
    Ok((total, told.into_iter().flatten().collect()))
}

async fn of_namespace(visit: &Visit, namespace: &NamespaceName) -> Option<Told> {
    let asked = AskUsage {
        since_day: UsageDay::of(visit.now_ms),
    };
    let (info, usage) = join(
        directory::show_namespace(visit, namespace),
        directory::usage(visit, namespace, &asked),
    )
    .await;
    Some(Told {
        info: info.ok()?,
        usage: usage.ok()?,
    })
}

fn flag(is_set: bool) -> f64 {
    f64::from(u8::from(is_set))
}
