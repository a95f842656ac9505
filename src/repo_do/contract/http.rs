//! The internal URLs and headers of a call to the object.

/// Scheme and host of internal URLs; only the path and the query mean something.
pub const ORIGIN: &str = "https://object";

/// Paths that the object serves.
pub mod path {
    /// How the paths of Git's smart HTTP begin.
    pub const GIT: &str = "/git/";
    /// The advertisement of either service; the query is the client's.
    pub const INFO_REFS: &str = "/git/info/refs";
    /// A fetch.
    pub const UPLOAD_PACK: &str = "/git/git-upload-pack";
    /// A push.
    pub const RECEIVE_PACK: &str = "/git/git-receive-pack";
    /// Everything as one file; the answer streams as a fetch's does.
    pub const BUNDLE: &str = "/bundle";
    /// Removes what no ref reaches.
    pub const PURGE: &str = "/purge";
    /// Makes the repository.
    pub const INIT: &str = "/init";
    /// Makes the repository of what another one has.
    pub const FORK: &str = "/fork";
    /// Gives what a fork takes over.
    pub const FORK_EXPORT: &str = "/fork/export";
    /// Makes the repository and begins to fill it from elsewhere.
    pub const IMPORT: &str = "/import";
    /// Makes the repository again of what R2 has.
    pub const RECOVER: &str = "/recover";
    /// The repository's settings and figures.
    pub const INFO: &str = "/info";
    /// Changes settings.
    pub const UPDATE: &str = "/update";
    /// Wipes the repository.
    pub const DELETE: &str = "/delete";
    /// Lists and makes tokens; `/tokens/<id>` is one token.
    pub const TOKENS: &str = "/tokens";
    /// Does now what the alarm would do in time.
    pub const MAINTENANCE: &str = "/maintenance";
    /// Live figures.
    pub const STATS: &str = "/stats";

    /// The path of one token.
    #[must_use]
    pub fn token(token_id: &str) -> String {
        format!("{TOKENS}/{token_id}")
    }

    /// The token that a path names, if it is one of [`token`]'s.
    #[must_use]
    pub fn token_id(path: &str) -> Option<&str> {
        let token_id = path.strip_prefix(TOKENS)?.strip_prefix('/')?;
        crate::repo_do::contract::public_id::is_public_id(token_id).then_some(token_id)
    }
}

/// Internal headers, written by the Worker.
pub mod header {
    /// Who asks: [`super::Actor`] in its text form.
    pub const ACTOR: &str = "x-cairn-actor";
    /// On a request that was turned away among too many of strangers, and that has a token which KV
    /// knows: it is counted with the owners' until the namespace says what it is.
    pub const KNOWN_TOKEN: &str = "x-cairn-known-token";
    /// `<namespace>/<repo>` as the client spelled it: for messages, and whose namespace is asked
    /// about tokens that the object does not know.
    pub const REPOSITORY: &str = "x-cairn-repository";
    /// Of a request without a credential: the address that it comes from, which shares memory among
    /// its requests.
    pub const ADDRESS: &str = "x-cairn-address";
    /// On the object's answer to a fetch: the R2 object whose bytes follow those of the body.
    pub const READY: &str = "x-cairn-ready";
    /// Beside [`READY`]: how many bytes the R2 object has.
    pub const READY_BYTES: &str = "x-cairn-ready-bytes";
    /// On every answer of an object's: what it took ([`super::Usage`] in its text form).
    pub const USAGE: &str = "x-cairn-usage";
    /// Ties the log lines of one request together, and is told to the client.
    pub const REQUEST_ID: &str = "x-cairn-request-id";
    /// On a request for content: only the head of the answer is wanted.
    pub const HEAD: &str = "x-cairn-head";
    /// On an answer with a blob's bytes: how many there are.
    pub const BODY_BYTES: &str = "x-cairn-body-bytes";
    /// The Git protocol version asked for; the client's own header, passed on.
    pub const GIT_PROTOCOL: &str = "git-protocol";
}

/// The headers of the client's that the Worker passes on with a git request, where present.
pub const FORWARDED_HEADERS: [&str; 3] =
    [header::GIT_PROTOCOL, "content-encoding", "content-length"];

/// Those of a request for content.
pub const CONDITION_HEADERS: [&str; 3] = ["if-none-match", "range", "if-range"];
