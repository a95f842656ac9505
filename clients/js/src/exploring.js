// Reads that go over a history or a tree: the last commits of a directory's entries, where lines
// come from, lines that match, files by name. docs/content.md is the contract of the routes.

import { hashPath, invalidInput, missing } from "./path.js";
import { commit, treeEntry } from "./shapes.js";

/** @typedef {import("../index.d.ts").CairnRepo} CairnRepo */
/** @typedef {import("./connection.js").Connection} Connection */

/** @implements {Pick<CairnRepo, "lastCommits" | "blame" | "grep" | "searchFiles">} */
export class Exploring {
  #connection;
  #path;

  /**
   * @param {Connection} connection
   * @param {string} path the repository's, below `/api/v1`
   */
  constructor(connection, path) {
    this.#connection = connection;
    this.#path = path;
  }

  /** @type {CairnRepo["lastCommits"]} */
  async lastCommits(hash, { path } = {}) {
    const query = { last_commit: "true", path };
    const pages = await this.#pages(`/tree/${hashPath(hash)}`, query);
    if (pages === null) return null;
    const entries = pages.flat().map((entry) => ({
      ...treeEntry(entry),
      lastCommit: commit(entry.lastCommit),
    }));
    // A page leaves out commits that take long to find.
    return entries.sort((one, other) => (order(one) < order(other) ? -1 : 1));
  }

  /** @type {CairnRepo["blame"]} */
  async blame({ ref, path, range }) {
    if (!ref) throw invalidInput("a ref is needed");
    if (!path) throw invalidInput("a path is needed");
    const lines = range && `${range[0]},${range[1] ?? ""}`;
    const place = `${ref}/${path}`.split("/").map(encodeURIComponent).join("/");
    const pages = await this.#pages(`/blame/${place}`, { range: lines });
    if (pages === null) return null;
    const commits = pages.flatMap((page) => page.commits).map(commit);
    return {
      ...pages[0],
      ranges: pages.flatMap((page) => page.ranges).sort((one, other) => one.line - other.line),
      commits: [...new Map(commits.map((one) => [one.hash, one])).values()],
      commitsTruncated: pages.some((page) => page.commitsTruncated),
    };
  }

  /** @type {CairnRepo["grep"]} */
  async grep({ paths, ignoreCase, ...more }) {
    if (!more.pattern) throw invalidInput("a pattern is needed");
    const query = { ...more, ignore_case: ignoreCase, path: paths };
    const asked = await this.#connection.call("GET", `${this.#path}/grep`, { query });
    return { ...asked.result, count: asked.info.count, cursor: asked.info.cursor || undefined };
  }

  /** @type {CairnRepo["searchFiles"]} */
  async searchFiles(query, more = {}) {
    const asked = { query, ...more };
    const { result, info } = await this.#connection.call("GET", `${this.#path}/search`, { query: asked });
    const files = result.map((/** @type {any} */ file) => {
      const { name: path, ...entry } = treeEntry(file);
      return { path, ...entry, score: file.score };
    });
    return { files, cursor: info.cursor || undefined };
  }

  /**
   * The results of all pages, or null if nothing is there.
   * @param {string} path below the repository's
   * @param {import("./connection.js").Query} query
   * @returns {Promise<any[] | null>}
   */
  async #pages(path, query) {
    const results = [];
    for (let cursor; ; ) {
      const asked = this.#connection.call("GET", this.#path + path, { query: { ...query, cursor } });
      const page = await missing(asked);
      if (page === null) return null;
      results.push(page.result);
      cursor = page.info?.cursor;
      if (!cursor) return results;
    }
  }
}

/**
 * The key by which Git sorts a tree, as far as names are text. @param {{ name: string, type: string }} entry
 */
function order({ name, type }) {
  return type === "tree" ? `${name}/` : name;
}
