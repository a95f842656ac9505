// `make bench`: the same work on Cairn under workerd and on git's http-backend behind nginx.
// How it is made, and how to read it: docs/benchmarks.md.
//
// Environment: BENCH_SIZES (small medium large), BENCH_BUNDLES (paths of bundles and repositories),
// BENCH_REFS (10 1000 10000), BENCH_RUNS (5), BENCH_DIR (target/bench).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { startCairn } from "./cairn.mjs";
import { gitIn } from "./git.mjs";
import { Missing, startHttpBackend } from "./http_backend.mjs";
import { Measurements } from "./measure.mjs";
import { lsRemote, operations } from "./operations.mjs";
import { picture } from "./picture.mjs";
import { circumstances, summary, table } from "./report.mjs";
import { SIZES, generated, ofBundle, withBranches } from "./sources.mjs";

// Exit status for a machine that lacks a program, so that a caller can tell it from a failure.
const STATUS_MISSING = 3;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

class Refusal extends Error {}

try {
  await bench();
} catch (error) {
  const expected = error instanceof Missing || error instanceof Refusal;
  console.error(expected ? `error: ${error.message}` : error);
  process.exit(error instanceof Missing ? STATUS_MISSING : 1);
}

async function bench() {
  const runs = number("BENCH_RUNS", 5);
  const sizes = words("BENCH_SIZES", "small medium large");
  const refs = words("BENCH_REFS", "10 1000 10000").map(Number);
  const bundles = words("BENCH_BUNDLES", "");
  const unknown = sizes.filter((size) => !(size in SIZES));
  if (unknown.length > 0) throw new Refusal(`BENCH_SIZES knows no ${unknown.join(", ")}`);
  const kept = resolve(process.env.BENCH_DIR || join(root, "target", "bench"));
  mkdirSync(kept, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "cairn-bench-"));
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

  const git = gitIn(scratch);
  const sources = [];
  for (const size of sizes) sources.push(await generated(git, kept, size));
  for (const bundle of bundles) sources.push(await ofBundle(git, scratch, bundle));
  const advertised = [];
  for (const count of refs) advertised.push(await withBranches(git, kept, count));

  const servers = [await startCairn(scratch), await startHttpBackend(scratch, git)];
  const report = { ...(await circumstances(git, root)), runs, repositories: sources.map(shown) };
  const file = join(kept, "results.json");
  const measurements = new Measurements(runs, (rows) => {
    writeFileSync(file, `${JSON.stringify({ ...report, rows: summary(rows) }, null, 2)}\n`);
  });
  const context = { git, servers, measurements, scratch };
  for (const source of advertised) await lsRemote(context, source);
  for (const source of sources) await operations(context, source);
  for (const server of servers) await server.stop();

  console.log(table(measurements.rows));
  console.error(`every sample is in ${file}`);
  const drawn = picture(summary(measurements.rows));
  if (drawn) writeFileSync(join(kept, "results.svg"), drawn);
  if (measurements.rows.some(({ failed }) => failed)) process.exit(1);
  process.exit(0);
}

function shown({ name, objects, packBytes, refs }) {
  return { name, objects, pack_bytes: packBytes, refs };
}

function words(variable, otherwise) {
  return (process.env[variable] ?? otherwise).split(/\s+/).filter(Boolean);
}

function number(variable, otherwise) {
  const [text = String(otherwise)] = words(variable, "");
  if (!/^[1-9]\d*$/.test(text)) throw new Refusal(`${variable} is not a number: ${text}`);
  return Number(text);
}
