//! Which short names a branch may have, wherever it is made or named.

use crate::git::limits::Limits;
use crate::git::refname;

/// Checks a branch's short name by the rules for a branch that is pushed: Git's own, and that the
/// file systems of clients can hold it. Fails with a sentence for the caller.
pub(crate) fn check_branch(short: &str) -> Result<(), String> {
    let checked = refname::branch(short.into(), Limits::DEFAULT.refname_bytes_max);
    checked.map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_that_cannot_be_pushed_cannot_be_named() {
        assert_eq!(check_branch("main"), Ok(()));
        assert_eq!(check_branch(&"x".repeat(240)), Ok(()));
        for short in ["", "HEAD", "-a", "a..b", "a.lock", &"x".repeat(241)] {
            assert!(check_branch(short).is_err(), "{short}");
        }
    }
}
