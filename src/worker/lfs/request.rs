//! A batch as a client asks for it
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md#requests>).
//!
//! Fields that the specification names are read strictly. Other fields are ignored: clients
//! have got `ref` and `hash_algo` that way, and older servers had to go on serving them.

use serde::Deserialize;

use crate::repo_do::contract::lfs::{LFS_BATCH_MAX, LFS_OBJECT_BYTES_MAX, LfsOid};
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Bytes of a batch at most: ten times as many as a full one needs.
pub(super) const BATCH_BYTES_MAX: usize = 1 << 20;

/// The one transfer that is served.
pub(super) const BASIC: &str = "basic";

/// The one digest by which objects are named.
pub(super) const SHA256: &str = "sha256";

/// The direction of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Operation {
    /// Objects go out.
    Download,
    /// Objects come.
    Upload,
}

/// A batch.
#[derive(Debug, Deserialize)]
pub(super) struct BatchRequest {
    /// Its direction.
    pub(super) operation: Operation,
    /// The transfers that the client knows; none: `basic` alone.
    #[serde(default)]
    transfers: Option<Vec<String>>,
    /// The ref that the objects belong to. A caller that may push may upload, for any ref.
    #[serde(default, rename = "ref")]
    _ref: Option<NamedRef>,
    /// The objects.
    pub(super) objects: Vec<AskedObject>,
    /// By which digest the objects are named.
    #[serde(default)]
    hash_algo: Option<String>,
}

#[derive(Debug, Deserialize)]
struct NamedRef {
    #[serde(default, rename = "name")]
    _name: Option<String>,
}

/// An object of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct AskedObject {
    /// Its name, as the client spelled it.
    pub(super) oid: String,
    /// Its bytes.
    pub(super) size: serde_json::Number,
}

/// Why one object of a batch gets no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ObjectError {
    /// The name is not 64 digits.
    #[error("the oid is not 64 lower-case hexadecimal digits")]
    Oid,
    /// The size is not a whole number.
    #[error("the size {0} is not a whole number from zero on")]
    Size(String),
    /// The object is beyond the bound.
    #[error("the object has {bytes} bytes, and {max} are taken at most")]
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// The name is by another digest.
    #[error("the objects here are named by sha256, not by '{0}'")]
    HashAlgo(String),
    /// The repository does not have it.
    #[error("the repository has no such object")]
    Missing,
    /// The repository has it with another size.
    #[error("the object has {here} bytes here, not {asked}")]
    OtherSize {
        /// Bytes that it has.
        here: u64,
        /// Bytes that were asked for.
        asked: u64,
    },
}

impl ObjectError {
    /// The code in the answer.
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::Missing => 404,
            Self::HashAlgo(_) => 409,
            Self::Oid | Self::Size(_) | Self::TooLarge { .. } | Self::OtherSize { .. } => 422,
        }
    }
}

impl BatchRequest {
    /// Reads the body of a request.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ErrorReply> {
        let batch: Self = serde_json::from_slice(body).map_err(|error| {
            let code = match error.classify() {
                serde_json::error::Category::Data => ErrorCode::Unprocessable,
                _ => ErrorCode::InvalidInput,
            };
            ErrorReply::new(code, format!("the body is no batch: {error}"))
        })?;
        if batch.objects.len() > LFS_BATCH_MAX {
            let message = format!(
                "the batch names {} objects, and {LFS_BATCH_MAX} are taken at most",
                batch.objects.len()
            );
            return Err(ErrorReply::new(ErrorCode::MemoryLimit, message));
        }
        let transfers = batch.transfers.as_deref().unwrap_or_default();
        if !transfers.is_empty() && !transfers.iter().any(|transfer| transfer == BASIC) {
            let message = format!("the transfer '{BASIC}' alone is served, and it is not offered");
            return Err(ErrorReply::new(ErrorCode::Unprocessable, message));
        }
        Ok(batch)
    }

    /// Each object as the repository's object is asked about it, or why it is not asked.
    pub(super) fn checked(&self) -> Vec<Result<(LfsOid, u64), ObjectError>> {
        let is_named_otherwise = self.hash_algo.as_deref().filter(|algo| *algo != SHA256);
        let objects = self.objects.iter();
        let checked = objects.map(|object| match is_named_otherwise {
            Some(algo) => Err(ObjectError::HashAlgo(algo.to_owned())),
            None => object.check(self.operation),
        });
        checked.collect()
    }
}

