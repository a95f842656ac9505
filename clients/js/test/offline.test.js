// A `fetch` of the test's own tells which requests go over the wire, and the client's results.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { artifacts, ArtifactsError } from "cairn-client";

const OPTIONS = { url: "https://cairn.example", namespace: "default", key: "the-key" };

// A server that gives these answers one after the other, and keeps its requests.
function server(...answers) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url, ...init });
    const answer = answers[asked.length - 1];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, fetch, ARTIFACTS: artifacts({ ...OPTIONS, fetch }) };
}

const answer = (status, body, headers) => new Response(JSON.stringify(body), { status, headers });
const result = (value, info) =>
  answer(200, { result: value, success: true, errors: [], messages: [], result_info: info });
const refusal = (status, code, more) =>
  answer(status, { result: null, success: false, errors: [{ code, message: "no", ...more }] });

const repository = { name: "hello", status: "ready" };

test("a request has the credential in its header and nowhere else", async () => {
  const { ARTIFACTS, asked } = server(result({ name: "hello", default_branch: "trunk" }));
  const made = await ARTIFACTS.create("hello", { readOnly: false, setDefaultBranch: "trunk" });
  assert.equal(made.defaultBranch, "trunk");
  assert.deepEqual(asked, [
    {
      url: "https://cairn.example/api/v1/namespaces/default/repos",
      method: "POST",
      headers: { authorization: "Bearer the-key", "content-type": "application/json" },
      body: '{"name":"hello","read_only":false,"default_branch":"trunk"}',
    },
  ]);
});

test("what an import and a fork say about themselves", async () => {
  const first = [{ hash: "a".repeat(40), type: "commit", message: "badTimezone", detail: "bad" }];
  const skipped = { count: 1, first: [{ name: "refs/heads/l", reason: "too long" }] };
  const warned = { object_count: 1, by_message: { badTimezone: 1 }, first };
  const imported = { ...repository, fsck_warnings: warned, skipped_refs: skipped };
  const made = { name: "copy", skipped_refs: skipped };
  const { ARTIFACTS } = server(result(repository), result(imported), result(made));
  const repo = await ARTIFACTS.get("hello");
  const info = await repo.info();
  assert.deepEqual(info.fsckWarnings, { objectCount: 1, byMessage: { badTimezone: 1 }, first });
  assert.deepEqual(info.skippedRefs, skipped);
  assert.deepEqual((await repo.fork("copy")).skippedRefs, skipped);
});

test("repositories that delete themselves, and deleted ones", async () => {
  const kept = {
    id: "0123456789abcdef",
    name: "hello",
    deleted_at: "2026-11-29T06:40:56.000Z",
    restorable_until: "2026-12-06T06:40:56.000Z",
  };
  const { ARTIFACTS, asked } = server(
    result({ name: "hello" }),
    result({ ...repository, expires_at: "2030-01-01T00:00:00.000Z", idle_ttl_seconds: 60 }),
    result({ id: kept.id }),
    result([kept], { cursor: "more" }),
    result(repository),
    refusal(404, 10200),
  );
  await ARTIFACTS.create("hello", { ttlSeconds: 9, idleTtlSeconds: 60 });
  const repo = await ARTIFACTS.restoreDeleted("hello", { id: kept.id, as: "again" });
  assert.equal(repo.constructor.name, "Repository");
  assert.equal(await ARTIFACTS.delete("hello", { purge: true }), true);
  assert.deepEqual(await ARTIFACTS.listDeleted({ limit: 1 }), {
    repos: [
      {
        id: kept.id,
        name: "hello",
        deletedAt: kept.deleted_at,
        restorableUntil: kept.restorable_until,
      },
    ],
    cursor: "more",
  });
  await repo.update({ expiresAt: null });
  assert.equal(await ARTIFACTS.purgeDeleted(kept.id), false);
  const below = (path) => `https://cairn.example/api/v1/namespaces/default${path}`;
  assert.deepEqual(
    asked.map(({ method, url, body }) => [method, url, body && JSON.parse(body)]),
    [
      ["POST", below("/repos"), { name: "hello", ttl_seconds: 9, idle_ttl_seconds: 60 }],
      ["POST", below("/repos/hello/restore-deleted"), { id: kept.id, name: "again" }],
      ["DELETE", below("/repos/hello?purge=true"), undefined],
      ["GET", below("/deleted?limit=1"), undefined],
      ["PATCH", below("/repos/hello"), { expires_at: null }],
      ["DELETE", below(`/deleted/${kept.id}`), undefined],
    ],
  );
});

