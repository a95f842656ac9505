//! The data that schemathesis sends to the operations of the REST API: a repository with
//! everything in it, and enough things that may be changed and deleted.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::support::git::Git;
use crate::support::history::History;
use crate::support::rest::{Hosted, Rest};
use crate::support::scratch::Scratch;
use crate::support::server::{ADMIN_KEY, Server};

/// The namespace of all of it.
const NAMESPACE: &str = "described";
/// How many things of each kind are there to delete.
const DELETED: usize = 30;
/// How many of them were deleted already.
const LOST: usize = 4;
/// How many webhooks of an owner are there to remove: with one that stays, fewer than there may be.
const HOOKS_GONE: usize = 12;
/// How many downstreams there are to remove: fewer than there may be.
const DOWNSTREAMS_GONE: usize = 6;
/// How many objects of a kind the requests name.
const OBJECTS_MAX: usize = 20;

/// Makes it. The facts that `described.py` needs: values of parameters and fields, by operation.
pub fn make(server: &mut Server, scratch: &Scratch) -> Value {
    let source = source(scratch);
    let lost = lost(server, &source);
    let rest = &server.rest();
    let settings = json!({ "name": "there", "public": true, "description": "all there is" });
    let there = rest.create_repository_with(NAMESPACE, &settings);
    source.run(&["push", "--quiet", "--mirror", &there.url()]);
    in_r2(rest, &there);
    rest.create_repository(NAMESPACE, "empty");
    let changed = rest.create_repository(NAMESPACE, "changed");
    source.run(&["push", "--quiet", &changed.url(), "main"]);
    let repositories = [["there"; 7].as_slice(), &["empty"]].concat();
    let known = [&lost[..], &[id(rest, &there)]].concat();
    let lists = lists(rest, &there);
    let mut values = json!({
        "*": {
            "path.namespace": [NAMESPACE],
            "path.repo": repositories,
        },
        "deleteNamespace": { "path.namespace": (0..DELETED).map(|number| {
            let name = format!("nobody-{number}");
            rest.post("/api/v1/namespaces", &json!({ "namespace": name })).result(201);
            name
        }).collect::<Vec<_>>() },
        "deleteRepository": { "path.repo": (0..DELETED).map(|number| {
            rest.create_repository(NAMESPACE, &format!("deleted-{number}")).name
        }).collect::<Vec<_>>() },
        "revokeToken": { "path.token": tokens(rest, "changed", DELETED) },
        "revokeRepositoryToken": {
            "path.repo": ["changed"],
            "path.token": tokens(rest, "changed", DELETED),
        },
        "createRepository": { "body.default_branch": ["main"] },
        // Some of these get a time at which they end.
        "updateRepository": {
            "path.repo": (0..DELETED).map(|number| {
                rest.create_repository(NAMESPACE, &format!("set-{number}")).name
            }).collect::<Vec<_>>(),
            "body.default_branch": ["main"],
            // A low bound would refuse the writes of other operations.
            "body.bytes_max": [null, 1_u64 << 40],
        },
        // These reach the whole namespace, which other operations do not use.
        "updateNamespace": { "path.namespace": ["hooked"] },
        "revokeAllTokens": { "path.namespace": ["hooked"] },
        "renameRepository": { "path.repo": (0..DELETED).map(|number| {
            rest.create_repository(NAMESPACE, &format!("before-{number}")).name
        }).collect::<Vec<_>>(), "body.namespace": [NAMESPACE] },
        "restoreDeletedRepository": {
            "path.repo": kept(rest, "restored").iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "body": [{}],
        },
        "purgeDeletedRepository": {
            "path.id": kept(rest, "purged").iter().map(|(_, id)| id).collect::<Vec<_>>(),
        },
        "testRules": { "body": [{ "ref": "refs/heads/main", "op": "update" }] },
        "signIn": {
            "body": [{ "token": ADMIN_KEY }, { "token": there.token }, { "token": "no" }],
        },
        "showSession": { "query.namespace": [NAMESPACE] },
        "createToken": { "body.repo": ["there", "changed"] },
        "forkRepository": {
            "path.repo": ["there"],
            "body.namespace": [NAMESPACE, "forks"],
        },
        "importRepository": {
            "body.branch": ["main"],
            "body.url": [&there.remote, &there.remote, &format!("{}/no", there.remote)],
        },
        "recoverRepository": { "body.repository_id": known },
        "listTokens": { "query.token": tokens(rest, "there", 3) },
    });
    for (operation, place, found) in lists {
        values[operation][place] = json!([found]);
    }
    of_content(&mut values, &source);
    of_writes(&mut values, rest, &source);
    of_webhooks(&mut values, rest, &there);
    of_downstreams(&mut values, rest, &there);
    of_upstreams(&mut values, rest, &there);
    values
}

