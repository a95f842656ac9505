// Rows of REST, pages, forks, imports and large files. git's server has no request for them: where git has a
// command that does the same, it runs on a local copy of the repository as the yardstick.

import { createHash } from "node:crypto";

import { get, post } from "./http.mjs";
import { gitProcess } from "./git_process.mjs";

const LFS_BYTES = 1 << 20;
const COMMITS_BACK = 50;

/** All rows of one repository. Their writes go to a fork, so that later rows find the repository as it was. */
export async function restRows(subject) {
  const cairn = subject.servers.find((server) => server.fork);
  const local = await gitProcess(subject, subject.source);
  const known = await facts(local, subject.source);
  const original = subject.hosted.get(cairn);
  await rowsOn(subject, { cairn, local, hosted: original }, readings(known));
  const fork = await forking(subject, cairn, original);
  await rowsOn(subject, { cairn, local, hosted: fork }, [...writings(known), ...others(known)]);
  await importing(subject, cairn);
  local.remove();
}

async function rowsOn(subject, { cairn, local, hosted }, rows) {
  for (const { name, prepare, cairn: ours, git } of rows) {
    const work = async (server, run, timed) => {
      await prepare?.(server, run, hosted);
      if (server === cairn) await timed(() => ours(cairn, hosted, run));
      else await timed(() => git(local, run));
    };
    await subject.row(name, work, { servers: git ? [cairn, local] : [cairn] });
  }
}

// The first fork copies packs to R2. Gives one of the forks.
async function forking(subject, cairn, original) {
  const servers = [cairn];
  let fork;
  const row = (name, runs) =>
    subject.row(
      name,
      async (server, run, timed) => {
        const forkName = `${original.name}-${name.replaceAll(/\W+/g, "-")}-${run}`;
        fork = await timed(() => server.fork(original, forkName));
      },
      { servers, runs },
    );
  await row("fork, the first", 1);
  await row("fork");
  return fork;
}

// Names and ids that the rows ask for, the same on both sides.
async function facts(local, { name, branch }) {
  const short = branch.replace("refs/heads/", "");
  const tip = await local.text(["rev-parse", branch]);
  const paths = (await local.text(["ls-tree", "-r", "--name-only", branch])).split("\n");
  const path = paths[paths.length >> 1];
  const back = await local.text(["rev-list", "--first-parent", `--max-count=${COMMITS_BACK + 1}`, branch]);
  const base = back.split("\n").at(-1);
  const tree = await local.text(["rev-parse", `${tip}^{tree}`]);
  return { name, branch: short, tip, base, tree, path };
}

function readings({ branch, tip, base, tree, path }) {
  const ref = branch;
  return [
    {
      name: "REST: a file",
      cairn: (server, hosted) => server.read(hosted, "/file", { ref, path }),
      git: (local) => local.bytes(["cat-file", "blob", `${ref}:${path}`]),
    },
    {
      name: "REST: log of 50",
      cairn: (server, hosted) => server.read(hosted, "/log", { ref, limit: "50" }),
      git: (local) => local.bytes(["log", "--max-count=50", "--format=raw", ref]),
    },
    {
      name: "REST: a tree, recursive",
      cairn: (server, hosted) => server.read(hosted, `/tree/${tree}`, { recursive: "true" }),
      git: (local) => local.bytes(["ls-tree", "-r", "-t", tree]),
    },
    {
      name: "REST: a tree with last commits",
      cairn: (server, hosted) => server.read(hosted, `/tree/${tip}`, { last_commit: "true" }),
    },
    {
      name: "REST: refs",
      cairn: (server, hosted) => server.read(hosted, "/refs"),
      git: (local) => local.bytes(["for-each-ref", "--count=100"]),
    },
    {
      name: "REST: diff of 50 commits",
      cairn: (server, hosted) =>
        server.read(hosted, "/diff", { base, head: tip }, { accept: "text/x-diff" }),
      git: (local) => local.bytes(["diff", base, tip]),
    },
    {
      name: "REST: compare of 50 commits",
      cairn: (server, hosted) => server.read(hosted, `/compare/${base}...${tip}`),
    },
    {
      name: "REST: a commit as a mail",
      cairn: (server, hosted) => server.read(hosted, `/commit/${tip}.patch`),
      git: (local) => local.bytes(["format-patch", "--stdout", "-1", tip]),
    },
    {
      name: "REST: blame",
      cairn: (server, hosted) => server.read(hosted, `/blame/${ref}/${encoded(path)}`),
      git: (local) => local.bytes(["blame", "--porcelain", ref, "--", path]),
    },
    {
      name: "REST: grep",
      cairn: (server, hosted) => server.read(hosted, "/grep", { ref, pattern: "stands[n]owhere" }),
      git: (local) => local.nothing(["grep", "--threads=1", "-n", "-E", "-e", "stands[n]owhere", ref]),
    },
    {
      name: "REST: files by name",
      cairn: (server, hosted) => server.read(hosted, "/search", { ref, query: "main" }),
    },
    {
      name: "REST: archive, tar.gz",
      cairn: (server, hosted) => server.read(hosted, `/archive/${tip}.tar.gz`),
      git: (local) => local.bytes(["archive", "--format=tar.gz", tip]),
    },
    {
      name: "REST: events",
      cairn: (server, hosted) => server.read(hosted, "/events"),
    },
    {
      name: "page: its document",
      cairn: (server, hosted) => server.page(hosted),
    },
  ];
}

