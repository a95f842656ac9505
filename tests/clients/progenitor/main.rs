//! A day with the client that progenitor made: typed bodies, answers and refusals, and bytes both ways.

#![deny(warnings)]

use futures::TryStreamExt as _;
use progenitor_client_day::{Client, Error, types};

type Failed = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let (url, key) = (arguments.next(), arguments.next());
    let (url, key) = (url.ok_or("no URL")?, key.ok_or("no key")?);
    let operator = client(&url, &key)?;
    let made = operator
        .create_repository()
        .namespace("typed")
        .body_map(|body| body.name("rust").public(true))
        .send()
        .await?
        .into_inner();
    assert_eq!(
        (made.result.description, made.result.read_only),
        (None, false)
    );
    let agent = client(&url, &made.result.token)?;

    let first = commit(&agent, None).await?;
    let stale = commit(&agent, Some("0123456789012345678901234567890123456789")).await;
    let Err(Error::ErrorResponse(refused)) = stale else {
        return Err(format!("a stale guard was no refusal: {stale:?}").into());
    };
    assert_eq!(
        (refused.status().as_u16(), refused.errors[0].code),
        (409, 10310)
    );

    let log = agent
        .log()
        .namespace("typed")
        .repo("rust")
        .limit(10_u64)
        .send()
        .await?
        .into_inner();
    let hashes: Vec<&str> = log
        .result
        .iter()
        .map(|commit| commit.hash.as_str())
        .collect();
    assert_eq!(
        (hashes, log.result_info.cursor.as_str()),
        (vec![first.as_str()], "")
    );

    // Bytes are a body and an answer of their own.
    let put = agent
        .put_blob()
        .namespace("typed")
        .repo("rust")
        .body("bytes\0\n");
    let blob = put.send().await?.into_inner().result;
    assert_eq!(blob.size, 7);
    let file = agent
        .read_file()
        .namespace("typed")
        .repo("rust")
        .path("a.txt")
        .ref_("main");
    let bytes = file.send().await?.into_inner().into_inner();
    let bytes: Vec<u8> = bytes.try_collect::<Vec<_>>().await?.concat();
    assert_eq!(bytes, b"a\n");

    merges(&agent, &first).await?;
    let page = operator.list_repositories().namespace("typed").limit(1_u64);
    let names: Vec<String> = page
        .send()
        .await?
        .into_inner()
        .result
        .into_iter()
        .map(|listed| listed.name)
        .collect();
    assert_eq!(names, ["rust"]);
    println!("the client by progenitor did its day");
    Ok(())
}

fn client(url: &str, token: &str) -> Result<Client, Failed> {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse()?);
    let http = reqwest::Client::builder()
        .no_proxy()
        .default_headers(headers)
        .build()?;
    Ok(Client::new_with_client(url, http))
}

/// Commits a file to `main`, whose head must be `expected`.
async fn commit(agent: &Client, expected: Option<&str>) -> Result<String, Error<types::Failure>> {
    let body = serde_json::json!({
        "branch": "main", "message": "first", "expected_head": expected,
        "files": [{ "path": "a.txt", "content": "a\n" }],
    });
    let body: types::NewCommit = serde_json::from_value(body).expect("a commit as described");
    let sent = agent
        .create_commit()
        .namespace("typed")
        .repo("rust")
        .body(body)
        .send()
        .await?;
    Ok(sent.into_inner().result.commit.to_string())
}

/// A merge has two statuses with one type: 201 made a commit, 200 none.
async fn merges(agent: &Client, head: &str) -> Result<(), Failed> {
    let refs = serde_json::json!({ "updates": [{ "name": "refs/heads/topic", "new": head }] });
    let refs: types::RefUpdates = serde_json::from_value(refs)?;
    agent
        .update_refs()
        .namespace("typed")
        .repo("rust")
        .body(refs)
        .send()
        .await?;
    let merge = serde_json::json!({ "into": "main", "from": "topic" });
    let merge: types::NewMerge = serde_json::from_value(merge)?;
    let merged = agent
        .merge()
        .namespace("typed")
        .repo("rust")
        .body(merge)
        .send()
        .await?;
    assert_eq!(merged.status().as_u16(), 200);
    assert_eq!(
        merged.into_inner().result.status,
        types::MergedStatus::UpToDate
    );
    Ok(())
}
