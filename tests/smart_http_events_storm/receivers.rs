//! Receivers of webhooks: a small HTTP server on which each path is a receiver of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::history::Random;
use super::support::receiver::{self, Received, Says};

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
        let state = State {
            random: Random(seed),
            failures_max,
            arrivals: HashMap::new(),
            failures: HashMap::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let serving = Arc::clone(&state);
        let port = receiver::listen(move |received| answer(&serving, &received));
        Self { port, state }
    }

    /// The URL of a receiver: `good/…`, `moody/…`, `dead/…`, `hanging/…`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The requests that arrived at a receiver so far.
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
}

fn answer(state: &Mutex<State>, received: &Received) -> Says {
    let mut event: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    if let Some(payload) = event["payload"].as_object_mut() {
        // A field that only makes it large is not kept.
        payload.remove("filler");
    }
    let path = received.target.trim_start_matches("POST /").to_owned();
    let event_id = received.header("webhook-id").to_owned();
    let state = &mut *state.lock().unwrap();
    let says = state.choose(&path, &event_id);
    let arrival = Arrival {
        event_id,
        event,
        at: received.at,
        taken: (200..300).contains(&says.status_code()),
    };
    state.arrivals.entry(path).or_default().push(arrival);
    says
}

impl State {
    fn choose(&mut self, path: &str, event_id: &str) -> Says {
        let mood = match path.split('/').next() {
            Some("good") => Mood::Good,
            Some("dead") => Mood::Dead,
            Some("hanging") => Mood::Hanging,
            _ => Mood::Moody,
        };
        match mood {
            Mood::Good => return Says::status(204),
            Mood::Dead => return Says::status(500),
            Mood::Hanging => return Says::Hang,
            Mood::Moody => {}
        }
        let fails = self.random.percent(25);
        let failures = (path.to_owned(), event_id.to_owned());
        let failures = self.failures.entry(failures).or_default();
        if !fails || *failures >= self.failures_max {
            let slow = u64::from(self.random.below(20) == 0) * 300;
            return after(slow, Says::status(200));
        }
        *failures += 1;
        let more = |status, name, value: &str| {
            Says::Answer(status, vec![(name, value.to_owned())], Vec::new())
        };
        match self.random.below(6) {
            0 => Says::HangUp,
            1 => Says::BreakOff(b"HTTP/1.1 200 OK\r\nContent-Le"),
            2 => more(302, "Location", "/good/elsewhere"),
            3 => after(50, Says::status(404)),
            4 => more(503, "Retry-After", "1"),
            _ => Says::status(500),
        }
    }
}

fn after(milliseconds: u64, says: Says) -> Says {
    Says::After(Duration::from_millis(milliseconds), Box::new(says))
}
