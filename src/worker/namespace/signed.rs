//! Signed tokens, as a namespace's object decides about them: whether their issuer is trusted still, what
//! their claims open, and whether they were revoked. That the signature is good the Worker has found out.

use sha2::{Digest as _, Sha256};

use super::contract::{RevokeSigned, RevokedSigned};
use super::events::{self, Author};
use super::step_error::StepError;
use crate::repo_do::contract::{
    Admit, Admitted, ErrorCode, ErrorReply, Refusal, Signed, TokenRecord, Trust,
};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::EventKind;
use crate::storage::namespace::signed_tokens::REVOKED_MAX;
use crate::storage::namespace::store::{NamespaceStore, RepositoryState};
use crate::worker::id;
use crate::worker::signed::claims::{Claims, LIFE_SECONDS_MAX, SKEW_SECONDS, Times};
use crate::worker::signed::grant::{self, Granted};
use crate::worker::signed::issuer::{self, Issuer};

/// Bytes that the issuers of a namespace have as JSON.
const ISSUERS_BYTES_MAX: usize = 48 << 10;

/// Characters of a token's label, which is its subject.
const LABEL_CHARACTERS_MAX: usize = 100;

/// The issuers that the namespace trusts; none where no namespace is.
pub(crate) fn issuers<D: Database>(store: &NamespaceStore<D>) -> Result<Vec<Issuer>, StepError> {
    let trust = store.signed_trust()?;
    Ok(issuer::stored(
        trust.and_then(|trust| trust.issuers).as_deref(),
    )?)
}

/// Sets the issuers, which were checked. The same ones again change nothing.
pub(crate) fn set_issuers<D: Database>(
    store: &NamespaceStore<D>,
    issuers: &[Issuer],
    author: &Author,
) -> Result<(), StepError> {
    let json = serde_json::to_string(issuers).unwrap_or_default();
    if json.len() > ISSUERS_BYTES_MAX {
        let bytes = json.len();
        let message = format!("issuers have {bytes} bytes as JSON, at most {ISSUERS_BYTES_MAX}");
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/issuers", message).into());
    }
    let json = (!issuers.is_empty()).then_some(json);
    let before = store.signed_trust()?.and_then(|trust| trust.issuers);
    if before == json {
        return Ok(());
    }
    in_transaction(store.database(), || {
        store.set_issuers(json.as_deref())?;
        let payload = events::issuers_changed(issuers);
        events::append(store, author, EventKind::NamespaceUpdated, &payload)
    })?;
    Ok(())
}

/// What a signed token opens here. Its holder, whose issuer is known, hears why it opens nothing.
pub(crate) fn admit<D: Database>(
    store: &NamespaceStore<D>,
    asked: &Admit,
    signed: &Signed,
) -> Result<Admitted, StepError> {
    let Some(trust) = store.signed_trust()? else {
        return Ok(Admitted::nobody());
    };
    let Some(claims) = Claims::parse(&signed.payload) else {
        return Ok(Admitted::nobody());
    };
    let told = |error: &dyn std::fmt::Display| {
        StepError::Refused(ErrorReply::new(ErrorCode::Unauthorized, error.to_string()))
    };
    let (name, jti) = match (claims.name("iss"), claims.name("jti")) {
        (Ok(name), Ok(jti)) => (name, jti),
        (Err(error), _) | (_, Err(error)) => return Err(told(&error)),
    };
    let times = claims.times(asked.now_ms).map_err(|error| told(&error))?;
    let granted = match &signed.trust {
        Trust::Operator => grant::by_itself(&claims, &trust.name, true),
        Trust::Namespace(digest) => {
            let issuers = issuer::stored(trust.issuers.as_deref())?;
            let mut issuers = issuers.into_iter();
            let issuer = issuers.find(|one| one.issuer == name && one.digest() == *digest);
            // It was changed since the signature was checked.
            let Some(issuer) = issuer else {
                return Ok(Admitted::nobody());
            };
            match &issuer.rules {
                Some(rules) => grant::by_rules(rules, &claims),
                None => grant::by_itself(&claims, &trust.name, false),
            }
        }
    };
    let granted = granted.map_err(|error| {
        StepError::Refused(ErrorReply::new(ErrorCode::Forbidden, error.to_string()))
    })?;
    let is_before_epoch = times.issued.saturating_mul(1000) < trust.token_epoch;
    if is_before_epoch || store.is_signed_revoked(name, jti)? {
        return Err(ErrorReply::from(Refusal::TokenInvalid).into());
    }
    Ok(Admitted {
        repository_ids: opens(store, &granted)?,
        token: Some(record(asked, &claims, granted, times, (name, jti))),
    })
}