impl AskedObject {
    fn check(&self, operation: Operation) -> Result<(LfsOid, u64), ObjectError> {
        let oid = LfsOid::from_hex(self.oid.as_bytes()).ok_or(ObjectError::Oid)?;
        let size = self.size.as_u64();
        let size = size.ok_or_else(|| ObjectError::Size(self.size.to_string()))?;
        if operation == Operation::Upload && size > LFS_OBJECT_BYTES_MAX {
            return Err(ObjectError::TooLarge {
                bytes: size,
                max: LFS_OBJECT_BYTES_MAX,
            });
        }
        Ok((oid, size))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn parse(body: &str) -> Result<BatchRequest, ErrorCode> {
        BatchRequest::parse(body.as_bytes()).map_err(|error| error.code)
    }

    fn checked(operation: &str, object: &str, more: &str) -> Result<u64, ObjectError> {
        let body = format!(r#"{{"operation":"{operation}","objects":[{object}]{more}}}"#);
        let checked = parse(&body).unwrap().checked();
        checked.into_iter().next().unwrap().map(|(_, size)| size)
    }

    #[test]
    fn the_batches_of_clients_are_read() {
        let object = format!(r#"{{"oid":"{OID}","size":7}}"#);
        for more in [
            "",
            r#","transfers":null,"ref":null,"hash_algo":"sha256""#,
            r#","transfers":[]"#,
            r#","transfers":["lfs-standalone-file","basic","ssh"],"ref":{"name":"refs/heads/main"}"#,
            r#","ref":{},"a field of tomorrow":[1,{}]"#,
        ] {
            assert_eq!(checked("upload", &object, more), Ok(7), "{more}");
        }
        let grown = format!(r#"{{"oid":"{OID}","size":0,"authenticated":true,"x":{{}}}}"#);
        assert_eq!(checked("download", &grown, ""), Ok(0));
    }

    #[test]
    fn a_body_that_is_no_batch_is_refused_whole() {
        for (body, code) in [
            ("", ErrorCode::InvalidInput),
            ("{", ErrorCode::InvalidInput),
            ("[]", ErrorCode::Unprocessable),
            ("{}", ErrorCode::Unprocessable),
            (
                r#"{"operation":"delete","objects":[]}"#,
                ErrorCode::Unprocessable,
            ),
            (r#"{"operation":"upload"}"#, ErrorCode::Unprocessable),
            (
                r#"{"operation":"upload","objects":[{}]}"#,
                ErrorCode::Unprocessable,
            ),
            (
                r#"{"operation":"upload","objects":[],"ref":"main"}"#,
                ErrorCode::Unprocessable,
            ),
            (
                r#"{"operation":"upload","objects":[],"transfers":["tus"]}"#,
                ErrorCode::Unprocessable,
            ),
            (
                r#"{"operation":"upload","objects":[]} x"#,
                ErrorCode::InvalidInput,
            ),
        ] {
            assert_eq!(parse(body).err(), Some(code), "{body}");
        }
        let object = format!(r#"{{"oid":"{OID}","size":7}},"#);
        let many = |count: usize| {
            let objects = object.repeat(count);
            let objects = objects.trim_end_matches(',');
            parse(&format!(
                r#"{{"operation":"upload","objects":[{objects}]}}"#
            ))
            .err()
        };
        assert_eq!(many(LFS_BATCH_MAX), None);
        assert_eq!(many(LFS_BATCH_MAX + 1), Some(ErrorCode::MemoryLimit));
    }

    #[test]
    fn an_object_that_cannot_be_is_told_alone() {
        let of_size = |size: &str| format!(r#"{{"oid":"{OID}","size":{size}}}"#);
        for size in ["-1", "1.5", "1e3", "99999999999999999999"] {
            let error = checked("upload", &of_size(size), "").unwrap_err();
            assert_eq!(error.code(), 422, "{size}");
        }
        let large = of_size(&(LFS_OBJECT_BYTES_MAX + 1).to_string());
        let error = checked("upload", &large, "").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the object has 5368709121 bytes, and 5368709120 are taken at most"
        );
        assert_eq!(
            checked("download", &large, ""),
            Ok(LFS_OBJECT_BYTES_MAX + 1)
        );
        let upper = of_size("1").replace(OID, &OID.to_uppercase());
        assert_eq!(checked("upload", &upper, ""), Err(ObjectError::Oid));
        let error = checked("upload", &of_size("1"), r#","hash_algo":"sha512""#).unwrap_err();
        assert_eq!(error.code(), 409);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in any::<Vec<u8>>(), oid in ".*", size in any::<f64>()) {
            let _ = BatchRequest::parse(&body);
            let object = serde_json::json!({ "oid": oid, "size": size });
            let batch = serde_json::json!({ "operation": "upload", "objects": [object] });
            if let Ok(batch) = BatchRequest::parse(batch.to_string().as_bytes()) {
                prop_assert!(batch.checked().iter().all(Result::is_err));
            }
        }
    }
}