/// Repositories that follow the one that everybody may read: one to ask, and others to take away.
fn of_upstreams(values: &mut Value, rest: &Rest, there: &Hosted) {
    let secret = "described secret";
    let follow = |name: String| {
        let hosted = rest.create_repository(NAMESPACE, &name);
        let body = json!({ "url": there.remote, "webhook_secret": secret }).to_string();
        let set = rest.send(Method::PUT, &hosted.path("/upstream"), &[], body.as_bytes());
        set.result(200);
        name
    };
    let one = follow("follows".to_owned());
    for operation in [
        "getUpstream",
        "setUpstream",
        "syncUpstream",
        "listUpstreamSyncs",
    ] {
        values[operation]["path.repo"] = json!([one]);
    }
    values["setUpstream"]["body"] = json!([{ "url": there.remote, "webhook_secret": secret }]);
    values["setUpstream"]["body.url"] = json!([there.remote]);
    values["upstreamHook"]["path.repo"] = json!([one]);
    values["upstreamHook"]["header.X-Gitlab-Token"] = json!([secret]);
    let gone = (0..DELETED).map(|number| follow(format!("followed-{number}")));
    values["removeUpstream"]["path.repo"] = json!(gone.collect::<Vec<_>>());
}

/// Repositories that were deleted and can be restored: their names and ids.
fn kept(rest: &Rest, what: &str) -> Vec<(String, Value)> {
    let kept = |number| {
        let hosted = rest.create_repository(NAMESPACE, &format!("{what}-{number}"));
        let id = id(rest, &hosted);
        rest.delete(&hosted.path("")).result(202);
        (hosted.name, id)
    };
    (0..DELETED).map(kept).collect()
}

/// Webhooks of a namespace and of a repository of their own: one to read, one to change, and others to
/// remove.
fn of_webhooks(values: &mut Value, rest: &Rest, there: &Hosted) {
    let (namespace, repository) = ("hooked", "hooked");
    rest.create_repository(namespace, repository);
    let of_namespace = format!("/api/v1/namespaces/{namespace}");
    let of_repository = format!("{of_namespace}/repos/{repository}");
    for (owner, path) in [("Namespace", of_namespace), ("Repository", of_repository)] {
        let hooks = format!("{path}/webhooks");
        // No receiver is there: attempts fail at once, and are on record. Something has to answer, since
        // schemathesis also imports from the URLs that it was shown.
        let hook = json!({ "url": format!("{}/hook", there.remote), "events": ["*"] });
        let made = |_| {
            let made = rest.post(&hooks, &hook).result(201);
            made["id"].as_str().expect("a webhook has an id").to_owned()
        };
        let (stays, changed) = (made(0), made(1));
        let gone = (0..HOOKS_GONE).map(made).collect::<Vec<_>>();
        let ping = format!("{hooks}/{stays}/ping");
        let pinged = rest.send(Method::POST, &ping, &[], b"").result(202);
        let of_one = |operation: &str| format!("{operation}{owner}Webhook");
        let of_deliveries = [
            format!("list{owner}Deliveries"),
            format!("get{owner}Delivery"),
            format!("redeliver{owner}Delivery"),
        ];
        let others = [
            format!("list{owner}Webhooks"),
            format!("rotate{owner}WebhookSecret"),
        ];
        let all = ["create", "get", "update", "delete", "ping"].map(of_one);
        for operation in all.iter().chain(&of_deliveries).chain(&others) {
            values[operation]["path.namespace"] = json!([namespace]);
            values[operation]["path.repo"] = json!([repository]);
            values[operation]["path.webhook"] = json!([stays]);
            values[operation]["path.delivery"] = json!([pinged["id"]]);
        }
        let updated = of_one("update");
        // One that is switched off does not deliver again.
        values[&updated]["path.webhook"] = json!([changed]);
        values[&updated]["body"] = json!([{ "active": false }, { "active": true }]);
        values[of_one("delete")]["path.webhook"] = json!(gone);
        values[of_one("create")]["body"] = json!([hook]);
    }
}

