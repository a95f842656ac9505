//! The internal URLs and headers of a call to the object.

/// Scheme and host of internal URLs; only the path and the query mean something.
pub(crate) const ORIGIN: &str = "https://object";

/// Paths that the object serves.
pub(crate) mod path {
    /// How the paths of Git's smart HTTP begin.
    pub(crate) const GIT: &str = "/git/";
    /// The advertisement of either service; the query is the client's.
    pub(crate) const INFO_REFS: &str = "/git/info/refs";
    /// A fetch.
    pub(crate) const UPLOAD_PACK: &str = "/git/git-upload-pack";
    /// A push.
    pub(crate) const RECEIVE_PACK: &str = "/git/git-receive-pack";
    /// The bundle that is kept in R2, as a list of Git's; `/git/bundles/<time>` is one bundle.
    pub(crate) const BUNDLES: &str = "/git/bundles";
    /// Everything as one file; the answer streams as a fetch's does.
    pub(crate) const BUNDLE: &str = "/bundle";
    /// Removes the objects that no ref reaches.
    pub(crate) const PURGE: &str = "/purge";
    /// Makes the repository.
    pub(crate) const INIT: &str = "/init";
    /// Makes the repository from another one.
    pub(crate) const FORK: &str = "/fork";
    /// Gives the rows that a fork takes over.
    pub(crate) const FORK_EXPORT: &str = "/fork/export";
    /// Makes the repository and begins to fill it from elsewhere.
    pub(crate) const IMPORT: &str = "/import";
    /// Makes the repository again from R2.
    pub(crate) const RECOVER: &str = "/recover";
    /// The repository's settings and figures.
    pub(crate) const INFO: &str = "/info";
    /// Changes settings.
    pub(crate) const UPDATE: &str = "/update";
    /// Takes over the namespace's policies for all its repositories.
    pub(crate) const STANDING: &str = "/standing";
    /// Gives the repository another name.
    pub(crate) const RENAME: &str = "/rename";
    /// Deletes the repository.
    pub(crate) const DELETE: &str = "/delete";
    /// Restores a repository that was deleted.
    pub(crate) const KEPT_RESTORE: &str = "/kept/restore";
    /// Purges a repository that was deleted.
    pub(crate) const KEPT_PURGE: &str = "/kept/purge";
    /// Lists and makes tokens; `/tokens/<id>` is one token.
    pub(crate) const TOKENS: &str = "/tokens";
    /// Does the alarm's work now.
    pub(crate) const MAINTENANCE: &str = "/maintenance";
    /// The feed of events; the query is the client's. A namespace's object serves it too.
    pub(crate) const EVENTS: &str = "/events";
    /// Tells the object of a name to pass requests on to another one.
    pub(crate) const FORWARD: &str = "/forward";
    /// Live figures.
    pub(crate) const STATS: &str = "/stats";
    /// The repository that this one follows.
    pub(crate) const UPSTREAM: &str = "/upstream";
    /// A sync with it, asked for.
    pub(crate) const UPSTREAM_SYNC: &str = "/upstream/sync";
    /// Syncs with it.
    pub(crate) const UPSTREAM_SYNCS: &str = "/upstream/syncs";
    /// Its webhook.
    pub(crate) const UPSTREAM_HOOK: &str = "/upstream/hook";

    /// The path of one bundle, by the time at which it was made.
    #[must_use]
    pub(crate) fn bundle(made_at: i64) -> String {
        format!("{BUNDLES}/{made_at}")
    }

    /// The bundle that a path names, if it is one of [`bundle`]'s.
    #[must_use]
    pub(crate) fn bundle_made_at(path: &str) -> Option<i64> {
        path.strip_prefix(BUNDLES)?.strip_prefix('/')?.parse().ok()
    }

    /// The path of one token.
    #[must_use]
    pub(crate) fn token(token_id: &str) -> String {
        format!("{TOKENS}/{token_id}")
    }

    /// The token that a path names, if it is one of [`token`]'s.
    #[must_use]
    pub(crate) fn token_id(path: &str) -> Option<&str> {
        let token_id = path.strip_prefix(TOKENS)?.strip_prefix('/')?;
        crate::repo_do::contract::public_id::is_public_id(token_id).then_some(token_id)
    }
}

