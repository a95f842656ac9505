// Events against a running server: CAIRN_URL says where, CAIRN_ADMIN_KEY is its key. It may post to
// this machine (CAIRN_IMPORT_ALLOW_PRIVATE).

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { artifacts, verifyWebhook } from "cairn-client";

const { CAIRN_URL: url, CAIRN_ADMIN_KEY: key } = process.env;
assert.ok(url && key, "set CAIRN_URL and CAIRN_ADMIN_KEY");

const namespace = `je-${process.pid}-${Date.now()}`;
const ARTIFACTS = artifacts({ url, namespace, key });

async function repository(name) {
  await ARTIFACTS.create(name);
  return ARTIFACTS.get(name);
}

const commit = (repo, message) =>
  repo.commit({ branch: "main", message, files: [{ path: "file", content: message }] });

async function taken(feed, count) {
  const events = [];
  for await (const event of feed) {
    events.push(event);
    if (events.length === count) return events;
  }
}

test("a repository's feed tells what was done, while it is done", async () => {
  const repo = await repository("feed");
  const read = taken(repo.events(), 4);
  const first = await commit(repo, "first");
  const second = await commit(repo, "second");
  const { id } = await repo.createToken("read");
  const [created, one, two, token] = await read;
  assert.equal(created.type, "cairn.repo.created");
  assert.equal(created.payload.defaultBranch, "main");
  assert.deepEqual(created.source, { type: "cairn", namespace, repoName: "feed" });
  assert.deepEqual(one.source, { type: "cairn.repo", namespace, repoName: "feed" });
  assert.deepEqual(
    [one, two].map(({ type, payload }) => [type, payload.ref, payload.before, payload.after]),
    [
      ["cairn.repo.pushed", "refs/heads/main", "0".repeat(40), first.commit],
      ["cairn.repo.pushed", "refs/heads/main", first.commit, second.commit],
    ],
  );
  assert.deepEqual(two.payload.commits.map(({ message }) => message.trim()), ["second"]);
  assert.equal(two.actor.kind, "operator");
  assert.equal(token.type, "cairn.repo.token.created");
  assert.equal(token.payload.tokenId, id);
  assert.deepEqual((await taken(repo.events(), 4)).map(({ metadata }) => metadata.sequence), [1, 2, 3, 4]);
  const pushes = repo.events({ after: 2, types: ["repo.pushed"] });
  assert.equal((await taken(pushes, 1))[0].payload.after, second.commit);
  await assert.rejects(taken(repo.events({ after: 1000 }), 1), { code: "INVALID_INPUT", status: 400 });
});

test("a namespace's feed has the events of all its repositories in each one's order", async () => {
  const from = ARTIFACTS.events({ after: "newest" });
  // Recent events may still be on their way to the namespace.
  const isOurs = ({ source }) => ["left", "right"].includes(source.repoName);
  const read = takenUntil(from, (events) => events.filter(isOurs).length === 5);
  const [left, right] = [await repository("left"), await repository("right")];
  await commit(left, "a");
  await commit(right, "b");
  await ARTIFACTS.delete("right");
  const events = await read;
  const of = (name) => events.filter(({ source }) => source.repoName === name);
  const kinds = (name) => of(name).map(({ type }) => type.replace("cairn.repo.", ""));
  assert.deepEqual(kinds("left"), ["created", "pushed"]);
  assert.deepEqual(kinds("right"), ["created", "pushed", "deleted"]);
  assert.deepEqual(of("right").map(({ metadata }) => metadata.sequence), [1, 2, 3]);
  const [first] = events;
  for (const [place, { metadata }] of events.entries()) {
    assert.equal(metadata.namespaceSequence, first.metadata.namespaceSequence + place);
  }
  await assert.rejects(taken(right.events(), 1), { code: "NOT_FOUND" });
});

