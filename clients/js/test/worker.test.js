// A Worker that was written for the binding runs with this client, under workerd.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const { CAIRN_URL, CAIRN_ADMIN_KEY: CAIRN_KEY } = process.env;
assert.ok(CAIRN_URL && CAIRN_KEY, "set CAIRN_URL and CAIRN_ADMIN_KEY");

// The miniflare of the repository's wrangler, as scripts/serve.mjs has it.
const root = new URL("../../..", import.meta.url);
const require = createRequire(new URL("node_modules/wrangler/package.json", root));
const { Miniflare, convertV4MiniflareOptions } = require("miniflare");

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const modules = ["worker.js", ...readdirSync(here("../src")).map((name) => `../src/${name}`)];

const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

let worker;
before(() => {
  worker = new Miniflare(
    convertV4MiniflareOptions({
      modulesRoot: here(".."),
      modules: modules.map((path) => ({ type: "ESModule", path: here(path) })),
      compatibilityDate: "2026-10-01",
      bindings: { CAIRN_URL, CAIRN_KEY, WEBHOOK_SECRET },
      cf: false,
      telemetry: { enabled: false },
    }),
  );
});
after(() => worker.dispose());

test("a Worker written for the binding", async () => {
  const name = `made-${process.pid}`;
  const response = await worker.dispatchFetch(`http://worker.example/${name}`);
  const { names, total, ...answer } = await response.json();
  assert.deepEqual(answer, {
    remote: `${CAIRN_URL}/git/from-a-worker/${name}.git`,
    description: "by a worker",
    defaultBranch: "main",
    scope: "read",
    revoked: true,
    states: ["active", "revoked"],
    commits: 0,
    tokenGiven: true,
  });
  assert.ok(names.includes(name) && total >= names.length, `${names} of ${total}`);

  const again = await worker.dispatchFetch(`http://worker.example/${name}`);
  assert.equal(again.status, 409);
  assert.deepEqual(await again.json(), { code: "ALREADY_EXISTS", numericCode: 10201 });
});

test("a Worker follows a feed", async () => {
  const response = await worker.dispatchFetch("http://worker.example/newest");
  assert.deepEqual(await response.json(), { type: "cairn.repo.created", defaultBranch: "main" });
});

test("a Worker verifies a webhook", async () => {
  const [id, timestamp, body] = ["evt_a_1", String(Math.floor(Date.now() / 1000)), '{"a":1}'];
  const key = Buffer.from(WEBHOOK_SECRET.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
  const send = (body) =>
    worker.dispatchFetch("http://worker.example/webhook", { method: "POST", headers, body });
  assert.deepEqual(await (await send(body)).json(), { a: 1 });
  assert.equal((await send('{"a":2}')).status, 500);
});
