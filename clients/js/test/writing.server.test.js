// Writing without a clone, against a running server: CAIRN_URL says where, CAIRN_ADMIN_KEY is its key.
// tests/smart_http_* compare the results with real git's; here the client's methods are used.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { artifacts } from "cairn-client";

const { CAIRN_URL: url, CAIRN_ADMIN_KEY: key } = process.env;
assert.ok(url && key, "set CAIRN_URL and CAIRN_ADMIN_KEY");

const namespace = `jw-${process.pid}-${Date.now()}`;
const ARTIFACTS = artifacts({ url, namespace, key });
const person = { name: "Ada", email: "ada@example.com", date: "2023-11-14T23:13:20+01:00" };

async function repository(name) {
  await ARTIFACTS.create(name);
  return ARTIFACTS.get(name);
}

const read = async (repo, ref, path) => (await repo.readFile({ ref, path }))?.text();

function blobId(text) {
  return createHash("sha1").update(`blob ${Buffer.byteLength(text)}\0${text}`).digest("hex");
}

test("large files go to Git LFS and come back", async () => {
  const repo = await repository("large");
  const content = "large\n".repeat(1000);
  const oid = createHash("sha256").update(content).digest("hex");
  const made = await repo.commit({
    branch: "main",
    message: "m",
    lfs: true,
    files: [
      { path: ".gitattributes", content: "*.bin filter=lfs\n" },
      { path: "a.bin", content },
    ],
  });
  assert.deepEqual(made.lfs, [{ path: "a.bin", oid, size: content.length }]);
  assert.match(await read(repo, "main", "a.bin"), /^version https:\/\/git-lfs/);
  const large = await repo.readFile({ ref: "main", path: "a.bin", lfs: true });
  assert.equal(await large.text(), content);
  const streamed = await repo.commitStream({
    branch: "main",
    message: "m",
    lfs: true,
    files: [
      { path: "b.bin", content },
      { path: "c", lfs: { oid, size: content.length } },
    ],
  });
  assert.deepEqual(streamed.lfs.map(({ path }) => path), ["b.bin", "c"]);
  const { objects, cursor, total } = await repo.listLfsObjects();
  assert.deepEqual([objects.length, objects[0].oid, cursor], [1, oid, undefined]);
  assert.deepEqual(total, { objects: 1, bytes: content.length });
  const pointer = (await read(repo, "main", "a.bin")).replace(oid, "0".repeat(64));
  await repo.commit({ branch: "main", message: "m", files: [{ path: "d", content: pointer }] });
  const missing = repo.readFile({ ref: "main", path: "d", lfs: true });
  await assert.rejects(missing, { code: "NOT_FOUND", pointer: "/lfs" });
});

test("commits of every kind of change", async () => {
  const repo = await repository("commits");
  const first = await repo.commit({
    branch: "main",
    message: "first",
    author: person,
    committer: person,
    expectedHead: null,
    files: [
      { path: "a", content: "one\n" },
      { path: "dir/b", content: new Uint8Array([0, 255]), mode: "100755" },
      { path: "gone", content: "x" },
    ],
  });
  assert.equal(first.oldHead, null);
  assert.equal(first.filesChanged, 3);
  const { blob, size } = await repo.putBlob(new Uint8Array([104, 105]));
  assert.equal(blob, blobId("hi"));
  assert.equal(size, 2);
  const second = await repo.commit({
    branch: "main",
    message: "second",
    signOff: true,
    committer: person,
    expectedHead: first.commit,
    files: [
      { path: "c", blob },
      { path: "gone", delete: true },
      { path: "moved", moveFrom: "a" },
    ],
  });
  assert.equal(second.oldHead, first.commit);
  assert.equal(await read(repo, "main", "c"), "hi");
  assert.equal(await read(repo, "main", "moved"), "one\n");
  assert.equal(await read(repo, "main", "gone"), undefined);
  const [newest] = await repo.log({ limit: 1 });
  assert.match(newest.message, /^second\n\nSigned-off-by: Ada <ada@example.com>/);
  const patch = [
    "diff --git a/moved b/moved",
    "--- a/moved",
    "+++ b/moved",
    "@@ -1 +1,2 @@",
    " one",
    "+two",
    "",
  ].join("\n");
  await repo.commit({ branch: "main", message: "third", patch });
  assert.equal(await read(repo, "main", "moved"), "one\ntwo\n");
});

