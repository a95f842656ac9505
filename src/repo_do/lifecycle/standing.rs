//! What the namespace says of all its repositories, taken over.

use worker::Request;

use crate::repo_do::contract::{StandingTaken, TakeStanding};
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::caller::check_operator;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;

/// `POST /standing`. It may come late or twice: the newest version stays. The row is written before
/// the answer, so whoever hears `is_here` knows that no request is judged by the older version.
/// No bound on requests holds it up.
pub(crate) async fn take(store: &Store, request: Request) -> Answer {
    check_operator(
        &request,
        "only the namespace says how its repositories stand",
    )?;
    let told: TakeStanding = body(request).await?;
    let record = store.load()?;
    let is_ours =
        record.is_some_and(|record| record.namespace.eq_ignore_ascii_case(&told.namespace));
    let is_here = is_ours && store.take_standing(&told.standing)?;
    reply::json(&StandingTaken { is_here })
}
