use super::*;

#[test]
fn ordinary_urls_are_safe() {
    for url in [
        "",
        "../sibling.git",
        "./below",
        "../../other/repo",
        "https://example.com/repo.git",
        "http://user:pass@example.com:80/a/../b?q=%20#f",
        "https://[::1]:8443/x",
        "https::https://example.com/x",
        "http::file:///x",
        "git://example.com/repo",
        "git@example.com:repo.git",
        "ssh://example.com/a%0ab",
        "/local/path",
        "https://example.com/%0a/../x",
        "https://example.com/%250a",
    ] {
        assert!(is_safe(url.as_bytes()), "{url}");
    }
}

#[test]
fn urls_that_deceive_a_client_are_not() {
    for url in [
        "-u./payload",
        "git://example.com/%0ahost=evil",
        "../x%0Ay",
        "./x\ny",
        "https://example.com/%0ahost=evil",
        "https://example.com/a\nb",
        "https://us%0aer@example.com/",
        "https://example.com?%0a",
        "https://",
        "http:///path",
        "https::example.com/x",
        "http::",
        "ftp://ho st/",
        "ftps://host:0/",
        "https://host:65536/",
        "https://host:8o/",
        "https://host/%zz",
        "https://host/%1",
        "https://host/../x",
        "https://host/a/../../x",
        "http::file://:1/x",
        "..//example.com",
        "../:example.com",
        "./.././:x",
        "..\\/x",
    ] {
        assert!(!is_safe(url.as_bytes()), "{url}");
    }
}
