//! The rules about who may have the bytes of a bundle, and in which parts.

use std::time::Duration;

use super::support::server::{Server, server};
use super::support::wait;
use super::{Bundled, private, public};

#[test]
fn a_public_bundle_is_cacheable_and_comes_in_parts() {
    let bundled = Bundled::new(server(), "cacheable", &public());
    let uri = bundled.told("uri");
    assert!(!uri.contains('?'), "{uri}");
    let whole = bundled.get(&uri, &[]);
    assert_eq!(whole.status, 200);
    let kept = "public, max-age=600, immutable, no-transform";
    assert_eq!(whole.header("cache-control"), kept);
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    let etag = whole.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.len() > 10, "{etag}");
    let same = bundled.get(&uri, &[("if-none-match", &etag)]);
    assert_eq!((same.status, same.body.len()), (304, 0));

    let part = bundled.get(&uri, &[("range", "bytes=1000-1999"), ("if-range", &etag)]);
    assert_eq!(part.status, 206);
    assert_eq!(part.body, &whole.body[1000..2000]);
    let range = format!("bytes 1000-1999/{}", whole.body.len());
    assert_eq!(part.header("content-range"), range);
    let rest = bundled.get(&uri, &[("range", "bytes=1000-")]);
    assert_eq!(rest.body, &whole.body[1000..]);
    let outside = bundled.get(&uri, &[("range", "bytes=99999999-")]);
    assert_eq!(outside.status, 416);
}

#[test]
fn a_private_bundle_is_open_to_who_may_fetch_and_to_the_holder_of_its_url() {
    let server = Server::start();
    let bundled = Bundled::new(&server, "signed", &private());
    let other = Bundled::new(&server, "other", &private());
    let uri = bundled.told("uri");
    let (bare, query) = uri.split_once('?').unwrap();
    let signature = query.split_once("signature=").unwrap().1;

    let answer = bundled.get(&uri, &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.header("cache-control"),
        "private, no-store, no-transform"
    );
    let owner = bundled.rest.with_bearer(&bundled.hosted.token);
    let own = owner.get(&bundled.hosted.git_path(bare));
    assert_eq!(own.body, answer.body);
    // A credential beside a signed URL counts for nothing: git sends the one that its user has configured.
    let wrong = [("authorization", "Basic eDp5")];
    assert_eq!(bundled.get(&uri, &wrong).status, 200);

    // Without a credential or the query there is nothing, and the list is not there either.
    let challenged = bundled.get(bare, &[]);
    assert_eq!(challenged.status, 401);
    assert!(!challenged.header("www-authenticate").is_empty());
    assert_eq!(bundled.get("bundles", &[]).status, 401);
    let stranger = bundled.rest.with_bearer(&other.hosted.token);
    assert_ne!(stranger.get(&bundled.hosted.git_path(bare)).status, 200);

    // A query opens just this bundle, and only as it is. A caller that guesses learns nothing.
    let later = query.replacen("expires=1", "expires=2", 1);
    let flipped = if query.ends_with('0') { "1" } else { "0" };
    let flipped = format!("{}{flipped}", &query[..query.len() - 1]);
    for query in [
        later.as_str(),
        &flipped,
        "expires=1",
        "x=1",
        &format!("{query}&x=1"),
    ] {
        let refused = bundled.get(&format!("{bare}?{query}"), &[]);
        assert_eq!(refused.status, 403, "{query}: {}", refused.text());
        assert_eq!(refused.header("www-authenticate"), "");
    }
    let others = other.told("uri");
    let at_others = format!("{}?{query}", others.split_once('?').unwrap().0);
    assert_eq!(other.get(&at_others, &[]).status, 403);
    assert_eq!(bundled.get(&format!("bundles?{query}"), &[]).status, 401);
    let refs = format!("info/refs?service=git-upload-pack&{query}");
    assert_eq!(bundled.get(&refs, &[]).status, 401);
    let absent = format!("/git/bundled/absent.git/{uri}");
    assert_eq!(bundled.rest.anonymous().get(&absent).status, 403);

    // Neither the query nor its secret is logged.
    let mut seen = 0;
    bundled.read(&mut seen);
    let log = server.log();
    assert!(log.contains("/git/:ns/:repo/bundles/:time"));
    assert!(!log.contains(signature) && !log.contains("signature="));
}

#[test]
fn a_signed_url_expires_and_a_clone_that_shows_it_goes_on_without() {
    let server = Server::start_with(&[("CAIRN_BUNDLE_URL_SECONDS", "5")]);
    let bundled = Bundled::new(&server, "expiring", &private());
    let uri = bundled.told("uri");
    assert_eq!(bundled.get(&uri, &[]).status, 200);
    wait::until_true("the URL has expired", Duration::from_secs(20), || {
        bundled.get(&uri, &[]).status == 403
    });
    // Git does not ask for a password, and takes everything from the repository.
    let (url, mut seen) = (bundled.hosted.url(), 0);
    bundled.read(&mut seen);
    let option = format!(
        "--bundle-uri={}{}",
        server.url(),
        bundled.hosted.git_path(&uri)
    );
    let clone = bundled.clone(&url, "late", &["--mirror", &option]);
    super::same_refs(&clone, &bundled.source);
    // Another request gets another URL.
    assert_ne!(bundled.told("uri"), uri);
}
