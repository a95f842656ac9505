// dist.mjs [<folder>]: packs what a release ships into `cairn-<version>.tar.gz` in the folder (dist),
// from which serving and deploying need Node alone. Prints the archive's path.
//
// The same commit and the same wasm give the same bytes: files are in order, owned by nobody, dated
// by SOURCE_DATE_EPOCH or else by the commit, and the tar is written here, as every tar reads it
// (POSIX ustar, https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html).

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

// What serving and deploying need of package.json.
const PACKAGES = ["wrangler"];
const BLOCK = 512;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = resolve(process.argv[2] || join(root, "dist"));
const read = (path) => readFileSync(join(root, path));
const text = (path) => read(path).toString();

const version = /^version = "(.+)"$/m.exec(text("Cargo.toml"))[1];
const name = `cairn-${version}`;
const seconds = Number(process.env.SOURCE_DATE_EPOCH || committed());

const packages = manifest();
const archive = gzipSync(tar(files()), { level: 9 });
mkdirSync(folder, { recursive: true });
const path = join(folder, `${name}.tar.gz`);
writeFileSync(path, archive);
console.log(path);

// Paths in the archive, their bytes, and which may be executed.
function files() {
  const docs = readdirSync(join(root, "docs"), { recursive: true })
    .map((file) => `docs/${file.replaceAll("\\", "/")}`)
    .filter((file) => statSync(join(root, file)).isFile());
  const asTheyAre = [
    "build/index.js",
    "build/index_bg.wasm",
    "build/symbols.txt",
    "scripts/serve.mjs",
    "scripts/verify.mjs",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    ...docs,
  ];
  const commands = ["serve", "verify", "wrangler"];
  return [
    ...asTheyAre.map((file) => ({ file, bytes: read(file) })),
    ...commands.map((file) => ({ file, bytes: read(`scripts/dist/${file}`), executable: true })),
    { file: "scripts/tools.sh", bytes: read("scripts/dist/tools.sh") },
    { file: "README.md", bytes: text("scripts/dist/README.md").replaceAll("VERSION", version) },
    { file: "wrangler.toml", bytes: deployment() },
    { file: "package.json", bytes: json(packages.manifest) },
    { file: "package-lock.json", bytes: json(packages.lock) },
  ].sort((a, b) => (a.file < b.file ? -1 : 1));
}

// wrangler.toml without the command that builds.
function deployment() {
  const all = text("wrangler.toml");
  const without = all.replace(/^\[build\]\n(?:\w.*\n)*\n/m, "");
  if (without === all || /^\[build\]/m.test(without)) throw new Error("wrangler.toml has no [build]");
  return without;
}

// package.json and its lock file, cut down to PACKAGES and what these need.
function manifest() {
  const all = JSON.parse(text("package.json"));
  const lock = JSON.parse(text("package-lock.json"));
  const { name, license, engines, allowScripts, optionalDependencies } = all;
  const dependencies = Object.fromEntries(PACKAGES.map((name) => [name, all.devDependencies[name]]));
  const kept = new Set();
  const keep = (from, needed) => {
    for (const one of Object.keys(needed ?? {})) {
      const path = found(lock.packages, from, one);
      if (path === undefined || kept.has(path)) continue;
      kept.add(path);
      const { dependencies, optionalDependencies, peerDependencies } = lock.packages[path];
      keep(path, { ...dependencies, ...optionalDependencies, ...peerDependencies });
    }
  };
  keep("", { ...dependencies, ...optionalDependencies });
  const own = { name, version, license, engines, dependencies, optionalDependencies };
  const entries = [...kept].sort().map((path) => {
    const { dev, ...entry } = lock.packages[path];
    return [path, entry];
  });
  return {
    manifest: { ...own, private: true, allowScripts },
    lock: { ...lock, version, packages: { "": own, ...Object.fromEntries(entries) } },
  };
}

// Where npm puts the package `name` that the one at `from` needs: in the nearest node_modules.
function found(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const path = at ? `${at}/node_modules/${name}` : `node_modules/${name}`;
    if (packages[path]) return path;
    if (!at) return undefined;
  }
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function committed() {
  const { stdout } = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: root });
  return stdout?.toString().trim() || 0;
}

function tar(files) {
  const blocks = files.flatMap(({ file, bytes, executable }) => {
    const content = Buffer.from(bytes);
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    return [header(`${name}/${file}`, content.length, executable ? 0o755 : 0o644), content, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(path, length, mode) {
  if (Buffer.byteLength(path) > 100) throw new Error(`too long a path for a tar: ${path}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value, at, digits) => block.write(value.toString(8).padStart(digits, "0"), at);
  block.write(path, 0);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(length, 124, 11);
  octal(seconds, 136, 11);
  block.fill(" ", 148, 156);
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((sum, byte) => sum + byte, 0);
  octal(sum, 148, 6);
  block[154] = 0;
  return block;
}
