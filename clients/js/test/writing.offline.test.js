// Writing without a clone: a `fetch` of the test's own tells which requests go over the wire.

import assert from "node:assert/strict";
import { test } from "node:test";

import { artifacts } from "cairn-client";

const A = "a".repeat(40);
const REPO = "https://cairn.example/api/v1/namespaces/default/repos/hello";

// A repository whose server gives this answer, and its requests.
async function repository(answered = {}, info = undefined, status = 200) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url, ...init });
    const envelope =
      status < 300
        ? { result: answered, success: true, errors: [], messages: [], result_info: info }
        : { result: null, success: false, errors: [answered], messages: [] };
    return new Response(JSON.stringify(asked.length === 1 ? { result: { name: "hello", status: "ready" } } : envelope), {
      status: asked.length === 1 ? 200 : status,
    });
  };
  const options = { url: "https://cairn.example", namespace: "default", key: "the-key", fetch };
  const repo = await artifacts(options).get("hello");
  return { repo, last: () => asked.at(-1) };
}

async function linesOf({ body }) {
  const text = await new Response(body).text();
  assert.ok(text.endsWith("\n"));
  return text.trimEnd().split("\n").map(JSON.parse);
}

test("a commit is spelled as the server spells it", async () => {
  const { repo, last } = await repository({ commit: A });
  const made = await repo.commit(
    {
      branch: "main",
      message: "m",
      expectedHead: null,
      signOff: true,
      files: [
        { path: "a", content: "x\n" },
        { path: "b", content: new Uint8Array([0, 255]), mode: "100755" },
        { path: "c", moveFrom: "d" },
        { pathBase64: "/w==", delete: true },
      ],
    },
    { idempotencyKey: "once" },
  );
  assert.deepEqual(made, { commit: A });
  const { url, method, headers, body } = last();
  assert.equal(`${method} ${url}`, `POST ${REPO}/commits`);
  assert.equal(headers["idempotency-key"], "once");
  assert.deepEqual(JSON.parse(body), {
    branch: "main",
    message: "m",
    expected_head: null,
    sign_off: true,
    files: [
      { path: "a", content: "x\n" },
      { path: "b", content_base64: "AP8=", mode: "100755" },
      { path: "c", move_from: "d" },
      { path_base64: "/w==", delete: true },
    ],
  });
});

test("a streamed commit opens each content when its turn comes", async () => {
  const { repo, last } = await repository({ commit: A });
  const opened = [];
  async function* files() {
    yield { path: "a", content: "x" };
    yield { path: "b", content: () => (opened.push("b"), new Blob(["y", "z"])) };
    yield { path: "c", delete: true };
    yield { path: "d", size: 3, content: [new Uint8Array([1]), new Uint8Array([2, 3])] };
    yield { path: "e", content: new Blob(["e"]).stream() };
  }
  await repo.commitStream({ branch: "main", message: "m", files: files() });
  const request = last();
  assert.equal(request.headers["content-type"], "application/x-ndjson");
  assert.equal(request.duplex, "half");
  assert.deepEqual(opened, []);
  const [first, ...chunks] = await linesOf(request);
  assert.deepEqual(opened, ["b"]);
  assert.deepEqual(first.metadata.files, [
    { path: "a", content_id: "0" },
    { path: "b", content_id: "1" },
    { path: "c", delete: true },
    { path: "d", size: 3, content_id: "2" },
    { path: "e", content_id: "3" },
  ]);
  const piece = (id, data) => ({ chunk: { content_id: id, data } });
  const end = (id) => ({ chunk: { content_id: id, data: "", eof: true } });
  assert.deepEqual(chunks, [
    piece("0", "eA=="),
    end("0"),
    piece("1", "eXo="),
    end("1"),
    piece("2", "AQID"),
    end("2"),
    piece("3", "ZQ=="),
    end("3"),
  ]);
});

test("pieces of a large content are whole groups of base64", async () => {
  const { repo, last } = await repository({ commit: A });
  const content = new Uint8Array(2_000_001).map((_, at) => at % 251);
  const files = [{ path: "large", content: [content.subarray(0, 7), content.subarray(7)] }];
  await repo.commitStream({ branch: "main", message: "m", files });
  const [, ...lines] = await linesOf(last());
  const pieces = lines.map(({ chunk }) => chunk.data);
  assert.ok(pieces.slice(0, -2).every((piece) => !piece.includes("=")));
  assert.ok(Buffer.from(pieces.join(""), "base64").equals(content));
});

