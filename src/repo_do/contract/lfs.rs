//! Messages about Git LFS between the Worker and the repository's object.
//!
//! The object keeps the account of the repository's objects; bytes never pass through it. The Worker
//! streams them to R2 and back, under the keys that the object names.
//!
//! | request | access | body | answer |
//! |---|---|---|---|
//! | `POST /lfs/download` | read | [`LfsBatch`] | [`LfsBatchAnswer`] |
//! | `POST /lfs/upload` | push | [`LfsBatch`] | [`LfsBatchAnswer`] |
//! | `POST /lfs/begin` | push | [`LfsNamed`] | [`LfsExpected`]: noted, and its key taken |
//! | `POST /lfs/finish` | push | [`LfsArrived`] | nothing: the repository has it from now on |
//! | `POST /lfs/verify` | push | [`LfsNamed`] | [`LfsExpected`]: of one that began, or that the repository has |
//! | `POST /lfs/arrived` | push | [`LfsArrived`] | nothing: as finish, of an upload that bypassed the Worker |
//! | `POST /lfs/locate` | read | [`LfsNamed`], its size 0 where nobody knows it | [`LfsPlace`]: one that the repository has |

use serde::{Deserialize, Serialize};

pub(crate) use crate::git::lfs::LfsOid;

/// Objects named in one batch at most.
pub(crate) const LFS_BATCH_MAX: usize = 1000;

/// Bytes of an object at most: R2 takes no more in one request.
pub(crate) const LFS_OBJECT_BYTES_MAX: u64 = 5 << 30;

/// Paths that the object serves.
pub(crate) mod path {
    /// How all of them begin.
    pub(crate) const PREFIX: &str = "/lfs/";
    /// Which of these objects can be downloaded.
    pub(crate) const DOWNLOAD: &str = "/lfs/download";
    /// Which of these objects need an upload.
    pub(crate) const UPLOAD: &str = "/lfs/upload";
    /// An upload begins.
    pub(crate) const BEGIN: &str = "/lfs/begin";
    /// R2 has the bytes of an upload, verified.
    pub(crate) const FINISH: &str = "/lfs/finish";
    /// Whether an upload is here, which its client asks once it is done.
    pub(crate) const VERIFY: &str = "/lfs/verify";
    /// R2 has the bytes of an upload that bypassed the Worker, verified.
    pub(crate) const ARRIVED: &str = "/lfs/arrived";
    /// Where an object's bytes are.
    pub(crate) const LOCATE: &str = "/lfs/locate";

    /// Whether a request only goes on with one that was counted for the rate limit: otherwise a push of many
    /// files would use up three times its share.
    #[must_use]
    pub(crate) fn goes_on(path: &str) -> bool {
        matches!(path, FINISH | VERIFY | ARRIVED)
    }
}

/// An object as a client names it; its oid is 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LfsNamed {
    /// Its name.
    pub(crate) oid: String,
    /// Its bytes.
    #[serde(default)]
    pub(crate) size: u64,
}

/// Asks about many objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LfsBatch {
    /// [`LFS_BATCH_MAX`] at most, each with a valid name.
    pub(crate) objects: Vec<LfsNamed>,
    /// For uploads: whether their bytes will bypass the Worker. The object then begins those that it
    /// lacks, since nobody tells it when they start.
    #[serde(default)]
    pub(crate) presigned: bool,
}

/// The object's answer: the sizes of the objects that the repository has, in the order of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LfsBatchAnswer {
    /// `None`: the repository does not have it.
    pub(crate) sizes: Vec<Option<u64>>,
    /// For a presigned upload, in the same order: the names of the uploads that began, empty where none
    /// did.
    #[serde(default)]
    pub(crate) uploads: Vec<String>,
    /// The id of the fork network; R2 keys are made from it.
    pub(crate) network_id: String,
    /// When the caller's token ends, in milliseconds since 1970; `None`: the caller has none.
    #[serde(default)]
    pub(crate) expires_at_ms: Option<i64>,
}

/// Where an object's bytes are, or are to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LfsPlace {
    /// The R2 key.
    pub(crate) r2_key: String,
    /// Its bytes.
    pub(crate) size: u64,
    /// Whether the repository has it: then an upload need not be written.
    pub(crate) is_stored: bool,
}

/// An object, and how its upload is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LfsExpected {
    /// The place of its bytes now or later.
    pub(crate) place: LfsPlace,
    /// The upload's name, which R2 must have with bytes that bypassed the Worker.
    pub(crate) upload: String,
}

/// An upload has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LfsArrived {
    /// The object's name.
    pub(crate) oid: String,
    /// Its bytes.
    pub(crate) size: u64,
    /// The upload's name.
    pub(crate) upload: String,
}