test("a server below a path of its own", async () => {
  const { asked, fetch } = server(result(repository));
  await artifacts({ ...OPTIONS, url: "https://example.com/cairn/", fetch }).get("hello");
  assert.equal(asked[0].url, "https://example.com/cairn/api/v1/namespaces/default/repos/hello");
});

test("the platform's own fetch is used unless another is given", async (t) => {
  t.mock.method(globalThis, "fetch", async () => result(repository));
  await artifacts(OPTIONS).get("hello");
  assert.equal(globalThis.fetch.mock.callCount(), 1);
});

test("a name cannot lead to another path", async () => {
  const { ARTIFACTS, asked } = server();
  for (const name of ["..", ".", "", "a/b", "a%2fb", "a?b", "a b", "é", undefined]) {
    await assert.rejects(ARTIFACTS.get(name), { code: "INVALID_REPO_NAME", status: 400 });
    await assert.rejects(ARTIFACTS.delete(name), { code: "INVALID_REPO_NAME", numericCode: 10101 });
    assert.throws(() => artifacts({ ...OPTIONS, namespace: name }), { code: "INVALID_REPO_NAME" });
  }
  assert.deepEqual(asked, []);
});

test("what is missing is said before anything is asked", async () => {
  assert.throws(() => artifacts({ ...OPTIONS, key: undefined }), TypeError);
  assert.throws(() => artifacts({ ...OPTIONS, url: "cairn" }), TypeError);
  const { ARTIFACTS, asked } = server(result(repository));
  const repo = await ARTIFACTS.get("hello");
  const malformed = ["", "HEAD", "A".repeat(40), "a".repeat(39), "a".repeat(64), "../x"];
  for (const hash of malformed) {
    for (const read of ["readCommit", "readTree", "readBlob"]) {
      await assert.rejects(repo[read](hash), { code: "INVALID_INPUT", status: 400 });
    }
  }
  await assert.rejects(repo.readFile({ ref: "", path: "x" }), { code: "INVALID_INPUT" });
  await assert.rejects(repo.readFile({ ref: "main", path: "" }), { code: "INVALID_INPUT" });
  await assert.rejects(repo.archive({ ref: "" }), { code: "INVALID_INPUT" });
  await assert.rejects(repo.revokeToken(""), { code: "INVALID_INPUT" });
  assert.equal(asked.length, 1);
});

test("a repository that is not ready yet", async () => {
  const { ARTIFACTS } = server(
    result({ name: "hello", status: "importing" }),
    result({ name: "hello", status: "forking" }),
  );
  await assert.rejects(ARTIFACTS.get("hello"), { code: "IMPORT_IN_PROGRESS", numericCode: 10302 });
  await assert.rejects(ARTIFACTS.get("hello"), { code: "FORK_IN_PROGRESS", numericCode: 10303 });
});

