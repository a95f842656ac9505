// The measured operations, on one repository after the other.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { moreCommits } from "./generator.mjs";
import { fetchEverything, pushRefs } from "./http.mjs";
import { medianMs, pause } from "./measure.mjs";
import { restRows } from "./rest.mjs";

const CLONES_AT_ONCE = 4;
const SOME_COMMITS = 100;
// Servers bound the refs of a push.
const PUSHED_REFS_MAX = 20_000;
const FIRST_LINE_BYTES_MAX = 100;

/** All rows of one repository. */
export async function operations(bench, source) {
  const subject = new Subject(bench, source);
  await subject.pushes();
  await subject.clones();
  await subject.crowds();
  await subject.increments();
  await restRows(subject);
  await subject.readyClones();
}

/** The row of `ls-remote` for a repository that has refs and little else. */
export async function lsRemote(bench, source) {
  const subject = new Subject(bench, source);
  for (const server of bench.servers) {
    const hosted = await subject.create(server);
    subject.hosted.set(server, hosted);
    await subject.pushRaw(hosted);
  }
  await subject.lsRemote();
  for (const [server, hosted] of subject.hosted) await server.packRefs?.(hosted);
  await subject.lsRemote(", packed");
}

// A repository, where the servers have it, and git's settings to reach it there.
class Subject {
  hosted = new Map();
  made = 0;

  constructor({ git, servers, measurements, scratch }, source) {
    Object.assign(this, { git, servers, measurements, scratch, source });
  }

  row(operation, work, { servers = this.servers, runs } = {}) {
    return this.measurements.row(this.source, operation, servers, work, runs);
  }

  create(server) {
    this.made += 1;
    const name = `${this.source.name}-${this.made}`.replace(/[^a-zA-Z0-9._-]/g, "-");
    return server.create(name, this.source.branch.replace("refs/heads/", ""));
  }

  push(hosted, folder, ...what) {
    return this.git([...hosted.config, "-C", folder, "push", "--quiet", hosted.url, ...what]);
  }

  // A push without git's client, whose work grows with the square of the refs.
  async pushRaw(hosted) {
    const { folder } = this.source;
    const list = await this.git(["-C", folder, "for-each-ref", "--format=%(objectname) %(refname)"]);
    const refs = list.split("\n");
    for (let from = 0; from < refs.length; from += PUSHED_REFS_MAX) {
      const some = refs.slice(from, from + PUSHED_REFS_MAX);
      const tips = some.map((ref) => `${ref.split(" ", 1)}\n`).join("");
      const packed = ["-C", folder, "pack-objects", "--revs", "--stdout", "-q"];
      await pushRefs(hosted, some, await this.git.bytes(packed, tips));
    }
  }

  mirror(hosted) {
    return this.git([
      ...hosted.config,
      ...["-C", this.source.folder, "push", "--quiet", "--mirror", hosted.url],
    ]);
  }

  clone(hosted, folder, ...options) {
    return this.git([...hosted.config, "clone", "--quiet", "--bare", ...options, hosted.url, folder]);
  }

