// A day with openapi-fetch and the types that openapi-typescript made from the server's description.
// It is compiled with every strict option, so a result of the type `undefined` or `unknown` is an error.

import { strict as assert } from "node:assert";
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [url, key] = process.argv.slice(2) as [string, string];
const client = (token: string) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const operator = client(key);
const at = { namespace: "typed", repo: "typescript" };

const made = await operator.POST("/api/v1/namespaces/{namespace}/repos", {
  params: { path: { namespace: at.namespace } },
  body: { name: at.repo },
});
assert.ok(made.data, JSON.stringify(made.error));
const token: string = made.data.result.token;
const description: string | null = made.data.result.description;
assert.equal(description, null);

const agent = client(token);
const commit = (expected_head: string | null) =>
  agent.POST("/api/v1/namespaces/{namespace}/repos/{repo}/commits", {
    params: { path: at },
    body: { branch: "main", message: "first", expected_head, files: [{ path: "a.txt", content: "a\n" }] },
  });
const first = await commit(null);
assert.ok(first.data, JSON.stringify(first.error));
const head: string = first.data.result.commit;

const refused = await commit("0123456789012345678901234567890123456789");
const code: number | undefined = refused.error?.errors[0]?.code;
assert.equal(code, 10310);

const log = await agent.GET("/api/v1/namespaces/{namespace}/repos/{repo}/log", { params: { path: at } });
assert.ok(log.data, JSON.stringify(log.error));
const hashes: string[] = log.data.result.map((shown) => shown.hash);
assert.deepEqual(hashes, [head]);
const cursor: string = log.data.result_info.cursor;
assert.equal(cursor, "");

const page = await operator.GET("/api/v1/namespaces/{namespace}/repos", {
  params: { path: { namespace: at.namespace }, query: { limit: 1 } },
});
const names: string[] | undefined = page.data?.result.map((listed) => listed.name);
assert.deepEqual(names, [at.repo]);

const stats = await operator.GET("/api/v1/namespaces/{namespace}/repos/{repo}/stats", { params: { path: at } });
const live: number | undefined = stats.data?.result.packs.live;
assert.ok(live !== undefined && live >= 1, JSON.stringify(stats));
console.log("the typed client did its day");