test("an error has the code, the status and the field that the server named", async () => {
  const { ARTIFACTS } = server(
    refusal(400, 10103, { message: "ttl is too short", source: { pointer: "/ttl" } }),
    refusal(401, 10000),
    refusal(403, 10000),
    answer(503, { errors: [{ code: 10401, message: "busy" }] }, { "retry-after": "7" }),
  );
  await assert.rejects(ARTIFACTS.create("x"), (error) => {
    assert.ok(error instanceof ArtifactsError && error instanceof Error);
    const { name, code, numericCode, status, message, pointer, retryAfter } = error;
    assert.deepEqual(
      { name, code, numericCode, status, message, pointer, retryAfter },
      {
        name: "ArtifactsError",
        code: "INVALID_TTL",
        numericCode: 10103,
        status: 400,
        message: "ttl is too short",
        pointer: "/ttl",
        retryAfter: undefined,
      },
    );
    return true;
  });
  await assert.rejects(ARTIFACTS.create("x"), { code: "UNAUTHORIZED", status: 401 });
  await assert.rejects(ARTIFACTS.create("x"), { code: "FORBIDDEN", status: 403 });
  await assert.rejects(ARTIFACTS.create("x"), {
    code: "UPSTREAM_UNAVAILABLE",
    status: 503,
    retryAfter: 7,
  });
});

test("what is not Cairn's answer is an error as well", async () => {
  const cause = new TypeError("connection refused");
  const page = (status) => new Response("<html>", { status });
  const { ARTIFACTS } = server(page(502), page(200), page(418), answer(400, null), cause);
  await assert.rejects(ARTIFACTS.create("x"), { code: "UPSTREAM_UNAVAILABLE", status: 502 });
  await assert.rejects(ARTIFACTS.create("x"), { code: "INTERNAL_ERROR", status: 200 });
  await assert.rejects(ARTIFACTS.create("x"), { code: "INTERNAL_ERROR", status: 418 });
  await assert.rejects(ARTIFACTS.create("x"), { code: "INVALID_INPUT", status: 400 });
  await assert.rejects(ARTIFACTS.create("x"), { code: "INTERNAL_ERROR", status: 0, cause });
  const fetch = () => {
    throw cause;
  };
  const broken = artifacts({ ...OPTIONS, fetch });
  await assert.rejects(broken.create("x"), { name: "ArtifactsError", status: 0, cause });
});

test("a token's plaintext is not sent when it is revoked", async () => {
  const plaintext = `cairn_v1_${"0f".repeat(20)}`;
  const sha256 = createHash("sha256").update(plaintext).digest("hex");
  for (const given of [plaintext, `${plaintext}?expires=1795000000`]) {
    const { ARTIFACTS, asked } = server(
      result(repository),
      result([{ id: "0123456789abcdef" }]),
      result({ id: "0123456789abcdef" }),
    );
    const repo = await ARTIFACTS.get("hello");
    assert.equal(await repo.revokeToken(given), true);
    const [, found, revoked] = asked.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
    assert.equal(found, "GET /api/v1/namespaces/default/repos/hello/tokens");
    assert.equal(new URL(asked[1].url).searchParams.get("token"), sha256);
    assert.equal(revoked, "DELETE /api/v1/namespaces/default/tokens/0123456789abcdef");
    assert.ok(!JSON.stringify(asked).includes(plaintext));
  }
});

test("all pages of tokens are read", async () => {
  const page = (ids, cursor) =>
    result(
      ids.map((id) => ({ id })),
      { cursor, total_count: 3 },
    );
  const { ARTIFACTS, asked } = server(result(repository), page(["a", "b"], "x"), page(["c"], ""));
  const { tokens, total } = await (await ARTIFACTS.get("hello")).listTokens();
  assert.deepEqual([tokens.map(({ id }) => id), total], [["a", "b", "c"], 3]);
  assert.match(asked[2].url, /state=all&per_page=200&cursor=x$/);
});

test("a fork has the default branch alone unless all are wanted", async () => {
  const { ARTIFACTS, asked } = server(result(repository), result({}), result({}));
  const repo = await ARTIFACTS.get("hello");
  await repo.fork("one");
  await repo.fork("all", { defaultBranchOnly: false });
  const bodies = asked.slice(1).map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    bodies.map(({ default_branch_only }) => default_branch_only),
    [true, false],
  );
});

