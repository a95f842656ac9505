//! A small client for the REST API, and for raw requests to Git's paths.

use serde_json::{Value, json};
use ureq::Body;
use ureq::http::{HeaderMap, Method, Request, Response};

/// A server and the credentials to talk to it with.
#[derive(Debug, Clone)]
pub struct Rest {
    agent: ureq::Agent,
    base: String,
    bearer: Option<String>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A repository on the server, as its creator got it.
#[derive(Debug, Clone)]
pub struct Hosted {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where Git finds it, without credentials.
    pub remote: String,
    /// A token that may fetch and push.
    pub token: String,
}

/// A token, as its maker got it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its name in lists and revocations.
    pub id: String,
    /// The text that its holder shows.
    pub plaintext: String,
}

impl Rest {
    /// A client of the server at `base` (`http://127.0.0.1:8787`, say) with a bearer token.
    pub fn new(base: &str, bearer: Option<&str>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            // Tests look at a redirect as at any answer.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self {
            agent: agent.into(),
            base: base.to_owned(),
            bearer: bearer.map(str::to_owned),
        }
    }

    /// The same server with other credentials.
    pub fn with_bearer(&self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same server without credentials.
    pub fn anonymous(&self) -> Self {
        Self {
            bearer: None,
            ..self.clone()
        }
    }

    /// `GET path`; as everywhere here, `path` begins with a slash.
    pub fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], b"")
    }

    /// `HEAD path`.
    pub fn head(&self, path: &str) -> Answer {
        self.send(Method::HEAD, path, &[], b"")
    }

    /// `POST path` with JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &JSON, body.to_string().as_bytes())
    }

    /// `PATCH path` with JSON.
    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, &JSON, body.to_string().as_bytes())
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], b"")
    }

    /// Any request. To REST a body goes as JSON, unless `headers` say otherwise.
    pub fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_send(method, path, headers, body)
            .expect("the server answers, and its answer comes whole")
    }

    /// The same of a server that may be killed meanwhile: fails if no whole answer comes.
    pub fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let (head, body) = self.try_open(method, path, headers, body)?.into_parts();
        let body = body.into_with_config().limit(u64::MAX).read_to_vec()?;
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }

    /// The same, with the body of the answer still to be read.
    pub fn try_open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(token) = &self.bearer {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let is_json = path.starts_with("/api/")
            && !body.is_empty()
            && !headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if is_json {
            request = request.header(JSON[0].0, JSON[0].1);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(body)
            .expect("the test wrote a well-formed request");
        match body {
            [] => self.agent.run(request.map(|_| ())),
            _ => self.agent.run(request),
        }
    }

    /// Creates a repository, with defaults for all but its name.
    pub fn create_repository(&self, namespace: &str, name: &str) -> Hosted {
        self.create_repository_with(namespace, &json!({ "name": name }))
    }

    /// Creates a repository from a whole request body.
    pub fn create_repository_with(&self, namespace: &str, body: &Value) -> Hosted {
        let answer = self.post(&format!("/api/v1/namespaces/{namespace}/repos"), body);
        Hosted::made(namespace, &answer)
    }

    /// The names of a namespace's repositories, as the list with this query has them.
    pub fn repository_names(&self, namespace: &str, query: &str) -> Vec<String> {
        let path = format!("/api/v1/namespaces/{namespace}/repos?{query}");
        let listed = self.get(&path).result(200);
        let repositories = listed.as_array().expect("a list").iter();
        repositories.map(|one| text(one, "name")).collect()
    }

    /// Makes a token of a namespace, or of one of its repositories, from a whole request body.
    pub fn make_token(&self, namespace: &str, body: &Value) -> Token {
        let path = format!("/api/v1/namespaces/{namespace}/tokens");
        let result = self.post(&path, body).result(201);
        Token {
            id: text(&result, "id"),
            plaintext: text(&result, "plaintext"),
        }
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }

    /// The `result` of a successful answer with this status.
    pub fn result(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let mut envelope = self.json();
        assert_eq!(envelope["success"], true, "{envelope}");
        envelope["result"].take()
    }

    /// The code of the first error in an answer with this status.
    pub fn error_code(&self, status: u16) -> u64 {
        assert_eq!(self.status, status, "{}", self.text());
        let envelope = self.json();
        assert_eq!(envelope["success"], false, "{envelope}");
        envelope["errors"][0]["code"]
            .as_u64()
            .unwrap_or_else(|| panic!("no code: {envelope}"))
    }

    /// A header's value, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap_or(""))
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Hosted {
    /// The repository of a namespace that this answer tells of: it was created, forked, imported or
    /// recovered.
    pub fn made(namespace: &str, answer: &Answer) -> Self {
        let result = answer.result(201);
        Self {
            namespace: namespace.to_owned(),
            name: text(&result, "name"),
            remote: text(&result, "remote"),
            token: text(&result, "token"),
        }
    }

    /// The remote with this repository's token as the password.
    pub fn url(&self) -> String {
        self.url_with(&self.token)
    }

    /// The remote with another token as the password.
    pub fn url_with(&self, token: &str) -> String {
        // The `?expires=` after an older token would need escaping in a URL.
        let token = token.split('?').next().unwrap_or(token);
        self.remote.replacen("://", &format!("://x:{token}@"), 1)
    }

    /// The path of the repository's REST routes, with `rest` after it (`/refs`, or nothing).
    pub fn path(&self, rest: &str) -> String {
        format!(
            "/api/v1/namespaces/{}/repos/{}{rest}",
            self.namespace, self.name
        )
    }

    /// The path of one of the repository's routes for Git, such as `info/refs`.
    pub fn git_path(&self, rest: &str) -> String {
        format!("/git/{}/{}.git/{rest}", self.namespace, self.name)
    }
}

fn text(result: &Value, field: &str) -> String {
    let value = result[field].as_str();
    value
        .unwrap_or_else(|| panic!("no {field} in {result}"))
        .to_owned()
}

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];
