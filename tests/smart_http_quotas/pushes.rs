//! Pushes by git.

use super::support::git::Git;
use super::support::history::noise;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::{leave, quarantined, rest, set_free, shown};

/// A repository with one small commit, and a clone of it.
fn small(scratch: &Scratch, name: &str) -> (Hosted, Git) {
    let hosted = rest().create_repository("quota-push", name);
    let git = scratch.repository(name);
    git.write("README", "small\n");
    git.commit("small");
    git.run(&["push", "--quiet", &hosted.url(), "main"]);
    (hosted, git)
}

#[test]
fn a_push_beyond_the_bound_is_refused_in_band_and_leaves_nothing() {
    let scratch = Scratch::new();
    let (hosted, git) = small(&scratch, "beyond");
    let before = git.remote_refs(&hosted.url());
    let here = leave(&hosted, 100_000);
    git.write("large", noise(1, 400_000));
    git.commit("large");
    // The first push tells its length. The second does not, and is cut off at the first byte beyond.
    for buffer in ["http.postBuffer=10000000", "http.postBuffer=65536"] {
        let said = git.fails(&["-c", buffer, "push", &hosted.url(), "main"]);
        let told = format!(
            "remote: error: quota exceeded: the repository has {here} bytes, and this would add more \
             than 100000; at most {}",
            here + 100_000
        );
        assert!(said.contains(&told), "{said}");
        let unpack = "error: remote unpack failed: quota exceeded: the repository has";
        assert!(said.contains(unpack), "{said}");
        let rejected = "! [remote rejected] main -> main (quota exceeded)";
        assert!(said.contains(rejected), "{said}");
        assert_eq!(git.remote_refs(&hosted.url()), before);
        assert_eq!(quarantined(&hosted), 0);
    }
    assert_eq!(shown(&hosted)["size_bytes"], here);
    set_free(&hosted);
    git.run(&["push", "--quiet", &hosted.url(), "main"]);
}

#[test]
fn a_request_without_bytes_passes_where_no_room_is_left() {
    let scratch = Scratch::new();
    let (hosted, git) = small(&scratch, "full");
    leave(&hosted, 0);
    git.run(&["push", "--quiet", &hosted.url(), "main:refs/heads/other"]);
    git.run(&["push", "--quiet", &hosted.url(), "main:refs/tags/v1"]);
    git.run(&["push", "--quiet", &hosted.url(), ":refs/heads/other"]);
    git.commit("nothing but a commit");
    let said = git.fails(&["push", &hosted.url(), "main"]);
    assert!(said.contains("(quota exceeded)"), "{said}");
    // A bound below the present size refuses only requests that add bytes.
    let body = serde_json::json!({ "bytes_max": 1 });
    rest().patch(&hosted.path(""), &body).result(200);
    git.run(&["push", "--quiet", &hosted.url(), ":refs/tags/v1"]);
    scratch.clone(&hosted.url(), "clone", &[]);
    let said = git.fails(&["push", "--atomic", &hosted.url(), "main", "main:more"]);
    assert!(said.contains("main -> more (quota exceeded)"), "{said}");
}
