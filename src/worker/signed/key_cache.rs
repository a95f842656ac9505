//! Keys that an isolate keeps, and when they are fetched. It holds data alone: no request waits for another
//! one's fetch.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::keys::{Algorithm, Jwk, NoKey, choose};

/// URLs whose keys are kept. The one that was not used for the longest time is forgotten first.
const URLS_MAX: usize = 64;

/// How long keys are used before they are fetched again.
const FRESH_MS: i64 = 10 * 60_000;

/// How long keys count while their URL does not answer.
const STALE_MS: i64 = 60 * 60_000;

/// Time between two fetches because of an unknown key.
const UNKNOWN_MS: i64 = 60_000;

/// Fetches of one URL that begin within a second: requests that come together may all find that they need
/// its keys.
const FETCHES_MAX: u32 = 4;

/// How long nobody fetches from a URL that has failed.
const FAILED_MS: i64 = 10_000;

/// Keys of one issuer.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    jwk: Jwk,
    /// As the platform has read it.
    imported: RefCell<Option<JsValue>>,
}

impl KeySet {
    /// Made of keys that are good for a signature.
    pub(crate) fn new(keys: Vec<Jwk>) -> Self {
        let keys = keys.into_iter().map(|jwk| Key {
            jwk,
            imported: RefCell::default(),
        });
        Self {
            keys: keys.collect(),
        }
    }

    /// The place of the key that a token names.
    pub(crate) fn find(&self, algorithm: Algorithm, key_id: Option<&str>) -> Result<usize, NoKey> {
        choose(self.keys.iter().map(|key| &key.jwk), algorithm, key_id)
    }

    /// The key of that place.
    pub(crate) fn jwk(&self, place: usize) -> Option<&Jwk> {
        self.keys.get(place).map(|key| &key.jwk)
    }

    /// The same as the platform has read it, once it has.
    pub(crate) fn imported(&self, place: usize) -> Option<JsValue> {
        self.keys.get(place)?.imported.borrow().clone()
    }

    /// Keeps a key as the platform has read it.
    pub(crate) fn keep_imported(&self, place: usize, key: JsValue) {
        if let Some(kept) = self.keys.get(place) {
            kept.imported.replace(Some(key));
        }
    }
}

/// The keys of one URL.
#[derive(Debug, Default)]
struct Kept {
    keys: Option<Rc<KeySet>>,
    /// When they were fetched.
    fetched_ms: i64,
    /// When they were fetched last because of an unknown key.
    unknown_ms: Option<i64>,
    /// When a fetch failed last, if none has succeeded since.
    failed_ms: Option<i64>,
    /// The second in which a fetch began last, and how many have begun in it.
    begun: (i64, u32),
    /// When they were used last.
    used_ms: i64,
}

impl Kept {
    /// Whether one more fetch may begin. It notes that it does.
    fn begin(&mut self, now_ms: i64) -> bool {
        let second = now_ms.div_euclid(1000);
        if self.begun.0 != second {
            self.begun = (second, 0);
        }
        let may_begin = self.begun.1 < FETCHES_MAX;
        self.begun.1 = self.begun.1.saturating_add(u32::from(may_begin));
        may_begin
    }
}

/// The next step of a request that needs keys.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// It takes these.
    Use(Rc<KeySet>),
    /// It fetches them, and takes those before if that fails.
    Fetch(Option<Rc<KeySet>>),
    /// It gives up: a fetch has just failed, or many are under way.
    GiveUp,
}

/// The keys of many URLs.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    urls: BTreeMap<String, Kept>,
}

impl KeyCache {
    /// An empty one.
    pub(crate) const fn new() -> Self {
        Self {
            urls: BTreeMap::new(),
        }
    }

