//! The facts about a repository for everybody who may read it: the beginning of its page.

use gix_object::bstr::BStr;
use serde_json::Value;

use super::answers::parse;
use super::reading::Reading;
use super::shown::{self, Form};
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::repo_do::contract::content::About;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::reply;
use crate::storage::repository::store::RepositoryRecord;

/// `/content/about`
pub(super) async fn about(reading: Reading, record: RepositoryRecord) -> Answer {
    let tip = tip(reading).await?;
    let description = Some(record.description).filter(|text| !text.is_empty());
    reply::json(&About { description, tip })
}

/// The commit that `HEAD` leads to; `None` before the first push.
async fn tip(mut reading: Reading) -> Result<Option<Value>, ErrorReply> {
    let Some(id) = reading.store().resolve(BStr::new("HEAD"))? else {
        return Ok(None);
    };
    let found = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    let Some((id, content)) = found else {
        return Ok(None);
    };
    let text = parse(id, &content)?;
    let shown = serde_json::to_value(shown::Commit::new(id, &text, Form::Own));
    let shown = shown.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()));
    shown.map(Some)
}
