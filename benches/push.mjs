// The engine's part of a first push of a repository, as wasm in V8: without the platform, SQL and
// network, so that a change can be judged on a busy machine.
//
//   cargo build --release --target wasm32-unknown-unknown -p cairn-engine-operations
//   scripts/node benches/push.mjs REPOSITORY…
//
// Each REPOSITORY is a git directory, bare or not. A line each: objects, bytes of the pack, the first
// run (the isolate is new, and V8 still compiles), and the least and the median of the next, in
// milliseconds of CPU of this process. WASM=FILE takes another module, RUNS=9 another number of runs; of a module
// that counts (`tests/engine_instructions` makes it) the last column is millions of instructions.
// TOP=30 samples the last runs, and lists the functions that took most.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

const root = new URL("..", import.meta.url).pathname;
const target = process.env.CARGO_TARGET_DIR ?? `${root}/target`;
const file = process.env.WASM ?? `${target}/wasm32-unknown-unknown/release/engine_operations.wasm`;
const RUNS = Number(process.env.RUNS ?? 9);
const TOP = Number(process.env.TOP ?? 0);

function git(repository, args, input) {
  return execFileSync("git", ["-C", repository, ...args], { input, maxBuffer: 1 << 30, stdio: ["pipe", "pipe", "ignore"] });
}

/** The tips and the pack that a push of all refs sends. */
function pushed(repository) {
  const refs = git(repository, ["for-each-ref", "--format=%(objectname)"]).toString();
  const tips = [...new Set(refs.split("\n").filter(Boolean))];
  const pack = git(repository, ["pack-objects", "--all", "--stdout", "--delta-base-offset", "-q"], "");
  const count = Buffer.alloc(4);
  count.writeUInt32LE(tips.length);
  return { pack, bytes: Buffer.concat([count, Buffer.from(tips.join(""), "hex"), pack]) };
}

function cpuMs(run) {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function sampled(run) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  run();
  const { profile } = await session.post("Profiler.stop");
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const sums = new Map();
  profile.samples.forEach((id, at) => {
    const name = names.get(id);
    sums.set(name, (sums.get(name) ?? 0) + profile.timeDeltas[at] / 1000);
  });
  const most = [...sums].sort((one, other) => other[1] - one[1]).slice(0, TOP);
  for (const [name, ms] of most) console.log(ms.toFixed(1).padStart(9), name.slice(0, 140));
}

const module = new WebAssembly.Module(readFileSync(file));
for (const repository of process.argv.slice(2)) {
  const { pack, bytes } = pushed(repository);
  const { exports } = new WebAssembly.Instance(module, {});
  const address = exports.room(bytes.length);
  new Uint8Array(exports.memory.buffer, address, bytes.length).set(bytes);
  let objects = 0;
  const push = () => {
    objects = exports.push();
  };
  if (exports.instructions) {
    push();
    exports.instructions.value = 0n;
    push();
    console.log(repository, objects, pack.length, (Number(exports.instructions.value) / 1e6).toFixed(1));
    continue;
  }
  const first = cpuMs(push);
  const samples = [];
  for (let run = 0; run < RUNS; run += 1) samples.push(cpuMs(push));
  samples.sort((one, other) => one - other);
  const [least, median] = [samples[0], samples[samples.length >> 1]];
  console.log(repository, objects, pack.length, ...[first, least, median].map((ms) => ms.toFixed(0)));
  if (TOP > 0) await sampled(() => [1, 2, 3].forEach(push));
}
