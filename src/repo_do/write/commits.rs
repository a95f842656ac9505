//! `POST …/commits`: one commit on one branch.
//!
//! | file | what |
//! |---|---|
//! | `body` | the caller's body |
//! | `draft` | the same, checked as far as that needs no repository |
//! | `people` | the message, and who made the commit |
//! | `ground` | the branch's head, and the trees on the changed paths |
//! | `patched` | the changes that a patch makes |
//! | `made` | the commit, and the answer |
//! | `inline` | the files come with the request, as JSON |
//! | `streamed` | the files come in lines behind the commit |
//! | `lines` | a body cut into its lines |
//! | `large` | the files that go through Git LFS |
//! | `marks` | which ones these are, by the attributes of the new tree |
//! | `large_content` | the bytes of one of them, on their way to R2 |

use super::request::WriteRequest;
use crate::repo_do::contract::write::is_ndjson;
use crate::repo_do::request::answer::Answer;

mod body;
mod draft;
mod ground;
mod inline;
mod large;
mod large_content;
mod lines;
mod made;
mod marks;
mod patched;
pub(crate) mod people;
mod streamed;

pub(crate) use body::PersonBody;

pub(super) use draft::{invalid, object_id};

/// Makes a commit of the files that the body has.
pub(super) async fn commit(write: WriteRequest) -> Answer {
    let content_type = write.request.headers().get("content-type").ok().flatten();
    if is_ndjson(content_type.as_deref()) {
        return streamed::commit(write).await;
    }
    inline::commit(write).await
}
