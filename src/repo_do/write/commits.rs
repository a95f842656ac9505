//! `POST …/commits`: one commit on one branch.
//!
//! | file | what |
//! |---|---|
//! | `body` | what the caller sends |
//! | `draft` | the same, checked as far as that needs no repository |
//! | `people` | the message, and who made the commit |
//! | `ground` | the branch's head, and the trees on the changed paths |
//! | `patched` | the changes that a patch makes |
//! | `made` | the commit, and the answer |
//! | `inline` | the files come with the request, as JSON |
//! | `streamed` | the files come in lines behind the commit |
//! | `lines` | a body cut into its lines |

use worker::Request;

use super::request::WriteRequest;
use crate::repo_do::contract::write::NDJSON;
use crate::repo_do::request::answer::Answer;

mod body;
mod draft;
mod ground;
mod inline;
mod lines;
mod made;
mod patched;
pub(crate) mod people;
mod streamed;

pub(crate) use body::PersonBody;

/// Bytes of a JSON body.
pub(super) const JSON_BYTES_MAX: usize = inline::BODY_BYTES_MAX;
pub(super) use draft::{invalid, object_id};

/// Makes a commit of the files that the body has.
pub(super) async fn commit(write: WriteRequest) -> Answer {
    if is_streamed(&write.request) {
        return streamed::commit(write).await;
    }
    inline::commit(write).await
}

/// Whether the body is lines, which are taken as they come.
pub(super) fn is_streamed(request: &Request) -> bool {
    let content_type = request.headers().get("content-type").ok().flatten();
    let essence = content_type
        .as_deref()
        .and_then(|given| given.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(NDJSON))
}
