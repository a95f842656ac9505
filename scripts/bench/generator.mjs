// Repositories made from a seed, as streams for `git fast-import`: the same seed, the same ids.
//
// Each commit changes one line of one file two folders deep, and so brings four objects: a blob,
// two trees, itself.

import { randomFrom } from "./random.mjs";

const OBJECTS_PER_COMMIT = 4;
const LINES_MAX = 160;
const FILES_PER_FOLDER = 30;
const FOLDERS_MAX = 80;
const BRANCHES = 4;
const TAGS = 10;

/** The stream of a history of about so many objects. */
export function* history(objects, seed) {
  const random = randomFrom(seed);
  const commits = Math.ceil(objects / OBJECTS_PER_COMMIT);
  const folders = Math.min(FOLDERS_MAX, Math.ceil(commits / FILES_PER_FOLDER));
  const files = new Map();
  for (let mark = 1; mark <= commits; mark += 1) {
    const path = `folder-${random(folders)}/file-${random(FILES_PER_FOLDER)}.txt`;
    const lines = files.get(path) ?? newFile(random);
    files.set(path, lines);
    lines[random(lines.length)] = line(random);
    const content = `${path} ${mark}\n${lines.join("\n")}\n`;
    yield commit("refs/heads/main", mark, mark > 1 ? mark - 1 : undefined);
    yield `M 100644 inline ${path}\n${data(content)}`;
  }
  for (let branch = 1; branch <= BRANCHES; branch += 1) {
    yield `reset refs/heads/branch-${branch}\nfrom :${1 + random(commits)}\n\n`;
  }
  for (let tag = 1; tag <= TAGS; tag += 1) {
    yield `tag v${tag}\nfrom :${Math.ceil((commits * tag) / TAGS)}\n${tagger(tag)}${data("release\n")}`;
  }
  yield "done\n";
}

/** The stream of a repository of so many branches, each with a commit of its own. */
export function* branches(count) {
  for (let mark = 1; mark <= count; mark += 1) {
    const ref = mark === 1 ? "refs/heads/main" : `refs/heads/topic/number-${mark}`;
    yield commit(ref, mark, mark > 1 ? 1 : undefined);
    yield `M 100644 inline file.txt\n${data(`${mark}\n`)}`;
  }
  yield "done\n";
}

/** The stream of `count` commits on top of a branch; `number` tells rounds apart. */
export function* moreCommits(branch, count, number) {
  for (let mark = 1; mark <= count; mark += 1) {
    const from = mark > 1 ? mark - 1 : undefined;
    yield commit(branch, mark, from, from === undefined ? `from ${branch}^0\n` : "");
    yield `M 100644 inline bench/round-${number}.txt\n${data(`round ${number}, ${mark}\n`)}`;
  }
  yield "done\n";
}

function commit(ref, mark, from, orFrom = "") {
  const person = `Bench <bench@example.com> ${1_600_000_000 + mark * 60} +0000\n`;
  const head = `commit ${ref}\nmark :${mark}\nauthor ${person}committer ${person}`;
  const parent = from === undefined ? orFrom : `from :${from}\n`;
  return `${head}${data(`change ${mark}\n`)}${parent}`;
}

function tagger(number) {
  return `tagger Bench <bench@example.com> ${1_700_000_000 + number} +0000\n`;
}

function data(text) {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

function newFile(random) {
  return Array.from({ length: 2 + random(LINES_MAX) }, () => line(random));
}

function line(random) {
  const words = 3 + random(9);
  return Array.from({ length: words }, () => random(1 << 20).toString(36)).join(" ");
}
