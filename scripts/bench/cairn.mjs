// Cairn under workerd, as `make serve` runs it.

import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { get, post } from "./http.mjs";
import { pause } from "./measure.mjs";
import { cpuMs, serve, stop } from "./processes.mjs";

const SERVE = join(dirname(fileURLToPath(import.meta.url)), "..", "serve.mjs");
const NAMESPACE = "bench";
// Longer than any run: packs go to R2 when the benchmark says so, not in the middle of a row.
const NEVER_SECONDS = "31536000";
const LOG_MS_MAX = 5000;
const LOG_POLL_MS = 20;
const IMPORT_MS_MAX = 600_000;
const IMPORT_POLL_MS = 10;

/** Starts a server of its own; with `inspectorPort`, one whose isolate can be profiled there. */
export async function startCairn(scratch, { inspectorPort = 0 } = {}) {
  const key = randomBytes(24).toString("hex");
  const child = serve(process.execPath, [SERVE, "--until-stdin-closes"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      STATE: join(scratch, "cairn"),
      PORT: "0",
      INSPECTOR_PORT: String(inspectorPort),
      CAIRN_ADMIN_KEY: key,
      CAIRN_SETTLE_SECONDS: NEVER_SECONDS,
      // git's server is at http and 127.0.0.1.
      CAIRN_IMPORT_ALLOW_PRIVATE: "true",
    },
  });
  child.stderr.pipe(createWriteStream(join(scratch, "cairn.log")));
  const url = await ready(child, join(scratch, "cairn.log"));
  return new Cairn(child, url, key);
}

async function ready(child, log) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("ready on ")) {
      child.stdout.resume();
      return line.slice("ready on ".length).trim();
    }
  }
  throw new Error(`Cairn does not start: ${log} says why`);
}

class Cairn {
  name = "cairn";

  constructor(child, url, key) {
    this.child = child;
    // Ready clones that were served so far, as the log has them.
    this.readyClones = 0;
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.includes('"ready":true')) this.readyClones += 1;
    });
    this.origin = url;
    this.api = `${url}/api/v1/namespaces/${NAMESPACE}`;
    this.headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  }

  stop() {
    return stop(this.child);
  }

  /** Milliseconds of CPU used so far, by workerd and by the script that started it. */
  cpuMs() {
    return cpuMs([this.child.pid]);
  }

  /**
   * A new repository. Its token goes in a header from the first request on. Otherwise Cairn would refuse
   * git once before each operation, while the other server asks for no credentials.
   */
  async create(name, branch = "main") {
    return repositoryOf(name, await this.#call("/repos", { name, default_branch: branch }));
  }

  async fork(repository, name) {
    return repositoryOf(name, await this.#call(`/repos/${repository.name}/fork`, { name }));
  }

  /** Reads below the repository; gives the bytes of the answer. */
  async read(repository, path, query = {}, headers = {}) {
    const url = `${this.api}/repos/${repository.name}${path}?${new URLSearchParams(query)}`;
    return (await get(url, { ...this.headers, ...headers })).bytes;
  }

  /** Writes below the repository; gives the result. */
  write(repository, path, body) {
    return this.#call(`/repos/${repository.name}${path}`, body);
  }

  /** The document of the repository's page; gives its bytes. */
  async page(repository) {
    return (await get(`${this.origin}/r/${NAMESPACE}/${repository.name}`, { accept: "text/html" })).bytes;
  }

  /** Imports a repository by URL, and waits until it is whole. */
  async import(name, url) {
    await this.#call(`/repos/${name}/import`, { url });
    const shown = `${this.api}/repos/${name}`;
    for (let waited = 0; waited < IMPORT_MS_MAX; waited += IMPORT_POLL_MS) {
      const { result } = JSON.parse((await get(shown, this.headers)).text);
      if (result.status === "ready") return;
      await pause(IMPORT_POLL_MS);
    }
    throw new Error(`the import of ${url} does not end`);
  }

  /** Has its packs copied to R2 and a full clone kept ready, now; gives the bytes of that. */
  async settle(repository) {
    const path = `/repos/${repository.name}`;
    const change = JSON.stringify({ settle_seconds: 0, ready_bytes_min: 0 });
    await post(this.api + path, this.headers, change, "PATCH");
    await this.#call(`${path}/maintenance`, { task: "run" });
    await this.#call(`${path}/maintenance`, { task: "snapshot" });
    const { ready_clone_bytes: bytes } = await this.stats(repository);
    if (!bytes) throw new Error("Cairn keeps no clone ready");
    return bytes;
  }

  /** Has very many refs put into few rows, as the alarm would once pushes have settled. */
  packRefs(repository) {
    return this.#call(`/repos/${repository.name}/maintenance`, { task: "run" });
  }

  /** Fails unless so many ready clones were served in all: lines of the log come a moment late. */
  async servedReady(clones) {
    for (let waited = 0; this.readyClones < clones && waited < LOG_MS_MAX; waited += LOG_POLL_MS) {
      await pause(LOG_POLL_MS);
    }
    if (this.readyClones !== clones) {
      throw new Error(`${this.readyClones} of ${clones} clones were served ready`);
    }
  }

  async stats(repository) {
    const { text } = await get(`${this.api}/repos/${repository.name}/stats`, this.headers);
    return JSON.parse(text).result;
  }

  async #call(path, body) {
    const { text } = await post(this.api + path, this.headers, JSON.stringify(body));
    return JSON.parse(text).result;
  }
}

function repositoryOf(name, { remote, token }) {
  const authorization = `Bearer ${token.split("?")[0]}`;
  const config = ["-c", `http.extraHeader=Authorization: ${authorization}`];
  return { name, url: remote, config, headers: { authorization } };
}
