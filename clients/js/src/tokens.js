// The tokens of a namespace itself: those that read or write several of its repositories, or all.

import { Connection } from "./connection.js";
import { invalidInput, missing, namePath } from "./path.js";

/** @typedef {import("../index.d.ts").NamespaceTokens} NamespaceTokens */

/** Tokens a page, the most that the server gives. */
const TOKENS_PER_PAGE = 200;

/** @implements {NamespaceTokens} */
export class Tokens {
  #connection;
  #path;

  /** @param {import("../index.d.ts").ConnectOptions} options */
  constructor({ url, namespace, key, fetch }) {
    this.#connection = new Connection(url, key, fetch);
    this.#path = `/namespaces/${namePath(namespace)}/tokens`;
  }

  /** @type {NamespaceTokens["create"]} */
  async create({ scope, repos, ttl, label, refs }) {
    const body = { scope, repos, ttl, label, refs };
    const { result } = await this.#connection.call("POST", this.#path, { body });
    const { id, plaintext, expires_at: expiresAt } = result;
    return {
      id,
      plaintext,
      scope: result.scope,
      expiresAt,
      repos: result.repos,
      refs: result.refs,
    };
  }

  /** @type {NamespaceTokens["list"]} */
  async list() {
    const tokens = [];
    for (let cursor; ; ) {
      const query = { state: "all", per_page: TOKENS_PER_PAGE, cursor };
      const { result, info } = await this.#connection.call("GET", this.#path, { query });
      tokens.push(...result.map(listed));
      cursor = info.cursor;
      if (!cursor) return { tokens, total: info.total_count };
    }
  }

  /** @type {NamespaceTokens["revoke"]} */
  async revoke(id) {
    if (!/^[0-9a-z]{16}$/.test(id)) throw invalidInput("the id of a token is needed");
    const path = `${this.#path}/${id}`;
    return (await missing(this.#connection.call("DELETE", path))) !== null;
  }

  /** @type {NamespaceTokens["revokeAll"]} */
  async revokeAll() {
    const path = `${this.#path}/revoke-all`;
    const { result } = await this.#connection.call("POST", path, { body: {} });
    return { tokensRevokedBefore: result.tokens_revoked_before, standing: result.standing };
  }

  /** @type {NamespaceTokens["revokeSigned"]} */
  async revokeSigned({ issuer, jti, expiresAt }) {
    const body = { issuer, jti, expires_at: expiresAt };
    const path = `${this.#path}/revoke-signed`;
    const { id, expires_at } = (await this.#connection.call("POST", path, { body })).result;
    return { id, expiresAt: expires_at };
  }
}

/** @param {Record<string, any>} result */
function listed({ id, scope, state, label, repos, refs, created_at, expires_at }) {
  return { id, scope, state, label, repos, refs, createdAt: created_at, expiresAt: expires_at };
}
