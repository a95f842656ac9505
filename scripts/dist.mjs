// dist.mjs [<folder>]: packs a release into `cairn-<version>.tar.gz` in the folder (dist),
// from which serving and deploying need Node alone, clients/js into `cairn-client-<version>.tgz`, which
// `npm install` takes, and clients/python into a wheel for pip. Prints the paths, a line each.
//
// The same commit and the same wasm give the same bytes: the archive names no owner, has its files
// in order, and dates them by SOURCE_DATE_EPOCH or else by the commit.

import { spawnSync } from "node:child_process";
import {
  chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { create } from "tar";
import { older } from "./openapi-3.0.mjs";
import { wheel } from "./wheel.mjs";

// The packages of package.json that serving and deploying need.
const PACKAGES = ["wrangler"];

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = resolve(process.argv[2] || join(root, "dist"));
const read = (path) => readFileSync(join(root, path));
const text = (path) => read(path).toString();

const version = /^version = "(.+)"$/m.exec(text("Cargo.toml"))[1];
const name = `cairn-${version}`;
const mtime = new Date(1000 * Number(process.env.SOURCE_DATE_EPOCH || committed()));

const packages = manifest();
mkdirSync(folder, { recursive: true });
const path = join(folder, `${name}.tar.gz`);
pack(name, files(), path);
console.log(path);
const client = join(folder, `cairn-client-${JSON.parse(text("clients/js/package.json")).version}.tgz`);
pack("package", clientFiles(), client);
console.log(client);
console.log(wheel(root, folder, mtime));

// Lays the files out in a folder of their own, `top`, and packs it. `portable` and `noPax` leave out
// everything that differs between machines.
function pack(top, files, archive) {
  const staging = mkdtempSync(join(tmpdir(), "cairn-dist-"));
  try {
    const paths = files.map(({ file, bytes, executable }) => {
      const path = `${top}/${file}`;
      const staged = join(staging, path);
      mkdirSync(dirname(staged), { recursive: true });
      writeFileSync(staged, bytes);
      chmodSync(staged, executable ? 0o755 : 0o644);
      return path;
    });
    const options = { cwd: staging, file: archive, sync: true, gzip: { level: 9 } };
    create({ ...options, portable: true, noPax: true, mtime }, paths);
  } finally {
    rmSync(staging, { recursive: true });
  }
}

// The files of the archive: path, bytes, and whether it may be executed.
function files() {
  // The pictures belong to the README of the sources, which is not among them.
  const docs = readdirSync(join(root, "docs"), { recursive: true })
    .map((file) => `docs/${file.replaceAll("\\", "/")}`)
    .filter((file) => !file.startsWith("docs/screenshots/"))
    .filter((file) => statSync(join(root, file)).isFile());
  const pages = readdirSync(join(root, "build/web"), { recursive: true })
    .map((file) => `build/web/${file.replaceAll("\\", "/")}`)
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
    ...pages,
  ];
  const commands = ["serve", "verify", "wrangler"];
  return [
    ...asTheyAre.map((file) => ({ file, bytes: read(file) })),
    ...commands.map((file) => ({ file, bytes: read(`scripts/dist/${file}`), executable: true })),
    { file: "scripts/tools.sh", bytes: read("scripts/dist/tools.sh") },
    { file: "README.md", bytes: text("scripts/dist/README.md").replaceAll("VERSION", version) },
    { file: "wrangler.toml", bytes: deployment() },
    { file: "openapi-3.0.json", bytes: json(older()) },
    { file: "package.json", bytes: json(packages.manifest) },
    { file: "package-lock.json", bytes: json(packages.lock) },
  ].sort((a, b) => (a.file < b.file ? -1 : 1));
}

// The files of the client, as `npm pack` would choose them: those that its package.json names.
function clientFiles() {
  const own = (file) => ({ file, bytes: read(`clients/js/${file}`) });
  const sources = readdirSync(join(root, "clients/js/src")).map((file) => own(`src/${file}`));
  const licenses = ["LICENSE-APACHE", "LICENSE-MIT"].map((file) => ({ file, bytes: read(file) }));
  return [...["README.md", "index.d.ts", "package.json"].map(own), ...sources, ...licenses]
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

// wrangler.toml without the command that builds.
function deployment() {
  const all = text("wrangler.toml");
  const without = all.replace(/^\[build\]\n(?:\w.*\n)*\n/m, "");
  if (without === all || /^\[build\]/m.test(without)) throw new Error("wrangler.toml has no [build]");
  return without;
}

// package.json and its lock file, cut down to PACKAGES and the packages that these need.
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

// The path at which npm puts the package `name` for the one at `from`: in the nearest node_modules.
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
