//! `GET /`: the facts about this server and the places of everything else. Browsers get a short page,
//! programs the same facts as JSON.

use serde::Serialize;

use super::envelope;
use super::html::escape;
use super::reply::Reply;
use crate::repo_do::contract::ErrorReply;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The page for a program, as JSON.
#[derive(Serialize)]
struct Facts {
    name: &'static str,
    version: &'static str,
    api: String,
    openapi: String,
    /// Git URL of a repository, with placeholders for both names.
    remote: String,
}

/// Answers `GET /` of the server at `url`. A client that names HTML in `Accept` and does not name JSON gets
/// the page: browsers name HTML; curl, git and HTTP libraries name nothing.
pub(crate) fn answer(url: &str, accept: Option<&str>) -> Result<Reply, ErrorReply> {
    let reply = if accept.is_some_and(prefers_html) {
        let page = page(&escape(url));
        envelope::with_headers(Reply::new(200, "text/html; charset=utf-8", page))
    } else {
        let facts = Facts {
            name: "cairn",
            version: VERSION,
            api: format!("{url}/api/v1"),
            openapi: format!("{url}/api/v1/openapi.json"),
            remote: format!("{url}/git/{{namespace}}/{{repo}}.git"),
        };
        envelope::success(200, &facts)?
    };
    Ok(reply.with_header("vary", "accept"))
}

/// Whether the sender of this `Accept` is a browser: it names HTML, and does not name JSON.
pub(crate) fn prefers_html(accept: &str) -> bool {
    let accept = accept.to_ascii_lowercase();
    accept.contains("text/html") && !accept.contains("application/json")
}

/// Links go to this server alone, and nothing is loaded: REST's policy for browsers holds here too.
fn page(url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let scheme = url.strip_suffix(host).unwrap_or_default();
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Cairn</title>
<h1>Cairn {VERSION}</h1>
<p>This is a Git host. Programs create repositories and hand out tokens through its REST API;
people and agents then use plain git.</p>
<p>Clone a repository, with a token as the password:</p>
<pre>git clone {scheme}x:TOKEN@{host}/git/NAMESPACE/REPOSITORY.git</pre>
<p>Create one, with the operator's key:</p>
<pre>curl -f {url}/api/v1/namespaces/NAMESPACE/repos \
  -H "Authorization: Bearer KEY" -H "Content-Type: application/json" \
  -d '{{"name":"REPOSITORY"}}'</pre>
<ul>
<li><a href="{url}/signin">Sign in</a>, and <a href="{url}/n">your repositories</a></li>
<li><a href="{url}/api/v1/openapi.json">The API's description</a> (OpenAPI 3.1)</li>
<li><a href="{url}/healthz">Health</a></li>
<li>The documentation is in Cairn's source: README.md and the folder docs</li>
</ul>
</html>
"#
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn type_for(accept: Option<&str>) -> String {
        let reply = answer("https://h.example", accept).unwrap();
        reply.header("content-type").unwrap().to_owned()
    }

    #[test]
    fn browsers_get_a_page_and_programs_get_json() {
        assert_eq!(type_for(Some(BROWSER)), "text/html; charset=utf-8");
        assert_eq!(type_for(Some("TEXT/HTML")), "text/html; charset=utf-8");
        let programs = [
            None,
            Some("*/*"),
            Some(""),
            Some("application/json, text/html;q=0.1"),
        ];
        for accept in programs {
            assert_eq!(type_for(accept), "application/json", "{accept:?}");
        }
    }

    #[test]
    fn both_name_the_api_and_a_remote_below_the_url_of_the_server() {
        let url = "https://h.example/cairn";
        let page = answer(url, Some(BROWSER)).unwrap().body;
        for part in [
            "https://h.example/cairn/api/v1/openapi.json",
            "git clone https://x:TOKEN@h.example/cairn/git/",
        ] {
            assert!(page.contains(part), "{page}");
        }
        let facts: Value = serde_json::from_str(&answer(url, None).unwrap().body).unwrap();
        let facts = &facts["result"];
        assert_eq!(
            facts["openapi"],
            "https://h.example/cairn/api/v1/openapi.json"
        );
        assert_eq!(
            facts["remote"],
            "https://h.example/cairn/git/{namespace}/{repo}.git"
        );
    }

    #[test]
    fn a_url_cannot_leave_its_place_in_the_page() {
        let url = r#"https://h/"><script>alert(1)</script>&"#;
        let page = answer(url, Some(BROWSER)).unwrap().body;
        assert!(!page.contains("<script>") && !page.contains(url), "{page}");
    }
}
