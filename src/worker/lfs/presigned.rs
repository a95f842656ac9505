//! Transfers that bypass the Worker: URLs of R2's S3 interface, each for one object and for a while.
//!
//! The URL of an upload is worth as little as possible to a thief. The signature covers headers
//! that the request must have just so:
//!
//! | header | so that |
//! |---|---|
//! | `x-amz-checksum-sha256` | R2 refuses other bytes than those of the object's name |
//! | `content-length` | nobody stores more than the batch was told |
//! | `content-type`, `content-encoding` | nobody who may write a shared object spoils how others get it |
//! | `x-amz-meta-cairn-upload` | the repository sees whose upload R2 has: knowing a digest proves nothing |
//!
//! R2 refuses other `x-amz-` headers, as S3 does: all of them must be signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::s3_settings::S3Settings;
use super::sigv4::{Presigned, Scope, SigningKey, UNSIGNED_PAYLOAD, encode};
use crate::repo_do::contract::lfs::LfsOid;

/// How long a URL opens something. A transfer that began goes on.
pub(crate) const EXPIRES_SECONDS: u32 = 3600;

/// The name under which R2 keeps [`Upload::name`] with the object.
pub(crate) const UPLOAD_METADATA: &str = "cairn-upload";

/// The region of every bucket of R2.
const REGION: &str = "auto";

/// An object to upload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upload<'a> {
    /// The R2 key.
    pub(crate) r2_key: &'a str,
    /// The object.
    pub(crate) oid: &'a LfsOid,
    /// Its bytes.
    pub(crate) size: u64,
    /// Names the upload that the repository began: letters, digits, `-` and `.`.
    pub(crate) name: &'a str,
}

/// A request that the client is to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedRequest {
    /// Its URL.
    pub(crate) href: String,
    /// Its headers, beside `content-length` and `host`, which every client sends by itself.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// Signs the requests of one batch.
pub(crate) struct Signer<'a> {
    settings: &'a S3Settings,
    key: SigningKey,
}

impl<'a> Signer<'a> {
    /// A signer of the operator's settings; `None` for a time that no signature can have.
    pub(crate) fn new(settings: &'a S3Settings, now_ms: i64) -> Option<Self> {
        let scope = Scope {
            access_key_id: &settings.access_key_id,
            secret_access_key: &settings.secret_access_key,
            region: REGION,
            service: "s3",
        };
        let key = SigningKey::new(&scope, now_ms)?;
        Some(Self { settings, key })
    }

    /// A download.
    pub(crate) fn download(&self, r2_key: &str) -> Option<SignedRequest> {
        let href = self.url("GET", r2_key, &[("host", &self.settings.host)])?;
        let headers = Vec::new();
        Some(SignedRequest { href, headers })
    }

    /// An upload of just these bytes.
    pub(crate) fn upload(&self, upload: &Upload<'_>) -> Option<SignedRequest> {
        let sha256 = STANDARD.encode(upload.oid.as_bytes());
        let headers = [
            ("content-encoding", "identity"),
            ("content-length", &upload.size.to_string()),
            ("content-type", "application/octet-stream"),
            ("host", &self.settings.host),
            ("x-amz-checksum-sha256", &sha256),
            ("x-amz-meta-cairn-upload", upload.name),
        ];
        let href = self.url("PUT", upload.r2_key, &headers)?;
        let sent = headers
            .iter()
            .filter(|(name, _)| !matches!(*name, "content-length" | "host"));
        let headers = sent
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        Some(SignedRequest { href, headers })
    }

    fn url(&self, method: &str, r2_key: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut path = format!("/{}", encode(&self.settings.bucket));
        for segment in r2_key.split('/') {
            path.push('/');
            path.push_str(&encode(segment));
        }
        self.key.url(&Presigned {
            method,
            origin: &self.settings.origin,
            path: &path,
            headers,
            payload: UNSIGNED_PAYLOAD,
            expires_seconds: EXPIRES_SECONDS,
        })
    }
}

#[cfg(test)]
mod tests;
