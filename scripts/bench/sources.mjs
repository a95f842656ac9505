// The repositories that are pushed: generated once and kept, or given as bundles.

import { existsSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { branches, history } from "./generator.mjs";
import { realistic } from "./realistic.mjs";

/** Objects of the generated sizes: `real` and those behind it have the proportions of real repositories. */
export const SIZES = {
  small: 2_000,
  medium: 50_000,
  large: 400_000,
  real: 400_000,
  "real-1m": 1_200_000,
  "real-2m": 2_000_000,
  "real-5m": 5_000_000,
};

// Above so many objects git would take longer to look for deltas than to do all the rest.
const REPACKED_OBJECTS_MAX = 500_000;

// Part of the names of kept repositories: a new generator makes new ones.
const GENERATOR = 1;

/** A generated repository of a size, below `kept`. */
export function generated(git, kept, size) {
  const folder = join(kept, `${size}-${GENERATOR}.git`);
  const objects = SIZES[size];
  const stream = size.startsWith("real") ? realistic : history;
  return made(git, folder, size, () => stream(objects, 7), objects <= REPACKED_OBJECTS_MAX);
}

/** A repository of `count` branches. */
export function withBranches(git, kept, count) {
  const folder = join(kept, `branches-${count}-${GENERATOR}.git`);
  return made(git, folder, `${count} refs`, () => branches(count));
}

/** The repository of a bundle, or a copy of one on this machine. */
export async function ofBundle(git, scratch, bundle) {
  const name = basename(bundle).replace(/\.(bundle|git)$/, "");
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

async function made(git, folder, name, stream, isRepacked = true) {
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    await git(["init", "--quiet", "--bare", unfinished]);
    await git(["-C", unfinished, "fast-import", "--quiet", "--done"], stream());
    await git(["-C", unfinished, "repack", "-a", "-d", "-q", ...(isRepacked ? ["-f"] : [])]);
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
