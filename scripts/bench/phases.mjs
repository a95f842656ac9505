// `make profile`: where the CPU time of a push, a clone and a fetch goes, phase by phase.
//
// workerd samples the isolate while real git pushes and clones; each sample counts for the phase
// whose function was on top. A function that the compiler inlined counts for the function that it went into.
// A Worker cannot measure this itself: its clock stands still while it computes.
//
// Then an object of Git LFS goes up and down, beside a plain Worker: its bytes must cost Cairn nothing.
//
// Environment: BENCH_SIZES (medium), BENCH_DIR (target/bench), and those of large_transfers.mjs.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { startCairn } from "./cairn.mjs";
import { gitIn } from "./git.mjs";
import { freePort } from "./http_backend.mjs";
import { record } from "./inspector.mjs";
import { largeTransfers } from "./large_transfers.mjs";
import { SIZES, generated } from "./sources.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

// The first that matches a function's name has it. Names as in build/symbols.txt.
const PHASES = [
  ["idle", /^\((idle|program|root)\)$/],
  ["inflate", /zlib_rs.*(Inflate|inflate)|pack::inflate/],
  ["deflate", /zlib_rs|cairn_deflate/],
  ["hash", /sha1|git::hash/],
  ["fsck", /object::(fsck|facts)|git::object/],
  ["resolve", /pack::(resolver|delta|cache|incoming)/],
  ["receive", /pack::(parser|entry)|repo_do::(body|receive)|readAtLeast/],
  ["connectivity", /graph::(connectivity|closure|ancestry)/],
  ["index", /pack::index|graph::(segment|introductions|commits)/],
  ["plan", /graph::paint|upload_pack|pack::selection|protocol::(negotiation|fetch_request)/],
  ["write", /pack::writer|protocol::(sideband|pktline)|repo_do::sender/],
  ["publish, read", /storage::|\bexec\b/],
  ["memory", /memcpy|memmove|memset|memory|dlmalloc|alloc::|garbage/],
  ["sort", /slice::sort/],
];

const scratch = mkdtempSync(join(tmpdir(), "cairn-profile-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
try {
  await profile();
} catch (error) {
  console.error(error);
  process.exit(1);
}
process.exit(0);

async function profile() {
  const names = symbols(join(root, "build", "symbols.txt"));
  const kept = resolve(process.env.BENCH_DIR || join(root, "target", "bench"));
  mkdirSync(kept, { recursive: true });
  const size = process.env.BENCH_SIZES || "medium";
  if (!(size in SIZES)) throw new Error(`BENCH_SIZES knows no ${size}`);
  const git = gitIn(scratch);
  const source = await generated(git, kept, size);
  const inspectorPort = await freePort();
  const cairn = await startCairn(scratch, { inspectorPort });
  const repository = await cairn.create("profiled");
  const remote = (args) => git([...repository.config, ...args]);
  const clone = (...options) =>
    remote(["clone", "--quiet", "--bare", ...options, repository.url, join(scratch, `to-${Math.random()}`)]);
  const operations = [
    ["push", () => remote(["-C", source.folder, "push", "--quiet", "--mirror", repository.url])],
    ["clone", () => clone()],
    ["clone --depth 1", () => clone("--depth", "1")],
    ["clone --filter=blob:none", () => clone("--filter=blob:none")],
    ["ls-remote, 20 times", async () => {
      for (let run = 0; run < 20; run += 1) await remote(["ls-remote", repository.url]);
    }],
  ];
  const columns = [];
  for (const [name, run] of operations) {
    const profile = await record(inspectorPort, run);
    columns.push([name, byPhase(profile, names)]);
  }
  print(source, columns);
  await cairn.stop();
  // Without an inspector, which costs time.
  const fresh = await startCairn(mkdtempSync(join(scratch, "fresh-")));
  await largeTransfers(scratch, fresh, await fresh.create("large"));
  await fresh.stop();
}

function symbols(file) {
  if (!existsSync(file)) throw new Error("nothing is built yet: run `make build`");
  const lines = readFileSync(file, "utf8").split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/** Milliseconds of each phase. */
function byPhase({ nodes, samples, timeDeltas }, names) {
  const phases = new Map(nodes.map(({ id, callFrame }) => [id, phaseOf(callFrame.functionName, names)]));
  const sums = new Map();
  samples.forEach((id, at) => {
    const phase = phases.get(id);
    sums.set(phase, (sums.get(phase) ?? 0) + timeDeltas[at] / 1000);
  });
  return sums;
}

function phaseOf(shown, names) {
  const [, number] = shown.match(/^wasm-function\[(\d+)\]$/) ?? [];
  const name = (number && names.get(number)) || shown;
  return PHASES.find(([, pattern]) => pattern.test(name))?.[0] ?? (number ? "other wasm" : "JavaScript");
}

function print(source, columns) {
  console.log(`${source.name}: ${source.objects} objects; milliseconds of CPU in the isolate\n`);
  const phases = [...PHASES.map(([phase]) => phase), "other wasm", "JavaScript"].filter((phase) => phase !== "idle");
  console.log(`| phase | ${columns.map(([name]) => name).join(" | ")} |`);
  console.log(`|---|${columns.map(() => "--:|").join("")}`);
  for (const phase of phases) {
    const cells = columns.map(([, sums]) => (sums.get(phase) ?? 0).toFixed(0));
    console.log(`| ${phase} | ${cells.join(" | ")} |`);
  }
  const total = (sums) => phases.reduce((sum, phase) => sum + (sums.get(phase) ?? 0), 0).toFixed(0);
  console.log(`| all | ${columns.map(([, sums]) => total(sums)).join(" | ")} |`);
}