/// Internal headers, written by the Worker.
pub(crate) mod header {
    /// The caller: [`super::Actor`] in its text form.
    pub(crate) const ACTOR: &str = "x-cairn-actor";
    /// Beside a token as [`ACTOR`], where that is a signed one: the claims that the Worker found good
    /// ([`super::Signed`] in its text form).
    pub(crate) const SIGNED: &str = "x-cairn-signed";
    /// On a request that was turned away among too many of strangers, and that has a token which KV
    /// knows: it is counted with the owners' until the namespace has judged it.
    pub(crate) const KNOWN_TOKEN: &str = "x-cairn-known-token";
    /// Beside the operator as [`ACTOR`], on requests that the Worker sends for an administrator of the
    /// namespace: the owner of that token, for the event ([`super::Behalf`] in its text form).
    pub(crate) const BEHALF: &str = "x-cairn-behalf";
    /// `<namespace>/<repo>` as the client spelled it: for messages, and whose namespace is asked
    /// about tokens that the object does not know.
    pub(crate) const REPOSITORY: &str = "x-cairn-repository";
    /// On a request that the object of the name, or another one that knows the way, passes on to the object
    /// that has the repository: [`super::Forwarding`] in its text form.
    pub(crate) const FORWARDED: &str = "x-cairn-forwarded";
    /// The address that a request comes from, where it is known: requests without a credential share
    /// memory by it, and the audit log names it.
    pub(crate) const ADDRESS: &str = "x-cairn-address";
    /// On the object's answer to a fetch: the R2 object whose bytes follow those of the body.
    pub(crate) const READY: &str = "x-cairn-ready";
    /// Beside [`READY`]: how many bytes the R2 object has.
    pub(crate) const READY_BYTES: &str = "x-cairn-ready-bytes";
    /// On every answer of an object: its usage ([`super::Usage`] in its text form).
    pub(crate) const USAGE: &str = "x-cairn-usage";
    /// Ties the log lines of one request together, and goes to the client.
    pub(crate) const REQUEST_ID: &str = "x-cairn-request-id";
    /// On a write with an `Idempotency-Key`: SHA-256 of the caller's credential and that key, in hex.
    pub(crate) const ONCE: &str = "x-cairn-once";
    /// On a merge whose body names another repository: that name as the client spelled it, or
    /// [`ABSENT`] where nobody has taken the name, so that no object is woken for it. Without this header the
    /// request has no such name.
    pub(crate) const OTHER: &str = "x-cairn-other";
    /// Stands in [`OTHER`]; no name of a repository is without a slash.
    pub(crate) const ABSENT: &str = "absent";
    /// On an answer that was given before; the client gets it too.
    pub(crate) const REPLAYED: &str = "idempotent-replayed";
    /// On a request for content: only the head of the answer is wanted.
    pub(crate) const HEAD: &str = "x-cairn-head";
    /// On a request for content: the answer is wanted in the form of Cloudflare Artifacts' API.
    pub(crate) const ARTIFACTS: &str = "x-cairn-artifacts";
    /// On an answer with a page of a list: the cursor of the next page, empty at the end. The Worker makes
    /// a `Link` of it.
    pub(crate) const NEXT: &str = "x-cairn-next";
    /// On an answer with a blob's bytes, and on a message to a namespace: how many there are.
    pub(crate) const BODY_BYTES: &str = "x-cairn-body-bytes";
    /// On an answer with the bytes of a large file: the R2 object that has them.
    pub(crate) const R2_KEY: &str = "x-cairn-r2-key";
    /// Beside [`R2_KEY`]: the first byte that the client gets. [`BODY_BYTES`] says how many follow.
    pub(crate) const R2_START: &str = "x-cairn-r2-start";
    /// On a fetch: the repository's URL as the client may reach it.
    pub(crate) const REMOTE: &str = "x-cairn-remote";
    /// On a request that makes a repository: where the platform is to make the object that gets it
    /// ([`super::LocationHint`]).
    pub(crate) const LOCATION: &str = "x-cairn-location";
    /// The Git protocol version asked for; the client's own header, passed on.
    pub(crate) const GIT_PROTOCOL: &str = "git-protocol";
}

/// The headers of the client's that the Worker passes on with a git request, where present.
pub(crate) const FORWARDED_HEADERS: [&str; 3] =
    [header::GIT_PROTOCOL, "content-encoding", "content-length"];

/// Those of a request for content.
pub(crate) const CONDITION_HEADERS: [&str; 3] = ["if-none-match", "range", "if-range"];

/// Those of a request for events.
pub(crate) const EVENT_HEADERS: [&str; 2] = ["accept", "last-event-id"];
