// Feeds and webhooks: a `fetch` of the test's own tells which requests go over the wire, and that no event is
// skipped or repeated.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { artifacts, ArtifactsError, verifyWebhook, WebhookVerificationError } from "cairn-client";

const NAMESPACE = "https://cairn.example/api/v1/namespaces/default";
const OPTIONS = { url: "https://cairn.example", namespace: "default", key: "the-key" };

// A server whose answers are made one after the other, by the request.
function server(...answers) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url, ...init });
    const answer = answers[asked.length - 1];
    assert.ok(answer, `nothing answers ${url}`);
    return typeof answer === "function" ? answer(init) : answer;
  };
  return { asked, ARTIFACTS: artifacts({ ...OPTIONS, fetch }) };
}

const json = (status, body, headers) => new Response(JSON.stringify(body), { status, headers });
const result = (value, info) =>
  json(200, { result: value, success: true, errors: [], messages: [], result_info: info });
const refusal = (status, code, more, headers) =>
  json(status, { result: null, success: false, errors: [{ code, message: "no", ...more }] }, headers);

function event(sequence, repository = "0tvugavnogssnwzk") {
  const metadata = { eventId: `evt_${repository}_${sequence}`, sequence, namespaceSequence: sequence };
  return { type: "cairn.repo.pushed", source: { namespace: "default" }, payload: {}, metadata };
}

const page = (sequences, after = sequences.at(-1), newest = after) =>
  result(sequences.map((sequence) => event(sequence)), { after, newest, oldest: 1 });

async function taken(feed, count) {
  const sequences = [];
  for await (const { metadata } of feed) {
    sequences.push(metadata.sequence);
    if (sequences.length === count) break;
  }
  return sequences;
}

const queries = (asked) => asked.map(({ url }) => Object.fromEntries(new URL(url).searchParams));

async function repository(...answers) {
  const { ARTIFACTS, asked } = server(result({ name: "hello", status: "ready" }), ...answers);
  const repo = await ARTIFACTS.get("hello");
  return { repo, asked: () => asked.slice(1) };
}

test("a feed is read page by page, each from where the last one ended", async () => {
  const { ARTIFACTS, asked } = server(page([1, 2], 2, 5), page([3, 4, 5]), page([], 5), page([6]));
  assert.deepEqual(await taken(ARTIFACTS.events(), 6), [1, 2, 3, 4, 5, 6]);
  assert.ok(asked.every(({ url, method }) => method === "GET" && url.startsWith(`${NAMESPACE}/events?`)));
  assert.deepEqual(queries(asked).map(({ after }) => after), ["0", "2", "5", "5"]);
  assert.deepEqual(queries(asked)[0], { after: "0", limit: "1000", wait: "25" });
});

test("a repository's feed is its own, and types are named between commas", async () => {
  const { repo, asked } = await repository(page([7, 9], 12), page([15]));
  const feed = repo.events({ after: 5, types: ["repo.pushed", "repo.token.*"] });
  assert.deepEqual(await taken(feed, 3), [7, 9, 15]);
  assert.equal(new URL(asked()[0].url).pathname, "/api/v1/namespaces/default/repos/hello/events");
  assert.equal(queries(asked())[0].types, "repo.pushed,repo.token.*");
  assert.deepEqual(queries(asked()).map(({ after }) => after), ["5", "12"]);
});

test("faults that pass are waited out, and nothing is skipped or repeated", async () => {
  const broken = () => {
    throw new TypeError("connection reset");
  };
  const { ARTIFACTS, asked } = server(
    page([1, 2]),
    broken,
    refusal(503, 10401, {}, { "retry-after": "0" }),
    new Response("<html>a proxy</html>"),
    refusal(429, 10403, {}, { "retry-after": "0" }),
    page([2, 3]),
  );
  assert.deepEqual(await taken(ARTIFACTS.events(), 3), [1, 2, 3]);
  assert.deepEqual(queries(asked).map(({ after }) => after), ["0", "2", "2", "2", "2", "2"]);
});

test("what does not pass is thrown", async () => {
  const details = { oldest: 4711, newest: 9000 };
  const refusals = [
    [refusal(410, 10203, { details }), "EVENTS_GONE"],
    [refusal(404, 10200), "NOT_FOUND"],
    [refusal(401, 10000), "UNAUTHORIZED"],
    [refusal(403, 10000), "FORBIDDEN"],
    [refusal(400, 10100, { source: { pointer: "/after" } }), "INVALID_INPUT"],
  ];
  for (const [answer, code] of refusals) {
    const { ARTIFACTS, asked } = server(answer);
    const failed = taken(ARTIFACTS.events({ after: 3 }), 1);
    const error = await failed.then(assert.fail, (error) => error);
    assert.ok(error instanceof ArtifactsError);
    assert.equal(error.code, code);
    if (code === "EVENTS_GONE") assert.deepEqual(error.details, details);
    assert.equal(asked.length, 1);
  }
  assert.throws(() => server().ARTIFACTS.events({ after: -1 }), { code: "INVALID_INPUT" });
});