    /// The next step of a request that needs the keys of this URL.
    pub(crate) fn plan(&mut self, url: &str, now_ms: i64) -> Plan {
        let kept = self.place(url, now_ms);
        let age_ms = now_ms.saturating_sub(kept.fetched_ms);
        let usable = kept.keys.clone().filter(|_| age_ms < STALE_MS);
        let has_failed = kept
            .failed_ms
            .is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < FAILED_MS);
        match usable {
            Some(keys) if age_ms < FRESH_MS => Plan::Use(keys),
            usable if !has_failed && kept.begin(now_ms) => Plan::Fetch(usable),
            Some(keys) => Plan::Use(keys),
            None => Plan::GiveUp,
        }
    }

    /// Whether a key that is not among those of this URL is reason to fetch them now. It notes that they
    /// are.
    pub(crate) fn fetch_unknown(&mut self, url: &str, now_ms: i64) -> bool {
        let kept = self.place(url, now_ms);
        let is_due = kept
            .unknown_ms
            .is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= UNKNOWN_MS);
        if is_due {
            kept.unknown_ms = Some(now_ms);
        }
        is_due
    }

    /// Keeps keys that were fetched.
    pub(crate) fn fetched(&mut self, url: &str, keys: Rc<KeySet>, now_ms: i64) {
        let kept = self.place(url, now_ms);
        kept.keys = Some(keys);
        kept.fetched_ms = now_ms;
        kept.failed_ms = None;
    }

    /// Notes that a fetch failed.
    pub(crate) fn failed(&mut self, url: &str, now_ms: i64) {
        self.place(url, now_ms).failed_ms = Some(now_ms);
    }

    fn place(&mut self, url: &str, now_ms: i64) -> &mut Kept {
        if !self.urls.contains_key(url) && self.urls.len() >= URLS_MAX {
            let unused = self.urls.iter().min_by_key(|(_, kept)| kept.used_ms);
            if let Some(url) = unused.map(|(url, _)| url.clone()) {
                self.urls.remove(&url);
            }
        }
        let kept = self.urls.entry(url.to_owned()).or_default();
        kept.used_ms = now_ms;
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://i.example/jwks";

    fn uses(plan: &Plan) -> bool {
        matches!(plan, Plan::Use(_))
    }

    fn fetches(plan: &Plan, with_former: bool) -> bool {
        matches!(plan, Plan::Fetch(former) if former.is_some() == with_former)
    }

    #[test]
    fn keys_are_fetched_again_after_ten_minutes_and_count_for_an_hour_where_that_fails() {
        let mut cache = KeyCache::new();
        assert!(fetches(&cache.plan(URL, 0), false));
        cache.fetched(URL, Rc::default(), 0);
        assert!(uses(&cache.plan(URL, FRESH_MS - 1)));
        assert!(fetches(&cache.plan(URL, FRESH_MS), true));
        cache.failed(URL, FRESH_MS);
        assert!(uses(&cache.plan(URL, FRESH_MS + FAILED_MS - 1)));
        assert!(fetches(&cache.plan(URL, FRESH_MS + FAILED_MS), true));
        assert!(fetches(&cache.plan(URL, STALE_MS), false));
        cache.failed(URL, STALE_MS);
        assert!(matches!(cache.plan(URL, STALE_MS + 1), Plan::GiveUp));
        cache.fetched(URL, Rc::default(), STALE_MS + 2);
        assert!(uses(&cache.plan(URL, STALE_MS + 3)));
    }

    #[test]
    fn a_url_that_fails_is_not_asked_by_every_request() {
        let mut cache = KeyCache::new();
        cache.failed(URL, 0);
        assert!(matches!(cache.plan(URL, FAILED_MS - 1), Plan::GiveUp));
        assert!(fetches(&cache.plan(URL, FAILED_MS), false));
    }

    #[test]
    fn requests_that_come_together_cause_few_fetches() {
        let mut cache = KeyCache::new();
        let fetching = |cache: &mut KeyCache, at| {
            let plans = (0..100).map(|_| cache.plan(URL, at));
            plans.filter(|plan| fetches(plan, false)).count()
        };
        assert_eq!(fetching(&mut cache, 0), 4);
        assert_eq!(fetching(&mut cache, 999), 0);
        assert_eq!(fetching(&mut cache, 1000), 4);
        cache.fetched(URL, Rc::default(), 1500);
        let plans: Vec<_> = (0..9).map(|_| cache.plan(URL, 1500 + FRESH_MS)).collect();
        assert_eq!(plans.iter().filter(|plan| fetches(plan, true)).count(), 4);
        assert_eq!(plans.iter().filter(|plan| uses(plan)).count(), 5);
    }

    #[test]
    fn unknown_keys_cause_one_fetch_a_minute() {
        let mut cache = KeyCache::new();
        cache.fetched(URL, Rc::default(), 0);
        assert!(cache.fetch_unknown(URL, 1));
        for at in [1, 2, UNKNOWN_MS] {
            assert!(!cache.fetch_unknown(URL, at), "{at}");
        }
        assert!(cache.fetch_unknown(URL, UNKNOWN_MS + 1));
        assert!(
            cache.fetch_unknown("https://j.example/jwks", 1),
            "another's"
        );
    }

    #[test]
    fn a_bounded_number_of_urls_is_kept() {
        let mut cache = KeyCache::new();
        for at in 0..200 {
            cache.fetched(&format!("https://{at}.example/"), Rc::default(), at);
            cache.plan("https://0.example/", at);
        }
        assert_eq!(cache.urls.len(), URLS_MAX);
        assert!(uses(&cache.plan("https://0.example/", 200)));
        assert!(uses(&cache.plan("https://199.example/", 200)));
        assert!(fetches(&cache.plan("https://1.example/", 200), false));
    }
}
