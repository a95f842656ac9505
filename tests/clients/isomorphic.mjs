// isomorphic-git. The meaning of the commands: tests/clients/mod.rs. After `page <origin>` a command runs as
// in a page of that origin: tests/clients/page.mjs.

import fs from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { inPage } from "./page.mjs";

const require = createRequire(`${process.env.CAIRN_CLIENTS}/npm/package.json`);
const git = require("isomorphic-git");
const http = require("isomorphic-git/http/node");

const me = { name: "isomorphic-git", email: "i@example.com", timestamp: 1_700_000_000, timezoneOffset: 0 };
const server = {
  fs,
  http,
  remote: "origin",
  onAuth: () => ({ username: "x", password: process.env.CAIRN_TOKEN }),
  // Without this it would ask the same again for ever.
  onAuthFailure: () => ({ cancel: true }),
};
const head = { fs, ref: "HEAD", symbolic: true, force: true };

const commands = {
  async create(dir, url) {
    await git.init({ fs, dir, defaultBranch: "main" });
    await git.addRemote({ fs, dir, remote: "origin", url });
    const first = await grow(dir, "main", 1);
    for (let number = 2; number <= 6; number++) await grow(dir, "main", number);
    await git.branch({ fs, dir, ref: "topic", checkout: true });
    let topic;
    for (let number = 21; number <= 23; number++) topic = await grow(dir, "topic", number);
    await git.checkout({ fs, dir, ref: "main" });
    for (let number = 7; number <= 9; number++) await grow(dir, "main", number);
    const tip = await grow(dir, "main", 10, topic);
    await git.annotatedTag({ fs, dir, ref: "v1", object: tip, message: "an annotated tag\n", tagger: me });
    await git.tag({ fs, dir, ref: "light", object: first });
    for (const ref of ["main", "topic", "v1", "light"]) await push(dir, ref);
  },

  async clone(url, dir, depth) {
    // A clone with a depth is of one branch, as it is with git.
    await git.clone({ ...server, dir, url, depth: number(depth), singleBranch: Boolean(depth) });
  },

  async fetch(dir, depth) {
    await git.fetch({ ...server, dir, depth: number(depth), tags: true, prune: true });
  },

  async commit(dir, number) {
    await grow(dir, "main", Number(number));
    await push(dir, "main");
  },

  async delete(dir, ref) {
    await push(dir, ref, { delete: true });
  },
};

const number = (text) => (text === undefined ? undefined : Number(text));

// Commits a longer log and a new file in a folder to the branch, which is checked out.
async function grow(dir, branch, number, ...merged) {
  const file = `deep/er/ö-${number}.txt`;
  const log = Array.from({ length: 40 }, (_, line) => `${branch} ${number}, line ${line}\n`);
  fs.mkdirSync(join(dir, dirname(file)), { recursive: true });
  fs.appendFileSync(join(dir, "log.txt"), log.join(""));
  fs.writeFileSync(join(dir, file), `${number}\n`);
  await git.add({ fs, dir, filepath: ["log.txt", file] });
  const parent = await git.resolveRef({ fs, dir, ref: "HEAD" }).then((id) => [id], () => []);
  // The old protocol, the only one it knows, does not name an empty repository's branch.
  if (!parent.length) await git.writeRef({ ...head, dir, value: `refs/heads/${branch}` });
  parent.push(...merged);
  return git.commit({ fs, dir, message: `${branch} ${number}\n`, author: me, committer: me, parent });
}

async function push(dir, ref, options = {}) {
  const { ok, error, refs } = await git.push({ ...server, dir, ref, ...options });
  const refused = Object.entries(refs).filter(([, status]) => !status.ok);
  if (!ok || error || refused.length) throw new Error(JSON.stringify({ ok, error, refs }));
}

const given = process.argv.slice(2);
if (given[0] === "page") server.http = inPage(given.splice(0, 2)[1], http);
const [command, ...words] = given;
await commands[command](...words);