test("a gap, and a name that went to another repository, are no events", async () => {
  const { ARTIFACTS } = server(page([1, 3]));
  await assert.rejects(taken(ARTIFACTS.events(), 2), { code: "INTERNAL_ERROR" });
  const other = result([event(2, "5ankv1vhl4xnw7wq")], { after: 2, newest: 2, oldest: 1 });
  const { repo } = await repository(page([1]), other);
  await assert.rejects(taken(repo.events(), 2), { code: "NOT_FOUND" });
});

test("a feed may begin with the oldest or with the newest", async () => {
  const gone = refusal(410, 10203, { details: { oldest: 40, newest: 90 } });
  const oldest = server(gone, page([40, 41]));
  assert.deepEqual(await taken(oldest.ARTIFACTS.events({ after: "oldest" }), 2), [40, 41]);
  assert.equal(queries(oldest.asked)[1].after, "39");
  const newest = server(page([1], 1, 90), page([91]));
  const feed = newest.ARTIFACTS.events({ after: "newest" });
  assert.equal(feed.after, undefined);
  assert.deepEqual(await taken(feed, 1), [91]);
  assert.equal(queries(newest.asked)[1].after, "90");
});

test("the position is that of the last event the caller is done with", async () => {
  const { ARTIFACTS } = server(page([1, 2, 3]), page([2, 3]));
  const feed = ARTIFACTS.events();
  for await (const { metadata } of feed) {
    assert.equal(feed.after, metadata.sequence - 1);
    if (metadata.sequence === 2) break;
  }
  assert.equal(feed.after, 1);
  assert.deepEqual(await taken(feed, 1), [2]);
});

test("an aborted signal ends the iteration, also while it waits or pauses", async () => {
  const stop = new AbortController();
  const heeds = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { ARTIFACTS } = server(page([1]), heeds);
  const seen = [];
  for await (const { metadata } of ARTIFACTS.events({ signal: stop.signal })) {
    seen.push(metadata.sequence);
    setImmediate(() => stop.abort());
  }
  assert.deepEqual(seen, [1]);
  const pausing = new AbortController();
  const busy = () => {
    setImmediate(() => pausing.abort());
    return refusal(503, 10401, {}, { "retry-after": "3600" });
  };
  assert.deepEqual(await taken(server(busy).ARTIFACTS.events({ signal: pausing.signal }), 1), []);
  assert.deepEqual(await taken(server().ARTIFACTS.events({ signal: AbortSignal.abort() }), 1), []);
  // A fetch that does not heed its signal does not hold the caller.
  const deaf = new AbortController();
  const never = () => {
    setImmediate(() => deaf.abort());
    return new Promise(() => {});
  };
  assert.deepEqual(await taken(server(never).ARTIFACTS.events({ signal: deaf.signal }), 1), []);
});

const HOOK = "7ngdf3ww3u84t33x";
const hook = {
  id: HOOK,
  repository_id: null,
  url: "https://ci.example.com/",
  events: ["cairn.repo.pushed"],
  refs: null,
  active: true,
  disabled_reason: null,
  former_secret_until: null,
  created_at: "2026-11-29T09:00:00.000Z",
  updated_at: "2026-11-29T09:00:00.000Z",
};