/// Downstreams of a repository of their own: one to read and to push to, one to change, and others to
/// remove.
fn of_downstreams(values: &mut Value, rest: &Rest, there: &Hosted) {
    let (namespace, repository) = ("hooked", "mirrored");
    let hosted = rest.create_repository(namespace, repository);
    // It refuses pushes without credentials at once.
    let body = |active: bool| json!({ "url": there.remote, "active": active });
    let made = |active| {
        let made = rest
            .post(&hosted.path("/downstreams"), &body(active))
            .result(201);
        made["id"]
            .as_str()
            .expect("a downstream has an id")
            .to_owned()
    };
    let (stays, changed) = (made(true), made(false));
    let gone: Vec<_> = (0..DOWNSTREAMS_GONE).map(|_| made(false)).collect();
    let all = ["list", "create", "get", "update", "delete", "push"];
    let all = all.map(|operation| match operation {
        "list" => "listDownstreams".to_owned(),
        operation => format!("{operation}Downstream"),
    });
    for operation in all.iter().chain(&["listDownstreamPushes".to_owned()]) {
        values[operation]["path.namespace"] = json!([namespace]);
        values[operation]["path.repo"] = json!([repository]);
        values[operation]["path.downstream"] = json!([stays]);
    }
    values["updateDownstream"]["path.downstream"] = json!([changed]);
    values["updateDownstream"]["body"] = json!([{ "active": false }, { "force": true }]);
    values["deleteDownstream"]["path.downstream"] = json!(gone);
    values["createDownstream"]["body"] = json!([body(false)]);
}