test("a content that fails is not a whole commit", async () => {
  const { repo, last } = await repository({ commit: A });
  const broken = () => Promise.reject(new Error("gone"));
  await repo.commitStream({ branch: "main", message: "m", files: [{ path: "a", content: broken }] });
  await assert.rejects(new Response(last().body).text(), { message: "gone" });
});

test("a blob is sent as it is", async () => {
  const { repo, last } = await repository({ blob: A, size: 2 });
  const bytes = new Uint8Array([1, 2]);
  assert.deepEqual(await repo.putBlob(bytes), { blob: A, size: 2 });
  const { url, method, headers, body } = last();
  assert.equal(`${method} ${url}`, `PUT ${REPO}/blobs`);
  assert.equal(headers["content-type"], "application/octet-stream");
  assert.equal(body, bytes);
});

test("refs, merges and notes are spelled as the server spells them", async () => {
  const calls = [
    [
      (repo) => repo.updateRefs([{ name: "refs/heads/x", new: A, old: null }], { pushOptions: ["a"] }),
      "POST /refs",
      { updates: [{ name: "refs/heads/x", new: A, old: null }], push_options: ["a"] },
    ],
    [
      (repo) =>
        repo.merge({ into: "main", from: "x", dryRun: true, onConflict: "ours" }),
      "POST /merge",
      { into: "main", from: "x", dry_run: true, on_conflict: "ours" },
    ],
    [
      (repo) => repo.merge({ into: "main", from: { repository: "a/b", ref: "x" } }),
      "POST /merge",
      { into: "main", from: { repository: "a/b", ref: "x" } },
    ],
    [(repo) => repo.syncFork(), "POST /sync-fork", {}],
    [
      (repo) => repo.syncFork({ branch: "next", strategy: "ff_only", expectedHead: A }),
      "POST /sync-fork",
      { branch: "next", strategy: "ff_only", expected_head: A },
    ],
    [
      (repo) => repo.cherryPick({ commits: [A], onto: "main", allowEmpty: true }),
      "POST /cherry-pick",
      { commits: [A], onto: "main", allow_empty: true },
    ],
    [
      (repo) => repo.revert({ commits: [A], onto: "main", mainline: 1 }),
      "POST /revert",
      { commits: [A], onto: "main", mainline: 1 },
    ],
    [
      (repo) => repo.restore({ branch: "main", to: { reflog: 7 }, how: "move" }),
      "POST /restore",
      { branch: "main", to: { reflog: 7 }, how: "move" },
    ],
    [
      (repo) => repo.writeNote({ object: A, note: "n", action: "append", expectedRef: null }),
      "POST /notes",
      { object: A, note: "n", action: "append", expected_ref: null },
    ],
    [(repo) => repo.removeNote({ object: A }), "DELETE /notes", { object: A }],
  ];
  for (const [call, path, body] of calls) {
    const { repo, last } = await repository({ updates: [] });
    await call(repo);
    const asked = last();
    assert.equal(`${asked.method} ${asked.url.replace(REPO, "")}`, path);
    assert.deepEqual(JSON.parse(asked.body), body);
  }
});