test("webhooks are spelled as the server spells them", async () => {
  const { ARTIFACTS, asked } = server(
    json(201, { result: { ...hook, secret: "whsec_x" } }),
    result([hook]),
    refusal(404, 10200),
    result({ ...hook, active: false }),
    refusal(404, 10200),
    json(202, { result: { id: 4, event_id: "evt_a_1", due_at: null } }),
    result({ ...hook, secret: "whsec_y" }),
    result([{ id: 4, duration_ms: 41 }], { cursor: "next", per_page: 1, count: 1 }),
    result({ id: 4, request_body: "{}" }),
    json(202, { result: { id: 5 } }),
  );
  const { webhooks } = ARTIFACTS;
  const wanted = { url: hook.url, events: hook.events, refs: ["refs/heads/*"], active: true };
  const made = await webhooks.create(wanted, { idempotencyKey: "once" });
  assert.equal(made.secret, "whsec_x");
  assert.equal(made.repositoryId, null);
  assert.equal((await webhooks.list())[0].createdAt, hook.created_at);
  assert.equal(await webhooks.get(HOOK), null);
  assert.equal((await webhooks.update(HOOK, { active: false, refs: null })).active, false);
  assert.equal(await webhooks.remove(HOOK), false);
  assert.equal((await webhooks.ping(HOOK)).eventId, "evt_a_1");
  assert.equal((await webhooks.rotateSecret(HOOK, { keepSeconds: 60 })).secret, "whsec_y");
  const { deliveries, cursor } = await webhooks.deliveries(HOOK, { limit: 1, state: "given_up" });
  assert.deepEqual([deliveries[0].durationMs, cursor], [41, "next"]);
  assert.equal((await webhooks.delivery(HOOK, 4)).requestBody, "{}");
  assert.equal((await webhooks.redeliver(HOOK, 4)).id, 5);
  const one = `${NAMESPACE}/webhooks/${HOOK}`;
  const lines = asked.map(({ method, url, body }) => [method, url, body].filter(Boolean).join(" "));
  assert.deepEqual(lines, [
    `POST ${NAMESPACE}/webhooks ${JSON.stringify({ url: hook.url, events: hook.events, refs: ["refs/heads/*"], active: true })}`,
    `GET ${NAMESPACE}/webhooks`,
    `GET ${one}`,
    `PATCH ${one} {"refs":null,"active":false}`,
    `DELETE ${one}`,
    `POST ${one}/ping`,
    `POST ${one}/rotate-secret {"keep_seconds":60}`,
    `GET ${one}/deliveries?limit=1&state=given_up`,
    `GET ${one}/deliveries/4`,
    `POST ${one}/deliveries/4/redeliver`,
  ]);
  assert.equal(asked[0].headers["idempotency-key"], "once");
  await assert.rejects(webhooks.get("../tokens"), { code: "INVALID_INPUT" });
  await assert.rejects(webhooks.delivery(HOOK, "../.."), { code: "INVALID_INPUT" });
});

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

function signed(body, { secret = SECRET, id = "evt_a_1", at = 1_796_032_801 } = {}) {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": `v1,${signature}`,
  };
}

test("the signature that Standard Webhooks shows as an example is verified", async () => {
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const body = '{"test": 2432232314}';
  const opts = { now: 1_614_265_330 };
  assert.deepEqual(await verifyWebhook(body, headers, SECRET, opts), { test: 2432232314 });
  const bytes = Buffer.from(body);
  assert.deepEqual(await verifyWebhook(bytes, new Headers(headers), SECRET, opts), { test: 2432232314 });
});

test("a webhook is refused for each thing that may be wrong with it", async () => {
  const body = '{"a":"é"}';
  const now = 1_796_032_801;
  const good = signed(body);
  assert.deepEqual(await verifyWebhook(body, good, SECRET, { now }), { a: "é" });
  const without = (name) => ({ ...good, [name]: undefined });
  const wrong = [
    [`${body} `, good, now],
    [body, { ...good, "webhook-id": "evt_a_2" }, now],
    [body, { ...good, "webhook-timestamp": String(now + 1) }, now],
    [body, { ...good, "webhook-timestamp": "soon" }, now],
    [body, { ...good, "webhook-signature": "v1," }, now],
    [body, { ...good, "webhook-signature": "v1,%%" }, now],
    [body, { ...good, "webhook-signature": good["webhook-signature"].replace("v1,", "v1a,") }, now],
    [body, { ...good, "webhook-signature": [good["webhook-signature"]] }, now],
    [body, without("webhook-id"), now],
    [body, without("webhook-timestamp"), now],
    [body, without("webhook-signature"), now],
    [body, good, now + 301],
    [body, good, now - 301],
    [body, signed(body, { secret: `whsec_${Buffer.alloc(32, 1).toString("base64")}` }), now],
  ];
  for (const [payload, headers, at] of wrong) {
    const verified = verifyWebhook(payload, headers, SECRET, { now: at });
    await assert.rejects(verified, WebhookVerificationError, JSON.stringify(headers));
  }
  assert.ok(await verifyWebhook(body, good, SECRET, { now: now + 299 }));
  await assert.rejects(verifyWebhook(body, good, "whsec_c2hvcnQ=", { now }), TypeError);
});

