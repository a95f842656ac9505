// stories.mjs <suite>…: compiles suites of tests and runs them, as many at a time as STORY_LANES says (1):
// most wait for a single git, server or script. Suites that mostly wait go two at a time at least, and
// suites that measure have the machine to themselves. Prints the output of a suite when it ends. After a
// failure no further suite begins.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const LANES = Number(process.env.STORY_LANES || 1);

// Bodies wait in the heap where the server gets no time, and these would measure something else.
const MEASURING = ["bench", "budgets", "heap", "idle", "pressure"].map((name) => `smart_http_${name}`);

// These mostly wait for other programs, hosts, intervals and clocks, and hold on a busy machine: two at a time.
const WAITING = [
  "clients", "documents", "lfs", "mirror_credentials", "mirrors", "mirrors_both_ways", "mirrors_out", "pages", "soak",
  "upgrade",
].map((name) => `smart_http_${name}`);

// The suites that last longest, so that no lane waits for one of them alone.
const FIRST = ["smart_http_clients", "smart_http_lfs"];

// As `cargo test` tells them: some suites run scripts with a home of their own.
const homes = { CARGO_HOME: join(homedir(), ".cargo"), RUSTUP_HOME: join(homedir(), ".rustup") };

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const binaries = compiled(process.argv.slice(2));
const suites = [...binaries.keys()].sort((a, b) => FIRST.includes(b) - FIRST.includes(a));
const running = new Set();
const said = mkdtempSync(join(tmpdir(), "cairn-stories-"));
process.on("exit", () => rmSync(said, { recursive: true }));
let failed = 0;

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(1);
  });
}

await run(suites.filter((suite) => WAITING.includes(suite)), Math.max(LANES, 2));
await run(suites.filter((suite) => ![...MEASURING, ...WAITING].includes(suite)), LANES);
await run(suites.filter((suite) => MEASURING.includes(suite)), 1);
process.exitCode = failed ? 1 : 0;

// The binary of each suite, in the order of the arguments.
function compiled(names) {
  const flags = ["test", "--locked", "--no-run", "--message-format=json-render-diagnostics"];
  const tests = names.flatMap((name) => ["--test", name]);
  const cargo = spawnSync("cargo", [...flags, ...tests], {
    cwd: root, stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 28,
  });
  if (cargo.status !== 0) process.exit(1);
  const made = new Map();
  for (const line of cargo.stdout.toString().split("\n").filter(Boolean)) {
    const { executable, target } = JSON.parse(line);
    if (executable && target.kind.includes("test")) made.set(target.name, executable);
  }
  return new Map(names.map((name) => {
    if (!made.has(name)) throw new Error(`cargo made no binary of the suite ${name}`);
    return [name, made.get(name)];
  }));
}

// Runs suites in as many lanes.
async function run(names, lanes) {
  const waiting = [...names];
  const lane = async () => {
    while (waiting.length && !failed) await tell(waiting.shift());
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

// Runs a suite and prints its output, in one piece.
async function tell(name) {
  const begun = performance.now();
  // A file, since a server that outlives its suite for a moment would hold a pipe open.
  const path = join(said, name);
  const file = openSync(path, "w");
  const child = spawn(binaries.get(name), [], {
    cwd: root,
    env: { ...homes, ...process.env, CARGO_MANIFEST_DIR: root },
    stdio: ["ignore", file, file],
  });
  closeSync(file);
  running.add(child);
  const status = await new Promise((done) => {
    child.on("error", (error) => done(error.message));
    child.on("exit", (code, signal) => done(code ?? signal));
  });
  running.delete(child);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`── ${name} (${seconds} s)\n${readFileSync(path)}`);
  if (status !== 0) {
    failed += 1;
    console.log(`error: ${name} ended with ${status}`);
  }
}
