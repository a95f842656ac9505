//! A repository as one file.

use worker::Response;

use crate::repo_do::contract::{Access, ErrorReply, path};
use crate::worker::names::RepositoryPath;
use crate::worker::objects::{self, Call};
use crate::worker::visit::{Visit, fault};
use crate::worker::{admission, git};

/// The media type that web servers know bundles by.
const BUNDLE: &str = "application/x-git-bundle";

/// `GET …/repos/:name/bundle`: whoever may fetch may have it.
pub async fn bundle(visit: &Visit, path: &RepositoryPath) -> Result<Response, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Read).await?;
    let response = objects::repository(visit, path, actor, Call::get(path::BUNDLE)).await?;
    if response.status_code() != 200 {
        return Err(objects::refusal(response).await);
    }
    // A checked name has nothing that would need quoting.
    let file = format!("attachment; filename=\"{}.bundle\"", path.name.as_str());
    let (_, body) = response.into_parts();
    git::stream_on(body, BUNDLE)
        .and_then(|mut response| {
            let headers = response.headers_mut();
            headers.set("content-disposition", &file)?;
            headers.set("x-request-id", &visit.request_id)?;
            Ok(response)
        })
        .map_err(|error| fault("bundle", &error))
}
