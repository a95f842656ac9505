//! `POST …/rules/test`: whether the rules let a caller, or a token, change a ref. It changes nothing.

use gix_object::bstr::BStr;
use serde::{Deserialize, Serialize};

use super::body;
use super::refusal::rule;
use super::request::WriteRequest;
use crate::git::receive_pack::ref_rules::{ForbiddenChange, RefOp, RuleOwner};
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::{
    Access, Actor, Admitted, ErrorCode, ErrorReply, NAMESPACE_TOKEN, NamedToken, Refusal, Scope,
    TokenRecord, authorize, is_public_id,
};
use crate::repo_do::receive::dry_run;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::namespace::ask_namespace;
use crate::repo_do::runtime::clock::now_ms;

/// Bytes of a body.
const BODY_BYTES_MAX: usize = 16 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesTest {
    /// A full refname.
    #[serde(rename = "ref")]
    name: String,
    op: RefOp,
    /// The token that is asked about, in the place of the caller.
    #[serde(default)]
    token_id: Option<String>,
}

/// The answer.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Judged {
    allowed: bool,
    /// The owner of the rule that forbids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<RuleOwner>,
    /// The rule: an operation of a rule about refs, or the name of a setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    /// The pattern of the rule about refs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    /// As Git's report would say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Judges the change as a push would be judged.
pub(super) async fn test(write: WriteRequest) -> Answer {
    let (asked, _held): (RulesTest, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let subject = match &asked.token_id {
        None => Ok(write.authorized.clone()),
        Some(token_id) => subject(&write, token_id).await?,
    };
    let rejection = match subject {
        Ok(subject) => dry_run::judge(&subject, BStr::new(&asked.name), asked.op),
        Err(refusal) => Some(Rejection::NotPermitted {
            reason: refusal.to_string(),
        }),
    };
    match rejection {
        Some(rejection @ (Rejection::FunnyRefname | Rejection::LongRefname(_))) => {
            let message = format!("no ref can have this name: {rejection}");
            Err(ErrorReply::at(ErrorCode::InvalidInput, "/ref", message))
        }
        rejection => Ok(answer::enveloped(&judged(rejection.as_ref()))?),
    }
}

fn judged(rejection: Option<&Rejection>) -> Judged {
    let Some(rejection) = rejection else {
        return Judged {
            allowed: true,
            ..Judged::default()
        };
    };
    let (by, pattern) = match rejection {
        Rejection::Forbidden(ForbiddenChange { by, pattern, .. }) => (*by, Some(pattern.clone())),
        Rejection::NotPermitted { .. } => (RuleOwner::Token, None),
        _ => (RuleOwner::Repository, None),
    };
    Judged {
        allowed: false,
        by: Some(by),
        rule: Some(rule(rejection)),
        pattern,
        message: Some(rejection.to_string()),
    }
}

/// A caller with that token, or why such a caller may not push at all.
async fn subject(
    write: &WriteRequest,
    token_id: &str,
) -> Result<Result<Authorized, Refusal>, ErrorReply> {
    let authorized = &write.authorized;
    let refuse = |code, message: &str| Err(ErrorReply::at(code, "/token_id", message));
    if !is_public_id(token_id) {
        return refuse(ErrorCode::InvalidInput, "token_id is not the id of a token");
    }
    let administers = matches!(authorized.actor, Actor::Operator | Actor::NamespaceAdmin);
    if !administers && authorized.putter() != token_id {
        return refuse(
            ErrorCode::Forbidden,
            "only administrators ask about the tokens of others",
        );
    }
    let own = write.store.tokens().find_by_id(token_id)?;
    let found = match own.map(TokenRecord::from) {
        Some(token) => Some((Actor::Token(token.sha256), token)),
        None => of_namespace(write, token_id).await?,
    };
    let Some((actor, token)) = found else {
        return refuse(
            ErrorCode::NotFound,
            "no token of this id opens the repository",
        );
    };
    let public = Some(authorized.record.settings.public);
    if let Err(refusal) = authorize(&actor, public, Some(&token), Access::Push, now_ms()) {
        return Ok(Err(refusal));
    }
    Ok(Ok(authorized.with_token(actor, token)))
}

/// The token of the namespace with that id, if it opens the repository.
async fn of_namespace(
    write: &WriteRequest,
    token_id: &str,
) -> Result<Option<(Actor, TokenRecord)>, ErrorReply> {
    let record = &write.authorized.record;
    let asked = NamedToken {
        token_id: token_id.to_owned(),
        admin_too: write.authorized.actor == Actor::Operator,
    };
    let env = &write.object.env;
    let named: Admitted = ask_namespace(env, &record.namespace, NAMESPACE_TOKEN, &asked).await?;
    if !named.opens(Some(&record.id)) {
        return Ok(None);
    }
    Ok(named.token.map(|token| {
        let actor = match token.scope {
            Scope::Admin => Actor::NamespaceAdmin,
            Scope::Read | Scope::Write => Actor::NamespaceToken,
        };
        (actor, token)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::receive_pack::ref_rules::ForbiddenOp;

    #[test]
    fn the_answer_names_the_rule() {
        let allowed = serde_json::to_value(judged(None)).unwrap();
        assert_eq!(allowed, serde_json::json!({"allowed": true}));
        let forbidden = Rejection::Forbidden(ForbiddenChange {
            by: RuleOwner::Token,
            pattern: "refs/heads/*".to_owned(),
            op: ForbiddenOp::NoCreate,
        });
        let judged = serde_json::to_value(judged(Some(&forbidden))).unwrap();
        let expected = serde_json::json!({
            "allowed": false, "by": "token", "rule": "no-create", "pattern": "refs/heads/*",
            "message": "token: no-create",
        });
        assert_eq!(judged, expected);
    }
}