/// Bodies and names for writes and comparisons. The repository that is written to is not the one that
/// is read: the ids there stay as they are.
fn of_writes(values: &mut Value, rest: &Rest, source: &Git) {
    let written = rest.create_repository(NAMESPACE, "written");
    source.run(&[
        "push",
        "--quiet",
        &written.url(),
        "main",
        "HEAD:refs/heads/topic",
    ]);
    let commits = source.run(&["rev-list", "HEAD"]);
    let commits: Vec<&str> = commits.lines().take(OBJECTS_MAX).collect();
    let bodies = |of: &dyn Fn(&str) -> Value| commits.iter().map(|id| of(id)).collect::<Vec<_>>();
    let noted = bodies(&|id| json!({ "object": id }));
    for body in &noted {
        let note = json!({ "object": body["object"], "note": "seen" });
        rest.post(&written.path("/notes"), &note).result(201);
    }
    let file = json!({ "path": "written", "content": "by REST" });
    let commit = json!({
        "branch": "main", "message": "written", "files": [file], "allow_empty": true,
    });
    let update = json!({ "updates": [{ "name": "refs/heads/made", "new": "main" }] });
    let one = |id: &str| json!({ "commits": [id], "onto": "topic", "dry_run": true });
    let whole = [
        ("createCommit", vec![commit]),
        ("updateRefs", vec![update]),
        ("merge", vec![json!({ "into": "main", "from": "topic" })]),
        ("syncFork", vec![json!({ "dry_run": true })]),
        ("cherryPick", bodies(&one)),
        ("revert", bodies(&one)),
        (
            "restore",
            bodies(&|id| json!({ "branch": "made", "to": id, "how": "move" })),
        ),
        (
            "addNotes",
            bodies(&|id| json!({ "object": id, "note": "more", "action": "append" })),
        ),
        ("removeNotes", noted),
    ];
    for (operation, bodies) in whole {
        values[operation]["body"] = json!(bodies);
        values[operation]["path.repo"] = json!(["written"]);
    }
    let fork = json!({ "name": "written-fork" });
    rest.post(&written.path("/fork"), &fork).result(201);
    values["syncFork"]["path.repo"] = json!(["written-fork"]);
    values["putBlob"]["path.repo"] = json!(["written"]);
    for operation in ["reflog", "notes"] {
        values[operation]["path.repo"] = json!(["written"]);
        values[operation]["query.ref"] = json!(["main", "commits"]);
    }
    values["notes"]["query.ref"] = json!(["commits"]);
    values["notes"]["query.object"] = json!(commits);
    for operation in ["commitPatch", "commitDiff"] {
        values[operation]["path.hash"] = json!(commits);
    }
    values["compare"]["path.spec"] = json!(["main...HEAD", "main..HEAD"]);
    for operation in ["compare", "diff"] {
        let elsewhere = json!([format!("{NAMESPACE}/written")]);
        values[operation]["query.head_repository"] = elsewhere;
    }
    values["diff"]["query.base"] = json!(commits);
    values["diff"]["query.head"] = json!(["main", "HEAD"]);
    values["mergeBase"]["query.refs"] = json!(["main,HEAD"]);
}

/// The ids of repositories of which R2 alone has something.
fn lost(server: &mut Server, source: &Git) -> Vec<Value> {
    let rest = server.rest();
    let secured = |number| {
        let hosted = rest.create_repository("lost", &format!("lost-{number}"));
        source.run(&["push", "--quiet", &hosted.url(), "main"]);
        in_r2(&rest, &hosted);
        id(&rest, &hosted)
    };
    let lost = (0..LOST).map(secured).collect();
    server.restart_after(|state| {
        std::fs::remove_dir_all(state.join("data/do/-RepoDo")).expect("repositories can be lost");
    });
    lost
}

/// Its packs, its record and its ready clone are in R2 from now on.
fn in_r2(rest: &Rest, hosted: &Hosted) {
    let at_once = json!({ "settle_seconds": 0, "ready_bytes_min": 0 });
    rest.patch(&hosted.path(""), &at_once).result(200);
    let task = json!({ "task": "snapshot" });
    rest.post(&hosted.path("/maintenance"), &task).result(200);
}

/// A history with all that a tree can hold.
fn source(scratch: &Scratch) -> Git {
    let source = scratch.repository("source");
    History::small(3).make(&source);
    source.write("a", "1\n".repeat(1000));
    source.write("folder/b c+%é", "2\n");
    source.commit("files");
    let tip = source.run(&["rev-parse", "HEAD"]);
    let link = source.run_with(&["hash-object", "-w", "--stdin"], b"a");
    for (mode, id, path) in [("160000", tip, "submodule"), ("120000", link, "link")] {
        let entry = format!("{mode},{id},{path}");
        source.run(&["update-index", "--add", "--cacheinfo", &entry]);
    }
    source.run(&["commit", "--quiet", "-m", "a link and a submodule"]);
    source.run(&["tag", "-a", "-m", "of a tree", "of-a-tree", "HEAD^{tree}"]);
    source
}

