// The handle of one repository. It holds no state but its name: every call asks the server.

import { DownstreamRoutes } from "./downstreams.js";
import { Feed } from "./events.js";
import { hashPath, invalidInput, missing } from "./path.js";
import {
  commit,
  created,
  createdToken,
  hookGiven,
  lfsObject,
  lifetime,
  listedToken,
  purged,
  shown,
  treeEntry,
} from "./shapes.js";
import { UpstreamRoutes } from "./upstream.js";
import { WebhookRoutes } from "./webhooks.js";
import { Writing } from "./writing.js";

/** @typedef {import("../index.d.ts").CairnRepo} CairnRepo */
/** @typedef {import("./connection.js").Connection} Connection */

/** Commits of a log unless a number is given, and at most. */
const LOG_DEFAULT = 50;
const LOG_MAX = 1000;
/** Tokens a page, the most that the server gives. */
const TOKENS_PER_PAGE = 200;

/** @implements {CairnRepo} */
export class Repository extends Writing {
  #connection;
  #namespacePath;
  #path;
  #name;

  /**
   * @param {Connection} connection
   * @param {string} namespacePath below `/api/v1`
   * @param {string} name as the server spells it
   */
  constructor(connection, namespacePath, name) {
    super(connection, `${namespacePath}/repos/${name}`);
    this.#connection = connection;
    this.#namespacePath = namespacePath;
    this.#path = `${namespacePath}/repos/${name}`;
    this.#name = name;
  }

  /** Nothing is held: `using` works, and leaving it out does no harm. */
  [Symbol.dispose]() {}

