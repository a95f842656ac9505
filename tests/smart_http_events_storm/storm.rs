//! The trial itself.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::followers::{Follower, THE_END, namespace_feed};
use super::judge::{self, Feeds};
use super::ledger::{Ledger, Told};
use super::pushes::Client;
use super::receivers::Receivers;
use super::support::history::Random;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait::until_true;

/// Receivers listen on this machine, and everybody comes from one address.
pub const DEPLOYMENT: [(&str, &str); 2] = [
    ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
    ("CAIRN_RATE_REQUESTS", "0"),
];

/// How long everything may take to be delivered once it is quiet.
const QUIET: Duration = Duration::from_mins(5);

/// How much of it.
#[derive(Debug, Clone)]
pub struct Size {
    pub name: String,
    pub pushes: usize,
    pub repositories: usize,
    pub clients: usize,
    pub kills: usize,
    pub seed: u64,
    /// How often a receiver fails for one event.
    pub failures_max: u32,
    /// Whether the events left at the end wait for the alarms of the objects.
    pub waits_for_alarms: bool,
}

/// A size that the environment may change: `CAIRN_STORM_PUSHES` and so on.
fn size(name: &str, [pushes, repositories, clients, kills]: [usize; 4]) -> Size {
    let number = |what: &str, default: usize| {
        let text = std::env::var(format!("CAIRN_STORM_{what}"));
        text.map_or(default, |text| text.parse().expect("it is a number"))
    };
    Size {
        name: name.to_owned(),
        pushes: number("PUSHES", pushes),
        repositories: number("REPOSITORIES", repositories),
        clients: number("CLIENTS", clients),
        kills: number("KILLS", kills),
        seed: number("SEED", 17) as u64,
        failures_max: if pushes > 1000 { 2 } else { 1 },
        waits_for_alarms: pushes > 1000,
    }
}

/// The state that the threads share.
pub struct Shared<'a> {
    pub size: &'a Size,
    pub port: u16,
    pub rest: Rest,
    pub scratch: &'a Scratch,
    pub hosted: Vec<Hosted>,
    pub ledger: Ledger,
    pub pushed: AtomicUsize,
    pub is_over: AtomicBool,
}

#[test]
fn a_breeze_loses_no_event() {
    rage(&size("breeze", [60, 5, 4, 2]));
}

#[test]
#[ignore = "takes many minutes: run by name"]
fn ten_thousand_pushes_and_forty_kills_lose_no_event() {
    rage(&size("storm", [10_000, 200, 16, 40]));
}

/// The webhooks of a storm: the first part of the path is the receiver's mood.
struct Hooks {
    receivers: Receivers,
}

impl Hooks {
    fn make(shared: &Shared<'_>) -> Self {
        let receivers = Receivers::serve(shared.size.seed, shared.size.failures_max);
        let hooks = Self { receivers };
        let namespace = format!("/api/v1/namespaces/{}/webhooks", shared.size.name);
        hooks.add(shared, &namespace, "moody/all", &json!({"events": ["*"]}));
        hooks.add(shared, &namespace, "moody/rest", &Self::of_rest());
        hooks.add(shared, &namespace, "dead/all", &json!({"events": ["*"]}));
        hooks.add(shared, &namespace, "hanging/all", &json!({"events": ["*"]}));
        for hosted in shared.hosted.iter().step_by(10) {
            let path = format!("moody/{}", hosted.name);
            let events = json!({"events": ["repo.pushed"]});
            hooks.add(shared, &hosted.path("/webhooks"), &path, &events);
        }
        hooks
    }

    fn of_rest() -> Value {
        json!({"events": ["repo.*"], "refs": ["refs/heads/rest-*"]})
    }

    fn add(&self, shared: &Shared<'_>, route: &str, path: &str, body: &Value) {
        let mut body = body.clone();
        body["url"] = json!(self.receivers.url(path));
        shared.rest.post(route, &body).result(201);
    }

    /// How many hooks the storm makes.
    fn count(shared: &Shared<'_>) -> usize {
        shared.hosted.iter().step_by(10).count() + 4
    }

    /// The events that each hook must get, by its path.
    fn expected<'a>(shared: &Shared<'_>, feeds: &'a Feeds) -> Vec<(String, Vec<&'a Value>)> {
        let is_push = |event: &Value| event["type"] == "cairn.repo.pushed";
        let all = || feeds.namespace.iter();
        // The repositories were there before the hooks, and a new hook is told only to earlier ones.
        let later =
            |event: &&Value| event["type"] != "cairn.repo.created" && !judge::is_audited(event);
        let of_rest = |event: &&Value| {
            let name = event["payload"]["ref"].as_str().unwrap_or_default();
            !is_push(event) || name.starts_with("refs/heads/rest-")
        };
        let mut expected = vec![
            ("moody/all".to_owned(), all().filter(later).collect()),
            (
                "moody/rest".to_owned(),
                all().filter(later).filter(of_rest).collect(),
            ),
        ];
        for hosted in shared.hosted.iter().step_by(10) {
            let is_its =
                |event: &&Value| is_push(event) && event["source"]["repoName"] == *hosted.name;
            let events = all().filter(is_its).collect();
            expected.push((format!("moody/{}", hosted.name), events));
        }
        expected
    }
}

