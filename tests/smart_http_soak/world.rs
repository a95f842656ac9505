//! The server, and the state that all threads share.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::disk::Disk;
use super::plan::Plan;
use super::support::history::Random;
use super::support::receiver::{Received, Says, listen};
use super::support::rest::Rest;
use super::support::scratch::Scratch;
use super::support::server::Server;

/// The namespace of every repository here.
pub const NAMESPACE: &str = "soak";

/// The time in which a deleted repository can be restored.
pub const UNDELETE: Duration = Duration::from_secs(20);

/// The number of faults after which more of them add nothing.
const FAULTS_MAX: usize = 20;

/// The ids of the events that a receiver took.
type Taken = Arc<Mutex<HashSet<String>>>;

/// The state that all threads share.
#[derive(Debug)]
pub struct World {
    pub plan: Plan,
    pub rest: Rest,
    pub disk: Disk,
    /// Holds the program that runs as workerd.
    _scratch: Scratch,
    begun: Instant,
    /// Odd while the server is disturbed.
    disturbances: AtomicU64,
    restarts: AtomicU64,
    is_over: AtomicBool,
    faults: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<String, u64>>,
    heap_bytes_peak: AtomicU64,
    hooked: Taken,
    queued: Taken,
}

impl World {
    /// Starts the server, with a webhook for every event.
    pub fn start(plan: &Plan) -> (Server, Self) {
        let scratch = Scratch::new();
        let (disk, workerd) = Disk::new(&scratch);
        let (hooked, queued) = (Taken::default(), Taken::default());
        let hook = receive(&hooked, plan.seed, |body| vec![body]);
        let queue = receive(&queued, plan.seed + 1, |body| {
            body.as_array().unwrap().clone()
        });
        let server = Server::start_with(&[
            ("ENTRY", "tests/support/faults/faults.mjs"),
            ("MINIFLARE_WORKERD_PATH", workerd),
            ("CAIRN_FAULTS_QUEUE", queue.leak()),
            ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
            ("CAIRN_RATE_REQUESTS", "0"),
            ("CAIRN_UNDELETE_SECONDS", "20"),
            // Packs go to R2 during the soak, and soon become cold.
            ("CAIRN_R2_GRACE_SECONDS", "5"),
            ("CAIRN_SETTLE_SECONDS", "5"),
            ("CAIRN_COLD_AFTER_SECONDS", "10"),
            ("CAIRN_COLD_BYTES_MIN", "0"),
            ("CAIRN_READY_BYTES_MIN", "0"),
        ]);
        let rest = server.rest();
        // The first repository creates its namespace.
        rest.create_repository(NAMESPACE, "first");
        let path = format!("/api/v1/namespaces/{NAMESPACE}/webhooks");
        let body = json!({"url": hook, "events": ["*"]});
        rest.post(&path, &body).result(201);
        let world = Self {
            plan: plan.clone(),
            rest,
            disk,
            _scratch: scratch,
            begun: Instant::now(),
            disturbances: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            faults: Mutex::default(),
            counts: Mutex::default(),
            heap_bytes_peak: AtomicU64::new(0),
            hooked,
            queued,
        };
        (server, world)
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.plan.lasts.saturating_sub(self.begun.elapsed())
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst) || self.faults.lock().unwrap().len() >= FAULTS_MAX
    }

    /// Toggles the disturbance: until the next call, failures do not count as faults.
    pub fn disturb(&self) {
        self.disturbances.fetch_add(1, Ordering::SeqCst);
    }

    /// A number that stays the same while nothing disturbs the server; `None` during a disturbance.
    pub fn calm(&self) -> Option<u64> {
        let disturbances = self.disturbances.load(Ordering::SeqCst);
        disturbances.is_multiple_of(2).then_some(disturbances)
    }

    /// Whether the server has been undisturbed since then.
    pub fn was_calm(&self, since: Option<u64>) -> bool {
        since.is_some() && self.calm() == since
    }

    pub fn note_restart(&self) {
        self.restarts.fetch_add(1, Ordering::SeqCst);
    }

    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::SeqCst)
    }

    /// Records a fault.
    pub fn fault(&self, what: String) {
        let at = self.elapsed().as_secs();
        println!("FAULT at {at} s: {what}");
        self.faults.lock().unwrap().push(what);
    }

    pub fn report_faults(&self) {
        let faults = self.faults.lock().unwrap();
        assert!(
            faults.is_empty(),
            "{} faults:\n{}",
            faults.len(),
            faults.join("\n")
        );
    }

    pub fn count(&self, what: &str) {
        self.count_many(what, 1);
    }

    pub fn count_many(&self, what: &str, many: u64) {
        let mut counts = self.counts.lock().unwrap();
        *counts.entry(what.to_owned()).or_default() += many;
    }

    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap().clone()
    }

    /// Looks at the heap of the isolate, which shrinks only at the next start.
    pub fn look_at_heap(&self) {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/repos/first/stats");
        let stats = self.rest.try_send(ureq::http::Method::GET, &path, &[], b"");
        let Some(answer) = stats.ok().filter(|answer| answer.status == 200) else {
            return;
        };
        if let Some(bytes) = answer.json()["result"]["isolate"]["heap_bytes"].as_u64() {
            self.heap_bytes_peak.fetch_max(bytes, Ordering::SeqCst);
        }
    }

    pub fn heap_bytes_peak(&self) -> u64 {
        self.heap_bytes_peak.load(Ordering::SeqCst)
    }

    /// Notes the answers in this start's log, before the start ends.
    pub fn note_log(&self, server: &Server) {
        for line in server.json_lines() {
            if line["event"] != "request" {
                continue;
            }
            let status = line["status"].as_u64().unwrap_or(0);
            if status >= 500 {
                self.count(&format!("answers {status} {}", line["error"]));
            }
            self.count("requests");
        }
        if server.log().contains("panicked") {
            self.fault("the server panicked: see its log".to_owned());
        }
    }

    /// The number of these events that the webhook did not get.
    pub fn not_hooked(&self, ids: &[String]) -> usize {
        missing(&self.hooked, ids)
    }

    /// The number of these events that the queue did not get.
    pub fn not_queued(&self, ids: &[String]) -> usize {
        missing(&self.queued, ids)
    }
}

fn missing(taken: &Taken, ids: &[String]) -> usize {
    let taken = taken.lock().unwrap();
    ids.iter().filter(|id| !taken.contains(*id)).count()
}

/// Starts a receiver of events. It fails now and then, but only once for each event, because the pauses
/// before further attempts are long. Returns its URL.
fn receive(taken: &Taken, seed: u64, events: fn(Value) -> Vec<Value>) -> String {
    let state = Mutex::new((Random(seed), HashSet::new()));
    let taken = Arc::clone(taken);
    let port = listen(move |received: Received| {
        let id = |event: &Value| event["metadata"]["eventId"].as_str().map(str::to_owned);
        let ids: Vec<String> = events(received.json()).iter().filter_map(id).collect();
        let (random, failed) = &mut *state.lock().unwrap();
        if random.percent(10) && ids.iter().all(|id| failed.insert(id.clone())) {
            return Says::status(503);
        }
        taken.lock().unwrap().extend(ids);
        Says::status(204)
    });
    format!("http://127.0.0.1:{port}/")
}