test("a refused commit says what is there", async () => {
  const repo = await repository("refused");
  const { commit, tree } = await repo.commit({
    branch: "main",
    message: "m",
    files: [{ path: "a", content: "a" }],
  });
  const again = { branch: "main", message: "m", files: [{ path: "a", content: "a" }] };
  await assert.rejects(repo.commit(again), { code: "NO_CHANGE", details: { head: commit, tree } });
  await assert.rejects(repo.commit({ ...again, expectedHead: null }), {
    code: "CONFLICT",
    pointer: "/expected_head",
    details: { actual: commit },
  });
  await assert.rejects(repo.commit({ ...again, files: [{ path: ".git/x", content: "" }] }), {
    code: "INVALID_INPUT",
    pointer: "/files/0/path",
  });
  await assert.rejects(repo.commit({ branch: "main", message: "m", patch: "no patch" }), {
    code: "PATCH_FAILED",
    status: 422,
    pointer: "/patch",
  });
  assert.equal((await repo.log()).length, 1);
});

test("a commit is done once for its key", async () => {
  const repo = await repository("once");
  const commit = { branch: "main", message: "m", files: [{ path: "a", content: "a" }] };
  const made = await repo.commit(commit, { idempotencyKey: "k" });
  assert.deepEqual(await repo.commit(commit, { idempotencyKey: "k" }), made);
  assert.equal((await repo.log()).length, 1);
});

test("contents are streamed", async () => {
  const repo = await repository("streamed");
  const large = Buffer.alloc(3_000_000, "0123456789abcdef");
  async function* files() {
    yield { path: "large", content: () => new Blob([large]).stream() };
    yield { path: "text", content: "t\n" };
    yield { path: "empty", content: [] };
  }
  const made = await repo.commitStream({ branch: "main", message: "m", files: files() });
  assert.equal(made.filesChanged, 3);
  const bytes = await (await repo.readFile({ ref: "main", path: "large" })).arrayBuffer();
  assert.ok(Buffer.from(bytes).equals(large));
  assert.equal(await read(repo, "main", "empty"), "");
});

test("refs are made, moved and deleted, and the reflog tells", async () => {
  const repo = await repository("refs");
  const { commit } = await repo.commit({
    branch: "main",
    message: "m",
    files: [{ path: "a", content: "a" }],
  });
  const [topic, tag] = await repo.updateRefs(
    [
      { name: "refs/heads/topic", new: "main", old: null },
      { name: "refs/tags/v1", new: commit, tag: { message: "one", tagger: person } },
    ],
    { atomic: true, pushOptions: ["why=test"] },
  );
  assert.deepEqual([topic.ok, topic.old, topic.new], [true, null, commit]);
  assert.notEqual(tag.new, commit);
  const moved = [{ name: "refs/heads/topic", new: null, old: "1".repeat(40) }];
  await assert.rejects(repo.updateRefs(moved), {
    code: "CONFLICT",
    pointer: "/updates/0/old",
  });
  await repo.updateRefs([{ name: "refs/heads/topic", new: null, old: commit }]);
  const { entries, cursor } = await repo.reflog({ ref: "topic" });
  assert.equal(cursor, undefined);
  assert.deepEqual(
    entries.map((entry) => [entry.ref, entry.old, entry.new, entry.pushOptions]),
    [
      ["refs/heads/topic", commit, null, []],
      ["refs/heads/topic", null, commit, ["why=test"]],
    ],
  );
});