fn rage(size: &Size) {
    let (mut server, scratch) = (Server::start_with(&DEPLOYMENT), Scratch::new());
    let rest = server.rest();
    let name = |number: usize| format!("repo-{number:03}");
    let make = |number| rest.create_repository(&size.name, &name(number));
    let shared = Shared {
        size,
        port: server.port(),
        scratch: &scratch,
        hosted: (0..size.repositories).map(make).collect(),
        ledger: Ledger::default(),
        pushed: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        rest,
    };
    // The events before the hooks have reached the namespace.
    let feed = namespace_feed(&size.name);
    let is_known = || super::followers::newest(&shared.rest, &feed) >= size.repositories as i64;
    until_true("the repositories are known", QUIET, is_known);
    let hooks = Hooks::make(&shared);
    let started = Instant::now();
    let (polled, streamed, of_one) = push_and_kill(&shared, &mut server);
    let stormed = started.elapsed();
    let feeds = Feeds::read(&shared);
    feeds.agree(&shared);
    feeds.tell_what_happened(&shared);
    judge::followed(&polled, &feeds.namespace, "who polled");
    judge::followed(&streamed, &feeds.namespace, "who read a stream");
    judge::followed(
        &of_one,
        &feeds.repositories[0],
        "who read one repository's stream",
    );
    await_deliveries(&shared, &feeds, &hooks);
    for (path, events) in Hooks::expected(&shared, &feeds) {
        judge::delivered(&hooks.receivers, &path, events.into_iter());
    }
    tell(&shared, &feeds, &hooks, stormed, started.elapsed());
}

/// Storms until there were enough pushes, then waits until the namespace's feed has them; gives the events
/// that the followers saw.
fn push_and_kill(shared: &Shared<'_>, server: &mut Server) -> (Vec<Value>, Vec<Value>, Vec<Value>) {
    let follower = |path: String| Follower {
        rest: shared.rest.clone(),
        port: shared.port,
        path,
        is_over: &shared.is_over,
    };
    let of_namespace = || follower(namespace_feed(&shared.size.name));
    let of_one = follower(shared.hosted[0].path("/events"));
    thread::scope(|scope| {
        let polling = scope.spawn(move || of_namespace().poll());
        let of_namespace = follower(namespace_feed(&shared.size.name));
        let streaming = scope.spawn(move || of_namespace.stream());
        let streaming_one = scope.spawn(move || of_one.stream());
        let clients: Vec<_> = (0..shared.size.clients)
            .map(|number| scope.spawn(move || Client::new(number, shared).run()))
            .collect();
        kill_now_and_then(shared, server);
        let ended: Vec<_> = clients
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        if ended.iter().all(Result::is_ok) {
            await_hand_over(shared);
            let last = json!({"description": THE_END});
            let path = shared.hosted[0].path("");
            shared.rest.patch(&path, &last).result(200);
        } else {
            shared.is_over.store(true, Ordering::SeqCst);
        }
        let seen = [polling, streaming, streaming_one].map(|reader| reader.join().unwrap());
        for client in ended {
            client.unwrap();
        }
        let [polled, streamed, of_one] = seen;
        (polled, streamed, of_one)
    })
}

/// Kills the server when so many pushes were made, at random; sometimes right after a start.
fn kill_now_and_then(shared: &Shared<'_>, server: &mut Server) {
    let size = shared.size;
    let mut random = Random(size.seed);
    let mut moments: Vec<_> = (0..size.kills)
        .map(|_| size.pushes / 50 + random.below(size.pushes * 24 / 25))
        .collect();
    moments.sort_unstable();
    for moment in moments {
        until_true("the clients go on", Duration::from_mins(10), || {
            shared.pushed.load(Ordering::Relaxed) >= moment
        });
        server.crash();
    }
}

/// After a large storm nobody asks a repository: the repository's alarm, which rings a minute after a push,
/// hands over its events. After a small one a request wakes it, and it hands over at once.
fn await_hand_over(shared: &Shared<'_>) {
    if !shared.size.waits_for_alarms {
        for hosted in &shared.hosted {
            shared.rest.get(&hosted.path("")).result(200);
        }
    }
    let feed = namespace_feed(&shared.size.name);
    // Each repository was made, and so was each hook.
    let made = shared.hosted.len() + Hooks::count(shared);
    let happened = i64::try_from(shared.ledger.happened() + made).unwrap();
    until_true("everything is handed over", QUIET, || {
        super::followers::newest(&shared.rest, &feed) >= happened
    });
}

fn await_deliveries(shared: &Shared<'_>, feeds: &Feeds, hooks: &Hooks) {
    for (path, events) in Hooks::expected(shared, feeds) {
        let wanted: std::collections::BTreeSet<_> = events
            .iter()
            .map(|event| event["metadata"]["eventId"].as_str().unwrap())
            .collect();
        until_true(&format!("{path} got everything"), QUIET, || {
            let arrivals = hooks.receivers.arrivals(&path);
            let taken = arrivals.iter().filter(|arrival| arrival.taken);
            let taken: std::collections::BTreeSet<_> =
                taken.map(|arrival| &*arrival.event_id).collect();
            wanted.is_subset(&taken)
        });
    }
}

fn tell(shared: &Shared<'_>, feeds: &Feeds, hooks: &Hooks, stormed: Duration, all: Duration) {
    let count = |told| shared.ledger.count(told);
    println!(
        "{}: {} pushes in {} s, all over after {} s; updates done {}, refused {}, without an answer: \
         found {}, absent {}, unknown {}",
        shared.size.name,
        shared.pushed.load(Ordering::Relaxed),
        stormed.as_secs(),
        all.as_secs(),
        count(Told::Done),
        count(Told::Refused),
        count(Told::Found),
        count(Told::Absent),
        count(Told::Lost),
    );
    println!("events in the namespace's feed: {}", feeds.namespace.len());
    for path in ["moody/all", "moody/rest", "dead/all", "hanging/all"] {
        let arrivals = hooks.receivers.arrivals(path).len();
        let taken = hooks.receivers.count_taken(path);
        println!("{path}: {arrivals} attempts, {taken} of them taken");
    }
}
