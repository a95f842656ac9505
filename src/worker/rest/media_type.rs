//! The type of an answer that is a file.

/// The type of bytes of which nothing more is said.
const BYTES: &str = "application/octet-stream";

/// The `Content-Type` of a file of the type `own`: that of plain bytes if the client names it in `Accept` and
/// does not name `own`. Generated clients ask so, because they know no other type of bytes.
pub(super) fn wanted<'a>(accept: Option<&str>, own: &'a str) -> &'a str {
    let names = |name: &str| {
        let ranges = accept.unwrap_or_default().split(',');
        let mut types = ranges.map(|range| range.split(';').next().unwrap_or_default());
        types.any(|given| given.trim().eq_ignore_ascii_case(name))
    };
    if names(BYTES) && !names(own) {
        BYTES
    } else {
        own
    }
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn a_file_has_its_own_type_unless_only_bytes_are_asked_for() {
        let own = "application/gzip";
        for accept in [
            None,
            Some("*/*"),
            Some("text/html"),
            Some("application/octet-stream, application/gzip;q=0.5"),
        ] {
            assert_eq!(wanted(accept, own), own, "{accept:?}");
        }
        let bytes = "application/octet-stream";
        for accept in [
            "application/octet-stream",
            "text/x, Application/Octet-Stream ;q=1, */*",
        ] {
            assert_eq!(wanted(Some(accept), own), bytes, "{accept}");
        }
    }
}
