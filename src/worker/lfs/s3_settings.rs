//! The operator's credentials of the bucket for R2's S3 interface, with which transfers bypass the
//! Worker. Without them, or where they are wrong, everything goes through the Worker.

use url::{Host, Url};

/// Where R2's S3 interface is: `https://<account>.r2.cloudflarestorage.com`.
pub(crate) const ENDPOINT: &str = "CAIRN_S3_ENDPOINT";
/// The bucket that is bound as `PACKS`.
pub(crate) const BUCKET: &str = "CAIRN_S3_BUCKET";
/// Names the key.
pub(crate) const ACCESS_KEY_ID: &str = "CAIRN_S3_ACCESS_KEY_ID";
/// The key.
pub(crate) const SECRET_ACCESS_KEY: &str = "CAIRN_S3_SECRET_ACCESS_KEY";

/// Characters of a bucket's name, as R2 bounds them.
const BUCKET_LENGTH: std::ops::RangeInclusive<usize> = 3..=63;

/// Credentials that can sign.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct S3Settings {
    /// Scheme and authority.
    pub(crate) origin: String,
    /// The authority alone, as clients send it.
    pub(crate) host: String,
    /// The bucket.
    pub(crate) bucket: String,
    /// Names the key.
    pub(crate) access_key_id: String,
    /// The key.
    pub(crate) secret_access_key: String,
}

/// The settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum S3SettingsError {
    /// Some are set and one is not.
    #[error("{missing} is not set, other CAIRN_S3_* are: lfs transfers go through the worker")]
    Partial {
        /// The first one that is not set.
        missing: &'static str,
    },
    /// The endpoint is not an origin that clients can be sent to.
    #[error(
        "{ENDPOINT} must be https://host without a path: {why}; lfs transfers go through the worker"
    )]
    Endpoint {
        /// Its fault.
        why: String,
    },
    /// The bucket's name cannot be one of R2's.
    #[error(
        "{BUCKET} must have {min} to {max} of a-z, 0-9 and -: {length} characters were given; \
         lfs transfers go through the worker",
        min = BUCKET_LENGTH.start(), max = BUCKET_LENGTH.end()
    )]
    Bucket {
        /// Its characters.
        length: usize,
    },
}

impl S3Settings {
    /// Reads the settings; `None` when none is set. One that is empty or of spaces is not set.
    pub(crate) fn read(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, S3SettingsError> {
        let names = [ENDPOINT, BUCKET, ACCESS_KEY_ID, SECRET_ACCESS_KEY];
        let values = names.map(|name| {
            let value = variable(name).unwrap_or_default();
            value.trim().to_owned()
        });
        if values.iter().all(String::is_empty) {
            return Ok(None);
        }
        let mut pairs = names.iter().zip(&values);
        if let Some((missing, _)) = pairs.find(|(_, value)| value.is_empty()) {
            return Err(S3SettingsError::Partial { missing });
        }
        let [endpoint, bucket, access_key_id, secret_access_key] = values;
        let (origin, host) = endpoint_of(&endpoint)?;
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !BUCKET_LENGTH.contains(&bucket.len()) || !bucket.bytes().all(is_name) {
            let length = bucket.chars().count();
            return Err(S3SettingsError::Bucket { length });
        }
        Ok(Some(Self {
            origin,
            host,
            bucket,
            access_key_id,
            secret_access_key,
        }))
    }
}

/// Origin and authority of an endpoint. Signed URLs are as good as credentials for a while, so they go
/// over TLS, unless they stay on this machine.
fn endpoint_of(text: &str) -> Result<(String, String), S3SettingsError> {
    let wrong = |why: &str| S3SettingsError::Endpoint {
        why: why.to_owned(),
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(wrong("it has no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_local => {}
        _ => return Err(wrong("the scheme is not https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has a credential"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    if url.path() != "/" {
        return Err(wrong("it has a path (the bucket has a setting of its own)"));
    }
    let origin = url.origin().ascii_serialization();
    let host = origin.split_once("://").map(|(_, host)| host.to_owned());
    Ok((origin.clone(), host.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        endpoint: &str,
        bucket: &str,
        secret: &str,
    ) -> Result<Option<S3Settings>, S3SettingsError> {
        S3Settings::read(|name| {
            let value = match name {
                ENDPOINT => endpoint,
                BUCKET => bucket,
                ACCESS_KEY_ID => "id",
                SECRET_ACCESS_KEY => secret,
                _ => return None,
            };
            Some(value.to_owned())
        })
    }

    #[test]
    fn an_endpoint_is_an_origin() {
        for (endpoint, origin, host) in [
            (
                "https://a.r2.cloudflarestorage.com",
                "https://a.r2.cloudflarestorage.com",
                "a.r2.cloudflarestorage.com",
            ),
            (
                " https://A.r2.example:443/ ",
                "https://a.r2.example",
                "a.r2.example",
            ),
            (
                "http://127.0.0.1:9000",
                "http://127.0.0.1:9000",
                "127.0.0.1:9000",
            ),
            ("http://[::1]:9", "http://[::1]:9", "[::1]:9"),
        ] {
            let settings = read(endpoint, "cairn-packs", "secret").unwrap().unwrap();
            assert_eq!((&*settings.origin, &*settings.host), (origin, host));
            assert_eq!(
                (&*settings.bucket, &*settings.secret_access_key),
                ("cairn-packs", "secret")
            );
        }
        for endpoint in [
            "a.r2.cloudflarestorage.com",
            "http://a.r2.cloudflarestorage.com",
            "https://a.r2.cloudflarestorage.com/cairn-packs",
            "https://id:secret@a.r2.cloudflarestorage.com",
            "https://a.r2.cloudflarestorage.com?x",
            "ftp://127.0.0.1",
        ] {
            let read = read(endpoint, "cairn-packs", "secret");
            assert!(
                matches!(read, Err(S3SettingsError::Endpoint { .. })),
                "{endpoint}"
            );
        }
    }

    #[test]
    fn half_of_the_settings_are_told_and_none_are_no_fault() {
        assert!(matches!(S3Settings::read(|_| None), Ok(None)));
        assert!(matches!(
            S3Settings::read(|_| Some(" ".to_owned())),
            Ok(None)
        ));
        let missing = |result| match result {
            Err(S3SettingsError::Partial { missing }) => missing,
            _ => "none",
        };
        assert_eq!(missing(read("", "cairn-packs", "secret")), ENDPOINT);
        assert_eq!(missing(read("https://a", "", "secret")), BUCKET);
        assert_eq!(
            missing(read("https://a", "cairn-packs", " ")),
            SECRET_ACCESS_KEY
        );
        for bucket in ["a", "Cairn", "a/b", "a b", &"a".repeat(64)] {
            let length = bucket.len();
            let expect = Some(S3SettingsError::Bucket { length });
            assert_eq!(
                read("https://a", bucket, "secret").err(),
                expect,
                "{bucket}"
            );
        }
        let error = S3SettingsError::Partial { missing: BUCKET };
        assert!(error.to_string().starts_with("CAIRN_S3_BUCKET is not set"));
    }
}
