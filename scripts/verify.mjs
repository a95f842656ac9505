// Checks every repository of the data below $STATE: starts the server on it, asks for the task
// `verify` of each repository of each namespace, prints a line for each, and exits with 1 if one
// is damaged or cannot be checked.
//
// Environment: STATE (.cairn), and those of scripts/serve.mjs. A server that uses the folder
// already has to be stopped first: serve.mjs says so.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PAGE = 200;
const ATTEMPTS_MAX = 10;
const PROBLEMS_SHOWN = 10;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const state = resolve(process.env.STATE || join(root, ".cairn"));
if (!existsSync(join(state, "data"))) {
  console.error(`error: there is no data in ${state}: name its folder with STATE=…`);
  process.exit(2);
}

// A key for this run alone.
const key = randomBytes(24).toString("hex");
const server = spawn(
  process.execPath,
  [join(root, "scripts", "serve.mjs"), "--until-stdin-closes"],
  {
    env: { ...process.env, STATE: state, PORT: "0", CAIRN_ADMIN_KEY: key },
    stdio: ["pipe", "pipe", "inherit"],
  },
);
const ended = new Promise((done) => server.once("exit", done));

try {
  process.exitCode = (await verifyAll(await ready())) ? 0 : 1;
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  server.stdin.end();
  await ended;
}

// Gives the address on which the server listens, once it does.
function ready() {
  return new Promise((done, fail) => {
    createInterface({ input: server.stdout }).on("line", (line) => {
      if (line.startsWith("ready on ")) done(line.slice("ready on ".length));
    });
    ended.then(() => fail(new Error("the server did not start")));
  });
}

async function verifyAll(url) {
  const counts = { whole: 0, "in the making": 0, damaged: 0, "not checked": 0 };
  for await (const { namespace } of listed(`${url}/api/v1/namespaces`)) {
    const repositories = `${url}/api/v1/namespaces/${namespace}/repos`;
    for await (const { name } of listed(repositories)) {
      const { verdict, details } = await verify(`${repositories}/${name}`);
      counts[verdict] += 1;
      console.log(`${verdict}\t${namespace}/${name}\t${details[0]}`);
      for (const detail of details.slice(1)) console.log(`\t${detail}`);
    }
  }
  console.log(Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`).join(", "));
  return counts.damaged === 0 && counts["not checked"] === 0;
}

async function verify(repository) {
  const task = JSON.stringify({ task: "verify" });
  const { status, body } = await ask(`${repository}/maintenance`, { method: "POST", body: task });
  if (status !== 200) {
    const why = body.errors?.[0]?.message ?? `status ${status}`;
    // An import, a fork or a recovery under way: there is nothing to check yet.
    return { verdict: status === 409 ? "in the making" : "not checked", details: [why] };
  }
  const { ok, findings } = body.result;
  const { packs, objects, commits, refs, cold_packs: cold = 0 } = findings;
  const looked = `${packs} packs, ${objects} objects, ${commits} commits, ${refs} refs`;
  const details = [cold > 0 ? `${looked}, ${cold} packs in R2 alone` : looked];
  details.push(...findings.problems.slice(0, PROBLEMS_SHOWN));
  const more = findings.problems.length - PROBLEMS_SHOWN + findings.more_problems;
  if (more > 0) details.push(`and ${more} more`);
  return { verdict: ok ? "whole" : "damaged", details };
}

// Every entry of a list, page by page.
async function* listed(path) {
  let cursor = "";
  do {
    const query = new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) });
    const { status, body } = await ask(`${path}?${query}`);
    if (status !== 200) throw new Error(`${path}: status ${status}`);
    yield* body.result;
    cursor = body.result_info?.cursor;
  } while (cursor);
}

// Asks, and asks again while the server is busy.
async function ask(url, options = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const response = await fetch(url, { ...options, headers });
    const body = await response.json();
    if (response.status !== 503 || attempt >= ATTEMPTS_MAX) return { status: response.status, body };
    const seconds = Number(response.headers.get("retry-after")) || 1;
    await new Promise((done) => setTimeout(done, seconds * 1000));
  }
}
