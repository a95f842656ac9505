// A search index of all repositories of a namespace, kept up to date by its feed.
//
//   CAIRN_URL=https://… CAIRN_NAMESPACE=demo CAIRN_KEY=… node indexer.mjs
//   node indexer.mjs search WORD
//
// The index and the position in the feed are saved together, in one file that is replaced as a whole.
// So it may be stopped or killed at any time, for a week too: then it reads on from where it was, and at
// most looks at something twice. If the feed does not go back that far, it looks at every repository.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

import { artifacts, ArtifactsError } from "cairn-client";

const { CAIRN_URL, CAIRN_NAMESPACE, CAIRN_KEY, INDEX = "index.json" } = process.env;
const FILE_BYTES_MAX = 1 << 20;
// It asks only for the types that the code below handles; tokens and clones do not change an index.
const KINDS = ["created", "forked", "imported", "updated", "pushed", "deleted"];
const TYPES = KINDS.map((kind) => `repo.${kind}`);
const SAVE_MS = 500;

// By a repository's id: its name, its default branch, the commit there, and the words of each file.
const index = existsSync(INDEX)
  ? JSON.parse(readFileSync(INDEX, "utf8"))
  : { after: 0, repositories: {} };

let saving;
function done(after) {
  index.after = after;
  saving ??= setTimeout(save, SAVE_MS);
}

function save() {
  saving = undefined;
  writeFileSync(`${INDEX}.new`, JSON.stringify(index), { flush: true });
  renameSync(`${INDEX}.new`, INDEX);
}

/** Indexes the default branch's present files, however old the event is: later ones change nothing. */
async function look(repos, name) {
  const repo = await found(repos.get(name));
  const info = repo && (await found(repo.info()));
  if (!info) return;
  const [head] = await repo.log({ ref: info.defaultBranch, limit: 1 });
  const before = index.repositories[info.id];
  if (before && before.commit === head?.hash && before.branch === info.defaultBranch) return;
  // The words of a blob never change: those that were read before are taken over.
  const blobs = new Map(Object.values(before?.files ?? {}).map((file) => [file.blob, file]));
  const files = {};
  for await (const [path, hash] of head ? filesOf(repo, head.treeHash, "") : []) {
    files[path] = blobs.get(hash) ?? { blob: hash, words: await wordsOf(await repo.readBlob(hash)) };
  }
  const { name: shown, defaultBranch: branch } = info;
  index.repositories[info.id] = { name: shown, branch, commit: head?.hash, files };
  console.log(`${info.name} ${head?.hash ?? "is empty"}`);
}

async function* filesOf(repo, tree, folder) {
  for (const { name, type, hash } of (await repo.readTree(tree)) ?? []) {
    if (type === "tree") yield* filesOf(repo, hash, `${folder}${name}/`);
    else if (type === "blob" || type === "exec") yield [folder + name, hash];
  }
}

async function wordsOf(blob) {
  if (!blob || blob.size > FILE_BYTES_MAX) return [];
  const text = await blob.text();
  return text.includes("\0") ? [] : [...new Set(text.toLowerCase().match(/[\p{L}\p{N}_]+/gu))];
}

/** The answer, or null if the repository was deleted meanwhile or is not ready: an event will tell. */
async function found(answer) {
  const unready = ["NOT_FOUND", "IMPORT_IN_PROGRESS", "FORK_IN_PROGRESS"];
  return answer.catch((error) => {
    if (error instanceof ArtifactsError && unready.includes(error.code)) return null;
    throw error;
  });
}

/** Looks at every repository, since the feed cannot tell what happened. */
async function lookAtAll(repos) {
  const there = new Set();
  for (let cursor; ; ) {
    const page = await repos.list({ limit: 200, cursor });
    for (const { id, name } of page.repos) {
      there.add(id);
      await look(repos, name);
    }
    cursor = page.cursor;
    if (!cursor) break;
  }
  for (const id of Object.keys(index.repositories)) {
    if (!there.has(id)) delete index.repositories[id];
  }
}

async function follow(repos) {
  for await (const event of repos.events({ after: index.after, types: TYPES })) {
    const { payload, source, metadata } = event;
    const before = index.repositories[payload.repoId];
    const isElsewhere = before && payload.ref && payload.ref !== `refs/heads/${before.branch}`;
    if (event.type.endsWith(".repo.deleted")) delete index.repositories[payload.repoId];
    // For a fork, the source is the repository that was forked, and the payload names the new one.
    else if (!isElsewhere) await look(repos, payload.repoName ?? source.repoName);
    done(metadata.namespaceSequence);
  }
}

function search(word) {
  for (const { name, files } of Object.values(index.repositories)) {
    for (const [path, { words }] of Object.entries(files)) {
      if (words.includes(word.toLowerCase())) console.log(`${name} ${path}`);
    }
  }
}

if (process.argv[2] === "search") search(process.argv[3]);
else {
  const repos = artifacts({ url: CAIRN_URL, namespace: CAIRN_NAMESPACE, key: CAIRN_KEY });
  for (;;) {
    try {
      await follow(repos);
    } catch (error) {
      if (!(error instanceof ArtifactsError && error.code === "EVENTS_GONE")) throw error;
      console.log(`the feed begins at ${error.details.oldest}: looking at every repository`);
      // The newest event before the look: events during it come again, and change nothing.
      const { newest } = error.details;
      await lookAtAll(repos);
      done(newest);
    }
  }
}
