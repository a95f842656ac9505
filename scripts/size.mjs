// `make size`: the bytes of each part of the built wasm.
//
// A line for each crate and for each room of Cairn's own: bytes of its functions, as the module has them. Generic code
// counts for the room whose closure it runs, else for the first of Cairn's rooms that its name has, else for the crate
// that wrote it: a transaction of a room is the room's, and so is a `Vec` of its type. Names are those of
// build/symbols.txt. Ends with an error if a part has outgrown its budget.

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const build = join(resolve(dirname(fileURLToPath(import.meta.url)), ".."), "build");
const KIB = 1024;
// Parts below this are one line.
const SHOWN_BYTES_MIN = 16 * KIB;
const CODE_SECTION = 10;
const SECTIONS = ["custom", "types", "imports", "functions", "tables", "memory", "globals", "exports", "start", "elements", "code", "data", "data count", "tags"];

// KiB before compression, a tenth above what each took when it was set. Say why in the commit that raises one.
const BUDGETS = {
  "cairn: git": 1450,
  "cairn: storage": 1960,
  "cairn: repo_do": 2260,
  "cairn: worker": 1330,
  "other crates": 2270,
  data: 910,
};

const wasm = readFileSync(join(build, "index_bg.wasm"));
const names = new Map(
  readFileSync(join(build, "symbols.txt"), "utf8").split("\n").map((line) => {
    const colon = line.indexOf(":");
    return [Number(line.slice(0, colon)), line.slice(colon + 1)];
  }),
);

let imported = 0;
const sections = new Map();
const functions = [];
for (const { id, start, end } of sectionsOf(wasm)) {
  sections.set(id, (sections.get(id) ?? 0) + end - start);
  if (id === 2) imported = importedFunctions(start);
  if (id === CODE_SECTION) functions.push(...bodies(start));
}

const rooms = new Map();
const layers = new Map();
functions.forEach((bytes, number) => {
  const { layer, room } = partOf(names.get(imported + number) ?? "");
  add(rooms, room, bytes);
  add(layers, layer, bytes);
});
add(layers, "data", sections.get(SECTIONS.indexOf("data")) ?? 0);

const gzipped = gzipSync(wasm, { level: 9 }).length;
console.log(`${kib(wasm.length)} KiB, ${kib(gzipped)} KiB gzip; ${functions.length} functions\n`);
console.log("| part | KiB | share |\n|---|--:|--:|");
let rest = 0;
for (const [room, bytes] of [...rooms].sort((one, other) => other[1] - one[1])) {
  if (bytes < SHOWN_BYTES_MIN) rest += bytes;
  else line(room, bytes);
}
line("all smaller parts", rest);
for (const [id, bytes] of sections) if (id !== CODE_SECTION && bytes >= KIB) line(`section of ${SECTIONS[id]}`, bytes);

console.log("\n| layer | KiB | budget |\n|---|--:|--:|");
let over = 0;
for (const [layer, budget] of Object.entries(BUDGETS)) {
  const bytes = layers.get(layer) ?? 0;
  console.log(`| ${layer} | ${kib(bytes)} | ${budget} |`);
  if (bytes > budget * KIB) over += 1;
}
if (over > 0) {
  console.error(`error: ${over} layers have outgrown their budgets (scripts/size.mjs)`);
  process.exit(1);
}

function line(name, bytes) {
  console.log(`| ${name} | ${kib(bytes)} | ${((100 * bytes) / wasm.length).toFixed(1)} % |`);
}

function kib(bytes) {
  return Math.round(bytes / KIB);
}

function add(sums, key, bytes) {
  sums.set(key, (sums.get(key) ?? 0) + bytes);
}

/** `cairn[…]::repo_do::intake::…` is of the room `repo_do::intake`. */
function partOf(name) {
  const all = [...name.matchAll(/\bcairn\[[0-9a-f]+\]::(\w+)(?:::(\w+))?[^<>,]*/g)];
  const own = all.findLast(([path]) => path.includes("{closure")) ?? all[0];
  if (own) return { layer: `cairn: ${own[1]}`, room: `${own[1]}${own[2] ? `::${own[2]}` : ""}` };
  const crates = [...name.matchAll(/\b(\w+)\[[0-9a-f]+\]/g)].map(([, crate]) => crate);
  const room = crates.find((crate) => !["core", "alloc", "std"].includes(crate)) ?? crates[0] ?? "glue and C";
  return { layer: "other crates", room: `crate ${room}` };
}

function* sectionsOf(bytes) {
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at];
    const [size, start] = unsigned(at + 1);
    yield { id, start, end: start + size };
    at = start + size;
  }
}

/** Bytes of each function's body. */
function bodies(start) {
  let [count, at] = unsigned(start);
  const sizes = [];
  for (; count > 0; count -= 1) {
    const [size, body] = unsigned(at);
    sizes.push(size + body - at);
    at = body + size;
  }
  return sizes;
}

function importedFunctions(start) {
  let [count, at] = unsigned(start);
  let found = 0;
  const skip = () => {
    const [length, text] = unsigned(at);
    at = text + length;
  };
  for (; count > 0; count -= 1) {
    skip();
    skip();
    const kind = wasm[at];
    at += 1;
    // A function or a tag has a type; a table, a memory and a global are described.
    if (kind === 0) found += 1;
    if (kind === 4) at += 1;
    if (kind === 1 || kind === 3) at += 1;
    if (kind === 1 || kind === 2) {
      const hasMax = wasm[at] & 1;
      at += 1;
      for (let bound = 0; bound <= hasMax; bound += 1) [, at] = unsigned(at);
    } else if (kind === 3) at += 1;
    else [, at] = unsigned(at);
  }
  return found;
}

/** A number of the format, and the place behind it. */
function unsigned(at) {
  let [value, factor, byte] = [0, 1, 0];
  do {
    byte = wasm[at];
    at += 1;
    value += (byte & 127) * factor;
    factor *= 128;
  } while (byte > 127);
  return [value, at];
}
