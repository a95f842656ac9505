//! The pages for browsers. One document is the beginning of them all: its script (`web/`) shows the resource
//! of the path, and reads it by REST, as any other client does.
//!
//! Everybody who opens a page gets the same document, whether the repository exists or not. Only a public one
//! has its description in it, for programs that preview links and run no script.

use worker::{Fetcher, Headers, Response};

use super::call::Call;
use super::fault::fault;
use super::html::escape;
use super::names::RepositoryPath;
use super::objects;
use super::reply::Reply;
use super::visit::Visit;
use crate::repo_do::contract::content::{About, path};
use crate::repo_do::contract::{Actor, ErrorCode, ErrorReply};

/// The binding of the files that `make build` makes of `web/`.
const ASSETS: &str = "ASSETS";

/// The document, among these files.
const DOCUMENT: &str = "page.html";

/// The text of the document where the title of a page belongs.
const TITLE: &str = "<title>Cairn</title>";

/// Scripts, styles and requests of this server alone; pictures also from the page's own memory.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The headers of the document and of the files.
const HEADERS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Sends a browser from a Git remote to the repository's page.
#[must_use]
pub(crate) fn lead_there(public_url: &str, path: &RepositoryPath) -> Reply {
    let location = format!(
        "{public_url}/r/{}/{}",
        path.namespace.as_str(),
        path.name.as_str()
    );
    Reply::new(302, "text/plain; charset=utf-8", String::new())
        .with_header("location", location)
        .with_header("vary", "accept")
        .with_header("cache-control", "no-store")
}

/// The document for a page of a repository.
pub(crate) async fn page(visit: &Visit, path: &RepositoryPath) -> Result<Response, ErrorReply> {
    document(visit, &head(path, about(visit, path).await.as_ref())).await
}

/// The document for any other page: its script finds its view in the path.
pub(crate) async fn place(visit: &Visit) -> Result<Response, ErrorReply> {
    document(visit, TITLE).await
}

async fn document(visit: &Visit, head: &str) -> Result<Response, ErrorReply> {
    let mut file = stored(visit, DOCUMENT).await?;
    let read = file.text().await;
    let document = read.map_err(|error| fault("page", &error))?;
    let document = document.replacen(TITLE, head, 1);
    let headers = headers(&[
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", POLICY),
        ("cache-control", "no-cache, private"),
    ]);
    let page = headers.and_then(|headers| Ok(Response::ok(document)?.with_headers(headers)));
    page.map_err(|error| fault("page", &error))
}

/// A file that the document loads. Its name tells its content, so it never changes.
pub(crate) async fn asset(visit: &Visit, file: &str) -> Result<Response, ErrorReply> {
    let stored = stored(visit, &format!("assets/{file}")).await?;
    let named = stored.headers().get("content-type").ok().flatten();
    let content_type = named.unwrap_or_else(|| "application/octet-stream".to_owned());
    let headers = headers(&[
        ("content-type", content_type.as_str()),
        ("cache-control", "public, max-age=31536000, immutable"),
    ]);
    let (_, body) = stored.into_parts();
    let answer = headers.and_then(|headers| Ok(Response::from_body(body)?.with_headers(headers)));
    answer.map_err(|error| fault("asset", &error))
}

fn headers(own: &[(&str, &str)]) -> worker::Result<Headers> {
    let headers = Headers::new();
    for (name, value) in HEADERS.iter().chain(own) {
        headers.set(name, value)?;
    }
    Ok(headers)
}

async fn stored(visit: &Visit, file: &str) -> Result<Response, ErrorReply> {
    let missing = |_| ErrorReply::new(ErrorCode::NotFound, "this server has no pages");
    let assets: Fetcher = visit.env.assets(ASSETS).map_err(missing)?;
    let url = format!("https://assets/{file}");
    let response = assets.fetch(url, None).await;
    let response = response.map_err(|error| fault("assets", &error))?;
    if response.status_code() != 200 {
        return Err(ErrorReply::new(ErrorCode::NotFound, "no such file"));
    }
    Ok(response)
}

/// The facts about the repository that a stranger may know; none of one that is private or does not exist.
async fn about(visit: &Visit, path: &RepositoryPath) -> Option<About> {
    let call = Call::get(path::ABOUT);
    let asked = objects::repository(visit, path, Actor::Anonymous, call).await;
    let mut response = asked
        .ok()
        .filter(|response| response.status_code() == 200)?;
    response.json().await.ok()
}

fn head(path: &RepositoryPath, about: Option<&About>) -> String {
    let (namespace, name) = (path.namespace.as_str(), path.name.as_str());
    let title = escape(&format!("{namespace}/{name}"));
    let Some(about) = about else {
        return format!("<title>{title}</title>");
    };
    let description = escape(about.description.as_deref().unwrap_or_default());
    format!(
        r#"<title>{title}</title>
    <meta name="description" content="{description}" />
    <meta property="og:title" content="{title}" />
    <meta property="og:description" content="{description}" />
    <script id="about" type="application/json">{}</script>"#,
        data(about)
    )
}

/// JSON as the content of a `script` element, which no browser runs: it is not JavaScript. The only way
/// out of the element begins with `<`.
fn data(about: &About) -> String {
    let json = serde_json::to_string(about).unwrap_or_default();
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::names::{NamespaceName, RepositoryName};

    fn path() -> RepositoryPath {
        RepositoryPath {
            namespace: NamespaceName::parse("acme").unwrap(),
            name: RepositoryName::parse("widget").unwrap(),
        }
    }

    #[test]
    fn a_description_cannot_leave_its_attribute() {
        let hostile = "\"></script><script>alert(1)</script>";
        let about = About {
            description: Some(hostile.to_owned()),
            tip: Some(serde_json::json!({ "message": hostile })),
        };
        let head = head(&path(), Some(&about));
        assert!(head.starts_with("<title>acme/widget</title>"));
        let (_, data) = head.split_once("application/json\">").unwrap();
        let json = data.strip_suffix("</script>").unwrap();
        assert_eq!(serde_json::from_str::<About>(json).unwrap(), about);
        let head = head.replace("<script id=\"about\"", "");
        assert!(
            !head.contains("<script") && head.contains("&lt;script"),
            "{head}"
        );
    }

    #[test]
    fn a_page_that_a_stranger_may_not_see_has_its_name_alone() {
        assert_eq!(head(&path(), None), "<title>acme/widget</title>");
    }

    #[test]
    fn a_browser_is_led_from_the_remote_to_the_page() {
        let reply = lead_there("https://h.example", &path());
        assert_eq!(
            reply.header("location"),
            Some("https://h.example/r/acme/widget")
        );
        assert_eq!(reply.header("vary"), Some("accept"));
    }
}
