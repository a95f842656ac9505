// The repositories that are pushed: generated once and kept, or given as bundles.

import { existsSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { branches, history } from "./generator.mjs";

/** Objects of the generated sizes. */
export const SIZES = { small: 2_000, medium: 50_000, large: 400_000 };

// Part of the names of kept repositories: a new generator makes new ones.
const GENERATOR = 1;

/** A generated repository of a size, below `kept`. */
export function generated(git, kept, size) {
  const folder = join(kept, `${size}-${GENERATOR}.git`);
  return made(git, folder, size, () => history(SIZES[size], 7));
}

/** A repository of `count` branches. */
export function withBranches(git, kept, count) {
  const folder = join(kept, `branches-${count}-${GENERATOR}.git`);
  return made(git, folder, `${count} refs`, () => branches(count));
}

/** The repository of a bundle. */
export async function ofBundle(git, scratch, bundle) {
  const name = basename(bundle, ".bundle");
  const folder = join(scratch, `${name}.git`);
  await git(["clone", "--quiet", "--mirror", resolve(bundle), folder]);
  await pointHead(git, folder);
  return described(git, folder, name);
}

// A bundle without a HEAD leaves it at a branch that may not be there.
async function pointHead(git, folder) {
  const list = await git(["-C", folder, "for-each-ref", "--format=%(refname)", "refs/heads/"]);
  const branches = list.split("\n").filter(Boolean);
  if (branches.length === 0) throw new Error(`${folder}: a bundle without branches`);
  const head = await git(["-C", folder, "symbolic-ref", "HEAD"]);
  if (branches.includes(head)) return;
  const master = "refs/heads/master";
  const branch = branches.includes(master) ? master : branches[0];
  await git(["-C", folder, "symbolic-ref", "HEAD", branch]);
}

async function made(git, folder, name, stream) {
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    await git(["init", "--quiet", "--bare", unfinished]);
    await git(["-C", unfinished, "fast-import", "--quiet", "--done"], stream());
    await git(["-C", unfinished, "repack", "-a", "-d", "-f", "-q"]);
    renameSync(unfinished, folder);
  }
  return described(git, folder, name);
}

async function described(git, folder, name) {
  const counts = await git(["-C", folder, "count-objects", "-v"]);
  const count = (field) => Number(counts.match(new RegExp(`^${field}: (\\d+)`, "m"))[1]);
  return {
    name,
    folder,
    branch: await git(["-C", folder, "symbolic-ref", "HEAD"]),
    objects: count("in-pack") + count("count"),
    packBytes: (count("size-pack") + count("size")) * 1024,
    refs: (await git(["-C", folder, "for-each-ref", "--format=x"])).split("\n").length,
  };
}
