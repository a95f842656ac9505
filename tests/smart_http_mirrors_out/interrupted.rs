//! Pushes that are killed, and repositories that are deleted meanwhile.

use serde_json::json;

use super::story::{Downstream, PATIENCE, There, VARIABLES, to};
use super::support::remote::{PushRule, Rules};
use super::support::server::Server;
use super::support::wait::until_true;

fn hanging() -> Rules {
    Rules {
        push: Some(PushRule::Hang),
        ..Rules::default()
    }
}

#[test]
fn a_push_that_is_killed_at_any_point_goes_on() {
    let mut server = Server::start_with(&VARIABLES);
    let there = There::new();
    let rest = server.rest();
    let (hosted, work) = there.scratch.pushed(&rest, "out-killed", "killed");
    let id = {
        let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
        downstream.idle();
        downstream.id
    };
    // The kill comes right after the report of the push here, then in the middle of the push there.
    for (round, is_under_way) in [false, true].into_iter().enumerate() {
        if is_under_way {
            there.remote.set(hanging());
        }
        work.write("round", format!("{round}\n"));
        let commit = work.commit("on");
        let requests = there.remote.seen().len();
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
        if is_under_way {
            until_true("a push there", PATIENCE, || {
                there.remote.seen().len() >= requests + 2
            });
        }
        server.crash();
        there.remote.set(Rules::default());
        // No request comes: the alarm alone goes on.
        there.until("refs/heads/main", &commit);
    }
    there.git.fsck_strict();
    let rest = server.rest();
    let downstream = Downstream {
        rest: &rest,
        hosted: &hosted,
        id,
    };
    downstream.idle();
}

#[test]
fn a_repository_that_goes_meanwhile_is_pushed_nowhere() {
    let server = Server::start_with(&VARIABLES);
    let (there, rest) = (There::new(), server.rest());
    let (hosted, _) = there.scratch.pushed(&rest, "out-killed", "gone");
    there.remote.set(hanging());
    let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
    until_true("a push there", PATIENCE, || there.remote.seen().len() >= 2);
    assert_eq!(rest.delete(&hosted.path("?purge=true")).status, 202);
    there.remote.set(Rules::default());
    until_true("the end of all requests", PATIENCE, || {
        there.remote.is_idle()
    });
    assert_eq!(rest.get(&downstream.path("")).status, 404);
    // A new repository of the same name has no downstreams of the old one.
    let again = super::support::wait::until("the name", PATIENCE, || {
        let made = rest.post(
            "/api/v1/namespaces/out-killed/repos",
            &json!({"name": "gone"}),
        );
        (made.status == 201).then_some(made)
    });
    let again = super::support::rest::Hosted::made("out-killed", &again);
    assert_eq!(rest.get(&again.path("/downstreams")).result(200), json!([]));
}
