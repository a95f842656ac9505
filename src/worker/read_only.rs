//! A deployment that takes no writes: `CAIRN_READ_ONLY`.
//!
//! The repositories' objects read the same variable. They refuse pushes and uploads of large files, in
//! the words of each protocol and after they have judged the caller. Writes by REST are refused here.

use super::route::{RestRoute, Write};
use super::visit::Visit;
use crate::repo_do::contract::ErrorReply;

/// The variable that stops writes.
const READ_ONLY: &str = "CAIRN_READ_ONLY";

/// When a refused client may ask again.
const RETRY_AFTER_SECONDS: u32 = 60;

/// Refuses a write by REST while the deployment takes none.
pub(crate) fn check(visit: &Visit, route: &RestRoute, method: &str) -> Result<(), ErrorReply> {
    if !is_write(route, method) {
        return Ok(());
    }
    if is_set(visit) {
        let message = "the service is read-only for now: it takes no writes";
        return Err(ErrorReply::busy(RETRY_AFTER_SECONDS, message));
    }
    Ok(())
}

/// Whether the deployment takes no writes.
pub(crate) fn is_set(visit: &Visit) -> bool {
    let variable = visit.env.var(READ_ONLY);
    variable.is_ok_and(|value| value.to_string() == "true")
}

/// Whether the deployment must refuse the request. It takes revocations, sessions and a namespace's settings:
/// an operator who stops writes because something leaked must be able to revoke it.
fn is_write(route: &RestRoute, method: &str) -> bool {
    match route {
        RestRoute::Session
        | RestRoute::Token(..)
        | RestRoute::RepositoryToken(..)
        | RestRoute::RevokeAll(_)
        | RestRoute::RevokeSigned(_)
        | RestRoute::Write(_, Write::RulesTest) => false,
        RestRoute::Namespace(_) => method == "DELETE",
        _ => !matches!(method, "GET" | "HEAD"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::route::{self, Route};

    #[test]
    fn a_read_only_deployment_takes_reads_and_revocations() {
        let namespace = "/api/v1/namespaces/acme";
        let repository = "/api/v1/namespaces/acme/repos/app";
        let token = "0123456789abcdef";
        let cases = [
            ("GET", namespace.to_owned(), false),
            ("PATCH", namespace.to_owned(), false),
            ("DELETE", namespace.to_owned(), true),
            ("POST", format!("{namespace}/repos"), true),
            ("POST", format!("{namespace}/tokens"), true),
            ("POST", format!("{namespace}/tokens/revoke-all"), false),
            ("POST", format!("{namespace}/tokens/revoke-signed"), false),
            ("DELETE", format!("{namespace}/tokens/{token}"), false),
            ("DELETE", format!("{repository}/tokens/{token}"), false),
            ("GET", repository.to_owned(), false),
            ("HEAD", format!("{repository}/file"), false),
            ("PATCH", repository.to_owned(), true),
            ("DELETE", repository.to_owned(), true),
            ("POST", format!("{repository}/commits"), true),
            ("PUT", format!("{repository}/blobs"), true),
            ("POST", format!("{repository}/refs"), true),
            ("GET", format!("{repository}/refs"), false),
            ("POST", format!("{repository}/rules/test"), false),
            ("POST", format!("{repository}/fork"), true),
            ("POST", format!("{repository}/webhooks"), true),
        ];
        for (method, path, writes) in cases {
            let Ok(Route::Rest(route)) = route::parse(&path) else {
                panic!("{path} is no route of REST");
            };
            assert_eq!(is_write(&route, method), writes, "{method} {path}");
        }
    }
}
