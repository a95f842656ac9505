// `node scripts/bench/fresh.mjs`: the cost of one operation in a fresh isolate, by the size of the
// repository. The server is started again before each operation, so that no cache helps; a request to
// an empty repository starts the module first, so that its start is not measured.
//
// Environment: FRESH_SIZES (small medium large), FRESH_RUNS (3), BENCH_DIR (target/bench: the
// repositories), FRESH_STATE (a folder where the server's data stays for a run with another build).

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { startCairn } from "./cairn.mjs";
import { moreCommits } from "./generator.mjs";
import { gitIn } from "./git.mjs";
import { post } from "./http.mjs";
import { SIZES, generated } from "./sources.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const runs = Number(process.env.FRESH_RUNS || 3);
const sizes = (process.env.FRESH_SIZES || "small medium large").split(" ");
const kept = resolve(process.env.BENCH_DIR || join(root, "target", "bench"));
const scratch = mkdtempSync(join(tmpdir(), "cairn-fresh-"));
const state = resolve(process.env.FRESH_STATE || scratch);
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
mkdirSync(kept, { recursive: true });
mkdirSync(state, { recursive: true });

const git = gitIn(scratch);
let round = 0;

console.log("| repository | operation | ms | server's CPU, ms | heap, MiB | statements | rows read |");
console.log("|---|---|---:|---:|---:|---:|---:|");
for (const size of sizes) {
  if (!(size in SIZES)) throw new Error(`FRESH_SIZES knows no ${size}`);
  await measure(size, await generated(git, kept, size));
}
process.exit(0);

async function measure(size, source) {
  // A clone that shares the objects of the source: commits are added to it, not to the source.
  const local = join(scratch, `${size}.git`);
  await git(["clone", "--quiet", "--bare", "--shared", source.folder, local]);
  await withServer(async (cairn) => {
    await cairn.create("empty").catch(() => {});
    const made = await cairn.create(size).catch(() => undefined);
    const token = await tokenFor(cairn, size);
    if (made) await git([...token, "-C", local, "push", "-q", url(cairn, size), "main"]);
  });
  const behind = join(scratch, `${size}-behind.git`);
  await withServer(async (cairn) => {
    const token = await tokenFor(cairn, size);
    await git([...token, "clone", "-q", "--bare", url(cairn, size), behind]);
  });
  // The state may be ahead of the source, if it was kept.
  await git(["-C", local, "fetch", "-q", behind, "+refs/heads/main:refs/heads/main"]);

  const operations = {
    "push of one commit": async (cairn, timed) => {
      round += 1;
      const commits = moreCommits("refs/heads/main", 1, `${Date.now()}-${round}`);
      await git(["-C", local, "fast-import", "--quiet", "--done"], commits);
      await timed(["-C", local, "push", "-q", url(cairn, size), "main"]);
    },
    "fetch of one commit": async (cairn, timed) => {
      // A client that has all commits but the last; it gets them from elsewhere.
      const client = join(scratch, "client.git");
      rmSync(client, { recursive: true, force: true });
      await git(["clone", "-q", "--bare", "--shared", behind, client]);
      await git(["-C", local, "update-ref", "refs/heads/before", "refs/heads/main^"]);
      await git(["-C", client, "fetch", "-q", local, "+refs/heads/before:refs/heads/main"]);
      await timed(["-C", client, "fetch", "-q", url(cairn, size), "+refs/heads/main:refs/heads/main"]);
    },
    "clone --depth=1": (cairn, timed) => cloned(cairn, timed, size, ["--depth=1"]),
    "full clone": (cairn, timed) => cloned(cairn, timed, size, []),
  };
  for (const [name, operation] of Object.entries(operations)) {
    const samples = [];
    for (let run = 0; run < runs; run += 1) samples.push(await sampled(size, operation));
    const middle = (field) => samples.map((one) => one[field]).sort((a, b) => a - b)[runs >> 1];
    const fields = ["ms", "cpu", "heap", "statements", "rows"].map((field) => middle(field));
    console.log(`| ${size} | ${name} | ${fields.join(" | ")} |`);
  }
}

async function cloned(cairn, timed, size, options) {
  const target = join(scratch, "clone.git");
  rmSync(target, { recursive: true, force: true });
  await timed(["clone", "-q", "--bare", ...options, url(cairn, size), target]);
  rmSync(target, { recursive: true, force: true });
}

/** Does the operation in a fresh isolate. */
function sampled(size, operation) {
  return withServer(async (cairn) => {
    const sample = {};
    const token = await tokenFor(cairn, size);
    await cairn.stats({ name: "empty" });
    await operation(cairn, async (args) => {
      const cpu = cairn.cpuMs();
      const started = performance.now();
      await git([...token, ...args]);
      sample.ms = Math.round(performance.now() - started);
      sample.cpu = Math.round(cairn.cpuMs() - cpu);
    });
    const { isolate } = await cairn.stats({ name: "empty" });
    sample.heap = (isolate.heap_bytes / (1 << 20)).toFixed(1);
    const { sql } = await cairn.stats({ name: size });
    return { ...sample, statements: sql.statements, rows: sql.rows_read };
  });
}

async function withServer(act) {
  const cairn = await startCairn(state);
  try {
    return await act(cairn);
  } finally {
    await cairn.stop();
  }
}

/** Options for git with a new token for the repository. */
async function tokenFor(cairn, repo) {
  const body = JSON.stringify({ repo, scope: "write" });
  const { text } = await post(`${cairn.api}/tokens`, cairn.headers, body);
  const token = JSON.parse(text).result.plaintext.split("?")[0];
  return ["-c", `http.extraHeader=Authorization: Bearer ${token}`];
}

function url(cairn, name) {
  const { origin } = new URL(cairn.api);
  return `${origin}/git/bench/${name}.git`;
}
