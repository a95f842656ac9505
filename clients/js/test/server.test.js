// The same methods against a running server: CAIRN_URL says where, CAIRN_ADMIN_KEY is its key.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { artifacts, deployment, namespaceTokens } from "cairn-client";

const { CAIRN_URL: url, CAIRN_ADMIN_KEY: key } = process.env;
assert.ok(url && key, "set CAIRN_URL and CAIRN_ADMIN_KEY");

const NOWHERE = "0123456789".repeat(4);
const IMPORT_SECONDS_MAX = 60;

// A namespace of this run's own, and a folder for git.
const namespace = `js-${process.pid}-${Date.now()}`;
const ARTIFACTS = artifacts({ url, namespace, key });
const folder = mkdtempSync(join(tmpdir(), "cairn-js-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const environment = {
  PATH: process.env.PATH,
  HOME: folder,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
};
for (const person of ["AUTHOR", "COMMITTER"]) {
  environment[`GIT_${person}_NAME`] = "Ada";
  environment[`GIT_${person}_EMAIL`] = "ada@example.com";
  environment[`GIT_${person}_DATE`] = "1700000000 +0100";
}

// git, with this text on its standard input; gives its output.
function git(args, input) {
  return execFileSync("git", ["-C", folder, ...args], { env: environment, input, stdio: "pipe" });
}
const said = (...args) => git(args).toString().trimEnd();

function remoteWith(token, { remote }) {
  return remote.replace("://", `://x:${token}@`);
}

// Whether a token is let in.
function fetches(token, made) {
  try {
    said("ls-remote", remoteWith(token, made));
    return true;
  } catch {
    return false;
  }
}

test("a repository is made, shown, listed and deleted", async () => {
  const made = await ARTIFACTS.create("first", {
    description: "the first",
    readOnly: true,
    setDefaultBranch: "trunk",
  });
  assert.match(made.id, /^[0-9a-z]{16}$/);
  assert.equal(made.remote, `${url}/git/${namespace}/first.git`);
  assert.deepEqual(Object.keys(made).sort(), [
    "cloneUrl",
    "defaultBranch",
    "description",
    "expiresAt",
    "id",
    "name",
    "remote",
    "token",
  ]);
  assert.equal(made.cloneUrl, remoteWith(made.token, made));
  assert.equal(new Date(made.expiresAt).toISOString(), made.expiresAt);

  const info = await (await ARTIFACTS.get("first")).info();
  const { id, remote } = made;
  const { createdAt, updatedAt, ...rest } = info;
  assert.deepEqual(rest, {
    id,
    remote,
    name: "first",
    description: "the first",
    defaultBranch: "trunk",
    lastPushAt: null,
    source: null,
    readOnly: true,
    public: false,
    denyNonFastForwards: false,
    denyDeletes: false,
    fsck: { strict: false },
    fetchEvents: false,
    pushProtection: false,
    refRules: [],
    preReceive: null,
    downstreams: [],
    expiresAt: null,
    idleTtlSeconds: null,
    lfsObjects: 0,
    lfsBytes: 0,
    bytesMax: null,
  });
  for (const time of [createdAt, updatedAt]) assert.equal(new Date(time).toISOString(), time);

  const { repos, total } = await ARTIFACTS.list();
  assert.equal(total, 1);
  const listed = { ...info };
  const settings = ["denyNonFastForwards", "denyDeletes", "fsck", "fetchEvents", "pushProtection", "refRules"];
  const more = ["preReceive", "downstreams", "expiresAt", "idleTtlSeconds", "lfsObjects", "lfsBytes", "bytesMax"];
  for (const field of ["remote", "public", ...settings, ...more]) {
    delete listed[field];
  }
  assert.deepEqual(repos, [listed]);

  const repo = await ARTIFACTS.get("first");
  assert.equal(await ARTIFACTS.delete("first"), true);
  assert.equal(await ARTIFACTS.delete("first"), false);
  await assert.rejects(ARTIFACTS.get("first"), { code: "NOT_FOUND", status: 404 });
  await assert.rejects(repo.info(), { code: "NOT_FOUND", numericCode: 10200 });
});

test("a list is read to its end, page by page", async () => {
  const many = artifacts({ url, namespace: `${namespace}-many`, key });
  assert.deepEqual(await many.list(), { repos: [], total: 0 });
  for (const name of ["a1", "a2", "a3", "a4", "a5"]) await many.create(name);
  const names = [];
  let page;
  do {
    page = await many.list({ limit: 2, cursor: page?.cursor });
    assert.equal(page.total, 5);
    names.push(page.repos.map(({ name }) => name));
  } while (page.cursor !== undefined);
  assert.deepEqual(names.map(({ length }) => length), [2, 2, 1]);
  assert.deepEqual(names.flat().sort(), ["a1", "a2", "a3", "a4", "a5"]);
  await assert.rejects(many.list({ limit: 201 }), { code: "INVALID_INPUT", pointer: "/limit" });
});

test("tokens are made, listed and revoked", async () => {
  const made = await ARTIFACTS.create("tokens");
  const other = await ARTIFACTS.create("other-tokens");
  const repo = await ARTIFACTS.get("tokens");

  const write = await repo.createToken();
  const read = await repo.createToken("read", 60);
  const short = await repo.createToken("write", 3600);
  assert.deepEqual([write.scope, read.scope], ["write", "read"]);
  assert.ok(Math.abs(Date.parse(read.expiresAt) - Date.now() - 60_000) < 30_000, read.expiresAt);
  await assert.rejects(repo.createToken("read", 59), { code: "INVALID_TTL", status: 400 });

  const { tokens, total } = await repo.listTokens();
  assert.equal(total, 4);
  const { id, scope, expiresAt } = read;
  const { createdAt, ...listed } = tokens.find((token) => token.id === id);
  assert.deepEqual(listed, { id, scope, expiresAt, state: "active" });
  assert.equal(new Date(createdAt).toISOString(), createdAt);

  for (const [token, named] of [
    [read, read.id],
    [write, write.plaintext],
    [short, `${short.plaintext}?expires=1795000000`],
  ]) {
    assert.equal(fetches(token.plaintext, made), true);
    assert.equal(await repo.revokeToken(named), true);
    assert.equal(fetches(token.plaintext, made), false);
    assert.equal(await repo.revokeToken(named), true, "as often as one likes");
  }
  const states = (await repo.listTokens()).tokens.map(({ state }) => state);
  assert.deepEqual(states.sort(), ["active", "revoked", "revoked", "revoked"]);

  // Through the handle of one repository no token of another is reached.
  const others = await ARTIFACTS.get("other-tokens");
  const foreign = await others.createToken();
  for (const named of [foreign.id, foreign.plaintext, other.token, "0123456789abcdef", "no token"]) {
    assert.equal(await repo.revokeToken(named), false);
  }
  assert.equal(fetches(foreign.plaintext, other), true);
});

test("tokens of a namespace open the repositories that they list", async () => {
  const made = await ARTIFACTS.create("listed-one");
  const other = await ARTIFACTS.create("listed-other");
  const tokens = namespaceTokens({ url, namespace, key });
  const body = { scope: "read", repos: ["listed-one"], ttl: 60, label: "ci" };
  const { id, plaintext, expiresAt, ...rest } = await tokens.create(body);
  assert.deepEqual(rest, { scope: "read", repos: ["listed-one"], refs: [] });
  assert.deepEqual([fetches(plaintext, made), fetches(plaintext, other)], [true, false]);
  const every = await tokens.create({ scope: "read" });
  assert.equal(every.repos, null);
  assert.equal(fetches(every.plaintext, other), true);
  const listed = (await tokens.list()).tokens.find((token) => token.id === id);
  const { createdAt, ...shown } = listed;
  const { scope, repos, label } = body;
  assert.deepEqual(shown, { id, scope, repos, label, expiresAt, state: "active", refs: [] });
  assert.equal(await tokens.revoke(id), true);
  assert.equal(fetches(plaintext, made), false);
  assert.equal(await tokens.revoke("0123456789abcdef"), false);
  await assert.rejects(tokens.revoke(plaintext), { code: "INVALID_INPUT" });
});

test("a namespace is stopped, its tokens revoked, and its acts are listed", async () => {
  const at = { url, namespace: `${namespace}-stop`, key };
  const made = artifacts(at);
  await made.create("r");
  const stopped = await made.updateNamespace({ suspended: true, readOnly: true });
  assert.deepEqual([stopped.suspended, stopped.readOnly], [true, true]);
  assert.deepEqual(stopped.standing, { version: 1, told: 1, left: 0 });
  assert.equal(stopped.tokensRevokedBefore, null);
  const { tokensRevokedBefore, standing } = await namespaceTokens(at).revokeAll();
  assert.deepEqual(standing, { version: 2, told: 1, left: 0 });
  assert.equal((await made.namespaceInfo()).tokensRevokedBefore, tokensRevokedBefore);
  const { entries } = await made.audit({ action: "namespace.*", actor: "operator" });
  assert.deepEqual(
    entries.map(({ details }) => details.changed),
    [["tokens_revoked_before"], ["read_only", "suspended"]],
  );
  const first = await made.audit({ action: "namespace.*", limit: 1 });
  assert.equal(first.entries.length, 1);
  const { action, actor, repo, address } = first.entries[0];
  assert.deepEqual(
    { action, actor, repo, address },
    {
      action: "namespace.updated",
      actor: { kind: "operator", tokenId: null, label: null },
      repo: null,
      address: null,
    },
  );
});

test("the operator alone reads the acts on namespaces as a whole", async () => {
  const name = `${namespace}-acts`;
  await artifacts({ url, namespace: name, key }).createNamespace();
  const operator = deployment({ url, key });
  const { entries, cursor } = await operator.audit({ action: "namespace.created", actor: "operator", limit: 200 });
  assert.equal(cursor, undefined);
  const made = entries.find(({ details }) => details.namespace === name);
  assert.deepEqual(
    { action: made.action, kind: made.actor.kind, repo: made.repo },
    { action: "namespace.created", kind: "operator", repo: null },
  );
  const first = await operator.audit({ action: "namespace.*", limit: 1 });
  assert.equal(first.entries.length, 1);
  assert.ok(Number(first.cursor) > 0, "there are older ones");
  const second = await operator.audit({ action: "namespace.*", limit: 1, cursor: first.cursor });
  assert.notEqual(second.entries[0].id, first.entries[0].id);

  const at = { url, namespace: name, key };
  const { plaintext } = await namespaceTokens(at).create({ scope: "admin" });
  await assert.rejects(deployment({ url, key: plaintext }).audit(), { code: "FORBIDDEN" });
  await assert.rejects(operator.audit({ tokenId: "no id" }), { code: "INVALID_INPUT" });
});

test("issuers of signed tokens are set, and such tokens revoked", async () => {
  await ARTIFACTS.create("signed");
  const issuers = [
    {
      issuer: "https://gitlab.com",
      audience: "cairn",
      jwks_url: "https://gitlab.com/oauth/discovery/keys",
      rules: [{ claims: { project_path: "acme/app" }, scope: /** @type {const} */ ("read") }],
    },
  ];
  assert.deepEqual((await ARTIFACTS.updateNamespace({ issuers })).issuers, issuers);
  assert.deepEqual((await ARTIFACTS.namespaceInfo()).issuers, issuers);
  const tokens = namespaceTokens({ url, namespace, key });
  const revoked = await tokens.revokeSigned({ issuer: "https://gitlab.com", jti: "1" });
  assert.match(revoked.id, /^[0-9a-z]{16}$/);
  assert.deepEqual((await ARTIFACTS.updateNamespace({ issuers: [] })).issuers, []);
});

test("errors are told by their codes", async () => {
  await ARTIFACTS.create("taken");
  const exists = { code: "ALREADY_EXISTS", numericCode: 10201, status: 409, pointer: "/name" };
  await assert.rejects(ARTIFACTS.create("taken"), exists);
  await assert.rejects(ARTIFACTS.create("TAKEN"), exists);
  for (const name of ["x.git", "-x", "a b", "x".repeat(101)]) {
    await assert.rejects(ARTIFACTS.create(name), { code: "INVALID_REPO_NAME", status: 400 });
  }
  const wrongBranch = { setDefaultBranch: "a..b" };
  await assert.rejects(ARTIFACTS.create("x", wrongBranch), { code: "INVALID_INPUT" });
  const source = { url: "ssh://example.com/x.git" };
  const imported = ARTIFACTS.import({ source, target: { name: "imported" } });
  await assert.rejects(imported, { code: "INVALID_URL", pointer: "/url" });
  const stranger = artifacts({ url, namespace, key: "not-the-key" });
  await assert.rejects(stranger.create("x"), { code: "UNAUTHORIZED", status: 401 });
});

// One history: a file, a folder, a program, a link, a submodule; a merge, a branch, and a tag on
// the first commit.
const history = {};
before(() => {
  said("init", "--quiet", "--initial-branch=main");
  const blob = (text) => git(["hash-object", "-w", "--stdin"], text).toString().trim();
  const tree = (...lines) => git(["mktree"], `${lines.join("\n")}\n`).toString().trim();
  history.page = blob("<h1>hello</h1>\n");
  history.bytes = blob(Buffer.from([0, 255, 254, 13, 10]));
  const folderTree = tree(`100644 blob ${history.bytes}\tbytes.bin`);
  history.folder = folderTree;
  history.tree = tree(
    `100644 blob ${history.page}\tindex.html`,
    `100755 blob ${history.page}\trun.sh`,
    `120000 blob ${history.page}\tlink`,
    `040000 tree ${folderTree}\tfolder`,
    `160000 commit ${NOWHERE}\tmodule`,
  );
  history.first = said("commit-tree", "-m", "first", history.tree);
  history.second = said("commit-tree", "-p", history.first, "-m", "second\n\nü", history.tree);
  const side = said("commit-tree", "-p", history.first, "-m", "side", history.tree);
  const parents = ["-p", history.second, "-p", side];
  history.merge = said("commit-tree", ...parents, "-m", "merge", history.tree);
  history.parents = [history.second, side];
  said("update-ref", "refs/heads/main", history.merge);
  said("update-ref", "refs/heads/topic/one", history.first);
  said("tag", "v1", history.first);
});

test("a fork has the default branch, or everything", async () => {
  const repo = await pushed("source");
  const refs = (fork) => said("ls-remote", "--refs", remoteWith(fork.token, fork)).split("\n").length;
  const one = await repo.fork("fork-one", { description: "one branch" });
  assert.equal(refs(one), 1);
  assert.equal(one.description, "one branch");
  assert.equal(refs(await repo.fork("fork-all", { defaultBranchOnly: false })), 3);
  const { source } = await (await ARTIFACTS.get("fork-one")).info();
  assert.equal(source, `artifacts:${namespace}/source`);
  await assert.rejects(repo.fork("fork-one"), { code: "ALREADY_EXISTS" });
  await assert.rejects(repo.fork("x.git"), { code: "INVALID_REPO_NAME", pointer: "/name" });
});

test("the check of objects is set wherever it can be", async () => {
  const made = artifacts({ url, namespace: `${namespace}-fsck`, key });
  const strict = { fsck: { strict: true } };
  const lenient = { fsck: { strict: false } };
  const strictness = async (name) => (await (await made.get(name)).info()).fsck.strict;
  const { createdAt, updatedAt, suspended, readOnly, tokensRevokedBefore, standing, issuers, ...info } =
    await made.createNamespace(strict);
  for (const time of [createdAt, updatedAt]) assert.equal(new Date(time).toISOString(), time);
  assert.deepEqual([suspended, readOnly, tokensRevokedBefore, issuers], [false, false, null, []]);
  const nothing = { sizeBytes: 0, objectCount: 0, lfsBytes: 0, bytesMax: null, reposMax: null };
  const jurisdiction = "unrestricted";
  assert.deepEqual(info, { name: `${namespace}-fsck`, repoCount: 0, jurisdiction, ...strict, ...nothing });
  await assert.rejects(made.createNamespace(), { code: "ALREADY_EXISTS" });
  const elsewhere = artifacts({ url, namespace: `${namespace}-elsewhere`, key });
  await assert.rejects(elsewhere.createNamespace({ jurisdiction: "eu" }), { code: "INVALID_INPUT" });
  await made.create("as-namespace");
  const { token, remote } = await made.create("said", { ...lenient, locationHint: "weur" });
  assert.deepEqual([await strictness("as-namespace"), await strictness("said")], [true, false]);

  assert.deepEqual((await made.updateNamespace(lenient)).fsck, lenient.fsck);
  assert.deepEqual((await made.namespaceInfo()).fsck, lenient.fsck);
  const bounds = { bytesMax: 1e9, reposMax: 9 };
  const { bytesMax, reposMax } = await made.updateNamespace(bounds);
  assert.deepEqual({ bytesMax, reposMax }, bounds);
  const { repoCount, days } = await made.usage({ days: 1 });
  assert.deepEqual([repoCount, Array.isArray(days)], [2, true]);
  const { repos } = await made.listSized({ sort: "size", sizeMax: 0, search: "said", public: false, expires: false });
  assert.deepEqual(
    repos.map(({ name, sizeBytes, expiresAt, status }) => [name, sizeBytes, expiresAt, status]),
    [["said", 0, null, "ready"]],
  );
  const repo = await made.get("said");
  const changed = await repo.update({ description: "changed", denyDeletes: true, bytesMax: 5000, ...strict });
  assert.equal(changed.bytesMax, 5000);
  assert.deepEqual(
    [changed.description, changed.denyDeletes, changed.denyNonFastForwards, changed.fsck],
    ["changed", true, false, strict.fsck],
  );
  assert.deepEqual(await repo.info(), changed);
  assert.equal((await repo.update({ description: null })).description, null);

  said("push", "--quiet", "--mirror", remoteWith(token, { remote }));
  await repo.fork("fork");
  const fork = await repo.fork("fork-said", lenient);
  assert.deepEqual(fork.skippedRefs, { count: 0, first: [] });
  assert.deepEqual([await strictness("fork"), await strictness("fork-said")], [true, false]);
  const source = { url: remoteWith(token, { remote }) };
  await made.import({ source, target: { name: "import", opts: strict } });
  assert.equal((await (await ready("import", made)).info()).fsck.strict, true);
});

async function pushed(name) {
  const made = await ARTIFACTS.create(name);
  said("push", "--quiet", "--mirror", remoteWith(made.token, made));
  return ARTIFACTS.get(name);
}

test("commits are read", async () => {
  const repo = await pushed("commits");
  const { first, second, merge, tree } = history;
  const ada = { name: "Ada", email: "ada@example.com" };
  const commit = (hash, message, parents) => ({
    hash,
    treeHash: tree,
    message,
    author: ada,
    committer: ada,
    parents,
    authoredAt: 1_700_000_000,
    committedAt: 1_700_000_000,
  });
  const all = [
    commit(merge, "merge", history.parents),
    commit(second, "second\n\nü", [first]),
    commit(first, "first", []),
  ];
  assert.deepEqual(await repo.log(), all);
  assert.deepEqual(await repo.log({ ref: "main", limit: 1, offset: 1 }), [all[1]]);
  for (const ref of ["topic/one", "v1", "refs/tags/v1", first]) {
    assert.deepEqual(await repo.log({ ref }), [all[2]], ref);
  }
  assert.deepEqual(await repo.log({ ref: "nowhere" }), []);
  assert.deepEqual(await repo.log({ offset: 3 }), []);
  for (const one of all) assert.deepEqual(await repo.readCommit(one.hash), one);
  assert.equal(await repo.readCommit(NOWHERE), null);
});

test("trees and files are read", async () => {
  const repo = await pushed("files");
  const { page, bytes, folder: subtree } = history;
  assert.deepEqual(await repo.readTree(history.tree), [
    { name: "folder", mode: "40000", hash: subtree, type: "tree" },
    { name: "index.html", mode: "100644", hash: page, type: "blob" },
    { name: "link", mode: "120000", hash: page, type: "symlink" },
    { name: "module", mode: "160000", hash: NOWHERE, type: "gitlink" },
    { name: "run.sh", mode: "100755", hash: page, type: "exec" },
  ]);
  assert.equal(await repo.readTree(NOWHERE), null);

  const dated = await repo.lastCommits(history.first);
  assert.deepEqual(
    dated.map(({ name, lastCommit }) => [name, lastCommit.hash]),
    ["folder", "index.html", "link", "module", "run.sh"].map((name) => [name, history.first]),
  );
  const below = await repo.lastCommits(history.first, { path: "folder" });
  assert.deepEqual(below.map(({ name, type }) => [name, type]), [["bytes.bin", "blob"]]);
  assert.equal(await repo.lastCommits(NOWHERE), null);
  assert.equal(await repo.lastCommits(history.first, { path: "nowhere" }), null);

  const blame = await repo.blame({ ref: "topic/one", path: "index.html", range: [1] });
  assert.deepEqual([blame.lines, blame.hash, blame.commits.length], [1, page, 1]);
  assert.deepEqual(blame.ranges, [
    { line: 1, lines: 1, originalLine: 1, hash: history.first, path: "index.html" },
  ]);
  assert.equal(await repo.blame({ ref: "main", path: "nowhere" }), null);
  const { files } = await repo.searchFiles("idxhtml", { ref: "main" });
  assert.deepEqual([files.length, files[0].path, files[0].hash], [1, "index.html", page]);
  const grep = await repo.grep({ pattern: "H.llo", ignoreCase: true, paths: ["index.html"] });
  assert.deepEqual([grep.count, grep.cursor, grep.files.length], [1, undefined, 1]);
  assert.deepEqual(grep.files[0].lines, [
    { line: 1, text: "<h1>hello</h1>", match: true, truncated: false },
  ]);

  const binary = [0, 255, 254, 13, 10];
  const contentOf = async (blob) => [...new Uint8Array(await blob.arrayBuffer())];
  const blob = await repo.readBlob(bytes);
  assert.ok(blob instanceof Blob);
  assert.deepEqual([await contentOf(blob), blob.type], [binary, ""]);
  assert.equal(await repo.readBlob(NOWHERE), null);
  assert.equal(await repo.readBlob(subtree), null);

  for (const ref of ["main", "topic/one", "v1", history.first, "HEAD"]) {
    const file = await repo.readFile({ ref, path: "index.html" });
    assert.equal(await file.text(), "<h1>hello</h1>\n", ref);
    assert.match(file.type, /^text\/plain/, "no browser shall run it");
  }
  const tar = await repo.archive({ ref: "topic/one", format: "tar", prefix: "a-1.0/", paths: ["folder"] });
  const names = Buffer.from(await tar.arrayBuffer()).toString("latin1");
  assert.ok(names.includes("a-1.0/folder/bytes.bin") && !names.includes("index.html"));
  assert.equal((await repo.archive({ ref: "topic/one" })).type, "application/gzip");
  assert.equal(await repo.archive({ ref: "nowhere" }), null);

  const file = await repo.readFile({ ref: "topic/one", path: "folder/bytes.bin" });
  assert.deepEqual([await contentOf(file), file.type], [binary, "application/octet-stream"]);
  for (const [ref, path] of [
    ["main", "nothing"],
    ["main", "folder"],
    ["main", "index.html/x"],
    ["nowhere", "index.html"],
  ]) {
    assert.equal(await repo.readFile({ ref, path }), null, `${ref}:${path}`);
  }

  await ARTIFACTS.delete("files");
  await assert.rejects(repo.readBlob(bytes), { code: "NOT_FOUND" });
  await assert.rejects(repo.log(), { code: "NOT_FOUND" });
});

test("an import becomes a repository", async () => {
  const made = await ARTIFACTS.create("remote");
  said("push", "--quiet", "--mirror", remoteWith(made.token, made));
  const target = { name: "import", opts: { description: "from there", readOnly: true } };
  const source = { url: remoteWith(made.token, made), branch: "main", depth: 1 };
  const imported = await ARTIFACTS.import({ source, target });
  assert.deepEqual([imported.name, imported.description], ["import", "from there"]);
  const info = await (await ready("import")).info();
  assert.equal(info.readOnly, true);
  assert.match(info.source, /^git:http/);
  assert.ok(!info.source.includes(made.token));
  assert.deepEqual(info.fsckWarnings, { objectCount: 0, byMessage: {}, first: [] });
  assert.deepEqual(info.skippedRefs, { count: 0, first: [] });
  const missing = { count: 0, bytes: 0, first: [] };
  assert.deepEqual(info.lfsImport, { objects: 0, bytes: 0, missing });
  assert.equal(said("ls-remote", "--refs", remoteWith(imported.token, imported)).split("\n").length, 1);
});

// The handle, as soon as nothing is in progress any more.
async function ready(name, repositories = ARTIFACTS) {
  for (const deadline = Date.now() + IMPORT_SECONDS_MAX * 1000; ; ) {
    try {
      return await repositories.get(name);
    } catch (error) {
      assert.equal(error.code, "IMPORT_IN_PROGRESS");
      assert.ok(Date.now() < deadline, "the import does not end");
    }
  }
}
