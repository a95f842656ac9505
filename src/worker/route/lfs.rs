//! The paths of Git LFS, below `<remote>/info/lfs`.

use crate::repo_do::contract::lfs::LfsOid;

/// The part of a path after `info/lfs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LfsRoute {
    /// `/objects/batch`
    Batch,
    /// `/objects/:oid/:size`: an object comes.
    Upload(LfsOid, u64),
    /// `/objects/:oid`: an object goes out.
    Object(LfsOid),
    /// `/verify`
    Verify,
    /// `/locks`
    Locks,
    /// `/locks/verify`
    LocksVerify,
    /// `/locks/:id/unlock`
    Unlock(u64),
}

impl LfsRoute {
    /// The route of the segments after `info/lfs`.
    #[must_use]
    pub(crate) fn parse(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            ["objects", "batch"] => Self::Batch,
            ["objects", oid] => Self::Object(LfsOid::from_hex(oid.as_bytes())?),
            ["objects", oid, size] => {
                Self::Upload(LfsOid::from_hex(oid.as_bytes())?, number(size)?)
            }
            ["verify"] => Self::Verify,
            ["locks"] => Self::Locks,
            ["locks", "verify"] => Self::LocksVerify,
            ["locks", id, "unlock"] => Self::Unlock(number(id)?),
            _ => return None,
        })
    }

    /// The methods that are served there, as the `Allow` header lists them.
    #[must_use]
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Batch | Self::Verify | Self::LocksVerify | Self::Unlock(_) => &["POST"],
            Self::Upload(..) => &["PUT"],
            Self::Object(_) => &["GET", "HEAD"],
            Self::Locks => &["GET", "POST"],
        }
    }
}

/// A number in its one spelling.
fn number(digits: &str) -> Option<u64> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain && is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_one_spelling() {
        let digits = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let oid = LfsOid::from_hex(digits.as_bytes()).unwrap();
        let cases: [(&[&str], Option<LfsRoute>); 14] = [
            (&["objects", "batch"], Some(LfsRoute::Batch)),
            (&["objects", digits], Some(LfsRoute::Object(oid))),
            (&["objects", digits, "0"], Some(LfsRoute::Upload(oid, 0))),
            (&["objects", digits, "12"], Some(LfsRoute::Upload(oid, 12))),
            (&["verify"], Some(LfsRoute::Verify)),
            (&["locks"], Some(LfsRoute::Locks)),
            (&["locks", "verify"], Some(LfsRoute::LocksVerify)),
            (&["locks", "7", "unlock"], Some(LfsRoute::Unlock(7))),
            (&["locks", "x", "unlock"], None),
            (&["objects", digits, "012"], None),
            (&["objects", digits, "+1"], None),
            (&["objects", digits, ""], None),
            (&["objects", "12345"], None),
            (&[], None),
        ];
        for (segments, route) in cases {
            assert_eq!(LfsRoute::parse(segments), route, "{segments:?}");
        }
    }
}
