//! Presigned URLs as AWS Signature Version 4 has them: the signature stands in the query
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).

use chrono::DateTime;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// The mark in place of the digest of a body that the signature does not cover.
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The characters that stay as they are in a query and in a segment of a path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Digits of the day in a time as the signature has it.
const DAY_DIGITS: usize = 8;

/// Names the key that signs, and the scope of its signatures.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// Names the key.
    pub(crate) access_key_id: &'a str,
    /// The key; it never leaves the signature.
    pub(crate) secret_access_key: &'a str,
    /// `auto` of R2.
    pub(crate) region: &'a str,
    /// `s3`.
    pub(crate) service: &'a str,
}

/// A request that every client with its URL may make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presigned<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// Scheme and authority.
    pub(crate) origin: &'a str,
    /// The path, encoded.
    pub(crate) path: &'a str,
    /// Headers that the request must have just so: names in lower case, sorted, `host` among them.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The SHA-256 of the body in hexadecimal digits, or [`UNSIGNED_PAYLOAD`].
    pub(crate) payload: &'a str,
    /// How long it may be made, from the signer's time on.
    pub(crate) expires_seconds: u32,
}

/// A key for one day, and the time at which it signs.
pub(crate) struct SigningKey {
    key: Vec<u8>,
    /// `YYYYMMDDThhmmssZ`.
    time: String,
    /// Day, region and service.
    scope: String,
    /// Scope and name of the key, encoded.
    credential: String,
}

impl SigningKey {
    /// Derives the key; `None` for times that have no four digits of a year.
    pub(crate) fn new(scope: &Scope<'_>, now_ms: i64) -> Option<Self> {
        let time = DateTime::from_timestamp_millis(now_ms)?.format("%Y%m%dT%H%M%SZ");
        let time = time.to_string();
        let day = time.get(..DAY_DIGITS)?;
        let mut key = format!("AWS4{}", scope.secret_access_key).into_bytes();
        for part in [day, scope.region, scope.service, "aws4_request"] {
            key = mac(&key, part)?;
        }
        let name = scope.access_key_id;
        let scope = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
        let credential = encode(&format!("{name}/{scope}"));
        Some(Self {
            key,
            time,
            scope,
            credential,
        })
    }

    /// The URL of a request; `None` never, since HMAC takes keys of any length.
    pub(crate) fn url(&self, request: &Presigned<'_>) -> Option<String> {
        let Presigned { path, headers, .. } = request;
        debug_assert!(headers.is_sorted(), "headers are signed in order");
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}\
             &X-Amz-SignedHeaders={}",
            self.credential,
            self.time,
            request.expires_seconds,
            encode(&names),
        );
        let mut canonical = format!("{}\n{path}\n{query}\n", request.method);
        for (name, value) in *headers {
            canonical.extend([name, ":", value, "\n"]);
        }
        canonical.extend(["\n", names.as_str(), "\n", request.payload]);
        let digest = faster_hex::hex_string(&Sha256::digest(canonical));
        let signed = format!("AWS4-HMAC-SHA256\n{}\n{}\n{digest}", self.time, self.scope);
        let signature = faster_hex::hex_string(&mac(&self.key, &signed)?);
        let origin = request.origin;
        Some(format!(
            "{origin}{path}?{query}&X-Amz-Signature={signature}"
        ))
    }
}

/// A text as a query and a segment of a path have it.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn mac(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Amazon's page "Authenticating Requests: Using Query Parameters".
    #[test]
    fn the_url_of_amazons_example() {
        let scope = Scope {
            access_key_id: "AKIAIOSFODNN7EXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "s3",
        };
        // 24 May 2013, 00:00:00 UTC.
        let key = SigningKey::new(&scope, 1_369_353_600_000).unwrap();
        let url = key.url(&Presigned {
            method: "GET",
            origin: "https://examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            headers: &[("host", "examplebucket.s3.amazonaws.com")],
            payload: UNSIGNED_PAYLOAD,
            expires_seconds: 86400,
        });
        let expect = "https://examplebucket.s3.amazonaws.com/test.txt\
            ?X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
            &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
            &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(url.as_deref(), Some(expect));
    }

    /// Cases of Amazon's signing test suite, signed in the query
    /// (<https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4>).
    #[test]
    fn the_signatures_of_amazons_test_suite() {
        let scope = Scope {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
        };
        // 30 August 2015, 12:36:00 UTC.
        let key = SigningKey::new(&scope, 1_440_938_160_000).unwrap();
        let host = ("host", "example.amazonaws.com");
        let several = [host, ("my-header1", "value1"), ("my-header2", "\"a b c\"")];
        let unreserved = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        for (case, path, headers, signature) in [
            (
                "get-unreserved",
                unreserved,
                &several[..1],
                "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005",
            ),
            (
                "get-header-value-trim",
                "/",
                &several[..],
                "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
            ),
        ] {
            let url = key.url(&Presigned {
                method: "GET",
                origin: "https://example.amazonaws.com",
                path,
                headers,
                // The digest of an empty body.
                payload: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                expires_seconds: 3600,
            });
            let url = url.unwrap();
            assert!(
                url.ends_with(&format!("&X-Amz-Signature={signature}")),
                "{case}: {url}"
            );
        }
    }

    #[test]
    fn no_time_breaks_the_signer() {
        let scope = Scope {
            access_key_id: "",
            secret_access_key: "",
            region: "auto",
            service: "s3",
        };
        for now_ms in [i64::MIN, -1, 0, i64::MAX] {
            let _ = SigningKey::new(&scope, now_ms);
        }
    }
}