/// The ids of the repositories that a token opens; `None`: every one. Names that nobody has are left out.
fn opens<D: Database>(
    store: &NamespaceStore<D>,
    granted: &Granted,
) -> Result<Option<Vec<String>>, StepError> {
    let Some(names) = &granted.repos else {
        return Ok(None);
    };
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let found = store.find(name)?;
        let found = found.filter(|found| found.state == RepositoryState::Live);
        ids.extend(found.map(|found| found.id));
    }
    Ok(Some(ids))
}

/// A signed token in the form of one that is kept: it is kept nowhere.
fn record(
    asked: &Admit,
    claims: &Claims,
    granted: Granted,
    times: Times,
    (issuer, jti): (&str, &str),
) -> TokenRecord {
    let ends = times.expires.saturating_add(SKEW_SECONDS);
    let subject = claims.text("sub").filter(|subject| !subject.is_empty());
    let label: String = subject
        .unwrap_or(issuer)
        .chars()
        .filter(|character| !character.is_control())
        .take(LABEL_CHARACTERS_MAX)
        .collect();
    TokenRecord {
        token_id: token_id(issuer, jti),
        sha256: asked.sha256,
        scope: granted.scope,
        label: Some(label),
        created_at_ms: times.issued.saturating_mul(1000),
        expires_at_ms: ends.saturating_mul(1000),
        revoked_at_ms: None,
        last_used_at_ms: None,
        refs: granted.refs,
    }
}

/// The id by which events and logs name a signed token: the same for the same `jti` of an issuer.
fn token_id(issuer: &str, jti: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [issuer, jti] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    id::repository_id(digest.first_chunk().copied().unwrap_or_default())
}

/// Takes a signed token back; a second time answers the same.
pub(crate) fn revoke<D: Database>(
    store: &NamespaceStore<D>,
    asked: &RevokeSigned,
    author: &Author,
) -> Result<RevokedSigned, StepError> {
    if store.signed_trust()?.is_none() {
        let message = "there is no such namespace";
        return Err(ErrorReply::new(ErrorCode::NotFound, message).into());
    }
    let longest = LIFE_SECONDS_MAX.saturating_add(2 * SKEW_SECONDS);
    let latest = asked.now_ms.saturating_add(longest.saturating_mul(1000));
    // A token that ends counts for the time by which clocks may differ.
    let ends = asked
        .expires_at_ms
        .map(|at| at.saturating_add(SKEW_SECONDS * 1000));
    let expires_at = ends.unwrap_or(latest).min(latest);
    let revoked = RevokedSigned {
        issuer: asked.issuer.clone(),
        jti: asked.jti.clone(),
        token_id: token_id(&asked.issuer, &asked.jti),
        expires_at_ms: expires_at,
    };
    if store.is_signed_revoked(&asked.issuer, &asked.jti)? {
        return Ok(revoked);
    }
    in_transaction(store.database(), || {
        let now_ms = asked.now_ms;
        if !store.revoke_signed(&asked.issuer, &asked.jti, now_ms, expires_at)? {
            let message = format!(
                "the namespace keeps {REVOKED_MAX} revoked tokens already: revoke all of them, or take \
                 the issuer out of its settings"
            );
            return Err(ErrorReply::new(ErrorCode::Conflict, message).into());
        }
        let payload = events::signed_revoked(&revoked);
        events::append(store, author, EventKind::NamespaceTokenRevoked, &payload)
            .map_err(StepError::from)
    })?;
    Ok(revoked)
}

#[cfg(test)]
mod tests;
