//! gitoxide. The meaning of the commands: tests/clients/mod.rs. It cannot push, nor prune.

use std::error::Error;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use gix::progress::Discard;
use gix::remote::Direction;
use gix::remote::fetch::Shallow;

static NEVER: AtomicBool = AtomicBool::new(false);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match *words {
        ["clone", url, folder] => clone(url, folder, Shallow::NoChange),
        ["clone", url, folder, depth] => clone(url, folder, at(depth)?),
        ["fetch", folder] => fetch(folder, Shallow::NoChange),
        ["fetch", folder, depth] => fetch(folder, at(depth)?),
        _ => Err("no such command".into()),
    }
}

fn at(depth: &str) -> Result<Shallow, Box<dyn Error>> {
    Ok(Shallow::DepthAtRemote(depth.parse::<NonZeroU32>()?))
}

fn clone(url: &str, folder: &str, shallow: Shallow) -> Result<(), Box<dyn Error>> {
    gix::prepare_clone(url, folder)?
        .with_in_memory_config_overrides(settings())
        .with_shallow(shallow)
        .fetch_only(Discard, &NEVER)?;
    Ok(())
}

fn fetch(folder: &str, shallow: Shallow) -> Result<(), Box<dyn Error>> {
    let options = gix::open::Options::default().config_overrides(settings());
    let repository = gix::open_opts(folder, options)?;
    let origin = repository.find_remote("origin")?;
    let connection = origin.connect(Direction::Fetch)?;
    connection
        .prepare_fetch(Discard, Default::default())?
        .with_shallow(shallow)
        .receive(Discard, &NEVER)?;
    Ok(())
}

/// It gives no user name and password over plain HTTP, which the tests speak; a header it does.
/// The committer is for its reflogs.
fn settings() -> [String; 3] {
    let token = std::env::var("CAIRN_TOKEN").unwrap_or_default();
    [
        format!("http.extraHeader=Authorization: Bearer {token}"),
        "committer.name=gix".to_owned(),
        "committer.email=gix@example.com".to_owned(),
    ]
}
