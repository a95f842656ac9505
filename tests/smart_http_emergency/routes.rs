//! A namespace that is suspended or read-only, by every route: those that the description of the API names, Git's
//! and Git LFS's.

use super::support::git::Git;
use super::support::lfs_files::oid;
use super::*;

const LFS: [(&str, &str); 1] = [("content-type", "application/vnd.git-lfs+json")];

/// A secret that `suspended` must keep from a caller: a request, and the text that its answer may not show.
struct Asked {
    method: Method,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
}

impl Asked {
    fn send(&self, client: &Rest) -> Answer {
        let kind = [("content-type", self.kind)];
        client.send(self.method.clone(), &self.path, &kind, &self.body)
    }
}

/// A value for a parameter of a path or a query.
fn value_of(parameter: &Value, commit: &str) -> String {
    match parameter["name"].as_str().unwrap() {
        "namespace" => "emerge-routes".to_owned(),
        "repo" => "r".to_owned(),
        "hash" | "object" => commit.to_owned(),
        "ref" | "base" | "head" | "commit" => "main".to_owned(),
        "path" => "file".to_owned(),
        "file" => "main.zip".to_owned(),
        "spec" => "main...main".to_owned(),
        "delivery" => "1".to_owned(),
        _ => "0123456789abcdef".to_owned(),
    }
}

/// Every request below a namespace that the description of the API has.
fn described(description: &Value, commit: &str) -> Vec<Asked> {
    let found = |parameter: &Value| match parameter["$ref"].as_str() {
        Some(to) => description.pointer(&to[1..]).unwrap().clone(),
        None => parameter.clone(),
    };
    let mut all = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1/namespaces/{namespace}") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            if method.as_str() == "PARAMETERS" {
                continue;
            }
            let lists = [&item["parameters"], &operation["parameters"]];
            let parameters = lists.into_iter().filter_map(Value::as_array).flatten();
            let (mut path, mut query) = (path.clone(), Vec::new());
            for parameter in parameters.map(found) {
                let (name, value) = (&parameter["name"], value_of(&parameter, commit));
                let name = name.as_str().unwrap();
                if parameter["in"] == "path" {
                    path = path.replace(&format!("{{{name}}}"), &value);
                } else if parameter["in"] == "query" && parameter["required"] == true {
                    query.push(format!("{name}={value}"));
                }
            }
            let content = &operation["requestBody"]["content"];
            let (kind, body) = match content["application/json"].get("example") {
                Some(example) => ("application/json", example.to_string()),
                None if content["application/octet-stream"].is_object() => {
                    ("application/octet-stream", "bytes".to_owned())
                }
                None => ("application/json", String::new()),
            };
            all.push(Asked {
                method,
                path: format!("{path}?{}", query.join("&")),
                kind,
                body: body.into_bytes(),
            });
        }
    }
    all
}

/// The requests of Git and Git LFS.
fn of_git(hosted: &Hosted, large: &[u8], commit: &str) -> Vec<Asked> {
    let get = |path: &str| Asked {
        method: Method::GET,
        path: hosted.git_path(path),
        kind: LFS[0].1,
        body: Vec::new(),
    };
    let post = |path: &str, kind, body: Vec<u8>| Asked {
        method: Method::POST,
        kind,
        body,
        ..get(path)
    };
    let lfs = |path: &str, body: &Value| {
        let path = format!("info/lfs/{path}");
        post(&path, LFS[0].1, body.to_string().into_bytes())
    };
    let objects = json!([{ "oid": oid(large), "size": large.len() }]);
    let batch = |operation: &str| json!({ "operation": operation, "objects": objects });
    let want = format!("0032want {commit}\n00000009done\n");
    let zero = "0".repeat(40);
    let delete = format!("{commit} {zero} refs/heads/main\0report-status");
    let delete = format!("{:04x}{delete}0000", delete.len() + 4);
    vec![
        get("info/refs?service=git-upload-pack"),
        get("info/refs?service=git-receive-pack"),
        post(
            "git-upload-pack",
            "application/x-git-upload-pack-request",
            want.into_bytes(),
        ),
        post(
            "git-receive-pack",
            "application/x-git-receive-pack-request",
            delete.into_bytes(),
        ),
        lfs("objects/batch", &batch("download")),
        lfs("objects/batch", &batch("upload")),
        lfs("locks", &json!({ "path": "file" })),
        lfs("locks/verify", &json!({})),
        lfs("locks/1/unlock", &json!({})),
        get("info/lfs/locks"),
        get(&format!("info/lfs/objects/{}", oid(large))),
        Asked {
            method: Method::PUT,
            body: large.to_vec(),
            ..get(&format!("info/lfs/objects/{}/{}", oid(large), large.len()))
        },
    ]
}

/// A public repository with one commit, and a large file if so.
fn repository(operator: &Rest, scratch: &Scratch, name: &str) -> (Hosted, Git, String) {
    let body = json!({ "name": "r", "public": true });
    let hosted = operator.create_repository_with(name, &body);
    let work = scratch.repository("work");
    work.write("file", "content\n");
    let commit = work.commit("first");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    (hosted, work, commit)
}

