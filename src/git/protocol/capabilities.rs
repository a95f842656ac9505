//! Capabilities: <https://git-scm.com/docs/gitprotocol-capabilities>.
//!
//! In versions 0 and 1 they are one list of words behind a NUL; in version 2 each has a line. A
//! word is a name, or a name, `=` and a value.

use gix_object::bstr::ByteSlice;

/// Bytes of a client's agent or session id that are kept.
const TOKEN_BYTES_MAX: usize = 256;

/// The capabilities that this server offers; as in git, readers accept only those.
///
/// To switch a feature on, name it here, in the constant [`Offer::DEFAULT`]. Features that only
/// some deployments offer are in [`FetchExtensions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The server's name and version, such as `cairn/1.0`.
    pub agent: &'a str,
    /// An id of this session for both sides' logs; `None` offers no session ids.
    pub(crate) session_id: Option<&'a str>,
    /// Words of the upload-pack list, versions 0 and 1.
    pub upload_pack: &'a [&'a str],
    /// Words of the receive-pack list.
    pub receive_pack: &'a [&'a str],
    /// Features of the version 2 command `ls-refs`.
    pub(crate) ls_refs: &'a [&'a str],
    /// Features of the version 2 command `fetch`.
    pub fetch: &'a [&'a str],
    /// The other version 2 commands: `object-info`, `bundle-uri`.
    pub commands: &'a [&'a str],
}

impl Offer<'static> {
    /// The offer in production: git's own list, and the features that a setting of git's server
    /// adds and that a client has to ask for.
    pub const DEFAULT: Self = Self {
        agent: concat!("cairn/", env!("CARGO_PKG_VERSION")),
        session_id: None,
        upload_pack: &[
            "multi_ack",
            "thin-pack",
            "side-band",
            "side-band-64k",
            "ofs-delta",
            "shallow",
            "deepen-since",
            "deepen-not",
            "deepen-relative",
            "no-progress",
            "include-tag",
            "multi_ack_detailed",
            "allow-tip-sha1-in-want",
            "allow-reachable-sha1-in-want",
            "no-done",
            "filter",
        ],
        receive_pack: &[
            "report-status",
            "report-status-v2",
            "delete-refs",
            "side-band-64k",
            "quiet",
            "atomic",
            "ofs-delta",
            "push-options",
        ],
        ls_refs: &["unborn"],
        fetch: &["shallow", "wait-for-done", "filter"],
        commands: &["object-info", "bundle-uri"],
    };
}

impl Default for Offer<'static> {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Features of the version 2 command `fetch` that git's server offers only where its administrator
/// says so, and which git's client uses wherever it sees them.
///
/// With `ref-in-want` a clone fails when a ref changes between its two requests. `packfile-uris` is
/// answered with the whole pack, as the specification allows.
const EXTENSIONS: [&str; 3] = ["ref-in-want", "sideband-all", "packfile-uris"];

/// A word that names no extension of `fetch`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{word}' is no extension of fetch: there are ref-in-want, sideband-all, packfile-uris")]
pub struct UnknownExtension {
    /// The word.
    pub word: String,
}

/// Capabilities that a deployment offers for `fetch` beyond [`Offer::DEFAULT`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchExtensions {
    /// Everything that is offered for `fetch`.
    fetch: Vec<&'static str>,
}

impl Default for FetchExtensions {
    fn default() -> Self {
        Self {
            fetch: Offer::DEFAULT.fetch.to_vec(),
        }
    }
}

impl FetchExtensions {
    /// Reads a list between commas. Nothing is offered of a list that has a word too many.
    pub fn parse(list: &str) -> Result<Self, UnknownExtension> {
        let words = list.split(',').map(str::trim);
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        if let Some(word) = words.iter().find(|word| !EXTENSIONS.contains(word)) {
            return Err(UnknownExtension {
                word: (*word).to_owned(),
            });
        }
        let mut extensions = Self::default();
        let named = EXTENSIONS.iter().filter(|name| words.contains(name));
        extensions.fetch.extend(named);
        Ok(extensions)
    }

    /// Everything that the deployment offers.
    pub fn offer(&self) -> Offer<'_> {
        Offer {
            fetch: &self.fetch,
            ..Offer::DEFAULT
        }
    }
}

/// A list of capabilities as a client sent it: words between white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities<'a>(&'a [u8]);

impl<'a> Capabilities<'a> {
    /// The list in `text`; any bytes are a list.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// Names and values, in the order sent.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        self.0
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .map(split_word)
    }

    /// Whether the capability is in the list, with a value or without.
    pub(crate) fn has(self, name: &str) -> bool {
        self.iter().any(|(found, _)| found == name.as_bytes())
    }

    /// The capability's first value; empty when it stands without one.
    pub(crate) fn value(self, name: &str) -> Option<&'a [u8]> {
        let (_, value) = self.iter().find(|(found, _)| *found == name.as_bytes())?;
        Some(value.unwrap_or_default())
    }
}

