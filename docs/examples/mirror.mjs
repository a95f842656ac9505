// A mirror: keeps another Git repository equal to one on Cairn, branches and tags, as pushes happen.
//
//   CAIRN_URL=https://… CAIRN_NAMESPACE=demo CAIRN_REPOSITORY=hello CAIRN_KEY=… \
//     node mirror.mjs https://user:token@git.example.com/hello.git
//
// An event says when to look; git finds the differences. So no position is kept: it may be stopped at any
// time, begins with the oldest event that is kept, and brings over many pushes at once.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

import { artifacts, ArtifactsError } from "cairn-client";

const { CAIRN_URL, CAIRN_NAMESPACE, CAIRN_REPOSITORY, CAIRN_KEY } = process.env;
const { CACHE = "mirror.git", RETRY_SECONDS = "10" } = process.env;
const target = process.argv[2];
const source = new URL(`git/${CAIRN_NAMESPACE}/${CAIRN_REPOSITORY}.git`, `${CAIRN_URL}/`).href;
// The key goes to the source alone, and no list of processes shows it.
const env = {
  ...process.env,
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: `http.${source}.extraHeader`,
  GIT_CONFIG_VALUE_0: `Authorization: Bearer ${CAIRN_KEY}`,
};

const REFS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

async function git(...args) {
  const run = await promisify(execFile)("git", ["--git-dir", CACHE, ...args], { env });
  return run.stdout;
}

/** Brings objects and refs that the target lacks, and takes away refs that the source lost. */
async function mirror() {
  await git("fetch", "--quiet", "--no-tags", "--prune", source, ...REFS);
  console.log(await git("push", "--porcelain", "--prune", target, ...REFS));
}

// Whether something may have changed since the last look: at the start, it may.
let isDue = true;
const news = new EventTarget();

async function follow(repo) {
  for (;;) {
    try {
      for await (const _ of repo.events({ after: "oldest", types: ["repo.pushed"] })) {
        isDue = true;
        news.dispatchEvent(new Event("push"));
      }
    } catch (error) {
      // After a long time without a connection; a look shows the missed changes.
      if (!(error instanceof ArtifactsError && error.code === "EVENTS_GONE")) throw error;
    }
  }
}

await git("init", "--quiet", "--bare");
const repos = artifacts({ url: CAIRN_URL, namespace: CAIRN_NAMESPACE, key: CAIRN_KEY });
const repo = await repos.get(CAIRN_REPOSITORY);
follow(repo).catch((error) => {
  console.error(error);
  process.exit(1);
});
for (;;) {
  if (!isDue) await once(news, "push");
  isDue = false;
  try {
    await mirror();
  } catch (error) {
    console.error(error.stderr ?? error);
    isDue = true;
    await new Promise((resolve) => setTimeout(resolve, Number(RETRY_SECONDS) * 1000));
  }
}
