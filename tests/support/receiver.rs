//! A receiver of webhooks, in the test process: it keeps its deliveries, and answers as the test says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::wait;

/// How long a receiver waits for a delivery that must come.
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
    /// These bytes, and the connection ends.
    BreakOff(&'static [u8]),
    /// These bytes, and then nothing, while the connection stays open.
    Stall(&'static [u8]),
    /// The same after a while.
    After(Duration, Box<Self>),
}

impl Says {
    /// A bare status.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }

    /// The status; 0 without an answer.
    pub fn status_code(&self) -> u16 {
        match self {
            Self::Answer(status, ..) => *status,
            Self::After(_, says) => says.status_code(),
            Self::Hang | Self::HangUp | Self::BreakOff(_) | Self::Stall(_) => 0,
        }
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
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let all = |_: &Received| Says::status(204);
        let rule: Arc<Mutex<Box<Rule>>> = Arc::new(Mutex::new(Box::new(all)));
        let (log, judge) = (Arc::clone(&received), Arc::clone(&rule));
        let port = listen(move |mut request| {
            let says = judge.lock().unwrap()(&request);
            request.answered = says.status_code();
            log.lock().unwrap().push(request);
            says
        });
        Self {
            port,
            received,
            rule,
        }
    }

    /// From now on answers so.
    pub fn answers(&self, rule: impl FnMut(&Received) -> Says + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// Its URL, with a path of one's own behind it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The deliveries so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The deliveries, once there are so many.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        wait::until(&format!("{count} deliveries"), PATIENCE, || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
    }

    /// The deliveries that were taken, as JSON, once there are so many.
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

/// Serves requests on a port of its own, which it gives, until the test process ends.
pub fn listen(handle: impl Fn(Received) -> Says + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let handle = Arc::new(handle);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let handle = Arc::clone(&handle);
            std::thread::spawn(move || serve(connection, &*handle));
        }
    });
    port
}

fn serve(connection: TcpStream, handle: &impl Fn(Received) -> Says) -> Option<()> {
    connection.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(connection);
    // Several requests may come over one connection.
    loop {
        let says = handle(read(&mut reader)?);
        say(says, &mut reader)?;
    }
}

/// `None` ends the connection.
fn say(says: Says, reader: &mut BufReader<TcpStream>) -> Option<()> {
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
            stream.write_all(&body).ok()
        }
        Says::After(pause, says) => {
            std::thread::sleep(pause);
            say(*says, reader)
        }
        Says::BreakOff(bytes) => {
            let _ = reader.get_mut().write_all(bytes);
            None
        }
        Says::Stall(bytes) => {
            reader.get_mut().write_all(bytes).ok()?;
            say(Says::Hang, reader)
        }
        Says::Hang => {
            // Until the client gives up.
            let _ = reader.read(&mut [0]);
            None
        }
        Says::HangUp => None,
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
        None if headers.contains_key("transfer-encoding") => chunked(reader)?,
        None => Vec::new(),
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