/// A capability's name, and its value if it has one.
pub(crate) fn split_word(word: &[u8]) -> (&[u8], Option<&[u8]>) {
    match word.split_once_str("=") {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    }
}

/// An agent or a session id made safe for logs and for the wire: at most 256 bytes, and a dot for every byte
/// that is not printable ASCII, white space included. `None` when nothing is left.
pub(crate) fn sanitized(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    let value = value.get(..TOKEN_BYTES_MAX).unwrap_or(value);
    let shown = |&byte: &u8| {
        if byte.is_ascii_graphic() {
            char::from(byte)
        } else {
            '.'
        }
    };
    if value.is_empty() {
        None
    } else {
        Some(value.iter().map(shown).collect())
    }
}

/// The client's words about itself in every request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// Its name and version.
    pub agent: Option<String>,
    /// Its id of this session.
    pub(crate) session_id: Option<String>,
}

/// How the agents of clients begin that read deltas by distance and forget to say so in version 2.
const READS_OFS_DELTA: [&str; 1] = ["dulwich/"];

impl Client {
    /// Whether the client is known to read deltas that name their base by its distance, though its
    /// requests do not say so.
    pub(crate) fn reads_ofs_delta(&self) -> bool {
        let agent = self.agent.as_deref().unwrap_or_default();
        READS_OFS_DELTA.iter().any(|known| agent.starts_with(known))
    }

    /// Takes the client's words from a list of versions 0 and 1; a later list adds to it.
    pub fn note(&mut self, capabilities: Capabilities<'_>) {
        if let Some(agent) = capabilities.value("agent") {
            self.agent = sanitized(agent);
        }
        if let Some(session_id) = capabilities.value("session-id") {
            self.session_id = sanitized(session_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_words_between_white_space() {
        let list = Capabilities::new(b" report-status-v2  side-band-64k\tagent=git/2=3 empty=\n");
        assert!(list.has("report-status-v2"));
        assert!(!list.has("report-status"));
        assert!(!list.has("side-band"));
        assert_eq!(list.value("agent"), Some(&b"git/2=3"[..]));
        assert_eq!(list.value("empty"), Some(&b""[..]));
        assert_eq!(list.value("side-band-64k"), Some(&b""[..]));
        assert_eq!(list.value("absent"), None);
        assert_eq!(list.iter().count(), 4);
        assert_eq!(Capabilities::default().iter().count(), 0);
    }

    #[test]
    fn agents_are_made_printable_and_short() {
        assert_eq!(
            sanitized(b" git/2.47 (x)\x1b\xff\n").as_deref(),
            Some("git/2.47.(x)..")
        );
        assert_eq!(sanitized(b" \n"), None);
        assert_eq!(sanitized(&[b'a'; 1000]).unwrap().len(), TOKEN_BYTES_MAX);
        assert_eq!(
            sanitized(Offer::DEFAULT.agent.as_bytes()).as_deref(),
            Some(Offer::DEFAULT.agent)
        );
    }

    #[test]
    fn extensions_are_offered_where_they_are_named_and_nowhere_else() {
        let offered = |list: &str| FetchExtensions::parse(list).map(|parsed| parsed.fetch);
        let default = Offer::DEFAULT.fetch;
        assert_eq!(FetchExtensions::default().offer(), Offer::DEFAULT);
        assert_eq!(offered("").as_deref(), Ok(default));
        assert!(EXTENSIONS.iter().all(|name| !default.contains(name)));
        let every = [default, &EXTENSIONS].concat();
        assert_eq!(
            offered("packfile-uris, sideband-all,ref-in-want,").as_deref(),
            Ok(&every[..])
        );
        let some = [default, &["ref-in-want"]].concat();
        assert_eq!(offered("ref-in-want,ref-in-want").as_deref(), Ok(&some[..]));
        let word = "want-ref".to_owned();
        assert_eq!(
            offered("ref-in-want,want-ref"),
            Err(UnknownExtension { word })
        );
    }

    #[test]
    fn the_offer_fits_the_wire() {
        let offer = Offer::DEFAULT;
        for list in [
            offer.upload_pack,
            offer.receive_pack,
            offer.ls_refs,
            offer.fetch,
            offer.commands,
        ] {
            assert!(
                list.iter()
                    .all(|word| word.bytes().all(|byte| byte.is_ascii_graphic()))
            );
        }
    }
}
