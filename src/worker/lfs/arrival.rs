//! The facts that R2 must confirm about an upload that bypassed the Worker before it counts.

use super::presigned::UPLOAD_METADATA;
use crate::repo_do::contract::lfs::LfsOid;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::r2::bucket::Described;

/// An upload that is to have come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited<'a> {
    /// The object.
    pub(super) oid: &'a LfsOid,
    /// Its bytes, as the client says.
    pub(super) size: u64,
    /// Its name.
    pub(super) upload: &'a str,
}

/// Why it has not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArrivalError {
    /// R2 has nothing.
    #[error("the storage has no object {0}: push once more")]
    Absent(LfsOid),
    /// R2 has the bytes of another upload, perhaps of another repository.
    #[error("the storage has object {0} of another upload: push once more")]
    OtherUpload(LfsOid),
    /// R2 has more or fewer bytes.
    #[error("the object has {here} bytes in the storage, not {asked}")]
    OtherSize {
        /// The bytes that R2 has.
        here: u64,
        /// The bytes that the client says.
        asked: u64,
    },
    /// R2 has other bytes, which it should have refused.
    #[error("the bytes of object {0} in the storage have another sha-256: push once more")]
    OtherDigest(LfsOid),
}

impl From<ArrivalError> for ErrorReply {
    fn from(error: ArrivalError) -> Self {
        let code = match error {
            ArrivalError::Absent(_) => ErrorCode::NotFound,
            ArrivalError::OtherUpload(_) => ErrorCode::Conflict,
            // No 422: git-lfs would go on as if the object had come.
            ArrivalError::OtherSize { .. } | ArrivalError::OtherDigest(_) => {
                ErrorCode::InvalidInput
            }
        };
        Self::new(code, error.to_string())
    }
}

impl Awaited<'_> {
    /// Judges R2's object. True: R2 has verified the digest; false: the bytes are still to be read.
    pub(super) fn judge(&self, found: Option<&Described>) -> Result<bool, ArrivalError> {
        let found = found.ok_or(ArrivalError::Absent(*self.oid))?;
        let upload = found.metadata.get(UPLOAD_METADATA);
        if upload.map(String::as_str) != Some(self.upload) {
            return Err(ArrivalError::OtherUpload(*self.oid));
        }
        if found.size != self.size {
            let (here, asked) = (found.size, self.size);
            return Err(ArrivalError::OtherSize { here, asked });
        }
        match &found.sha256 {
            Some(sha256) => self.judge_digest(sha256).map(|()| true),
            None => Ok(false),
        }
    }

    /// Judges the digest of R2's object.
    pub(super) fn judge_digest(&self, sha256: &[u8; 32]) -> Result<(), ArrivalError> {
        if sha256 == self.oid.as_bytes() {
            return Ok(());
        }
        Err(ArrivalError::OtherDigest(*self.oid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_lfs_ends_the_push_at_each_refusal() {
        let oid = LfsOid::from([7; 32]);
        for error in [
            ArrivalError::Absent(oid),
            ArrivalError::OtherUpload(oid),
            ArrivalError::OtherSize { here: 1, asked: 2 },
            ArrivalError::OtherDigest(oid),
        ] {
            let status = ErrorReply::from(error.clone()).code.status();
            // At a 422 it would not.
            assert!([400, 404, 409].contains(&status), "{error}: {status}");
        }
    }

    #[test]
    fn whose_upload_it_is_decides() {
        let oid = LfsOid::from([7; 32]);
        let awaited = Awaited {
            oid: &oid,
            size: 10,
            upload: "r-1.5",
        };
        let of = |upload: &str, size, sha256| Described {
            size,
            sha256,
            metadata: [(UPLOAD_METADATA.to_owned(), upload.to_owned())].into(),
        };
        let judge = |found: Described| awaited.judge(Some(&found));
        assert_eq!(judge(of("r-1.5", 10, Some([7; 32]))), Ok(true));
        assert_eq!(judge(of("r-1.5", 10, None)), Ok(false));
        assert_eq!(awaited.judge(None), Err(ArrivalError::Absent(oid)));
        for upload in ["", "r-1.6", "r-2.5", "r-1.55", "R-1.5"] {
            let other = judge(of(upload, 10, Some([7; 32])));
            assert_eq!(other, Err(ArrivalError::OtherUpload(oid)), "{upload}");
        }
        // Through the Worker: no upload has a name.
        let mut plain = of("", 10, Some([7; 32]));
        plain.metadata.clear();
        assert_eq!(judge(plain), Err(ArrivalError::OtherUpload(oid)));
        let size = ArrivalError::OtherSize { here: 9, asked: 10 };
        assert_eq!(judge(of("r-1.5", 9, Some([7; 32]))), Err(size));
        let digest = Err(ArrivalError::OtherDigest(oid));
        assert_eq!(judge(of("r-1.5", 10, Some([8; 32]))), digest);
    }
}