/// Ids, names and paths of the history.
fn of_content(values: &mut Value, source: &Git) {
    let objects = |kind: &str| {
        let all = ["cat-file", "--batch-all-objects", "--batch-check"];
        let listed = source.run(&all);
        let of_kind = listed.lines().filter(|line| line.contains(kind));
        let ids = of_kind.filter_map(|line| line.split(' ').next());
        ids.take(OBJECTS_MAX).map(str::to_owned).collect::<Vec<_>>()
    };
    let (commits, tags) = (objects(" commit "), objects(" tag "));
    values["readCommit"]["path.hash"] = json!([commits.clone(), tags].concat());
    values["readTree"]["path.hash"] = json!([objects(" tree "), commits].concat());
    let blobs = objects(" blob ");
    for operation in ["readBlob", "readBlobHead"] {
        values[operation]["path.hash"] = json!(blobs);
    }
    let tip = source.run(&["rev-parse", "HEAD"]);
    let refs: Vec<String> = source.refs().into_keys().take(OBJECTS_MAX).collect();
    let refs = [refs, vec!["main".to_owned(), tip]].concat();
    let listed = source.run(&["ls-tree", "-r", "-z", "--name-only", "HEAD"]);
    let paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    let main = ["main", "HEAD"];
    for operation in ["readFile", "readFileHead", "raw", "rawHead", "log"] {
        let place = if operation.starts_with("raw") {
            "path"
        } else {
            "query"
        };
        values[operation][format!("{place}.ref")] = json!(main);
        values[operation][format!("{place}.path")] = json!(paths);
    }
    values["log"]["query.ref"] = json!(refs);
    let files = source.run(&["ls-files", "-z", "-s"]);
    let files = files.split('\0').filter(|entry| entry.starts_with("100"));
    let files: Vec<&str> = files
        .filter_map(|entry| Some(entry.split_once('\t')?.1))
        .collect();
    values["searchFiles"]["query.ref"] = json!(main);
    values["searchFiles"]["query.query"] = json!(["f", "d1", ""]);
    values["searchFiles"]["query.prefix"] = json!(["", "d", "folder/"]);
    values["grep"]["query.ref"] = json!(main);
    values["grep"]["query.pattern"] = json!(["line [0-9]+", "a", "^$"]);
    values["grep"]["query.path"] = json!([[], files]);
    values["blame"]["path.ref"] = json!(main);
    values["blame"]["path.path"] = json!(files);
    values["blame"]["query.range"] = json!(["1,", "1,2"]);
    for operation in ["archive", "archiveHead"] {
        values[operation]["path.file"] = json!(["main.tar.gz", "HEAD.zip", "main.tar"]);
        values[operation]["query.path"] = json!([[], paths]);
        values[operation]["query.prefix"] = json!(["", "a-1.0/"]);
    }
    values["listRefs"]["query.prefix"] = json!(["refs/heads/", "refs/tags/", "H"]);
}

/// Where the second page of each list starts.
fn lists(rest: &Rest, there: &Hosted) -> Vec<(&'static str, &'static str, Value)> {
    let lists = [
        ("listNamespaces", "/api/v1/namespaces".to_owned()),
        (
            "listRepositories",
            format!("/api/v1/namespaces/{NAMESPACE}/repos"),
        ),
        ("listRefs", there.path("/refs")),
    ];
    let cursor = |path: &str| {
        let page = rest.get(&format!("{path}?limit=1")).json();
        page["result_info"]["cursor"].clone()
    };
    lists
        .iter()
        .map(|(operation, path)| (*operation, "query.cursor", cursor(path)))
        .collect()
}

/// The ids of new tokens for a repository.
fn tokens(rest: &Rest, repository: &str, count: usize) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/tokens");
    let token = |_| {
        let made = rest.post(&path, &json!({ "repo": repository })).result(201);
        made["id"].as_str().expect("a token has an id").to_owned()
    };
    (0..count).map(token).collect()
}

fn id(rest: &Rest, hosted: &Hosted) -> Value {
    rest.get(&hosted.path("")).result(200)["id"].take()
}
