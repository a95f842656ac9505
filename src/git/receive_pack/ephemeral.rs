//! How long a ref under `refs/ephemeral/` lives, as its pusher asks for it.

use gix_object::bstr::{BString, ByteSlice as _};

use super::super::protocol::push_commands::PushCommand;
use super::super::refname;

/// The push option that says how long: `cairn.ttl=<seconds>`.
const OPTION: &[u8] = b"cairn.ttl=";

/// Seconds that a pusher may ask for: up to 90 days.
pub const TTL_SECONDS: std::ops::RangeInclusive<u32> = 1..=7_776_000;

/// The push option is not a number within the bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "push option cairn.ttl must be {min} to {max} seconds, this is '{given}'",
    min = TTL_SECONDS.start(), max = TTL_SECONDS.end()
)]
pub struct TtlError {
    given: String,
}

/// The seconds that the push options ask for; `None` if they ask for nothing. The last option holds, as
/// with a setting of git's that is given twice.
pub fn ttl_seconds(options: &[BString]) -> Result<Option<u32>, TtlError> {
    let mut given = options
        .iter()
        .filter_map(|option| option.strip_prefix(OPTION));
    let Some(given) = given.next_back() else {
        return Ok(None);
    };
    let seconds = given.to_str().ok().and_then(|text| text.parse().ok());
    let seconds = seconds.filter(|seconds| TTL_SECONDS.contains(seconds));
    let wrong = || TtlError {
        given: given
            .iter()
            .take(40)
            .map(|byte| byte.escape_ascii().to_string())
            .collect(),
    };
    seconds.ok_or_else(wrong).map(Some)
}

/// Checks the push options of a command that writes a ref which expires.
pub(crate) fn check(command: &PushCommand, options: &[BString]) -> Result<(), TtlError> {
    let writes = command.new.is_some() && refname::is_ephemeral(command.name.as_bstr());
    if writes {
        ttl_seconds(options)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_option_says_how_long() {
        let ttl = |options: &[&str]| {
            let options: Vec<_> = options.iter().map(|text| BString::from(*text)).collect();
            ttl_seconds(&options)
        };
        assert_eq!(ttl(&[]), Ok(None));
        assert_eq!(ttl(&["ci.skip", "cairn.ttlx=1"]), Ok(None));
        assert_eq!(ttl(&["cairn.ttl=60"]), Ok(Some(60)));
        assert_eq!(
            ttl(&["cairn.ttl=60", "x", "cairn.ttl=7776000"]),
            Ok(Some(7_776_000))
        );
        for wrong in ["", "0", "-1", "1.5", "7776001", "99999999999", "1h"] {
            let refused = ttl(&[&format!("cairn.ttl={wrong}")]).unwrap_err();
            let expect =
                format!("push option cairn.ttl must be 1 to 7776000 seconds, this is '{wrong}'");
            assert_eq!(refused.to_string(), expect);
        }
    }
}
