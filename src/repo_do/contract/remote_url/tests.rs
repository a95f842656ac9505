use proptest::prelude::*;

use super::*;

const REFS: &str = "/info/refs?service=git-upload-pack";

fn refused(text: &str) -> Option<RemoteUrlError> {
    RemoteUrl::parse(text, false).err()
}

#[test]
fn public_hosts_are_allowed() {
    for text in [
        "https://github.com/git/git.git",
        "https://github.com",
        "https://git.example.co:8443/a/b",
        "https://1.1.1.1/x",
        "https://[2606:4700:4700::1111]/x",
        "https://internal.example.com/x",
        "https://localhost.example.com/x",
    ] {
        assert_eq!(refused(text), None, "{text}");
    }
}

#[test]
fn special_addresses_are_refused_in_every_notation() {
    for host in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.1.",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[::127.0.0.1]",
        "[64:ff9b::a00:1]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[3fff::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[fe80::1]",
        "[ff02::1]",
    ] {
        let text = format!("https://{host}/repo.git");
        assert_eq!(refused(&text), Some(RemoteUrlError::Host), "{text}");
    }
}

#[test]
fn local_names_are_refused() {
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "git.localhost",
        "printer.local",
        "metadata.google.internal",
        "git.internal.",
        "git.corp",
        "router.lan",
        "git.home.arpa",
        "intranet",
        "git",
        "a..",
    ] {
        let text = format!("https://{host}/repo.git");
        assert_eq!(refused(&text), Some(RemoteUrlError::Host), "{text}");
    }
}

#[test]
fn only_https_on_usual_ports() {
    for text in [
        "http://github.com/x",
        "ssh://github.com/x",
        "git://github.com/x",
        "ftp://a.b/c",
    ] {
        assert_eq!(refused(text), Some(RemoteUrlError::Scheme), "{text}");
    }
    for text in ["https://github.com:22/x", "https://github.com:80/x"] {
        assert_eq!(refused(text), Some(RemoteUrlError::Port), "{text}");
    }
    for text in [
        "github.com/x",
        "",
        "file:///etc/passwd",
        "data:,x",
        "git@github.com:a/b",
    ] {
        let error = refused(text);
        assert!(
            matches!(
                error,
                Some(RemoteUrlError::Malformed | RemoteUrlError::Scheme)
            ),
            "{text}: {error:?}"
        );
    }
    assert_eq!(
        refused("https://github.com/x?y=1"),
        Some(RemoteUrlError::Query)
    );
    assert_eq!(
        refused("https://github.com/x#y"),
        Some(RemoteUrlError::Query)
    );
    for text in [
        "https://github.com /x",
        "https://git\thub.com/x",
        "https://github.com\\@127.0.0.1/x",
        "https://m\u{fc}nchen.example/x",
        "https://m%C3%BCnchen.example/x",
        "https://127.0.0.1%2ecom/x",
        "https:github.com/x",
    ] {
        assert_eq!(refused(text), Some(RemoteUrlError::Malformed), "{text}");
    }
    let long = format!("https://github.com/{}", "x".repeat(URL_BYTES_MAX));
    assert_eq!(refused(&long), Some(RemoteUrlError::TooLong(2048)));
}

#[test]
fn the_operator_may_allow_private_hosts() {
    for text in [
        "http://127.0.0.1:8000/x",
        "http://localhost/x",
        "https://[::1]:9/x",
    ] {
        assert!(RemoteUrl::parse(text, true).is_ok(), "{text}");
    }
    assert_eq!(
        RemoteUrl::parse("ssh://127.0.0.1/x", true).err(),
        Some(RemoteUrlError::Scheme)
    );
}

