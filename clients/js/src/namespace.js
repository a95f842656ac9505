// The methods of the binding itself: repositories of one namespace made, found, listed and deleted.

import { ArtifactsError } from "./error.js";
import { Feed } from "./events.js";
import { Repository } from "./repository.js";
import { missing, namePath } from "./path.js";
import { auditEntry, auditQuery, created, deleted, lifetime, listed } from "./shapes.js";
import { namespaceInfo, paged, sized, usage } from "./shapes.js";
import { WebhookRoutes } from "./webhooks.js";

/** @typedef {import("../index.d.ts").CairnArtifacts} CairnArtifacts */

/** The answers of `get` for a repository that is not ready yet. */
const UNREADY = {
  importing: /** @type {const} */ ("IMPORT_IN_PROGRESS"),
  forking: /** @type {const} */ ("FORK_IN_PROGRESS"),
};

/** @implements {CairnArtifacts} */
export class Namespace {
  #connection;
  #name;
  #path;

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {string} namespace
   */
  constructor(connection, namespace) {
    this.#connection = connection;
    this.#name = namespace;
    this.#path = `/namespaces/${namePath(namespace)}`;
  }

  /** @type {CairnArtifacts["create"]} */
  async create(name, { readOnly, description, setDefaultBranch, fsck, ...more } = {}) {
    const made = { name, description, read_only: readOnly, default_branch: setDefaultBranch, fsck };
    const { refRules, locationHint } = more;
    const body = { ...made, ref_rules: refRules, location_hint: locationHint, ...lifetime(more) };
    const { result } = await this.#connection.call("POST", `${this.#path}/repos`, { body });
    return created(result);
  }

  /** @type {CairnArtifacts["get"]} */
  async get(name) {
    const { result } = await this.#connection.call("GET", this.#repository(name));
    const status = /** @type {keyof typeof UNREADY | "ready"} */ (result.status);
    if (status in UNREADY) {
      const code = UNREADY[/** @type {keyof typeof UNREADY} */ (status)];
      throw new ArtifactsError(code, `the repository is ${status}`, { status: 409 });
    }
    return new Repository(this.#connection, this.#path, result.name);
  }

  /** @type {CairnArtifacts["repository"]} */
  repository(name) {
    return new Repository(this.#connection, this.#path, name);
  }

  /** @type {CairnArtifacts["import"]} */
  async import({ source: { url, branch, depth, refs }, target: { name, opts } }) {
    const body = {
      url,
      branch,
      depth,
      refs,
      description: opts?.description,
      read_only: opts?.readOnly,
      fsck: opts?.fsck,
      lfs: opts?.lfs,
      ref_rules: opts?.refRules,
      location_hint: opts?.locationHint,
      ...lifetime(opts),
    };
    const path = `${this.#repository(name)}/import`;
    const { result } = await this.#connection.call("POST", path, { body });
    return created(result);
  }

  /** @type {CairnArtifacts["list"]} */
  async list({ limit, cursor } = {}) {
    const [{ result, info }, total] = await Promise.all([
      this.#connection.call("GET", `${this.#path}/repos`, { query: { limit, cursor } }),
      this.#total(),
    ]);
    return paged({ repos: result.map(listed), total }, info);
  }

  /** @type {CairnArtifacts["delete"]} */
  async delete(name, { purge } = {}) {
    const path = this.#repository(name);
    const query = { purge };
    const gone = await missing(this.#connection.call("DELETE", path, { query }));
    return gone !== null;
  }

  /** @type {CairnArtifacts["listDeleted"]} */
  async listDeleted({ limit, cursor } = {}) {
    const query = { limit, cursor };
    const { result, info } = await this.#connection.call("GET", `${this.#path}/deleted`, { query });
    return paged({ repos: result.map(deleted) }, info);
  }

  /** @type {CairnArtifacts["restoreDeleted"]} */
  async restoreDeleted(name, { id, as } = {}) {
    const path = `${this.#repository(name)}/restore-deleted`;
    const body = { id, name: as };
    const { result } = await this.#connection.call("POST", path, { body });
    return new Repository(this.#connection, this.#path, result.name);
  }

  /** @type {CairnArtifacts["purgeDeleted"]} */
  async purgeDeleted(id) {
    const path = `${this.#path}/deleted/${namePath(id)}`;
    return (await missing(this.#connection.call("DELETE", path))) !== null;
  }

  /** @type {CairnArtifacts["createNamespace"]} */
  async createNamespace({ fsck, jurisdiction } = {}) {
    const body = { namespace: this.#name, fsck, jurisdiction };
    return namespaceInfo((await this.#connection.call("POST", "/namespaces", { body })).result);
  }

  /** @type {CairnArtifacts["namespaceInfo"]} */
  async namespaceInfo() {
    return namespaceInfo((await this.#connection.call("GET", this.#path)).result);
  }

  /** @type {CairnArtifacts["updateNamespace"]} */
  async updateNamespace({ fsck, suspended, readOnly, bytesMax, reposMax, issuers }) {
    const body = { fsck, suspended, read_only: readOnly, bytes_max: bytesMax, repos_max: reposMax, issuers };
    return namespaceInfo((await this.#connection.call("PATCH", this.#path, { body })).result);
  }

  /** @type {CairnArtifacts["audit"]} */
  async audit(asked = {}) {
    const query = auditQuery(asked);
    const { result, info } = await this.#connection.call("GET", `${this.#path}/audit`, { query });
    return paged({ entries: result.map(auditEntry) }, info);
  }

  /** @type {CairnArtifacts["usage"]} */
  async usage({ days } = {}) {
    const path = `${this.#path}/usage`;
    return usage((await this.#connection.call("GET", path, { query: { days } })).result);
  }

  /** @type {CairnArtifacts["listSized"]} */
  async listSized({ lastPushBefore, lastPushAfter, sizeMin, sizeMax, public: isPublic, readOnly, expires, ...page } = {}) {
    const filter = {
      last_push_before: lastPushBefore,
      last_push_after: lastPushAfter,
      size_min: sizeMin,
      size_max: sizeMax,
      public: isPublic,
      read_only: readOnly,
      expires,
    };
    const query = { ...page, ...filter };
    const { result, info } = await this.#connection.call("GET", `${this.#path}/repos`, { query });
    return paged({ repos: result.map(sized) }, info);
  }

  /** @type {CairnArtifacts["events"]} */
  events(options) {
    return new Feed(this.#connection, `${this.#path}/events`, "namespaceSequence", options);
  }

  /** @type {CairnArtifacts["webhooks"]} */
  get webhooks() {
    return new WebhookRoutes(this.#connection, this.#path);
  }

  /** Repositories in the namespace; none where it was never made. */
  async #total() {
    const found = await missing(this.#connection.call("GET", this.#path));
    return /** @type {number} */ (found?.result.repo_count ?? 0);
  }

  /** @param {string} name */
  #repository(name) {
    return `${this.#path}/repos/${namePath(name)}`;
  }
}