test("while a secret is rotated, either one verifies", async () => {
  const now = 1_796_032_801;
  const other = `whsec_${Buffer.alloc(64, 7).toString("base64")}`;
  const [former, next] = [signed("{}"), signed("{}", { secret: other })];
  const both = `${next["webhook-signature"]} ${former["webhook-signature"]}`;
  const headers = { ...former, "webhook-signature": `v2,x ${both}` };
  for (const secret of [SECRET, other]) await verifyWebhook("{}", headers, secret, { now });
  await verifyWebhook("{}", former, [other, SECRET], { now });
  await assert.rejects(verifyWebhook("{}", former, other, { now }), WebhookVerificationError);
});

const downstream = {
  id: HOOK,
  url: "https://git.example.com/a",
  created_at: "2026-11-29T09:00:00.000Z",
  next_attempt_at: null,
  last_push: { id: 3, sent_bytes: 812, refs: [{ name: "refs/heads/main", status: "updated" }] },
};

test("downstreams are spelled as the server spells them", async () => {
  const { repo, asked } = await repository(
    json(201, { result: downstream }),
    result([downstream]),
    refusal(404, 10200),
    result({ ...downstream, force: true }),
    json(202, { result: downstream }),
    result([downstream.last_push], { cursor: "next", per_page: 1, count: 1 }),
    refusal(404, 10200),
  );
  const { downstreams } = repo;
  const credentials = { githubApp: { installationId: 7 } };
  const made = await downstreams.create({ url: downstream.url, credentials }, { idempotencyKey: "once" });
  assert.equal(made.lastPush.sentBytes, 812);
  assert.equal((await downstreams.list())[0].createdAt, downstream.created_at);
  assert.equal(await downstreams.get(HOOK), null);
  assert.equal((await downstreams.update(HOOK, { force: true, credentials: null })).force, true);
  assert.equal((await downstreams.push(HOOK)).nextAttemptAt, null);
  const { pushes, cursor } = await downstreams.pushes(HOOK, { limit: 1 });
  assert.deepEqual([pushes[0].id, cursor], [3, "next"]);
  assert.equal(await downstreams.remove(HOOK), false);
  await assert.rejects(downstreams.get("x"), { code: "INVALID_INPUT" });
  const all = `${NAMESPACE}/repos/hello/downstreams`;
  const lines = asked().map(({ method, url, body }) => [method, url, body].filter(Boolean).join(" "));
  assert.deepEqual(lines, [
    `POST ${all} ${JSON.stringify({ url: downstream.url, credentials: { github_app: { installation_id: 7 } } })}`,
    `GET ${all}`,
    `GET ${all}/${HOOK}`,
    `PATCH ${all}/${HOOK} ${JSON.stringify({ force: true, credentials: null })}`,
    `POST ${all}/${HOOK}/push`,
    `GET ${all}/${HOOK}/pushes?limit=1`,
    `DELETE ${all}/${HOOK}`,
  ]);
});

test("an upstream is spelled as the server spells it", async () => {
  const sync = { id: 3, state: "waiting", asked_by: "request", finished_at: null, pack_bytes: 0 };
  const upstream = { url: "https://git.example/a", interval_seconds: 900, sync, last_sync: null };
  const { ARTIFACTS, asked } = server(
    result({ id: "0123456789abcdef", name: "a" }),
    refusal(404, 10200),
    result(upstream),
    json(202, { result: sync }),
    result([sync], { cursor: "next", per_page: 1, count: 1 }),
    result({ url: upstream.url }),
  );
  const repo = await ARTIFACTS.get("a");
  assert.equal(await repo.upstream.get(), null);
  const wanted = { url: upstream.url, intervalSeconds: 900, credentials: { githubApp: { installationId: 7 } } };
  const set = await repo.upstream.set(wanted);
  assert.deepEqual([set.intervalSeconds, set.sync.askedBy, set.lastSync], [900, "request", null]);
  assert.equal((await repo.upstream.sync({ idempotencyKey: "once" })).id, 3);
  const { syncs, cursor } = await repo.upstream.syncs({ limit: 1 });
  assert.deepEqual([syncs[0].packBytes, cursor], [0, "next"]);
  assert.equal(await repo.upstream.remove(), true);
  const below = `${NAMESPACE}/repos/a/upstream`;
  const lines = asked.slice(1).map(({ method, url, body }) => [method, url, body].filter(Boolean).join(" "));
  const credentials = { github_app: { installation_id: 7 } };
  assert.deepEqual(lines, [
    `GET ${below}`,
    `PUT ${below} ${JSON.stringify({ url: upstream.url, interval_seconds: 900, credentials })}`,
    `POST ${below}/sync`,
    `GET ${below}/syncs?limit=1`,
    `DELETE ${below}`,
  ]);
  assert.equal(asked[3].headers["idempotency-key"], "once");
});