test("what differs is told as JSON and as git tells it", async () => {
  const repo = await repository("compared");
  const { commit: base } = await repo.commit({
    branch: "main",
    message: "base",
    files: [{ path: "a", content: "one\ntwo\n" }],
  });
  const { commit: head } = await repo.commit({
    branch: "topic",
    base: "main",
    message: "head",
    author: person,
    files: [{ path: "a", content: "one\n2\n" }],
  });
  const compared = await repo.compare("main", "topic");
  assert.equal(compared.mergeBase, base);
  assert.deepEqual([compared.aheadBy, compared.behindBy], [1, 0]);
  assert.deepEqual(compared.commits.map(({ hash }) => hash), [head]);
  assert.deepEqual(compared.stats, { files: 1, additions: 1, deletions: 1 });
  const { files } = await repo.diff({ base: "main", head: "topic", context: 0 });
  assert.deepEqual(files[0].hunks[0].lines, [
    { type: "deleted", text: "two" },
    { type: "added", text: "2" },
  ]);
  const bytes = await (await repo.diffBytes({ base: "main", head: "topic" })).text();
  assert.match(bytes, /^diff --git a\/a b\/a\nindex /);
  assert.equal(await (await repo.commitDiff(head)).text(), bytes);
  const mail = await (await repo.patch(head)).text();
  assert.match(mail, new RegExp(`^From ${head} Mon Sep 17 00:00:00 2001\nFrom: Ada <`));
  assert.equal(await repo.patch("1".repeat(40)), null);
  assert.deepEqual(await repo.mergeBases("main", "topic"), [base]);
});

test("merges, conflicts, picks, reverts and restores", async () => {
  const repo = await repository("merged");
  const commit = async (branch, path, content, more) =>
    (await repo.commit({ branch, message: `${branch} ${path}`, files: [{ path, content }], ...more }))
      .commit;
  const base = await commit("main", "a", "one\ntwo\nthree\n");
  const theirs = await commit("topic", "b", "b\n", { base: "main" });
  const ours = await commit("main", "c", "c\n");
  const dry = await repo.merge({ into: "main", from: "topic", dryRun: true });
  assert.deepEqual([dry.status, dry.dryRun, dry.commit], ["merged", true, null]);
  const merged = await repo.merge({ into: "main", from: "topic", expectedHead: ours });
  assert.deepEqual([merged.status, merged.oldHead, merged.mergeBase], ["merged", ours, base]);
  assert.equal(merged.tree, dry.tree);
  assert.deepEqual((await repo.readCommit(merged.commit)).parents, [ours, theirs]);
  assert.equal((await repo.merge({ into: "main", from: "topic" })).status, "up_to_date");

  await commit("main", "a", "one\n2\nthree\n");
  const other = await commit("topic", "a", "one\nzwei\nthree\n");
  await assert.rejects(repo.merge({ into: "main", from: "topic" }), (error) => {
    assert.equal(error.code, "MERGE_CONFLICT");
    const [conflict] = error.details.conflicts;
    assert.deepEqual([conflict.path, conflict.kind], ["a", "content"]);
    assert.match(conflict.content, /<<<<<<< .*\n2\n\|\|\|\|\|\|\| .*\ntwo\n=======\nzwei\n>>>>>>> /);
    return true;
  });
  await assert.rejects(repo.cherryPick({ commits: [other], onto: "main" }), {
    code: "MERGE_CONFLICT",
  });
  const theirsWon = await repo.merge({ into: "main", from: "topic", onConflict: "theirs" });
  assert.equal(await read(repo, "main", "a"), "one\nzwei\nthree\n");
  const reverted = await repo.revert({ commits: [theirsWon.commit], onto: "main", mainline: 1 });
  assert.equal(reverted.status, "reverted");
  assert.equal(await read(repo, "main", "a"), "one\n2\nthree\n");
  const picked = await commit("topic", "d", "d\n");
  const pick = await repo.cherryPick({ commits: [picked], onto: "main" });
  assert.deepEqual([pick.status, pick.commits], ["cherry_picked", [pick.commit]]);
  const restored = await repo.restore({ branch: "main", to: base });
  assert.equal(restored.tree, (await repo.readCommit(base)).treeHash);
  const { entries } = await repo.reflog({ ref: "main", limit: 2 });
  const back = await repo.restore({ branch: "main", to: { reflog: entries[1].id }, how: "move" });
  assert.equal(back.newHead, pick.commit);
  const gone = await repo.restore({ branch: "gone", to: base, how: "move", expectedHead: null });
  assert.deepEqual([gone.status, gone.oldHead, gone.filesChanged], ["moved", null, 1]);
  await assert.rejects(repo.merge({ into: "main", from: "topic", expectedHead: null }), {
    code: "INVALID_INPUT",
    pointer: "/expected_head",
  });
});

