//! `make serve` as an operator meets it: starting, starting again, and what it refuses.

mod support;

use std::net::TcpListener;
use std::process::Stdio;

use support::scratch::Scratch;
use support::server::{Server, serve_command};

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let scratch = Scratch::new();
    let output = serve_command(scratch.path())
        .env("PORT", &port)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(&format!("port {port} is in use")), "{said}");
}

#[test]
fn a_state_is_served_by_one_server_at_a_time() {
    let server = Server::start();
    let second = serve_command(server.state())
        .env("PORT", "0")
        .stdin(Stdio::null())
        .output();
    let said = String::from_utf8_lossy(&second.expect("it runs").stderr).into_owned();
    assert!(said.contains("already"), "{said}");
    assert_eq!(server.rest().get("/healthz").status, 200);
}

#[test]
fn a_server_comes_back_on_its_port_after_an_end_and_after_a_crash() {
    let mut server = Server::start();
    let port = server.port();
    server.restart();
    assert_eq!(
        (server.port(), server.rest().get("/healthz").status),
        (port, 200)
    );
    server.crash();
    assert_eq!(
        (server.port(), server.rest().get("/healthz").status),
        (port, 200)
    );
}
