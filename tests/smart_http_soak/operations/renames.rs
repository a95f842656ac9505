//! Renames: the repository has the new name, and the old name leads to it.

use serde_json::json;

use super::super::worker::Worker;

pub fn rename(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let old = worker.repositories[place].path("");
    let name = worker.name("renamed");
    let path = worker.repositories[place].path("/rename");
    let known = worker.post(&path, &json!({"name": name}));
    // An earlier sending of the request may have done it; then the old name leads to the new one.
    let status = known.answer.status;
    if status != 200 && (known.repeated == 0 || status != 308) {
        return worker.wrong(&format!("{old} becomes {name}"), &known);
    }
    worker.repositories[place].rename(&name);
    let led = worker.world.get(&old);
    if led.status != 301 || !led.header("location").ends_with(&name) {
        let what = format!(
            "{old} does not lead to {name}: {} {}",
            led.status,
            led.text()
        );
        worker.world.fault(what);
    }
    let new = worker.world.get(&worker.repositories[place].path(""));
    if new.status != 200 {
        worker.world.fault(format!(
            "{name} is not there: {} {}",
            new.status,
            new.text()
        ));
    }
}