test("a fork's work comes back as a patch", async () => {
  const origin = await repository("origin");
  const files = [{ path: "a", content: "a\n" }];
  const { commit: base } = await origin.commit({ branch: "main", message: "first", files });
  await origin.fork("copy");
  const copy = await ARTIFACTS.get("copy");
  const work = await copy.commit({
    branch: "main",
    message: "work",
    files: [{ path: "b", content: "b\n" }],
  });
  const patch = await (await copy.commitDiff(work.commit)).text();
  const { commit } = await origin.commit({ branch: "copied", base, message: "work", patch });
  const merged = await origin.merge({ into: "main", from: "copied", strategy: "ff_prefer" });
  assert.deepEqual([merged.status, merged.newHead], ["fast_forward", commit]);
  assert.equal(merged.tree, work.tree);
  assert.equal(await read(origin, "main", "b"), "b\n");
  const more = await copy.commit({
    branch: "main",
    message: "more",
    files: [{ path: "c", content: "c\n" }],
  });
  const from = { repository: `${namespace}/copy`, ref: "main" };
  const back = await origin.merge({ into: "main", from });
  assert.deepEqual((await origin.readCommit(back.commit)).parents, [commit, more.commit]);
  assert.equal(await read(origin, "main", "c"), "c\n");
});

test("notes are written, read, listed and removed", async () => {
  const repo = await repository("notes");
  const { commit } = await repo.commit({
    branch: "main",
    message: "m",
    files: [{ path: "a", content: "a" }],
  });
  assert.equal(await repo.readNote(commit), null);
  const first = await repo.writeNote({ object: commit, note: "good\n", expectedRef: null });
  assert.equal(first.ref, "refs/notes/commits");
  const again = { object: commit, note: "x\n" };
  await assert.rejects(repo.writeNote(again), { code: "ALREADY_EXISTS", pointer: "/object" });
  await repo.writeNote({ object: commit, note: "better\n", action: "append" });
  assert.equal((await repo.readNote("main")).note, "good\n\nbetter\n");
  const { notes } = await repo.listNotes();
  assert.deepEqual(notes.map(({ object }) => object), [commit]);
  assert.equal((await repo.removeNote({ object: commit })).blob, null);
  assert.equal(await repo.readNote(commit), null);
});

test("rules about refs are set, tried and kept to", async () => {
  const repo = await repository("rules");
  const file = { files: [{ path: "a", content: "a" }] };
  await repo.commit({ branch: "main", message: "m", ...file });
  const refRules = [["refs/heads/main", ["no-push"]], ["refs/heads/agent/*", []]];
  assert.deepEqual((await repo.update({ refRules })).refRules, refRules);
  assert.deepEqual((await repo.info()).refRules, refRules);
  const judged = await repo.testRules({ ref: "refs/heads/main", op: "update" });
  assert.deepEqual(judged, {
    allowed: false,
    by: "repository",
    rule: "no-push",
    pattern: "refs/heads/main",
    message: "protected: no-push",
  });
  const again = repo.commit({ branch: "main", message: "n", files: [{ path: "a", content: "b" }] });
  await assert.rejects(again, {
    code: "REF_REFUSED",
    details: { rule: "no-push", by: "repository", pattern: "refs/heads/main" },
  });
  const refs = [["*", ["no-create"]]];
  const { id } = await repo.createToken("write", 60, { refs });
  const of = { ref: "refs/heads/agent/x", op: "create" };
  assert.deepEqual(await repo.testRules(of), { allowed: true });
  assert.equal((await repo.testRules({ ...of, tokenId: id })).message, "token: no-create");
});