/** A receiver that takes the first events it is sent, as they come. */
async function receiver() {
  const server = createServer();
  const events = [];
  server.on("request", async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    events.push({ body: Buffer.concat(pieces), headers: request.headers });
    response.writeHead(204).end();
    server.emit("event");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const next = async () => {
    while (events.length === 0) await once(server, "event");
    return events.shift();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, next, close: () => server.close() };
}

test("a webhook is made, verified, pinged, rotated, looked into and removed", async () => {
  const repo = await repository("hooked");
  const { webhooks } = repo;
  const { url, next, close } = await receiver();
  try {
    const { secret, ...made } = await webhooks.create({ url, events: ["repo.pushed"] });
    assert.match(secret, /^whsec_/);
    assert.deepEqual(made.events, ["cairn.repo.pushed"]);
    assert.deepEqual(await webhooks.list(), [made]);
    assert.deepEqual(await webhooks.get(made.id), made);
    const { commit: after } = await commit(repo, "first");
    const first = await next();
    const event = await verifyWebhook(first.body, first.headers, secret);
    assert.equal(event.payload.after, after);
    assert.equal(first.headers["webhook-id"], event.metadata.eventId);
    assert.ok(event.metadata.namespaceSequence > 0);

    const rotated = await webhooks.rotateSecret(made.id, { keepSeconds: 600 });
    assert.notEqual(rotated.secret, secret);
    await webhooks.ping(made.id);
    const ping = await next();
    for (const one of [secret, rotated.secret]) {
      const { type } = await verifyWebhook(ping.body, ping.headers, one);
      assert.equal(type, "cairn.webhook.ping");
    }

    const { deliveries } = await webhooks.deliveries(made.id);
    const [delivery] = deliveries.filter(({ eventId }) => eventId === event.metadata.eventId);
    const { requestBody } = await webhooks.delivery(made.id, delivery.id);
    assert.equal(requestBody, first.body.toString());
    assert.equal((await webhooks.redeliver(made.id, delivery.id)).eventId, delivery.eventId);
    assert.equal((await next()).headers["webhook-id"], delivery.eventId);

    assert.equal((await webhooks.update(made.id, { active: false })).active, false);
    assert.equal(await webhooks.remove(made.id), true);
    assert.equal(await webhooks.remove(made.id), false);
    assert.equal(await webhooks.get(made.id), null);
  } finally {
    close();
  }
});

test("what is wrong with a webhook is named", async () => {
  const { webhooks } = await repository("wrong");
  const url = "https://ci.example.com/";
  const wrong = [
    [{ url: "ftp://ci.example.com/", events: ["*"] }, "/url"],
    [{ url, events: [] }, "/events"],
    [{ url, events: ["repo.pushed", "repo.nothing"] }, "/events/1"],
    [{ url, events: ["*"], refs: [""] }, "/refs/0"],
    [{ url, events: ["*"], secret: "whsec_c2hvcnQ=" }, "/secret"],
  ];
  for (const [webhook, pointer] of wrong) {
    await assert.rejects(webhooks.create(webhook), { status: 400, pointer });
  }
  assert.deepEqual(await webhooks.list(), []);
});

test("clones and fetches are events where they are asked for", async () => {
  const repo = await repository("fetched");
  assert.equal((await repo.info()).fetchEvents, false);
  assert.equal((await repo.update({ fetchEvents: true })).fetchEvents, true);
});

test("a hook is set, shown and taken away", async () => {
  const repo = await repository("judged");
  assert.equal((await repo.info()).preReceive, null);
  const url = "https://ci.example.com/judge";
  const { secret, ...set } = (await repo.update({ preReceive: { url, onFailure: "accept" } })).preReceive;
  assert.match(secret, /^whsec_/);
  assert.deepEqual(set, { url, timeoutMs: 5000, onFailure: "accept", refs: null });
  assert.deepEqual((await repo.info()).preReceive, set);
  const wrong = repo.update({ preReceive: { url, timeoutMs: 10_001 } });
  await assert.rejects(wrong, { status: 400, pointer: "/pre_receive/timeout_ms" });
  assert.equal((await repo.update({ preReceive: null })).preReceive, null);
});

/** The events up to the one with which `isEnough`. */
async function takenUntil(events, isEnough) {
  const found = [];
  for await (const event of events) {
    found.push(event);
    if (isEnough(found)) break;
  }
  return found;
}
