//! A repository as one file.

use worker::{Headers, Response, ResponseBody};

use super::media_type;
use super::parameters::no_parameters;
use crate::repo_do::contract::{Access, ErrorReply, path};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
use crate::worker::visit::Visit;

/// The media type that web servers know bundles by.
const BUNDLE: &str = "application/x-git-bundle";

/// `GET …/repos/:name/bundle`: every caller that may fetch may have it.
pub(crate) async fn bundle(
    visit: &Visit,
    query: &str,
    path: &RepositoryPath,
    accept: Option<&str>,
) -> Result<Response, ErrorReply> {
    no_parameters(query)?;
    let actor = admission::to_repository(visit, path, Access::Read).await?;
    let response = objects::repository(visit, path, actor, Call::get(path::BUNDLE)).await?;
    if response.status_code() != 200 {
        return Err(objects::refusal(response).await);
    }
    // A checked name has nothing that would need quoting.
    let file = format!("attachment; filename=\"{}.bundle\"", path.name.as_str());
    let (_, body) = response.into_parts();
    let content_type = media_type::wanted(accept, BUNDLE);
    stream_on(body, content_type, &file).map_err(|error| fault("bundle", &error))
}

/// The body under headers of our own. Without `no-transform` the platform may compress a bundle, which must
/// pass unchanged.
fn stream_on(body: ResponseBody, content_type: &str, file: &str) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("content-type", content_type)?;
    headers.set("vary", "accept")?;
    headers.set("cache-control", "no-cache, no-transform")?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("content-disposition", file)?;
    Ok(Response::from_body(body)?.with_headers(headers))
}