test("comparisons and pages ask for what they are given", async () => {
  const files = { commits: [], files: [], mergeBases: [] };
  const calls = [
    [(repo) => repo.compare("main", "a/b c"), "/compare/main...a/b%20c"],
    [
      (repo) => repo.compare("main", "x", { trees: true, paths: ["a", "b&c"], limit: 5 }),
      "/compare/main..x?path=a&path=b%26c&limit=5",
    ],
    [
      (repo) => repo.compare("main", "x", { head_repository: "demo/fork" }),
      "/compare/main...x?head_repository=demo%2Ffork",
    ],
    [
      (repo) => repo.diff({ base: "main", head: "x", renames: false, context: 0 }),
      "/diff?base=main&head=x&renames=false&context=0",
    ],
    [(repo) => repo.diffBytes({ base: "a", head: "b" }), "/diff?base=a&head=b"],
    [(repo) => repo.diff({ base: "a", head: "b", word: true }), "/diff?base=a&head=b&word=true"],
    [
      (repo) => repo.diff({ base: "a", head: "b", ignore_whitespace: true }),
      "/diff?base=a&head=b&ignore_whitespace=true",
    ],
    [(repo) => repo.patch(A), `/commit/${A}.patch`],
    [(repo) => repo.commitDiff(A), `/commit/${A}.diff`],
    [(repo) => repo.mergeBases("a", "b"), "/merge-base?refs=a%2Cb"],
    [(repo) => repo.reflog({ ref: "main", limit: 2 }), "/reflog?ref=main&limit=2"],
    [(repo) => repo.readNote(A), `/notes?object=${A}`],
    [(repo) => repo.listNotes({ cursor: "c" }), "/notes?cursor=c"],
  ];
  for (const [call, path] of calls) {
    const { repo, last } = await repository(files, { cursor: "" });
    await call(repo);
    assert.equal(last().url, REPO + path);
  }
  const { repo, last } = await repository({});
  await repo.diffBytes({ base: "a", head: "b" });
  assert.equal(last().headers.accept, "text/x-diff");
  for (const revision of ["", "..", "a..b", "./x", undefined]) {
    await assert.rejects(repo.compare("main", revision), { code: "INVALID_INPUT" });
  }
});

test("pages of last commits and of a blame are put together", async () => {
  const { repo, last } = await repository([], { cursor: "" });
  await repo.lastCommits(A, { path: "a b" });
  assert.equal(last().url, `${REPO}/tree/${A}?last_commit=true&path=a+b`);
  const page = { ranges: [{ line: 4 }, { line: 1 }], commits: [], commitsTruncated: false };
  const asked = await repository(page, { cursor: "" });
  const blame = await asked.repo.blame({ ref: "a/b", path: "c d", range: [1, 4] });
  assert.equal(asked.last().url, `${REPO}/blame/a/b/c%20d?range=1%2C4`);
  assert.deepEqual(blame.ranges, [{ line: 1 }, { line: 4 }]);
  const found = { files: [], tooLarge: [] };
  const grep = await repository(found, { cursor: "", count: 0 });
  const asks = { pattern: "a|b", paths: ["x", "y"], ignoreCase: true };
  assert.deepEqual(await grep.repo.grep(asks), { ...found, count: 0, cursor: undefined });
  assert.equal(grep.last().url, `${REPO}/grep?pattern=a%7Cb&ignore_case=true&path=x&path=y`);
  const search = await repository([{ name: "d/a", mode: "100644", hash: A, type: "blob", score: 5 }], { cursor: "c" });
  assert.deepEqual(await search.repo.searchFiles("a", { prefix: "d/", limit: 1 }), {
    files: [{ path: "d/a", mode: "100644", hash: A, type: "blob", score: 5 }],
    cursor: "c",
  });
  assert.equal(search.last().url, `${REPO}/search?query=a&prefix=d%2F&limit=1`);
  for (const args of [{ ref: "", path: "a" }, { ref: "a", path: "" }]) {
    await assert.rejects(repo.blame(args), { code: "INVALID_INPUT" });
  }
});

test("an error of a write has what the server tells of it", async () => {
  const codes = { CONFLICT: 10310, MERGE_CONFLICT: 10311, NO_CHANGE: 10312 };
  for (const [code, number] of Object.entries(codes)) {
    const details = { actual: A };
    const refused = { code: number, message: "no", source: { pointer: "/x" }, details };
    const { repo } = await repository(refused, undefined, 409);
    await assert.rejects(repo.commit({ branch: "main", message: "m" }), {
      code,
      status: 409,
      pointer: "/x",
      details,
    });
  }
  const cases = { PATCH_FAILED: [422, 10110], REF_REFUSED: [403, 10320], FORBIDDEN: [403, 10000] };
  for (const [code, [status, number]] of Object.entries(cases)) {
    const { repo } = await repository({ code: number, message: "no" }, undefined, status);
    await assert.rejects(repo.commit({ branch: "main", message: "m" }), { code, status });
  }
});
