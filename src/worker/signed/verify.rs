//! A request whose credential has the form of a signed token: the party that trusts its issuer, and the
//! checks of its signature, its audience and its times.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::check::{self, Setter};
use super::crypto;
use super::issuer::Issuer;
use super::jwt::Jwt;
use super::key_set;
use super::keys::NoKey;
use super::known_issuers::{Issuers, KnownIssuer, KnownIssuers, OperatorsIssuers, with_digests};
use crate::repo_do::contract::{ErrorCode, ErrorReply, Refusal, Signed, TokenHash, Trust};
use crate::storage::fault_log;
use crate::worker::call::Call;
use crate::worker::credentials::Identity;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::contract::path;
use crate::worker::objects;
use crate::worker::request_log;
use crate::worker::visit::Visit;
use crate::worker::wake;

/// The variable that names the issuers that the operator trusts.
const ISSUERS: &str = "CAIRN_JWT_ISSUERS";

thread_local! {
    // Data alone: no request waits for another.
    static KNOWN: RefCell<KnownIssuers> = const { RefCell::new(KnownIssuers::new()) };
    static OF_OPERATOR: RefCell<OperatorsIssuers> =
        const { RefCell::new(OperatorsIssuers::new()) };
}

/// Forgets an isolate's copy of a namespace's issuers: they were changed.
pub(crate) fn forget(namespace: &NamespaceName) {
    KNOWN.with_borrow_mut(|known| known.forget(&namespace.folded()));
}

/// Verifies the signed token of a request, if it has one, and makes it the request's identity. Outside a
/// namespace no issuer is trusted.
pub(crate) async fn identify(visit: &mut Visit, request_path: &str) -> Result<(), ErrorReply> {
    let namespace = request_log::of_path(request_path).namespace;
    match namespace.and_then(|name| NamespaceName::parse(&name).ok()) {
        Some(namespace) => identify_in(visit, &namespace).await,
        None => Ok(()),
    }
}

/// The same in a namespace that the path need not name.
pub(crate) async fn identify_in(
    visit: &mut Visit,
    namespace: &NamespaceName,
) -> Result<(), ErrorReply> {
    let Some(text) = visit.unverified.take() else {
        return Ok(());
    };
    match verified(visit, namespace, &text).await? {
        Some(signed) => {
            visit.signed = Some(signed);
            let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
            visit.identity = Identity::Token(TokenHash::new(digest));
            Ok(())
        }
        // Cloudflare Access in front gives everybody a token, also where nobody trusts it.
        None if visit.identity == Identity::Anonymous => Ok(()),
        None => Err(Refusal::TokenInvalid.into()),
    }
}

/// The token, if it is good; `None` if nobody trusts its issuer. Until its signature is verified, its
/// sender hears nothing but that it is invalid.
async fn verified(
    visit: &Visit,
    namespace: &NamespaceName,
    text: &str,
) -> Result<Option<Signed>, ErrorReply> {
    let invalid = || ErrorReply::from(Refusal::TokenInvalid);
    let jwt = Jwt::parse(text).map_err(|_| invalid())?;
    let name = jwt.claims.name("iss").map_err(|_| invalid())?;
    let Some((known, trust)) = trusted(visit, namespace, name).await? else {
        return Ok(None);
    };
    let issuer = &known.issuer;
    if !is_signed(visit, &known, &jwt).await? {
        return Err(invalid());
    }
    let told =
        |error: &dyn std::fmt::Display| ErrorReply::new(ErrorCode::Unauthorized, error.to_string());
    let audiences = issuer.audience.texts();
    jwt.claims
        .check_audience(audiences)
        .map_err(|error| told(&error))?;
    jwt.claims
        .times(visit.now_ms)
        .map_err(|error| told(&error))?;
    jwt.claims.token_name().map_err(|error| told(&error))?;
    if let Some(namespaces) = &issuer.namespaces
        && !namespaces
            .iter()
            .any(|one| one.eq_ignore_ascii_case(namespace.as_str()))
    {
        let message = "the signed token's issuer is not trusted in this namespace";
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    Ok(Some(Signed {
        trust,
        payload: jwt.payload.to_owned(),
    }))
}

async fn is_signed(visit: &Visit, known: &KnownIssuer, jwt: &Jwt<'_>) -> Result<bool, ErrorReply> {
    let key_id = jwt.key_id.as_deref();
    let issuer = &known.issuer;
    let mut keys = key_set::of(visit, known).await?;
    let mut found = keys.find(jwt.algorithm, key_id);
    if found == Err(NoKey::Unknown)
        && let Some(renewed) = key_set::with_unknown(visit, issuer).await
    {
        keys = renewed;
        found = keys.find(jwt.algorithm, key_id);
    }
    match found {
        Ok(place) => Ok(crypto::is_signed_by(jwt, &keys, place).await),
        Err(_) => Ok(false),
    }
}

/// The issuer of this name, and the party that trusts it. A namespace's own never stands in for one of the
/// operator's.
async fn trusted(
    visit: &Visit,
    namespace: &NamespaceName,
    name: &str,
) -> Result<Option<(Rc<KnownIssuer>, Trust)>, ErrorReply> {
    let named = |issuers: &Issuers| {
        let found = issuers.iter().find(|known| known.issuer.issuer == name);
        found.map(Rc::clone)
    };
    if let Some(known) = named(&of_operator(visit)) {
        return Ok(Some((known, Trust::Operator)));
    }
    let known = named(&of_namespace(visit, namespace).await?);
    Ok(known.map(|known| {
        let trust = Trust::Namespace(known.digest.clone());
        (known, trust)
    }))
}

/// The issuers that the operator trusts. Settings that are wrong trust nobody, and the log says why.
fn of_operator(visit: &Visit) -> Issuers {
    let set = visit.env.var(ISSUERS).ok().map(|value| value.to_string());
    let Some(set) = set.filter(|set| !set.is_empty()) else {
        return Issuers::default();
    };
    let allow_private = key_set::allows_private(visit);
    OF_OPERATOR.with_borrow_mut(|known| known.of(&set, allow_private, || read(&set, allow_private)))
}

fn read(set: &str, allow_private: bool) -> Vec<Issuer> {
    let setter = Setter {
        is_operator: true,
        of_deployment: true,
        allow_private,
    };
    let issuers = serde_json::from_str::<Vec<Issuer>>(set).map_err(|error| error.to_string());
    let checked = issuers.and_then(|issuers| match check::issuers(&issuers, setter) {
        Ok(()) => Ok(issuers),
        Err(error) => {
            let pointer = error.pointer.unwrap_or_default();
            Err(format!("{pointer}: {}", error.message))
        }
    });
    checked.unwrap_or_else(|error| {
        fault_log::error("configuration", &format!("{ISSUERS} is wrong: {error}"));
        Vec::new()
    })
}

/// The issuers that a namespace trusts, without their rules: its object knows those.
async fn of_namespace(visit: &Visit, namespace: &NamespaceName) -> Result<Issuers, ErrorReply> {
    let object_name = namespace.folded();
    if let Some(known) = KNOWN.with_borrow(|known| known.find(&object_name, visit.now_ms)) {
        return Ok(known);
    }
    if !wake::namespace_exists(visit, namespace).await? {
        return Ok(Issuers::default());
    }
    let asked = objects::namespace(visit, &object_name, Call::get(path::ISSUERS)).await?;
    let issuers = with_digests(objects::read(asked).await?);
    KNOWN.with_borrow_mut(|known| {
        known.insert(&object_name, Rc::clone(&issuers), visit.now_ms);
    });
    Ok(issuers)
}
