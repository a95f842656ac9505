// Times the engine's operations as wasm, in the JavaScript engine that Workers run in.
//
//   cargo build --release --target wasm32-unknown-unknown -p cairn-engine-operations
//   scripts/node benches/wasm.mjs [target/wasm32-unknown-unknown/release/engine_operations.wasm]
//
// A line each: the median and the least of some dozens of runs, in milliseconds. `cargo bench`
// gives the same operations natively. For a module that counts (`tests/engine_instructions` makes
// it) the lines have a name, a tab and the number of instructions instead.

import { readFileSync } from "node:fs";

const target = process.env.CARGO_TARGET_DIR ?? new URL("../target", import.meta.url).pathname;
const file = process.argv[2] ?? `${target}/wasm32-unknown-unknown/release/engine_operations.wasm`;

// Long enough for the optimising compiler to have replaced the quick one's code.
const RUNS_MIN = 20;
const RUNS_MAX = 1000;
const MILLISECONDS = 1000;

const { instance } = await WebAssembly.instantiate(readFileSync(file), {});
const { memory, name, prepare, run, instructions } = instance.exports;

function text(number) {
  const place = name(number);
  const [address, length] = [Number(place >> 32n), Number(place & 0xffff_ffffn)];
  return new TextDecoder().decode(new Uint8Array(memory.buffer, address, length));
}

function times() {
  const samples = [];
  const begun = performance.now();
  while (
    samples.length < RUNS_MIN ||
    (samples.length < RUNS_MAX && performance.now() - begun < MILLISECONDS)
  ) {
    const before = performance.now();
    run();
    samples.push(performance.now() - before);
  }
  return samples.sort((one, other) => one - other);
}

/** The time of one run once everything is warm: the second one. */
function count() {
  run();
  instructions.value = 0n;
  run();
  return instructions.value;
}

if (!instructions) {
  console.log("operation".padEnd(40), "median ms".padStart(10), "least ms".padStart(10));
}
for (let number = 0; text(number) !== ""; number += 1) {
  prepare(number);
  if (instructions) {
    console.log(`${text(number)}\t${count()}`);
    continue;
  }
  const samples = times();
  const median = samples[samples.length >> 1];
  console.log(
    text(number).padEnd(40),
    median.toFixed(3).padStart(10),
    samples[0].toFixed(3).padStart(10),
  );
}