function writings({ branch, tip }) {
  const message = "a change";
  const text = (run) => `of run ${run}\n`;
  const commitTo = (server, hosted, made, base, path, run) => {
    const files = [{ path, content: text(run) }];
    return server.write(hosted, "/commits", { branch: made, base, message, files });
  };
  // Two branches of one commit each, which change different files.
  const sides = (kind) => async (server, run, hosted) => {
    for (const side of ["left", "right"]) {
      const made = `${kind}-${side}-${run}`;
      if (server.fork) await commitTo(server, hosted, made, branch, `bench/${side}`, run);
      else await server.commit(made, tip, `bench/${side}`, text(run));
    }
  };
  const merge = (local, run, kind, base) =>
    local.text(["merge-tree", "--write-tree", ...base, `${kind}-left-${run}`, `${kind}-right-${run}`]);
  return [
    {
      name: "REST: a commit",
      cairn: (server, hosted, run) => commitTo(server, hosted, `made-${run}`, branch, "bench/made", run),
      git: (local, run) => local.commit(`made-${run}`, tip, "bench/made", text(run)),
    },
    {
      name: "REST: a branch",
      cairn: (server, hosted, run) =>
        server.write(hosted, "/refs", { updates: [{ name: `refs/heads/ref-${run}`, new: tip }] }),
      git: (local, run) => local.text(["update-ref", `refs/heads/ref-${run}`, tip]),
    },
    {
      name: "REST: a merge",
      prepare: sides("merge"),
      cairn: (server, hosted, run) =>
        server.write(hosted, "/merge", { into: `merge-left-${run}`, from: `merge-right-${run}` }),
      git: (local, run) => merge(local, run, "merge", []),
    },
    {
      name: "REST: a cherry-pick",
      prepare: sides("pick"),
      cairn: (server, hosted, run) =>
        server.write(hosted, "/cherry-pick", { commits: [`pick-right-${run}`], onto: `pick-left-${run}` }),
      git: (local, run) => merge(local, run, "pick", [`--merge-base=${tip}`]),
    },
    {
      name: "REST: a revert",
      prepare: sides("revert"),
      cairn: (server, hosted, run) =>
        server.write(hosted, "/revert", { commits: [`revert-left-${run}`], onto: `revert-left-${run}` }),
    },
    {
      name: "REST: a branch restored",
      prepare: sides("restore"),
      cairn: (server, hosted, run) =>
        server.write(hosted, "/restore", { branch: `restore-left-${run}`, to: branch }),
    },
    {
      name: "REST: a note",
      cairn: (server, hosted, run) =>
        server.write(hosted, "/notes", { object: tip, note: text(run), action: "replace" }),
      git: (local, run) => local.text(["notes", "add", "--force", "--message", text(run), tip]),
    },
  ];
}

function others({ name }) {
  const madeName = (run) => `${name}-empty-${run}`;
  return [
    {
      name: "a new repository",
      cairn: (server, _, run) => server.create(madeName(run)),
      git: (local, run) => local.text(["init", "--quiet", "--bare", `${local.folder}/${madeName(run)}`]),
    },
    {
      name: "LFS: 1 MiB up",
      cairn: (server, hosted, run) => upload(hosted, large(run)),
    },
    {
      name: "LFS: 1 MiB down",
      cairn: async (server, hosted) => {
        const { oid } = large(0);
        const answer = await get(`${hosted.url}/info/lfs/objects/${oid}`, hosted.headers);
        if (answer.bytes !== LFS_BYTES) throw new Error(`${answer.bytes} bytes`);
        return answer.bytes;
      },
    },
  ];
}

// The repository imported from git's server, and cloned from there by git.
async function importing(subject, cairn) {
  const http = subject.servers.find((server) => !server.fork);
  const from = subject.hosted.get(http);
  await subject.row("import", async (server, run, timed) => {
    if (server === cairn) await timed(() => cairn.import(`${subject.source.name}-imported-${run}`, from.url));
    else await subject.inFolder((folder) => timed(() => subject.git(["clone", "--quiet", "--bare", from.url, folder])));
  });
}

function large(run) {
  const content = Buffer.alloc(LFS_BYTES, `object ${run} `);
  return { content, oid: createHash("sha256").update(content).digest("hex") };
}

function upload(hosted, { content, oid }) {
  const headers = { ...hosted.headers, "content-type": "application/octet-stream" };
  return post(`${hosted.url}/info/lfs/objects/${oid}/${content.length}`, headers, content, "PUT");
}

function encoded(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}