#[test]
fn no_route_answers_for_a_suspended_namespace_but_to_the_operator() {
    let (operator, scratch) = (server().rest(), Scratch::new());
    let (hosted, _, commit) = repository(&operator, &scratch, "emerge-routes");
    let holders = [
        ("admin", token(&operator, "emerge-routes", "admin")),
        ("write", token(&operator, "emerge-routes", "write")),
        ("repository", hosted.token.clone()),
    ];
    let settings = namespace("emerge-routes");
    let suspended = json!({ "suspended": true });
    operator.patch(&settings, &suspended).result(200);

    let description = operator.get("/api/v1/openapi.json").json();
    let mut asked = described(&description, &commit);
    assert!(asked.len() > 70, "{}", asked.len());
    asked.extend(of_git(&hosted, b"large", &commit));
    for asked in &asked {
        let what = format!("{} {}", asked.method, asked.path);
        let clients = holders
            .iter()
            .map(|(name, token)| (*name, operator.with_bearer(token)));
        let strangers = [("nobody", operator.anonymous())];
        for (name, client) in clients.chain(strangers) {
            let answer = asked.send(&client);
            let text = answer.text();
            // Git's own requests are answered in-band, with 200.
            let in_band = answer.status == 200 && asked.kind.starts_with("application/x-git");
            if in_band {
                assert!(text.contains("suspended"), "{what} by {name}: {text}");
            } else {
                let refused = [401, 403].contains(&answer.status);
                assert!(refused, "{what} by {name}: {} {text}", answer.status);
            }
            let secrets = [commit.as_str(), "\"success\":true", "PACK"];
            let shown = secrets.iter().find(|secret| text.contains(**secret));
            assert_eq!(shown, None, "{what} by {name}");
        }
    }
    operator.get(&hosted.path("/refs")).result(200);

    // With the next request everybody has their rights again.
    let suspended = json!({ "suspended": false });
    operator.patch(&settings, &suspended).result(200);
    for (_, token) in &holders {
        let client = operator.with_bearer(token);
        client.get(&hosted.path("/refs")).result(200);
    }
}

/// Requests that write: to REST, and to Git LFS.
fn writes(hosted: &Hosted, [first, topic]: [&str; 2], lock_id: &str) -> Vec<Asked> {
    let rest = |method: Method, path: &str, body: &Value| Asked {
        method,
        path: hosted.path(path),
        kind: "application/json",
        body: body.to_string().into_bytes(),
    };
    let post = |path: &str, body: &Value| rest(Method::POST, path, body);
    let refs = |name: &str, new: &Value| {
        post(
            "/refs",
            &json!({ "updates": [{ "name": name, "new": new }] }),
        )
    };
    let lfs = |path: &str, body: &Value| Asked {
        path: hosted.git_path(&format!("info/lfs/{path}")),
        kind: LFS[0].1,
        ..post("", body)
    };
    let raw = |asked: Asked| Asked {
        method: Method::PUT,
        kind: "application/octet-stream",
        body: b"large".to_vec(),
        ..asked
    };
    let files = json!([{ "path": "a", "content": "b" }]);
    let commit = json!({ "branch": "main", "message": "m", "files": files });
    let large = json!([{ "oid": oid(b"large"), "size": 5 }]);
    vec![
        post("/commits", &commit),
        refs("refs/heads/x", &json!(topic)),
        refs("refs/heads/topic", &json!(null)),
        refs("refs/ephemeral/x", &json!(topic)),
        post("/merge", &json!({ "into": "main", "from": "topic" })),
        post(
            "/cherry-pick",
            &json!({ "onto": "main", "commits": [topic] }),
        ),
        post("/revert", &json!({ "onto": "topic", "commits": [topic] })),
        post("/restore", &json!({ "branch": "topic", "to": first })),
        post("/notes", &json!({ "object": topic, "note": "n" })),
        rest(Method::DELETE, "/notes", &json!({ "object": first })),
        raw(post("/blobs", &json!(null))),
        lfs(
            "objects/batch",
            &json!({ "operation": "upload", "objects": large }),
        ),
        lfs("locks", &json!({ "path": "other" })),
        lfs(&format!("locks/{lock_id}/unlock"), &json!({})),
        raw(lfs(&format!("objects/{}/5", oid(b"large")), &json!(null))),
    ]
}

#[test]
fn a_read_only_namespace_takes_no_write_by_any_route() {
    let (operator, scratch) = (server().rest(), Scratch::new());
    let (hosted, work, first) = repository(&operator, &scratch, "emerge-writes");
    work.run(&["switch", "--quiet", "-c", "topic"]);
    work.write("file", "changed\n");
    let topic = work.commit("second");
    work.run(&["push", "--quiet", &hosted.url(), "topic"]);
    let client = operator.with_bearer(&hosted.token);
    let lock = hosted.git_path("info/lfs/locks");
    let locked = json!({ "path": "file" }).to_string();
    let locked = client.send(Method::POST, &lock, &LFS, locked.as_bytes());
    let lock_id = locked.json()["lock"]["id"].as_str().unwrap().to_owned();
    let note = json!({ "object": first, "note": "n" });
    operator.post(&hosted.path("/notes"), &note).result(201);
    let refs = work.remote_refs(&hosted.url());
    let settings = namespace("emerge-writes");
    let read_only = json!({ "read_only": true });
    operator.patch(&settings, &read_only).result(200);

    // The operator's key passes no setting.
    for client in [&client, &operator] {
        for write in writes(&hosted, [&first, &topic], &lock_id) {
            let (answer, what) = (write.send(client), (&write.method, &write.path));
            let text = answer.text();
            assert_eq!(answer.status, 403, "{what:?}: {text}");
            assert!(text.contains("read-only"), "{what:?}: {text}");
        }
    }
    for refspec in [
        "topic:main",
        "+topic:main",
        ":topic",
        "topic:refs/ephemeral/x",
    ] {
        work.fails(&["push", "--quiet", &hosted.url(), refspec]);
    }
    assert_eq!(work.remote_refs(&hosted.url()), refs);
}
