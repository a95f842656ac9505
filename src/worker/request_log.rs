//! The log line of a request, its data point and its timings: the Worker writes them for all requests except
//! fetches and pushes; for those the object writes them when the last byte is sent.

use std::cell::{Cell, RefCell};

use super::names::RepositoryPath;
use crate::repo_do::contract::{Asker, RequestLine, Usage, resembles_token};

/// The longest request id that is taken over from the client.
const ID_BYTES_MAX: usize = 64;
/// The shortest one.
const ID_BYTES_MIN: usize = 8;

/// The objects' usage for one request.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    objects_ms: Cell<i64>,
    usage: RefCell<Usage>,
    made: RefCell<Option<String>>,
}

impl Costs {
    /// An object was asked, answered after so many milliseconds, and told its usage.
    pub(crate) fn add(&self, ms: i64, usage: Option<&str>) {
        self.objects_ms
            .set(self.objects_ms.get().saturating_add(ms));
        if let Some(usage) = usage {
            let mut usage = Usage::parse(usage);
            // The Worker knows the operator itself, and asks as the operator on behalf of others too.
            if usage.asker == Asker::Operator {
                usage.asker = Asker::Anonymous;
            }
            self.usage.borrow_mut().add(usage);
        }
    }

    /// Notes the token that asks.
    pub(crate) fn note_token(&self, token_id: &str) {
        self.usage.borrow_mut().token_id = Some(token_id.to_owned());
    }

    /// Notes the caller, as far as the Worker knows it.
    pub(crate) fn note_asker(&self, asker: Asker) {
        self.usage.borrow_mut().asker = asker;
    }

    /// Notes that the request is a stranger's in spite of its credential.
    pub(crate) fn note_stranger(&self) {
        let mut usage = self.usage.borrow_mut();
        (usage.asker, usage.token_id) = (Asker::Anonymous, None);
    }

    /// Notes the repository that the request makes, which its path does not name.
    pub(crate) fn note_made(&self, path: &RepositoryPath) {
        let name = path.name.as_str();
        // A token in a name's place is a mistake that the log must not keep.
        if !resembles_token(name) {
            self.made.replace(Some(name.to_ascii_lowercase()));
        }
    }

    /// The repository that the request makes.
    pub(crate) fn made(&self) -> Option<String> {
        self.made.borrow().clone()
    }

    /// Their usage together.
    pub(crate) fn usage(&self) -> Usage {
        self.usage.borrow().clone()
    }

    /// The header `Server-Timing`: the whole request, and the objects' part of it.
    pub(crate) fn server_timing(&self, wall_ms: i64) -> String {
        let objects_ms = self.objects_ms.get();
        format!("total;dur={wall_ms}, objects;dur={objects_ms}")
    }
}

/// The request's id: the one that the client or Cloudflare gives, if it may stand in a log;
/// otherwise a random one.
#[must_use]
pub(crate) fn request_id(
    given: Option<&str>,
    ray: Option<&str>,
    draw: impl FnOnce() -> String,
) -> String {
    let fits = |id: &&str| {
        (ID_BYTES_MIN..=ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            // Somebody's secret is not a name.
            && !resembles_token(id)
    };
    let chosen = given.filter(fits).or(ray.filter(fits));
    chosen.map_or_else(draw, str::to_owned)
}

/// The line of a request for a path that is served; names are left out of the route.
#[must_use]
pub(crate) fn of_path(path: &str) -> RequestLine {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let folded = |name: &str| {
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        // A token in a name's place is a mistake that the log must not keep.
        let is_secret = resembles_token(&name);
        (!is_secret).then(|| name.to_ascii_lowercase())
    };
    let (route, namespace, repository) = match segments.as_slice() {
        ["git", namespace, name, rest @ ..] => {
            let name = folded(name).map(|name| match name.strip_suffix(".git") {
                Some(stem) => stem.to_owned(),
                None => name,
            });
            let route = format!("/git/:ns/:repo/{}", below_repository(rest));
            (route, folded(namespace), name)
        }
        [
            "api",
            "v1",
            "namespaces",
            namespace,
            "repos",
            name,
            rest @ ..,
        ] => {
            let kind = rest
                .first()
                .map_or(String::new(), |kind| format!("/{kind}"));
            let more = if rest.len() > 1 { "/…" } else { "" };
            let route = format!("/api/v1/namespaces/:ns/repos/:name{kind}{more}");
            (route, folded(namespace), folded(name))
        }
        ["api", "v1", "namespaces", namespace, rest @ ..] => {
            let kind = rest
                .first()
                .map_or(String::new(), |kind| format!("/{kind}"));
            let more = if rest.len() > 1 { "/:id" } else { "" };
            let route = format!("/api/v1/namespaces/:ns{kind}{more}");
            (route, folded(namespace), None)
        }
        ["n", _, ..] => ("/n/…".to_owned(), None, None),
        _ => (path.to_owned(), None, None),
    };
    RequestLine {
        route,
        namespace,
        repository,
        ..RequestLine::default()
    }
}

/// A git path after the repository, without the names of refs, files and objects.
fn below_repository(rest: &[&str]) -> String {
    match rest {
        ["info", "lfs", lfs @ ..] => format!("info/lfs{}", below_lfs(lfs)),
        ["bundles", _] => "bundles/:time".to_owned(),
        ["info", _] | [_] => rest.join("/"),
        [] => String::new(),
        [first, ..] => format!("{first}/…"),
    }
}

/// A path of Git LFS, without the names of objects.
fn below_lfs(rest: &[&str]) -> &'static str {
    match rest {
        ["objects", "batch"] => "/objects/batch",
        ["objects", _] => "/objects/:oid",
        ["objects", _, _] => "/objects/:oid/:size",
        ["verify"] => "/verify",
        ["locks"] => "/locks",
        ["locks", "verify"] => "/locks/verify",
        ["locks", _, "unlock"] => "/locks/:id/unlock",
        _ => "/…",
    }
}

