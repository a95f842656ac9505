//! The fork network as a repository's object sees it: their messages, over `fetch`.
//!
//! One object a network (binding `NETWORK`, named by the id of the network's first repository)
//! keeps the one account of which repository names which pack or object of Git LFS in R2. It removes
//! objects that no repository names.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /take` | [`Keys`] | nothing; 503 while one of them is being removed |
//! | `POST /share` | [`Keys`] | the same; 503 as well when nobody names one of them |
//! | `POST /release` | [`Keys`] | nothing |
//! | `POST /purge` | [`Keys`] | [`Holders`]; the keys are released, and what nobody names is removed at once |
//! | `POST /leave` | [`Keys`] without keys | nothing; whatever the repository names is released |
//! | `POST /shared` | [`Keys`] | [`Keys`]: those that others name as well |
//! | `POST /unnamed` | [`Keys`] | [`Keys`]: those that nobody names, nor is about to remove |
//! | `POST /unheld` | [`Keys`] | [`Keys`]: those that the repository itself does not name |
//! | `GET /held?repository_id=…&after=…` | | [`Keys`]: those that the repository names, in pages |
//!
//! Every request may be sent again. Order: a key is taken before its object is written or shared,
//! and released after the last row that names it is gone. Two messages may change places on their
//! way. So a release says when it was decided, and a taking of a key that may come back (an object of
//! Git LFS) when it was made: the later one counts.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use worker::{Env, Method, Request, RequestInit, Response};

use crate::repo_do::contract::{ErrorCode, ErrorReply, Holder, ORIGIN};
use crate::storage::network::store::{NetworkMember, Purpose};
use crate::storage::repository::copies::Release;
use crate::storage::repository::store::RepositoryRecord;

/// The binding of the networks' objects.
const NETWORKS: &str = "NETWORK";

/// Paths that the object serves.
pub(crate) mod path {
    /// Takes keys of objects about to be written.
    pub(crate) const TAKE: &str = "/take";
    /// Takes keys of objects that another repository wrote.
    pub(crate) const SHARE: &str = "/share";
    /// Gives keys back.
    pub(crate) const RELEASE: &str = "/release";
    /// Gives keys back, and removes at once the objects that nobody names.
    pub(crate) const PURGE: &str = "/purge";
    /// Gives everything back, for good.
    pub(crate) const LEAVE: &str = "/leave";
    /// Which keys others name.
    pub(crate) const SHARED: &str = "/shared";
    /// Which keys nobody names.
    pub(crate) const UNNAMED: &str = "/unnamed";
    /// Which keys the repository itself does not name.
    pub(crate) const UNHELD: &str = "/unheld";
    /// Lists the keys that a repository names.
    pub(crate) const HELD: &str = "/held";
}

/// Keys in one answer of `GET /held` at most.
pub(crate) const HELD_MAX: u32 = 1000;

/// The question of `GET /held`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeldQuery {
    /// The repository.
    pub(crate) repository_id: String,
    /// The last key of the answer before.
    #[serde(default)]
    pub(crate) after: String,
}

/// A repository and keys of R2 objects.
#[expect(clippy::struct_field_names, reason = "the keys are what it is about")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// The repository.
    #[serde(default)]
    pub(crate) repository_id: String,
    /// The keys.
    #[serde(default)]
    pub(crate) keys: Vec<String>,
    /// For each key, in unix milliseconds by the repository's clock: when it was taken, or when it was
    /// decided to release it. Empty: it can be released at any time, or is released in any case.
    #[serde(default)]
    pub(crate) at: Vec<i64>,
    /// The repository's namespace and name, as shown.
    #[serde(default)]
    pub(crate) path: Option<(String, String)>,
}

/// Repositories of the network that may still hold objects that another one removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holders {
    /// Each once.
    pub(crate) holders: Vec<Holder>,
}

impl From<NetworkMember> for Holder {
    fn from(member: NetworkMember) -> Self {
        let NetworkMember {
            repository_id,
            namespace,
            name,
        } = member;
        Self {
            repository_id,
            path: Some((namespace, name)).filter(|path| !path.1.is_empty()),
        }
    }
}

/// A repository in its network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'a> {
    /// The bindings.
    pub(crate) env: &'a Env,
    /// The id of the network's first repository.
    pub(crate) network_id: &'a str,
    /// The repository.
    pub(crate) repository_id: &'a str,
    /// Its namespace and name, as shown.
    pub(crate) path: (&'a str, &'a str),
}

impl<'a> Member<'a> {
    /// The repository of this record.
    pub(crate) fn of(env: &'a Env, record: &'a RepositoryRecord) -> Self {
        Self {
            env,
            network_id: record.network(),
            repository_id: &record.id,
            path: (&record.namespace, &record.name),
        }
    }
}

