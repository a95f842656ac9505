//! A request's URL in its parts. The platform has parsed it and written it again, so that it only
//! needs to be cut: a character that would end a part does not occur in it.

/// The parts of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Scheme and authority.
    pub(crate) origin: &'a str,
    /// Percent-encoding kept, dot segments resolved.
    pub(crate) path: &'a str,
    /// The query without its question mark; empty if there is none.
    pub(crate) query: &'a str,
}

impl<'a> Target<'a> {
    /// Cuts the URL.
    #[must_use]
    pub(crate) fn of(url: &'a str) -> Self {
        let host = url.find("://").map_or(0, |scheme| scheme.saturating_add(3));
        let path = url.get(host..).and_then(|rest| rest.find('/'));
        let path = path.map_or(url.len(), |path| host.saturating_add(path));
        let (origin, target) = url.split_at_checked(path).unwrap_or((url, ""));
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            origin,
            path,
            query,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    proptest! {
        #[test]
        fn as_a_parser_of_urls_has_it(
            host in "[a-z]{1,8}(:[0-9]{1,4})?",
            rest in "(/[ -~]{0,12}){0,4}",
        ) {
            let Ok(url) = Url::parse(&format!("http://{host}{rest}")) else {
                return Ok(());
            };
            let target = Target::of(url.as_str());
            prop_assert_eq!(target.origin, url.origin().ascii_serialization());
            prop_assert_eq!(target.path, url.path());
            prop_assert_eq!(target.query, url.query().unwrap_or_default());
        }
    }

    #[test]
    fn any_text_has_parts() {
        for text in [
            "", "/", "?", "#", "://", "http://", "http://h", "a?b#c", "é://é",
        ] {
            let target = Target::of(text);
            assert!(text.starts_with(target.origin), "{text}");
        }
    }
}
