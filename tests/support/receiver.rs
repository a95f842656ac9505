//! A receiver of webhooks, in the test process: it keeps what comes, and answers as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::wait;

/// How long a receiver waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer of the receiver.
#[derive(Debug, Clone)]
pub enum Says {
    /// A status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Nothing, and the connection stays open as long as the client wants.
    Hang,
    /// Nothing, and the connection ends.
    HangUp,
}

impl Says {
    /// A bare status.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When all of it was there.
    pub at: Instant,
    /// Method and path.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, to the byte.
    pub body: Vec<u8>,
    /// The status that it was answered with; 0 without an answer.
    pub answered: u16,
}

type Rule = dyn FnMut(&Received) -> Says + Send;

/// A running receiver. It ends with the test process.
pub struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    rule: Arc<Mutex<Box<Rule>>>,
}

impl Receiver {
    /// Starts one that takes everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let all = |_: &Received| Says::status(204);
        let receiver = Self {
            port,
            received: Arc::default(),
            rule: Arc::new(Mutex::new(Box::new(all))),
        };
        let (log, rule) = (Arc::clone(&receiver.received), Arc::clone(&receiver.rule));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (log, rule) = (Arc::clone(&log), Arc::clone(&rule));
                std::thread::spawn(move || serve(connection, &log, &rule));
            }
        });
        receiver
    }

    /// From now on answers so.
    pub fn answers(&self, rule: impl FnMut(&Received) -> Says + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// Its URL, with a path of one's own behind it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What has come so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What has come, once there are so many.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        wait::until(&format!("{count} deliveries"), PATIENCE, || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
    }

    /// What was taken, as JSON, once there are so many.
    pub fn taken(&self, count: usize) -> Vec<Value> {
        wait::until(&format!("{count} events"), PATIENCE, || {
            let mut received = self.received();
            received.retain(|received| (200..300).contains(&received.answered));
            let taken: Vec<_> = received.iter().map(Received::json).collect();
            Some(taken).filter(|taken| taken.len() >= count)
        })
    }
}

impl Received {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("an event is JSON")
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or(""))
    }

    /// Whether the library of Standard Webhooks finds a signature by this secret.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let webhook = standardwebhooks::Webhook::new(secret).expect("a secret");
        webhook.verify(&self.body, &self.headers).is_ok()
    }
}

fn serve(
    connection: TcpStream,
    received: &Mutex<Vec<Received>>,
    rule: &Mutex<Box<Rule>>,
) -> Option<()> {
    let mut reader = BufReader::new(connection);
    // Several requests may come over one connection.
    loop {
        let mut request = read(&mut reader)?;
        let says = rule.lock().unwrap()(&request);
        if let Says::Answer(status, ..) = &says {
            request.answered = *status;
        }
        received.lock().unwrap().push(request);
        match says {
            Says::Answer(status, headers, body) => {
                let length = body.len();
                let mut head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n");
                if status == 204 {
                    head = format!("HTTP/1.1 {status} x\r\n");
                }
                for (name, value) in headers {
                    head.extend([name, ": ", value.as_str(), "\r\n"]);
                }
                head.push_str("\r\n");
                let stream = reader.get_mut();
                stream.write_all(head.as_bytes()).ok()?;
                stream.write_all(&body).ok()?;
            }
            Says::Hang => {
                // Until the client gives up.
                let _ = reader.read(&mut [0]);
                return None;
            }
            Says::HangUp => return None,
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|bytes| *bytes > 0)?;
    let target = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|bytes| *bytes > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    let length = headers.get("content-length");
    let body = match length.and_then(|length| length.to_str().ok()?.parse().ok()) {
        Some(length) => {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            body
        }
        None => chunked(reader)?,
    };
    Some(Received {
        at: Instant::now(),
        target,
        headers,
        body,
        answered: 0,
    })
}

fn chunked(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(body);
        }
        chunk.truncate(length);
        body.extend(chunk);
    }
}