test("a repository is renamed, and transferred", async () => {
  const { ARTIFACTS, asked } = server(result(repository), result(repository), result(repository));
  const repo = await ARTIFACTS.get("hello");
  assert.equal((await repo.rename("new")).name, repository.name);
  assert.match(asked[1].url, /\/repos\/hello\/rename$/);
  assert.deepEqual(JSON.parse(asked[1].body), { name: "new" });
  await repo.rename("new", { namespace: "tools" });
  assert.deepEqual(JSON.parse(asked[2].body), { name: "new", namespace: "tools" });
});

test("a purge tells what went and who may still hold it", async () => {
  const lfs = { lfs_objects: 4, lfs_bytes: 40 };
  const counts = { objects: 3, bytes: 9, packs_rewritten: 1, r2_objects: 2, ...lfs };
  const went = { ...counts, holders: [], other_holders: 1 };
  const { ARTIFACTS, asked } = server(result(repository), result(went), refusal(403, 10000));
  const repo = await ARTIFACTS.get("hello");
  assert.deepEqual(await repo.purgeUnreachable(), {
    objects: 3,
    bytes: 9,
    holders: [],
    packsRewritten: 1,
    lfsObjects: 4,
    lfsBytes: 40,
    r2Objects: 2,
    otherHolders: 1,
  });
  assert.match(asked[1].url, /purge-unreachable$/);
  await assert.rejects(repo.purgeUnreachable({ network: true }), { code: "FORBIDDEN" });
  assert.deepEqual(JSON.parse(asked[2].body), { network: true });
});

test("nothing found is not the same as the repository gone", async () => {
  const reads = [
    ["readCommit", "0".repeat(40)],
    ["readTree", "0".repeat(40)],
    ["readBlob", "0".repeat(40)],
    ["readFile", { ref: "main", path: "x" }],
    ["log", { ref: "nowhere" }],
  ];
  for (const [read, argument] of reads) {
    const there = server(result(repository), refusal(404, 10200), result(repository));
    const none = await (await there.ARTIFACTS.get("hello"))[read](argument);
    assert.deepEqual(none, read === "log" ? [] : null);

    const gone = server(result(repository), refusal(404, 10200), refusal(404, 10200));
    const repo = await gone.ARTIFACTS.get("hello");
    await assert.rejects(repo[read](argument), { code: "NOT_FOUND", status: 404 });
  }
});

test("a log is read on where a page ended early, and no further than wanted", async () => {
  const person = { name: "Ada", email: "ada@example.com" };
  const shown = (hash) => ({
    hash,
    treeHash: "t",
    message: "why\n\n",
    author: person,
    committer: person,
    parents: [],
    authoredAt: "1970-01-01T00:00:01.000Z",
    committedAt: "2023-11-14T22:13:20.000Z",
  });
  const { ARTIFACTS, asked } = server(
    result(repository),
    result([shown("a"), shown("b")], { cursor: "7" }),
    result([shown("c")], { cursor: "8" }),
    result([], { cursor: "" }),
  );
  const repo = await ARTIFACTS.get("hello");
  const commits = await repo.log({ ref: "topic/one", limit: 3, offset: 5 });
  assert.deepEqual(commits.map(({ hash }) => hash), ["a", "b", "c"]);
  const { message, authoredAt, committedAt } = commits[0];
  assert.deepEqual([message, authoredAt, committedAt], ["why\n", 1, 1_700_000_000]);
  const queries = asked.slice(1).map(({ url }) => new URL(url).searchParams);
  assert.deepEqual(
    queries.map((query) => ["ref", "limit", "offset", "cursor"].map((name) => query.get(name))),
    [
      ["topic/one", "3", "5", null],
      ["topic/one", "1", null, "7"],
    ],
  );
  assert.deepEqual(await repo.log({ limit: 5000 }), []);
  assert.match(asked.at(-1).url, /limit=1000&offset=0$/);
});

test("a handle may be disposed of", async () => {
  const { ARTIFACTS } = server(result(repository), result(repository));
  const repo = await ARTIFACTS.get("hello");
  repo[Symbol.dispose]();
  assert.equal((await repo.info()).name, "hello");
});