/// The line of a request for a path that is not served: the path may hold anything, and is not
/// told.
#[must_use]
pub(crate) fn of_nothing() -> RequestLine {
    RequestLine {
        route: "unknown".to_owned(),
        ..RequestLine::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Route, namespace and repository; `-` for none.
    fn shown(path: &str) -> (String, String, String) {
        let line = of_path(path);
        let or_none = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
        (
            line.route,
            or_none(line.namespace),
            or_none(line.repository),
        )
    }

    fn are(route: &str, namespace: &str, repository: &str) -> (String, String, String) {
        (
            route.to_owned(),
            namespace.to_owned(),
            repository.to_owned(),
        )
    }

    #[test]
    fn routes_are_told_without_their_names() {
        assert_eq!(
            shown("/git/Acme/Wid%67et.git/info/refs"),
            are("/git/:ns/:repo/info/refs", "acme", "widget")
        );
        let lfs = |rest: &str| shown(&format!("/git/acme/w.git/info/lfs{rest}")).0;
        assert_eq!(
            lfs("/objects/batch"),
            "/git/:ns/:repo/info/lfs/objects/batch"
        );
        assert_eq!(
            lfs("/objects/4d7a/12"),
            "/git/:ns/:repo/info/lfs/objects/:oid/:size"
        );
        assert_eq!(
            lfs("/locks/3/unlock"),
            "/git/:ns/:repo/info/lfs/locks/:id/unlock"
        );
        assert_eq!(lfs("/secret"), "/git/:ns/:repo/info/lfs/…");
        let repos = "/api/v1/namespaces/Acme/repos";
        let template = "/api/v1/namespaces/:ns/repos";
        assert_eq!(shown(repos), are(template, "acme", "-"));
        assert_eq!(
            shown(&format!("{repos}/w/raw/main/a/secret")),
            are(&format!("{template}/:name/raw/…"), "acme", "w")
        );
        assert_eq!(
            shown(&format!("{repos}/w")),
            are(&format!("{template}/:name"), "acme", "w")
        );
        assert_eq!(
            shown("/api/v1/namespaces/acme/tokens/0123456789abcdef"),
            are("/api/v1/namespaces/:ns/tokens/:id", "acme", "-")
        );
        assert_eq!(shown("/healthz"), are("/healthz", "-", "-"));
        let token = "cairn_08umpsRGMi9hXbwR6pXWz2Ckob64ZE8ep";
        assert_eq!(
            shown(&format!("/git/{token}/%63airn_v1_0/info/refs")),
            are("/git/:ns/:repo/info/refs", "-", "-")
        );
    }

    #[test]
    fn a_name_that_can_stand_in_a_log_is_taken_over() {
        let id = |given, ray| request_id(given, ray, || "drawn".into());
        assert_eq!(id(None, None), "drawn");
        assert_eq!(
            id(Some("my-request.1"), Some("8f0c9e7d6a5b4c3d-FRA")),
            "my-request.1"
        );
        assert_eq!(
            id(None, Some("8f0c9e7d6a5b4c3d-FRA")),
            "8f0c9e7d6a5b4c3d-FRA"
        );
        let token = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
        let long = "a".repeat(65);
        for bad in [
            "",
            "short",
            "a b c d e f",
            "a\nb c\"d\"",
            token,
            "cairn_08umpsRGMi9hXbwR6pXWz2Ckob64ZE8ep",
            &long,
            "é-é-é-é-é",
        ] {
            assert_eq!(id(Some(bad), None), "drawn", "{bad}");
        }
    }

    #[test]
    fn costs_add_up() {
        let costs = Costs::default();
        costs.add(3, Some("5 1 0 10 0123456789abcdef token"));
        costs.add(4, Some("2 0 1 20 - anonymous"));
        costs.add(1, None);
        assert_eq!(costs.server_timing(20), "total;dur=20, objects;dur=8");
        let usage = costs.usage();
        assert_eq!(
            (usage.rows_read, usage.rows_written, usage.packs),
            (7, 1, 1)
        );
        assert_eq!(usage.token_id.as_deref(), Some("0123456789abcdef"));
        assert_eq!(usage.asker, Asker::Token);
    }
}