  // Calls with a folder for a clone, which is gone afterwards.
  async inFolder(work) {
    const folder = join(this.scratch, "clone");
    try {
      return await work(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async pushes() {
    this.pushed = await this.row("push, all", async (server, _, timed) => {
      const hosted = await this.create(server);
      await timed(() => this.mirror(hosted));
      this.hosted.set(server, hosted);
    });
    for (const server of this.servers) {
      if (!this.hosted.has(server)) throw new Error(`${server.name} does not have the repository`);
    }
    this.wants = await this.tips(this.hosted.get(this.servers[0]));
  }

  async clones() {
    await this.row("clone, all", async (server, _, timed) => {
      await this.inFolder(async (folder) => {
        await timed(() => this.clone(this.hosted.get(server), folder));
        await this.sameRefs(folder);
      });
    });
    await this.row("clone, raw response", (server, _, timed) =>
      timed(() => fetchEverything(this.hosted.get(server), this.wants)),
    );
    for (const option of ["--depth=1", "--filter=blob:none"]) {
      await this.row(`clone ${option}`, (server, _, timed) =>
        this.inFolder((folder) =>
          timed(() => this.clone(this.hosted.get(server), folder, option)),
        ),
      );
    }
    await this.lsRemote();
  }

  lsRemote(packed = "") {
    return this.row(`ls-remote, ${this.source.refs} refs${packed}`, async (server, _, timed) => {
      const { config, url } = this.hosted.get(server);
      const said = await timed(() => this.git([...config, "ls-remote", "--refs", url]));
      const refs = said.split("\n").length;
      if (refs !== this.source.refs) throw new Error(`${refs} refs of ${this.source.refs}`);
    });
  }

  async crowds() {
    await this.row(`${CLONES_AT_ONCE} clones at once`, async (server, _, timed) => {
      const numbers = Array.from({ length: CLONES_AT_ONCE }, (_, number) => String(number));
      await this.inFolder((folder) =>
        timed(() =>
          Promise.all(
            numbers.map((number) => this.clone(this.hosted.get(server), join(folder, number))),
          ),
        ),
      );
    });
    await this.row("clone, during a push", (server, _, timed) =>
      this.inFolder(async (folder) => {
        const pushing = this.mirror(await this.create(server));
        // Failures of both are heard, whichever comes first.
        pushing.catch(() => {});
        // The push is under way by then: its client has begun to send.
        await pause(medianMs(this.pushed.samples[server.name]) / 3);
        await timed(() => this.clone(this.hosted.get(server), folder));
        await pushing;
      }),
    );
  }

  // New commits, the same for both servers, on the default branch.
  async increments() {
    const { branch } = this.source;
    const work = join(this.scratch, "work");
    await this.git(["clone", "--quiet", "--mirror", this.source.folder, work]);
    const fetchers = new Map();
    for (const server of this.servers) {
      const folder = join(this.scratch, `fetcher-${server.name}`);
      await this.clone(this.hosted.get(server), folder);
      fetchers.set(server, folder);
    }
    const fetch = (server) => {
      const { config, url } = this.hosted.get(server);
      const refs = `+${branch}:${branch}`;
      return this.git([...config, "-C", fetchers.get(server), "fetch", "--quiet", url, refs]);
    };
    let round = 0;
    const grow = async (commits) => {
      round += 1;
      const stream = moreCommits(branch, commits, round);
      await this.git(["-C", work, "fast-import", "--quiet", "--done"], stream);
    };
    const tip = (folder) => this.git(["-C", folder, "rev-parse", branch]);

    for (const [commits, name] of [
      [1, "one commit"],
      [SOME_COMMITS, `${SOME_COMMITS} commits`],
    ]) {
      const pushed = new Set();
      await this.row(`push, ${name}`, async (server, run, timed) => {
        // The server with the first turn makes the commits that both get.
        if (!pushed.has(run)) await grow(commits);
        pushed.add(run);
        await timed(() => this.push(this.hosted.get(server), work, branch));
      });
      await this.row(`fetch, ${name}`, async (server, run, timed) => {
        if (!pushed.has(`fetch ${run}`)) await grow(commits);
        pushed.add(`fetch ${run}`);
        // Earlier commits are not part of this fetch.
        await this.push(this.hosted.get(server), work, `${branch}~${commits}:${branch}`);
        await fetch(server);
        await this.push(this.hosted.get(server), work, branch);
        await timed(() => fetch(server));
        if ((await tip(fetchers.get(server))) !== (await tip(work))) throw new Error("not fetched");
      });
    }
    for (const folder of [work, ...fetchers.values()]) {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  // The same full clone from Cairn's ready clone; git's server answers as before. By git these are the
  // commands that people type, work tree and all.
  async readyClones() {
    const ready = new Map();
    for (const server of this.servers) {
      if (server.settle) ready.set(server, await server.settle(this.hosted.get(server)));
    }
    this.wants = await this.tips(this.hosted.get(this.servers[0]));
    await this.row("ready clone, raw response", async (server, _, timed) => {
      const bytes = await timed(() => fetchEverything(this.hosted.get(server), this.wants));
      // The ready clone is that answer without its first line.
      if (ready.has(server) && Math.abs(bytes - ready.get(server)) > FIRST_LINE_BYTES_MAX) {
        throw new Error(`${bytes} bytes, and ${ready.get(server)} were kept ready`);
      }
    });
    await this.row("ready clone, all", (server, _, timed) =>
      this.inFolder((folder) => timed(() => this.clone(this.hosted.get(server), folder))),
    );
    await this.row("ready clone, git clone", async (server, _, timed) => {
      const { config, url } = this.hosted.get(server);
      const before = server.readyClones;
      await this.inFolder((folder) =>
        timed(() => this.git([...config, "clone", "--quiet", url, folder])),
      );
      if (server.servedReady) await server.servedReady(before + 1);
    });
  }

  // The object ids that a full clone wants.
  async tips({ config, url }) {
    const said = await this.git([...config, "ls-remote", "--refs", "--heads", "--tags", url]);
    return [...new Set(said.split("\n").map((line) => line.split("\t")[0]))];
  }

  async sameRefs(folder) {
    const format = "--format=%(refname) %(objectname)";
    const heads = (of) => this.git(["-C", of, "for-each-ref", format, "refs/heads", "refs/tags"]);
    if ((await heads(folder)) !== (await heads(this.source.folder))) {
      throw new Error("the clone has other refs than what was pushed");
    }
  }
}
