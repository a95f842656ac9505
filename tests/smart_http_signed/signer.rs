//! Issuers of signed tokens. Node's own cryptography makes the keys and signatures.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::support::package_root;

type Pipes = (ChildStdin, BufReader<ChildStdout>);

/// Asks the program that has the private keys.
#[expect(clippy::zombie_processes, reason = "it ends with the test process")]
fn ask(asked: &Value) -> Value {
    static PIPES: OnceLock<Mutex<Pipes>> = OnceLock::new();
    let pipes = PIPES.get_or_init(|| {
        let root = package_root();
        let mut node = Command::new(root.join("scripts/node"))
            .arg(root.join("tests/smart_http_signed/signer.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash is installed");
        let input = node.stdin.take().expect("it is piped");
        let output = node.stdout.take().expect("it is piped");
        Mutex::new((input, BufReader::new(output)))
    });
    let (input, output) = &mut *pipes.lock().expect("no test fails in here");
    writeln!(input, "{asked}").expect("it reads");
    let mut line = String::new();
    output.read_line(&mut line).expect("it answers");
    serde_json::from_str(&line).expect("it answers with JSON")
}

/// A key, by its name, and its public part.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) public: Value,
}

impl Key {
    /// Makes a key of the kind `ES256`, `RS256` or `EdDSA`.
    pub(crate) fn new(name: &str, kind: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            public: ask(&json!({ "make": name, "kind": kind })),
        }
    }

    /// The header of a token that it signs.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.kind, "kid": self.name, "typ": "JWT" })
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_text(&self.header().to_string(), &claims.to_string())
    }

    /// A token with a header and a payload of any text.
    pub(crate) fn sign_text(&self, header: &str, payload: &str) -> String {
        token(&json!({ "key": self.name, "header": header, "payload": payload }))
    }

    /// A token whose signature has the form that OpenSSL writes.
    pub(crate) fn sign_as_der(&self, claims: &Value) -> String {
        let (header, payload) = (self.header().to_string(), claims.to_string());
        token(&json!({ "key": self.name, "header": header, "payload": payload, "der": true }))
    }
}

/// A token by HMAC with SHA-256.
pub(crate) fn by_secret(secret: &str, header: &Value, claims: &Value) -> String {
    let (header, payload) = (header.to_string(), claims.to_string());
    token(&json!({ "secret": secret, "header": header, "payload": payload }))
}

fn token(asked: &Value) -> String {
    ask(asked).as_str().expect("a token").to_owned()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.expect("it is later").as_secs()).expect("it is not that late")
}

/// Claims with these changes; null takes a claim away.
pub(crate) fn with(claims: &Value, changes: &[(&str, Value)]) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().expect("claims are an object");
    for (name, value) in changes {
        match value {
            Value::Null => drop(members.remove(*name)),
            value => drop(members.insert((*name).to_owned(), value.clone())),
        }
    }
    claims
}