  /** @type {CairnRepo["info"]} */
  async info() {
    return shown(await this.#get(""));
  }

  /** @type {CairnRepo["update"]} */
  async update({ description, defaultBranch, readOnly, denyNonFastForwards, denyDeletes, ...more }) {
    const body = {
      description,
      default_branch: defaultBranch,
      read_only: readOnly,
      public: more.public,
      deny_non_fast_forwards: denyNonFastForwards,
      deny_deletes: denyDeletes,
      fsck: more.fsck,
      fetch_events: more.fetchEvents,
      push_protection: more.pushProtection,
      ref_rules: more.refRules,
      bytes_max: more.bytesMax,
      pre_receive: hookGiven(more.preReceive),
      ...lifetime(more),
    };
    return shown((await this.#connection.call("PATCH", this.#path, { body })).result);
  }

  /** @type {CairnRepo["createToken"]} */
  async createToken(scope, ttl, { refs } = {}) {
    const body = { repo: this.#name, scope, ttl, refs };
    const path = `${this.#namespacePath}/tokens`;
    return createdToken((await this.#connection.call("POST", path, { body })).result);
  }

  /** @type {CairnRepo["listTokens"]} */
  async listTokens() {
    const tokens = [];
    for (let cursor; ; ) {
      const query = { state: "all", per_page: TOKENS_PER_PAGE, cursor };
      const { result, info } = await this.#connection.call("GET", `${this.#path}/tokens`, { query });
      tokens.push(...result.map(listedToken));
      cursor = info.cursor;
      if (!cursor) return { tokens, total: info.total_count };
    }
  }

  /** @type {CairnRepo["revokeToken"]} */
  async revokeToken(tokenOrId) {
    if (!tokenOrId) throw invalidInput("a token or the id of one is needed");
    // Looked up here first, because the route that revokes reaches the whole namespace.
    const query = { state: "all", token: await tokenKey(tokenOrId) };
    const [token] = await this.#get("/tokens", query);
    if (token === undefined) return false;
    const path = `${this.#namespacePath}/tokens/${token.id}`;
    return (await missing(this.#connection.call("DELETE", path))) !== null;
  }

  /** @type {CairnRepo["fork"]} */
  async fork(name, { description, readOnly, defaultBranchOnly = true, fsck, refRules, ...more } = {}) {
    const body = {
      name,
      description,
      read_only: readOnly,
      default_branch_only: defaultBranchOnly,
      fsck,
      ref_rules: refRules,
      location_hint: more.locationHint,
      ...lifetime(more),
    };
    const { result } = await this.#connection.call("POST", `${this.#path}/fork`, { body });
    return created(result);
  }

  /** @type {CairnRepo["rename"]} */
  async rename(name, { namespace } = {}) {
    const body = { name, namespace };
    return shown((await this.#connection.call("POST", `${this.#path}/rename`, { body })).result);
  }

  /** @type {CairnRepo["purgeUnreachable"]} */
  async purgeUnreachable({ network } = {}) {
    const path = `${this.#path}/purge-unreachable`;
    const { result } = await this.#connection.call("POST", path, { body: { network } });
    return purged(result);
  }

  /** @type {CairnRepo["log"]} */
  async log({ ref, limit = LOG_DEFAULT, offset = 0 } = {}) {
    const wanted = Math.min(limit, LOG_MAX);
    const commits = [];
    // A page may end before its limit: long messages fill it.
    /** @type {{ offset: number } | { cursor: string }} */
    let place = { offset };
    for (;;) {
      const query = { ref, first_parent: "true", limit: wanted - commits.length, ...place };
      const asked = this.#connection.call("GET", `${this.#path}/log`, { query });
      const page = await this.#unlessMissing(asked);
      if (page === null) return [];
      commits.push(...page.result.map(commit));
      const { cursor } = page.info;
      if (commits.length >= wanted || !cursor) return commits;
      place = { cursor };
    }
  }

  /** @type {CairnRepo["readCommit"]} */
  async readCommit(hash) {
    const found = await this.#unlessMissing(this.#get(`/commit/${hashPath(hash)}`));
    return found && commit(found);
  }

  /** @type {CairnRepo["readTree"]} */
  async readTree(hash) {
    const path = `${this.#path}/tree/${hashPath(hash)}`;
    const entries = [];
    for (let cursor; ; ) {
      const asked = this.#connection.call("GET", path, { query: { cursor } });
      const page = await this.#unlessMissing(asked);
      if (page === null) return null;
      entries.push(...page.result.map(treeEntry));
      // For a very large tree the server gives a part at a time.
      cursor = page.info?.cursor;
      if (!cursor) return entries;
    }
  }

  /** @type {CairnRepo["readBlob"]} */
  async readBlob(hash, { lfs } = {}) {
    const path = `${this.#path}/blob/${hashPath(hash)}`;
    const found = await this.#unlessMissing(this.#connection.bytes(path, { lfs }));
    return found && new Blob([found.bytes]);
  }

  /** @type {CairnRepo["readFile"]} */
  async readFile({ ref, path, lfs }) {
    if (!ref) throw invalidInput("a ref is needed");
    if (!path) throw invalidInput("a path is needed");
    const asked = this.#connection.bytes(`${this.#path}/file`, { ref, path, lfs });
    const found = await this.#unlessMissing(asked);
    return found && new Blob([found.bytes], { type: found.type });
  }

  /** @type {CairnRepo["archive"]} */
  async archive({ ref, format = "tar.gz", prefix, paths, lfs }) {
    if (!ref) throw invalidInput("a ref is needed");
    const file = `${ref}.${format}`.split("/").map(encodeURIComponent).join("/");
    const asked = this.#connection.bytes(`${this.#path}/archive/${file}`, { prefix, path: paths, lfs });
    const found = await this.#unlessMissing(asked);
    return found && new Blob([found.bytes], { type: found.type });
  }

  /** @type {CairnRepo["listLfsObjects"]} */
  async listLfsObjects({ limit, cursor } = {}) {
    const query = { limit, cursor };
    const { result, info } = await this.#connection.call("GET", `${this.#path}/lfs`, { query });
    return {
      objects: result.map(lfsObject),
      cursor: info.cursor || undefined,
      total: { objects: info.total_count, bytes: info.total_bytes },
    };
  }

  /** @type {CairnRepo["events"]} */
  events(options) {
    return new Feed(this.#connection, `${this.#path}/events`, "sequence", options);
  }

  /** @type {CairnRepo["downstreams"]} */
  get downstreams() {
    return new DownstreamRoutes(this.#connection, this.#path);
  }

  /** @type {CairnRepo["webhooks"]} */
  get webhooks() {
    return new WebhookRoutes(this.#connection, this.#path);
  }

  /** @type {CairnRepo["upstream"]} */
  get upstream() {
    return new UpstreamRoutes(this.#connection, this.#path);
  }

  /**
   * @param {string} path below the repository's
   * @param {import("./connection.js").Query} [query]
   */
  async #get(path, query) {
    return (await this.#connection.call("GET", this.#path + path, { query })).result;
  }

  /**
   * The answer, or null where the repository has no such thing. A repository that is gone itself
   * is an error all the same, and both are the same answer of the server.
   * @template T
   * @param {Promise<T>} answer
   */
  async #unlessMissing(answer) {
    const found = await missing(answer);
    if (found === null) await this.#get("");
    return found;
  }
}

/**
 * The names of a token in a query: its id, or the SHA-256 of its plaintext without the expiry.
 * @param {string} tokenOrId
 */
async function tokenKey(tokenOrId) {
  if (/^[0-9a-z]{16}$/.test(tokenOrId)) return tokenOrId;
  const plaintext = new TextEncoder().encode(tokenOrId.split("?", 1)[0]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plaintext));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
