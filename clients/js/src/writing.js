// Writing without a clone: commits, refs, merges, comparisons and notes. docs/writing.md is the
// contract of the routes.

import { base64, commitLines, filesOf } from "./commit_stream.js";
import { Exploring } from "./exploring.js";
import { hashPath, invalidInput, missing } from "./path.js";
import { commit } from "./shapes.js";

/** @typedef {import("../index.d.ts").CairnRepo} CairnRepo */
/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {{ idempotencyKey?: string }} Once */

const PATCH = "text/x-diff";

/** @implements {Pick<CairnRepo, "commit" | "commitStream" | "putBlob" | "updateRefs" | "reflog"
 *   | "merge" | "syncFork" | "cherryPick" | "revert" | "restore" | "testRules" | "compare" | "diff" | "diffBytes" | "patch"
 *   | "commitDiff" | "mergeBases" | "readNote" | "listNotes" | "writeNote" | "removeNote">} */
export class Writing extends Exploring {
  #connection;
  #path;

  /**
   * @param {Connection} connection
   * @param {string} path the repository's, below `/api/v1`
   */
  constructor(connection, path) {
    super(connection, path);
    this.#connection = connection;
    this.#path = path;
  }

  /** @type {CairnRepo["commit"]} */
  async commit({ files = [], ...more }, once) {
    const changes = files.map(({ content, ...file }) => ({
      ...snakeCase(file),
      ...(typeof content === "string" ? { content } : {}),
      ...(content instanceof Uint8Array ? { content_base64: base64(content) } : {}),
    }));
    return this.#post("/commits", { ...snakeCase(more), files: changes }, once);
  }

  /** @type {CairnRepo["commitStream"]} */
  async commitStream({ files, ...more }, once) {
    const { changes, contents } = await filesOf(files, snakeCase);
    const metadata = { ...snakeCase(more), files: changes };
    const raw = commitLines(metadata, contents);
    const content = { raw, type: "application/x-ndjson", headers: onceHeaders(once) };
    return (await this.#connection.call("POST", `${this.#path}/commits`, content)).result;
  }

  /** @type {CairnRepo["putBlob"]} */
  async putBlob(raw) {
    const content = { raw, type: "application/octet-stream" };
    return (await this.#connection.call("PUT", `${this.#path}/blobs`, content)).result;
  }

  /** @type {CairnRepo["updateRefs"]} */
  async updateRefs(updates, { atomic, pushOptions, idempotencyKey } = {}) {
    const body = { updates, atomic, push_options: pushOptions };
    return (await this.#post("/refs", body, { idempotencyKey })).updates;
  }

  /** @type {CairnRepo["reflog"]} */
  async reflog(query = {}) {
    const { result, info } = await this.#get("/reflog", query);
    return { entries: result, cursor: info.cursor || undefined };
  }

  /** @type {CairnRepo["merge"]} */
  async merge(merge, once) {
    return this.#post("/merge", snakeCase(merge), once);
  }

  /** @type {CairnRepo["syncFork"]} */
  async syncFork(sync = {}, once) {
    return this.#post("/sync-fork", snakeCase(sync), once);
  }

  /** @type {CairnRepo["cherryPick"]} */
  async cherryPick(pick, once) {
    return this.#post("/cherry-pick", snakeCase(pick), once);
  }

  /** @type {CairnRepo["revert"]} */
  async revert(revert, once) {
    return this.#post("/revert", snakeCase(revert), once);
  }

  /** @type {CairnRepo["restore"]} */
  async restore(restore, once) {
    return this.#post("/restore", snakeCase(restore), once);
  }

  /** @type {CairnRepo["testRules"]} */
  async testRules(change) {
    return this.#post("/rules/test", snakeCase(change));
  }

  /** @type {CairnRepo["compare"]} */
  async compare(base, head, { trees = false, paths, ...more } = {}) {
    const spec = [base, head].map(revisionPath).join(trees ? ".." : "...");
    const { result } = await this.#get(`/compare/${spec}`, { path: paths, ...more });
    return { ...result, commits: result.commits.map(commit) };
  }

  /** @type {CairnRepo["diff"]} */
  async diff({ paths, ...more }) {
    return (await this.#get("/diff", { path: paths, ...more })).result;
  }

  /** @type {CairnRepo["diffBytes"]} */
  async diffBytes({ paths, ...more }) {
    return this.#patch("/diff", { path: paths, ...more });
  }

  /** @type {CairnRepo["patch"]} */
  async patch(hash) {
    return missing(this.#patch(`/commit/${hashPath(hash)}.patch`));
  }

  /** @type {CairnRepo["commitDiff"]} */
  async commitDiff(hash) {
    return missing(this.#patch(`/commit/${hashPath(hash)}.diff`));
  }

  /** @type {CairnRepo["mergeBases"]} */
  async mergeBases(...revisions) {
    return (await this.#get("/merge-base", { refs: revisions.join(",") })).result.mergeBases;
  }

  /** @type {CairnRepo["readNote"]} */
  async readNote(object, { ref } = {}) {
    if (!object) throw invalidInput("an object is needed");
    const found = await missing(this.#get("/notes", { object, ref }));
    return found && found.result;
  }

  /** @type {CairnRepo["listNotes"]} */
  async listNotes(query = {}) {
    const { result, info } = await this.#get("/notes", query);
    return { notes: result, cursor: info.cursor || undefined };
  }

  /** @type {CairnRepo["writeNote"]} */
  async writeNote(note, once) {
    return this.#post("/notes", snakeCase(note), once);
  }

  /** @type {CairnRepo["removeNote"]} */
  async removeNote(note) {
    const body = snakeCase(note);
    return (await this.#connection.call("DELETE", `${this.#path}/notes`, { body })).result;
  }

  /**
   * @param {string} path below the repository's
   * @param {import("./connection.js").Query} query
   */
  #get(path, query) {
    return this.#connection.call("GET", this.#path + path, { query });
  }

  /**
   * @param {string} path
   * @param {import("./connection.js").Query} [query]
   */
  async #patch(path, query) {
    const { bytes, type } = await this.#connection.bytes(this.#path + path, query, PATCH);
    return new Blob([bytes], { type });
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {Once} [once]
   */
  async #post(path, body, once) {
    const content = { body, headers: onceHeaders(once) };
    return (await this.#connection.call("POST", this.#path + path, content)).result;
  }
}

/**
 * @param {Once} [once]
 * @returns {Record<string, string>}
 */
function onceHeaders({ idempotencyKey } = {}) {
  return idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey };
}

/**
 * The fields of a request as the server spells them.
 * @param {object} fields
 * @returns {Record<string, unknown>}
 */
function snakeCase(fields) {
  const spelled = Object.entries(fields).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(spelled);
}

/**
 * A revision in a path: its slashes stay.
 * @param {string} revision
 */
function revisionPath(revision) {
  const isText = typeof revision === "string" && revision !== "" && !revision.includes("..");
  if (!isText || revision.split("/").includes(".")) {
    throw invalidInput(`not a revision: ${JSON.stringify(revision)}`);
  }
  return revision.split("/").map(encodeURIComponent).join("/");
}
