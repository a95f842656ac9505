//! The state of one request, for every step of it.

use std::cell::{Cell, OnceCell, RefCell};

use worker::{Env, Headers, Response};

use super::artifacts;
use super::credentials::{self, Identity, identify};
use super::envelope;
use super::namespace::once::{Purpose, Seed};
use super::public_url::{self, PUBLIC_URL};
use super::random;
use super::reply::Reply;
use super::request_log::Costs;
use super::session::held::Session;
use crate::repo_do::contract::{Asker, Behalf, ErrorReply, Signed};
use crate::storage::{fault_log, jurisdiction};

/// The secret that holds the operator's key.
const OPERATOR_KEY: &str = "CAIRN_ADMIN_KEY";

/// The secret that holds the previous key, which is accepted too while the operator replaces it.
const PREVIOUS_KEY: &str = "CAIRN_ADMIN_KEY_PREVIOUS";

/// One request being answered.
pub(crate) struct Visit {
    /// The bindings.
    pub(crate) env: Env,
    /// When it came, in milliseconds since 1970.
    pub(crate) now_ms: i64,
    /// Ties its log lines together.
    pub(crate) request_id: String,
    /// The address of the client as Cloudflare saw it; empty elsewhere.
    pub(crate) address: String,
    /// Scheme and authority that the client used.
    pub(crate) origin: String,
    /// Whether a page of an origin that the operator lists sends it.
    pub(crate) is_listed_page: bool,
    /// Whether the path is one of Cloudflare Artifacts': answers have the forms that its API has.
    pub(crate) is_artifacts: bool,
    /// The beginning of links.
    public_url: OnceCell<String>,
    /// The identity of the caller.
    pub(crate) identity: Identity,
    /// Whether a browser adds the credential by itself.
    pub(crate) is_ambient: bool,
    /// The session that stands for the credential.
    pub(crate) session: Option<Session>,
    /// A credential that has the form of a signed token, until it is verified.
    pub(crate) unverified: Option<String>,
    /// The signed token, once it is verified. Its hash is then the identity.
    pub(crate) signed: Option<Signed>,
    /// The owner of the token that administers the namespace, once it is known.
    pub(crate) behalf: RefCell<Option<Behalf>>,
    /// Whether any namespace may be kept in a jurisdiction.
    offers_jurisdictions: OnceCell<bool>,
    /// The objects' usage for this request.
    pub(crate) costs: Costs,
    /// The seed that replaces randomness when the request must take effect once.
    pub(crate) seed: Cell<Option<Seed>>,
}

impl Visit {
    /// Reads the caller's identity; it does not keep the operator's key.
    #[must_use]
    pub(crate) fn new(
        env: Env,
        now_ms: i64,
        request_id: String,
        origin: String,
        authorization: Option<&str>,
    ) -> Self {
        let mut visit = Self {
            env,
            now_ms,
            request_id,
            address: String::new(),
            origin,
            is_listed_page: false,
            is_artifacts: false,
            public_url: OnceCell::new(),
            identity: Identity::Anonymous,
            is_ambient: false,
            session: None,
            unverified: None,
            signed: None,
            behalf: RefCell::default(),
            offers_jurisdictions: OnceCell::new(),
            costs: Costs::default(),
            seed: Cell::default(),
        };
        visit.believe(authorization);
        visit
    }

    /// Reads an `Authorization` header, or the credential in its place.
    pub(crate) fn believe(&mut self, authorization: Option<&str>) {
        let secret = |name| self.env.secret(name).ok().map(|key| key.to_string());
        let key = secret(OPERATOR_KEY);
        let previous = key.as_ref().and_then(|_| secret(PREVIOUS_KEY));
        self.identity = identify(authorization, &[key.as_deref(), previous.as_deref()]);
        self.unverified = match self.identity {
            Identity::Unrecognised => credentials::signed(authorization),
            _ => None,
        };
        if self.identity == Identity::Operator {
            self.costs.note_asker(Asker::Operator);
        }
    }

    /// Forgets the credential: the request is a stranger's.
    pub(crate) fn forget_credential(&mut self) {
        self.identity = Identity::Anonymous;
        (self.unverified, self.signed) = (None, None);
        self.behalf.take();
        self.costs.note_stranger();
    }

    /// Whether any namespace of the deployment may be kept in a jurisdiction.
    pub(crate) fn offers_jurisdictions(&self) -> bool {
        let offers = || jurisdiction::any_is_offered(&self.env);
        *self.offers_jurisdictions.get_or_init(offers)
    }

    /// Bytes for an id or a token: random ones, unless the request must take effect once.
    pub(crate) fn entropy<const N: usize>(&self, purpose: Purpose) -> Result<[u8; N], ErrorReply> {
        match self.seed.get() {
            Some(seed) => Ok(seed.bytes(purpose)),
            None => random::bytes(),
        }
    }

    /// Git URL of a repository, with its names as shown.
    #[must_use]
    pub(crate) fn remote(&self, namespace: &str, name: &str) -> String {
        format!("{}/git/{namespace}/{name}.git", self.public_url())
    }

    /// A token that was just made, as the caller gets it.
    #[must_use]
    pub(crate) fn shown_token(&self, plaintext: String, expires_at_ms: i64) -> String {
        if self.is_artifacts {
            return artifacts::token(&plaintext, expires_at_ms);
        }
        plaintext
    }

    /// The beginning of links: the operator's setting, or else the origin that the client used.
    pub(crate) fn public_url(&self) -> &str {
        self.public_url.get_or_init(|| {
            let set = self.env.var(PUBLIC_URL).ok().map(|url| url.to_string());
            let public = set
                .filter(|url| !url.is_empty())
                .map(|url| public_url::parse(&url));
            match public {
                Some(Ok(url)) => url,
                Some(Err(error)) => {
                    fault_log::error("configuration", &error);
                    self.origin.clone()
                }
                None => self.origin.clone(),
            }
        })
    }
}

/// The headers that every answer of REST has.
pub(crate) fn rest_headers() -> worker::Result<Headers> {
    let headers = Headers::new();
    for (name, value) in envelope::HEADERS {
        headers.set(name, value)?;
    }
    Ok(headers)
}

/// A reply as the platform's response.
pub(crate) fn respond(reply: Reply) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in reply.headers {
        headers.append(name, &value)?;
    }
    let builder = Response::builder()
        .with_status(reply.status)
        .with_headers(headers);
    Ok(if reply.body.is_empty() {
        builder.empty()
    } else {
        builder.fixed(reply.body.into_bytes())
    })
}