#[test]
fn credentials_are_taken_out() {
    let (url, credentials) =
        RemoteUrl::parse("https://me%40x:p%3Aw@github.com/a/b.git/", false).unwrap();
    assert_eq!(url.to_string(), "https://github.com/a/b.git");
    assert_eq!(
        url.service(REFS),
        format!("https://github.com/a/b.git{REFS}")
    );
    let credentials = credentials.unwrap();
    assert_eq!(
        (credentials.username.as_str(), credentials.password.as_str()),
        ("me@x", "p:w")
    );
    assert_eq!(format!("{credentials:?}"), "Credentials(…)");
    assert_eq!(
        RemoteUrl::parse("https://github.com/a", false).unwrap().1,
        None
    );
    let root = RemoteUrl::parse("https://github.com", false).unwrap().0;
    assert_eq!(root.service(REFS), format!("https://github.com{REFS}"));
}

#[test]
fn redirects_lead_to_public_hosts_and_the_same_service() {
    let (url, _) = RemoteUrl::parse("https://github.com/a", false).unwrap();
    let moved = url.redirected(&format!("/a.git{REFS}"), REFS).unwrap();
    assert_eq!(moved.to_string(), "https://github.com/a.git");
    assert!(moved.same_origin(&url));
    let moved = url
        .redirected(&format!("https://x:y@gitlab.com/b{REFS}"), REFS)
        .unwrap();
    assert_eq!(moved.to_string(), "https://gitlab.com/b");
    assert!(!moved.same_origin(&url));
    let check = |location: &str, expect| {
        let location = format!("{location}{REFS}");
        assert_eq!(url.redirected(&location, REFS), Err(expect), "{location}");
    };
    check("https://127.0.0.1/b", RemoteUrlError::Host);
    check("//169.254.169.254/latest", RemoteUrlError::Host);
    check("http://github.com/b", RemoteUrlError::Scheme);
    assert_eq!(url.redirected("/login", REFS), Err(RemoteUrlError::Query));
    check("git.git", RemoteUrlError::Malformed);
    check("https:127.0.0.1", RemoteUrlError::Malformed);
    check("\\\\127.0.0.1", RemoteUrlError::Malformed);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), location in any::<String>()) {
        let _ = RemoteUrl::parse(&text, false);
        let _ = RemoteUrl::parse(&format!("https://{text}"), true);
        let _ = RemoteUrl::parse(&format!("https://xn--{text}.com"), false);
        let (url, _) = RemoteUrl::parse("https://github.com/a", false).unwrap();
        let _ = url.redirected(&format!("//{location}{REFS}"), REFS);
    }

    #[test]
    fn no_private_address_passes(octets in any::<[u8; 4]>()) {
        let address = Ipv4Addr::from(octets);
        let local = address.is_private() || address.is_loopback() || address.is_link_local()
            || address.is_multicast() || address.is_broadcast() || address.is_unspecified()
            || address.is_documentation();
        let text = format!("https://{}/x", u32::from(address));
        prop_assert!(!local || refused(&text) == Some(RemoteUrlError::Host));
        let mapped = format!("https://[::ffff:{address}]/x");
        prop_assert_eq!(refused(&mapped), Some(RemoteUrlError::Host));
    }
}

#[test]
fn a_webhook_may_have_a_query_and_no_credentials() {
    let check = |text: &str| check_webhook_url(text, false);
    for good in [
        "https://example.com",
        "https://example.com:8443/hook?key=a&b=%20",
    ] {
        assert_eq!(check(good), Ok(()), "{good}");
    }
    let wrong = [
        ("https://u:p@example.com/", RemoteUrlError::Credentials),
        ("https://u@example.com/", RemoteUrlError::Credentials),
        ("https://example.com/#a", RemoteUrlError::Fragment),
        ("http://example.com/", RemoteUrlError::Scheme),
        ("https://127.0.0.1/", RemoteUrlError::Host),
        ("https://[::1]/", RemoteUrlError::Host),
        ("https://metadata.internal/", RemoteUrlError::Host),
        ("https://example.com:22/", RemoteUrlError::Port),
        ("https:/example.com", RemoteUrlError::Malformed),
    ];
    for (text, error) in wrong {
        assert_eq!(check(text), Err(error), "{text}");
    }
    assert_eq!(check_webhook_url("http://127.0.0.1:9/?a", true), Ok(()));
}
