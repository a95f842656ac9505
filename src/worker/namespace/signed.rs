//! Signed tokens, as a namespace's object decides about them: whether their issuer is trusted still, the
//! rights that their claims open, and whether they were revoked. The Worker has verified the signature
//! before.

use sha2::{Digest as _, Sha256};

use super::contract::{RevokeSigned, RevokedSigned};
use super::events::{self, Author};
use super::step_error::{StepError, no_namespace};
use crate::repo_do::contract::{
    Admit, Admitted, ErrorCode, ErrorReply, Refusal, Signed, TokenRecord, Trust,
};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::EventKind;
use crate::storage::namespace::signed_tokens::REVOKED_MAX;
use crate::storage::namespace::store::{NamespaceStore, RepositoryState};
use crate::worker::id;
use crate::worker::signed::claims::{ClaimError, Claims, LIFE_SECONDS_MAX, SKEW_SECONDS, Times};
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

/// Sets the issuers, which were checked, in the caller's transaction.
pub(crate) fn set_issuers<D: Database>(
    store: &NamespaceStore<D>,
    issuers: &[Issuer],
) -> Result<(), StepError> {
    let json = serde_json::to_string(issuers).unwrap_or_default();
    if json.len() > ISSUERS_BYTES_MAX {
        let bytes = json.len();
        let message = format!("issuers have {bytes} bytes as JSON, at most {ISSUERS_BYTES_MAX}");
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/issuers", message).into());
    }
    let json = (!issuers.is_empty()).then_some(json);
    Ok(store.set_issuers(json.as_deref())?)
}

/// A signed token that holds now.
pub(crate) struct Holding {
    token_id: String,
    label: String,
    times: Times,
    /// The access that it gives.
    pub(crate) granted: Granted,
}

/// The rights of a signed token here. Its holder, whose issuer is known, hears why it opens nothing.
pub(crate) fn admit<D: Database>(
    store: &NamespaceStore<D>,
    asked: &Admit,
    signed: &Signed,
) -> Result<Admitted, StepError> {
    let Some(holding) = holding(store, signed, asked.now_ms)? else {
        return Ok(Admitted::nobody());
    };
    Ok(Admitted {
        repository_ids: opens(store, &holding.granted)?,
        token: Some(record(asked, holding)),
    })
}

/// The token, if it holds now; `None` of one that nobody trusts here.
pub(crate) fn holding<D: Database>(
    store: &NamespaceStore<D>,
    signed: &Signed,
    now_ms: i64,
) -> Result<Option<Holding>, StepError> {
    let (Some(trust), Some(claims)) = (store.signed_trust()?, Claims::parse(&signed.payload))
    else {
        return Ok(None);
    };
    let (name, jti) = (named(&claims, "iss")?, claims.token_name());
    let jti = jti.map_err(|error| unusable(&error))?;
    let times = claims.times(now_ms).map_err(|error| unusable(&error))?;
    let granted = match &signed.trust {
        Trust::Operator => grant::by_itself(&claims, &trust.name, true),
        Trust::Namespace(digest) => {
            let issuers = issuer::stored(trust.issuers.as_deref())?;
            let mut issuers = issuers.into_iter();
            let issuer = issuers.find(|one| one.issuer == name && one.digest() == *digest);
            // It was changed since the signature was checked.
            let Some(issuer) = issuer else {
                return Ok(None);
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
    if is_before_epoch || store.signed_revoked_until(name, jti)?.is_some() {
        return Err(ErrorReply::from(Refusal::TokenInvalid).into());
    }
    if trust.suspended {
        return Err(ErrorReply::from(Refusal::Suspended).into());
    }
    Ok(Some(Holding {
        token_id: token_id(name, jti),
        label: label(&claims, name),
        times,
        granted,
    }))
}

/// A claim that every signed token has.
fn named<'a>(claims: &'a Claims, name: &'static str) -> Result<&'a str, StepError> {
    claims.name(name).map_err(|error| unusable(&error))
}

fn unusable(error: &ClaimError) -> StepError {
    StepError::Refused(ErrorReply::new(ErrorCode::Unauthorized, error.to_string()))
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
fn record(asked: &Admit, holding: Holding) -> TokenRecord {
    let Holding {
        token_id,
        label,
        times,
        granted,
    } = holding;
    let ends = times.expires.saturating_add(SKEW_SECONDS);
    TokenRecord {
        token_id,
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

/// The label of a signed token that acts.
pub(crate) fn label_of(signed: &Signed) -> Option<String> {
    let claims = Claims::parse(&signed.payload)?;
    Some(label(&claims, claims.text("iss")?))
}

/// The label by which events name it: its subject, or else its issuer.
fn label(claims: &Claims, issuer: &str) -> String {
    let subject = claims.text("sub").filter(|subject| !subject.is_empty());
    subject
        .unwrap_or(issuer)
        .chars()
        .filter(|character| !character.is_control())
        .take(LABEL_CHARACTERS_MAX)
        .collect()
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

/// Takes a signed token back. A second time may only put off the end of the revocation.
pub(crate) fn revoke<D: Database>(
    store: &NamespaceStore<D>,
    asked: &RevokeSigned,
    author: &Author,
) -> Result<RevokedSigned, StepError> {
    if store.signed_trust()?.is_none() {
        return Err(no_namespace().into());
    }
    let (issuer, jti) = (&asked.issuer, &asked.jti);
    let longest = LIFE_SECONDS_MAX.saturating_add(2 * SKEW_SECONDS);
    let latest = asked.now_ms.saturating_add(longest.saturating_mul(1000));
    // A token that ends counts for the time by which clocks may differ.
    let ends = asked
        .expires_at_ms
        .map(|at| at.saturating_add(SKEW_SECONDS * 1000));
    let expires_at = ends.unwrap_or(latest).min(latest);
    let before = store.signed_revoked_until(issuer, jti)?;
    let revoked = RevokedSigned {
        issuer: issuer.clone(),
        jti: jti.clone(),
        token_id: token_id(issuer, jti),
        expires_at_ms: before.map_or(expires_at, |before| before.max(expires_at)),
    };
    match before {
        Some(before) if before >= expires_at => {}
        Some(_) => store.revoke_signed_longer(issuer, jti, expires_at)?,
        None => in_transaction(store.database(), || {
            if !store.revoke_signed(issuer, jti, asked.now_ms, expires_at)? {
                let message = format!(
                    "the namespace keeps {REVOKED_MAX} revoked tokens already: revoke all of them, or \
                     take the issuer out of its settings"
                );
                return Err(ErrorReply::new(ErrorCode::Conflict, message).into());
            }
            let payload = events::signed_revoked(&revoked);
            events::append(store, author, EventKind::NamespaceTokenRevoked, &payload)
                .map_err(StepError::from)
        })?,
    }
    Ok(revoked)
}

#[cfg(test)]
mod tests;
