//! A GitHub of the tests: real git's server, which accepts only tokens that its REST API makes for
//! installations of an app. Node's cryptography verifies the app's proof.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::package_root;
use crate::support::remote::{Remote, Rules};

/// The app's id.
pub const APP_ID: &str = "12345";

/// The app's only installation.
pub const INSTALLATION: u64 = 77;

/// The app's key.
pub struct AppKey {
    pub pkcs1: String,
    pub pkcs8: String,
    public: String,
}

impl AppKey {
    pub fn make() -> Self {
        let made = node(&["make"]).expect("Node makes a key");
        let pem = |name: &str| made[name].as_str().expect("it is PEM").to_owned();
        Self {
            pkcs1: pem("pkcs1"),
            pkcs8: pem("pkcs8"),
            public: pem("public"),
        }
    }
}

fn node(arguments: &[&str]) -> Option<Value> {
    let root = package_root();
    let ran = Command::new(root.join("scripts/node"))
        .arg(root.join("tests/smart_http_mirror_credentials/github_app.mjs"))
        .args(arguments)
        .output()
        .expect("bash is installed");
    let printed = ran.status.success().then_some(ran.stdout)?;
    Some(serde_json::from_slice(&printed).expect("it prints JSON"))
}

/// A token that GitHub made, and the request for it.
#[derive(Debug, Clone)]
pub struct Made {
    pub token: String,
    pub body: Value,
}

struct State {
    made: Vec<Made>,
    /// Seconds that a new token lives.
    seconds: u64,
    /// The status that it answers in place of a token.
    refuses: Option<u16>,
}

/// A running GitHub.
pub struct Github {
    port: u16,
    shared: Arc<Shared>,
}

impl Github {
    /// Serves the repositories of `remote` under its own origin, and the API.
    pub fn serve(remote: Remote, key: &AppKey) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Mutex::new(State {
            made: Vec::new(),
            seconds: 3600,
            refuses: None,
        });
        let shared = Arc::new((remote, key.public.clone(), state));
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || drop(answer(connection, &shared)));
            }
        });
        let github = Self { port, shared };
        github.revoke();
        github
    }

    /// The server's origin, which also serves the API.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sets the seconds that new tokens live.
    pub fn set_seconds(&self, seconds: u64) {
        self.shared.2.lock().unwrap().seconds = seconds;
    }

    /// Refuses every request for a token with this status; `None` ends the refusals.
    pub fn refuse(&self, status: Option<u16>) {
        self.shared.2.lock().unwrap().refuses = status;
    }

    /// Revokes all tokens; only a new one opens anything.
    pub fn revoke(&self) {
        self.shared.0.set(Rules {
            credentials: Some("nobody:nothing".to_owned()),
            ..Rules::default()
        });
    }

    /// The tokens made so far.
    pub fn made(&self) -> Vec<Made> {
        self.shared.2.lock().unwrap().made.clone()
    }
}

type Shared = (Remote, String, Mutex<State>);

fn answer(connection: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut begin = [0; 10];
    while connection.peek(&mut begin)? < begin.len() {
        std::thread::yield_now();
    }
    if begin.starts_with(b"POST /app/") {
        return api(connection, shared);
    }
    // The server's git part handles everything else.
    let port = shared
        .0
        .url("")
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap()
        .parse();
    let mut to = TcpStream::connect(("127.0.0.1", port.expect("it has a port")))?;
    let (mut from, mut back) = (connection.try_clone()?, to.try_clone()?);
    std::thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Write));
    });
    let mut client = connection;
    drop(std::io::copy(&mut back, &mut client));
    client.shutdown(Shutdown::Both)
}

fn api(connection: TcpStream, (remote, public, state): &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut bearer, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => bearer = value.trim().replace("Bearer ", ""),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let claims = node(&["verify", public, &bearer]);
    let mut state = state.lock().unwrap();
    let expected = format!("/app/installations/{INSTALLATION}/access_tokens");
    let (status, said) = match claims {
        _ if state.refuses.is_some() => (state.refuses.unwrap(), json!({"message": "Suspended"})),
        None => (
            401,
            json!({"message": "A JSON web token could not be decoded"}),
        ),
        Some(claims) if !counts(&claims) => (401, json!({"message": "Bad credentials"})),
        Some(_) if target != expected => (404, json!({"message": "Not Found"})),
        Some(_) => {
            let token = format!("ghs_{}", state.made.len());
            let body = serde_json::from_slice(&body).unwrap();
            state.made.push(Made {
                token: token.clone(),
                body,
            });
            remote.set(Rules {
                credentials: Some(format!("x-access-token:{token}")),
                ..Rules::default()
            });
            let ends = now() + Duration::from_secs(state.seconds);
            (201, json!({"token": token, "expires_at": rfc_3339(ends)}))
        }
    };
    let said = said.to_string();
    let mut out = connection;
    write!(
        out,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{said}",
        said.len()
    )
}

/// Whether GitHub would accept the claims: the app's id, a beginning in the past, an end within ten
/// minutes.
fn counts(claims: &Value) -> bool {
    let now = now().as_secs();
    let of = |name: &str| claims[name].as_u64().unwrap_or_default();
    claims["iss"] == APP_ID && of("iat") <= now && (now..=now + 600).contains(&of("exp"))
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is later")
}

fn rfc_3339(time: Duration) -> String {
    let seconds = i64::try_from(time.as_secs()).expect("it is this century");
    let time = jiff::Timestamp::from_second(seconds).expect("it is this century");
    time.to_string()
}