impl Member<'_> {
    /// Takes keys of objects that the repository is about to write.
    pub(crate) async fn take(&self, keys: Vec<String>) -> Result<(), ErrorReply> {
        self.post(path::TAKE, keys, Vec::new()).await
    }

    /// Takes keys of objects that another repository of the network names.
    pub(crate) async fn share(&self, keys: Vec<String>) -> Result<(), ErrorReply> {
        self.post(path::SHARE, keys, Vec::new()).await
    }

    /// Takes keys that may have been given up before; `taken_at` is later than that.
    pub(crate) async fn take_at(
        &self,
        purpose: Purpose,
        keys: Vec<String>,
        taken_at: i64,
    ) -> Result<(), ErrorReply> {
        let path = match purpose {
            Purpose::Write => path::TAKE,
            Purpose::Share => path::SHARE,
        };
        let at = vec![taken_at; keys.len()];
        self.post(path, keys, at).await
    }

    /// Gives keys back.
    pub(crate) async fn release(&self, releases: Vec<Release>) -> Result<(), ErrorReply> {
        let (keys, at) = split(releases);
        self.post(path::RELEASE, keys, at).await
    }

    /// Gives keys back, and removes at once every object that nobody names. Gives the repositories that may
    /// still hold this one's objects.
    pub(crate) async fn purge(&self, releases: Vec<Release>) -> Result<Vec<Holder>, ErrorReply> {
        let (keys, at) = split(releases);
        let mut response = self.send(path::PURGE, Method::Post, keys, at).await?;
        let answer: Holders = response.json().await.map_err(|error| failed(&error))?;
        Ok(answer.holders)
    }

    /// Gives everything back; nothing can be taken from then on.
    pub(crate) async fn leave(&self) -> Result<(), ErrorReply> {
        self.post(path::LEAVE, Vec::new(), Vec::new()).await
    }

    /// Which of these keys other repositories name as well.
    pub(crate) async fn shared(&self, keys: Vec<String>) -> Result<Vec<String>, ErrorReply> {
        self.ask(path::SHARED, Method::Post, keys).await
    }

    /// Which of these keys nobody names, nor is about to remove.
    pub(crate) async fn unnamed(&self, keys: Vec<String>) -> Result<Vec<String>, ErrorReply> {
        self.ask(path::UNNAMED, Method::Post, keys).await
    }

    /// Which of these keys the repository itself does not name.
    pub(crate) async fn unheld(&self, keys: Vec<String>) -> Result<Vec<String>, ErrorReply> {
        self.ask(path::UNHELD, Method::Post, keys).await
    }

    /// Some of the keys that the repository names, in order: those after this one; none after the last.
    pub(crate) async fn held(&self, after: &str) -> Result<Vec<String>, ErrorReply> {
        let id = self.repository_id;
        // Keys have no character that a query would have to escape.
        let path = format!("{}?repository_id={id}&after={after}", path::HELD);
        self.ask(&path, Method::Get, Vec::new()).await
    }

    async fn post(&self, path: &str, keys: Vec<String>, at: Vec<i64>) -> Result<(), ErrorReply> {
        self.send(path, Method::Post, keys, at).await.map(drop)
    }

    async fn ask(
        &self,
        path: &str,
        method: Method,
        keys: Vec<String>,
    ) -> Result<Vec<String>, ErrorReply> {
        let mut response = self.send(path, method, keys, Vec::new()).await?;
        let answer: Keys = response.json().await.map_err(|error| failed(&error))?;
        Ok(answer.keys)
    }

    /// Boxed, since many await it.
    fn send(
        &self,
        path: &str,
        method: Method,
        keys: Vec<String>,
        at: Vec<i64>,
    ) -> LocalBoxFuture<'_, Result<Response, ErrorReply>> {
        let path = format!("{ORIGIN}{path}");
        let sent = async move {
            let mut response = self
                .try_send(&path, method, keys, at)
                .await
                .map_err(|error| failed(&error))?;
            if response.status_code() == 200 {
                return Ok(response);
            }
            Err(match response.json().await {
                Ok(refusal) => refusal,
                Err(error) => failed(&error),
            })
        };
        sent.boxed_local()
    }

    async fn try_send(
        &self,
        url: &str,
        method: Method,
        keys: Vec<String>,
        at: Vec<i64>,
    ) -> worker::Result<Response> {
        let mut init = RequestInit::new();
        if method == Method::Post {
            let body = serde_json::to_string(&Keys {
                repository_id: self.repository_id.to_owned(),
                keys,
                at,
                path: Some((self.path.0.to_owned(), self.path.1.to_owned())),
            })?;
            init.with_body(Some(body.into()));
        }
        init.with_method(method);
        let request = Request::new_with_init(url, &init)?;
        let networks = self.env.durable_object(NETWORKS)?;
        let network = networks.get_by_name(self.network_id)?;
        network.fetch_with_request(request).await
    }
}

fn split(releases: Vec<Release>) -> (Vec<String>, Vec<i64>) {
    releases
        .into_iter()
        .map(|release| (release.r2_key, release.not_before))
        .unzip()
}

/// The network's object could not be asked, or its answer not be read.
fn failed(error: &worker::Error) -> ErrorReply {
    ErrorReply::new(
        ErrorCode::UpstreamUnavailable,
        "the account of shared packs did not answer",
    )
    .caused_by("network", error)
}
