//! Receivers of webhooks: a small HTTP server on which each path is a receiver of its own.

use std::collections::HashMap;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ledger::Random;

/// How a receiver behaves, by the first part of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Takes everything at once.
    Good,
    /// Fails at random, in all manners.
    Moody,
    /// Takes nothing.
    Dead,
    /// Never answers.
    Hanging,
}

/// One delivery as it arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub event_id: String,
    /// The event.
    pub event: Value,
    pub at: Instant,
    /// Whether the receiver said 2xx.
    pub taken: bool,
}

/// The server. It ends with the test process.
#[derive(Debug, Clone)]
pub struct Receivers {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: Random,
    failures_max: u32,
    /// By path, in the order of arrival.
    arrivals: HashMap<String, Vec<Arrival>>,
    /// By path and event.
    failures: HashMap<(String, String), u32>,
}

impl Receivers {
    /// Starts it. A moody receiver fails at most so often for one event: each further failure waits
    /// longer, from the third on for minutes.
    pub fn serve(seed: u64, failures_max: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let state = State {
            random: Random::new(seed),
            failures_max,
            arrivals: HashMap::new(),
            failures: HashMap::new(),
        };
        let receivers = Self {
            port,
            state: Arc::new(Mutex::new(state)),
        };
        let serving = receivers.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || drop(serving.answer(connection)));
            }
        });
        receivers
    }

    /// The URL of a receiver: `good/…`, `moody/…`, `dead/…`, `hanging/…`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// What arrived at a receiver so far.
    pub fn arrivals(&self, path: &str) -> Vec<Arrival> {
        let state = self.state.lock().unwrap();
        state.arrivals.get(path).cloned().unwrap_or_default()
    }

    /// How many deliveries a receiver has taken.
    pub fn count_taken(&self, path: &str) -> usize {
        let state = self.state.lock().unwrap();
        let arrivals = state.arrivals.get(path).into_iter().flatten();
        arrivals.filter(|arrival| arrival.taken).count()
    }

    /// When a receiver took the event for which `is_it` holds.
    pub fn taken_at(&self, path: &str, is_it: impl Fn(&Value) -> bool) -> Option<Instant> {
        let state = self.state.lock().unwrap();
        let mut arrivals = state.arrivals.get(path)?.iter().rev();
        let found = arrivals.find(|arrival| arrival.taken && is_it(&arrival.event));
        found.map(|arrival| arrival.at)
    }

    fn answer(&self, connection: TcpStream) -> std::io::Result<()> {
        connection.set_nodelay(true)?;
        let mut reader = BufReader::new(connection.try_clone()?);
        let mut connection = connection;
        while let Some((path, head, body)) = request(&mut reader)? {
            let at = Instant::now();
            let mut event: Value = serde_json::from_slice(&body).unwrap_or_default();
            if let Some(payload) = event["payload"].as_object_mut() {
                // What only makes it large is not kept.
                payload.remove("filler");
            }
            let event_id = head.get("webhook-id").cloned().unwrap_or_default();
            let manner = self.choose(&path, &event_id);
            let arrival = Arrival {
                event_id,
                event,
                at,
                taken: matches!(manner, Manner::Answer(status, _) if status < 300),
            };
            let mut state = self.state.lock().unwrap();
            state.arrivals.entry(path).or_default().push(arrival);
            drop(state);
            if !manner.act(&mut connection)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn choose(&self, path: &str, event_id: &str) -> Manner {
        let mood = match path.split('/').next() {
            Some("good") => Mood::Good,
            Some("dead") => Mood::Dead,
            Some("hanging") => Mood::Hanging,
            _ => Mood::Moody,
        };
        match mood {
            Mood::Good => return Manner::Answer(204, Duration::ZERO),
            Mood::Dead => return Manner::Answer(500, Duration::ZERO),
            Mood::Hanging => return Manner::Hang,
            Mood::Moody => {}
        }
        let state = &mut *self.state.lock().unwrap();
        let fails = state.random.below(100) < 25;
        let failures = (path.to_owned(), event_id.to_owned());
        let failures = state.failures.entry(failures).or_default();
        if !fails || *failures >= state.failures_max {
            let slow = u64::from(state.random.below(20) == 0) * 300;
            return Manner::Answer(200, Duration::from_millis(slow));
        }
        *failures += 1;
        match state.random.below(6) {
            0 => Manner::HangUp(b""),
            1 => Manner::HangUp(b"HTTP/1.1 200 OK\r\nContent-Le"),
            2 => Manner::Answer(302, Duration::ZERO),
            3 => Manner::Answer(404, Duration::from_millis(50)),
            4 => Manner::Answer(503, Duration::ZERO),
            _ => Manner::Answer(500, Duration::ZERO),
        }
    }
}

/// What a receiver does with a request.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// A status, after a while.
    Answer(u16, Duration),
    /// Writes this and closes.
    HangUp(&'static [u8]),
    /// Waits until the other side gives up.
    Hang,
}

impl Manner {
    /// Whether the connection goes on.
    fn act(self, connection: &mut TcpStream) -> std::io::Result<bool> {
        match self {
            Self::Answer(status, after) => {
                std::thread::sleep(after);
                let more = match status {
                    302 => "Location: /good/elsewhere\r\n",
                    503 => "Retry-After: 1\r\n",
                    _ => "",
                };
                let length = if status == 204 {
                    ""
                } else {
                    "Content-Length: 0\r\n"
                };
                write!(connection, "HTTP/1.1 {status} Told\r\n{length}{more}\r\n")?;
                Ok(true)
            }
            Self::HangUp(bytes) => {
                connection.write_all(bytes)?;
                Ok(false)
            }
            Self::Hang => {
                connection.read_to_end(&mut Vec::new())?;
                Ok(false)
            }
        }
    }
}

type Head = HashMap<String, String>;

/// The next request: its path without the slash, its headers in lower case, its body.
fn request(reader: &mut impl std::io::BufRead) -> std::io::Result<Option<(String, Head, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split_whitespace().nth(1).unwrap_or_default();
    let path = path.trim_start_matches('/').to_owned();
    let mut head = Head::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        head.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = head
        .get("content-length")
        .and_then(|text| text.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    if head.contains_key("transfer-encoding") {
        body = chunked(reader)?;
    }
    Ok(Some((path, head, body)))
}

fn chunked(reader: &mut impl std::io::BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        let start = body.len();
        body.resize(start + size, 0);
        reader.read_exact(&mut body[start..])?;
        reader.read_line(&mut line)?;
        if size == 0 {
            return Ok(body);
        }
    }
}
