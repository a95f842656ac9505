// Compares this crate with zlib-rs over the files of repositories, natively and as wasm in V8.
//
//   cargo build --release --target wasm32-unknown-unknown -p cairn-engine-operations
//   scripts/node crates/deflate/benches/compare.mjs REPOSITORY…
//
// Each REPOSITORY is a git directory, bare or not. The contents are those that a clone with
// `--depth 1` has compressed: the files of HEAD that the repository stores as deltas. Lines: the
// compressor, the bytes of all streams, the least of fifteen times natively and as wasm.
// WASM=FILE takes another module; for one that counts (`tests/engine_instructions` makes it) the last
// column is millions of instructions instead.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const root = new URL("../../..", import.meta.url).pathname;
const target = process.env.CARGO_TARGET_DIR ?? `${root}/target`;
const file =
  process.env.WASM ?? `${target}/wasm32-unknown-unknown/release/engine_operations.wasm`;
const module = await WebAssembly.compile(readFileSync(file));
const NAMES = ["cairn-deflate", "zlib-rs, level 1", "zlib-rs, level 2", "zlib-rs, level 3"];
const RUNS = 15;

function git(repository, args, input) {
  const options = { input, maxBuffer: 1 << 30 };
  return execFileSync("git", ["-C", repository, ...args], options);
}

/** The files of HEAD that are stored as deltas, each behind its length. */
function frames(repository) {
  const format = "--batch-check=%(objectname) %(objectsize) %(deltabase)";
  const files = git(repository, ["ls-tree", "-r", "HEAD", "--format=%(objecttype) %(objectname)"])
    .toString()
    .split("\n")
    .filter((line) => line.startsWith("blob "))
    .map((line) => line.slice(5));
  const deltas = git(repository, ["cat-file", format], [...new Set(files)].join("\n"))
    .toString()
    .split("\n")
    .filter((line) => line !== "" && !/ 0+$/.test(line))
    .map((line) => line.split(" "));
  const batch = git(repository, ["cat-file", "--batch"], deltas.map(([id]) => id).join("\n"));
  const pieces = [];
  let at = 0;
  for (const [, size] of deltas) {
    at = batch.indexOf(10, at) + 1;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Number(size));
    pieces.push(length, batch.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return { count: deltas.length, bytes: Buffer.concat(pieces) };
}

async function asWasm(bytes) {
  const { exports } = await WebAssembly.instantiate(module, {});
  const address = exports.reserve(bytes.length);
  new Uint8Array(exports.memory.buffer, address, bytes.length).set(bytes);
  const results = NAMES.map(() => ({ bytes: 0, taken: Infinity }));
  for (let run = 0; run < (exports.instructions ? 2 : RUNS); run += 1) {
    for (const [level, result] of results.entries()) {
      if (exports.instructions) exports.instructions.value = 0n;
      const before = performance.now();
      result.bytes = Number(exports.compress(level));
      const taken = exports.instructions
        ? Number(exports.instructions.value) / 1e6
        : performance.now() - before;
      result.taken = Math.min(result.taken, taken);
    }
  }
  return results;
}

function natively(bytes) {
  const args = ["bench", "--quiet", "--locked", "-p", "cairn-deflate", "--bench", "compare"];
  const stdout = execFileSync("cargo", args, { cwd: root, input: bytes, maxBuffer: 1 << 20 });
  const lines = stdout.toString().trim().split("\n");
  return lines.map((line) => Number(line.split(" ")[2]));
}

for (const repository of process.argv.slice(2)) {
  const { count, bytes } = frames(repository);
  console.log(`${repository}: ${count} files, ${bytes.length - 4 * count} bytes`);
  const [native, wasm] = [natively(bytes), await asWasm(bytes)];
  for (const [level, name] of NAMES.entries()) {
    const columns = [wasm[level].bytes, native[level].toFixed(1), wasm[level].taken.toFixed(1)];
    console.log(name.padEnd(20), ...columns.map((column) => String(column).padStart(10)));
  }
}
