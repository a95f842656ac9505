//! `POST …/commits`: one commit on one branch.
//!
//! | file | what |
//! |---|---|
//! | `body` | what the caller sends |
//! | `draft` | the same, checked as far as that needs no repository |
//! | `people` | the message, and who made the commit |
//! | `ground` | the branch's head, and the trees on the changed paths |
//! | `made` | the commit, and the answer |
//! | `inline` | the files come with the request, as JSON |

use super::request::WriteRequest;
use crate::repo_do::request::answer::Answer;

mod body;
mod draft;
mod ground;
mod inline;
mod made;
pub(crate) mod people;

pub(crate) use body::PersonBody;

/// Makes a commit of the files that the body has.
pub(super) async fn commit(write: WriteRequest) -> Answer {
    inline::commit(write).await
}
